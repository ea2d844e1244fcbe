package import FieldgridModel
package import FieldgridSchema
package import FieldgridSync

extension Acceptance {
    /// Which changed records name which files, or named them meanwhile, so
    /// that it is known who may send and fetch one.
    func namedAttachments() -> [(name: String, record: RecordID)] {
        var units: [TypeNumber: [UnitNumber]] = [:]
        for (number, entry) in index.entries {
            let fields = entry.type.fields.filter { $0.kind == .attachment }
            if !fields.isEmpty { units[number] = fields.map { entry.type.unit(of: $0) } }
        }
        guard !units.isEmpty else { return [] }
        let offered = history.flatMap { row -> [(name: String, record: RecordID)] in
            guard let units = units[row.type] else { return [] }
            return row.units.filter { units.contains($0.unit) }.flatMap(\.value.members)
                .compactMap(\.text).filter { AttachmentName.isValid($0) }
                .map { ($0, row.record) }
        }
        return offered
            + dirty.sorted().flatMap { id -> [(name: String, record: RecordID)] in
                guard let state = records[id], let units = units[state.type] else { return [] }
                return units.flatMap { state.units[$0]?.sides ?? [] }.flatMap(\.value.members)
                    .compactMap(\.text).filter { AttachmentName.isValid($0) }.map { ($0, id) }
            }
    }
}

extension Hub {
    /// Whether a record that a device may see names a file, or once named it:
    /// then the device may fetch it.
    package func isNamed(_ attachment: String, within scope: ScopeCode) throws -> Bool {
        let grids = grids
        return try store.read { view in
            let ids = try view.records(naming: attachment)
            return try view.records(ids).values.contains { grids.covers(scope, $0.scope) }
        }
    }

    /// Whether a device may send a file: it may also be of a record that was
    /// in its grids, for whoever took the photo is not told to throw it away
    /// because the record moved meanwhile.
    package func isWelcome(_ attachment: String, from scope: ScopeCode) throws -> Bool {
        let grids = grids
        return try store.read { view in
            let ids = try view.records(naming: attachment)
            return try view.records(ids).values.contains { grids.covers(scope, $0.scope) }
                || ids.contains { id in
                    try view.departures(of: id).contains { grids.covers(scope, $0.scope) }
                }
        }
    }
}

extension AttachmentFolder {
    /// Takes a range as a hub does, and says how far the file is.
    ///
    /// - Throws: ``HubError``, its sentence for whoever sends.
    package func receive(
        _ bytes: [UInt8], of name: String, at offset: Int, size: Int
    ) throws(HubError) -> AttachmentProgress {
        do {
            let have = try append(bytes, to: name, at: offset, of: size)
            return AttachmentProgress(have: have, complete: self.size(of: name) != nil)
        } catch let error as FolderError where error.code == "folder.write-failed" {
            throw HubError(
                code: "storage.full", message: "The hub has no room for the file.",
                hint: "It waits on the device, and goes on where it stopped when there is room.")
        } catch let error as FolderError {
            throw HubError(code: error.code, message: error.message, hint: error.hint)
        } catch {
            throw HubError(
                code: "storage.full", message: "The hub could not keep the file: \(error).",
                hint: "It waits on the device; tell the hub's operator.")
        }
    }
}
