package import FieldgridModel

/// What a revoked device brought in, or left behind, waiting for a clerk.
package struct ReviewEntry: Hashable, Sendable {
    package var device: DeviceRow
    package var changeset: Changeset
    package var code: QuarantineCode
    package var since: Int64
}

/// One changeset that the hub has set aside, for whatever reason.
package struct SetAside: Hashable, Sendable {
    package var waiting: WaitingChangeset
    /// Nil for a device that the hub no longer knows.
    package var device: DeviceRow?
    /// The records it is about, in the order of their first change.
    package var records: [Named]

    /// A record by what is known of it: at the hub, or in the changeset.
    package struct Named: Hashable, Sendable {
        package var id: RecordID
        /// Nil where this hub's schema does not have the type.
        package var type: String?
        /// Nil where neither gives it a name.
        package var name: String?
    }
}

extension Hub {
    /// Everything that is set aside, oldest first.
    package func quarantine() throws -> [SetAside] {
        try store.read { view in
            let devices = try view.devices()
            let entries = try view.waiting().sorted {
                ($0.since, $0.changeset.identity) < ($1.since, $1.changeset.identity)
            }
            return try entries.map { entry in
                SetAside(
                    waiting: entry, device: devices.first { $0.node == entry.node },
                    records: try named(entry.changeset.changes, view))
            }
        }
    }

    private func named(
        _ changes: [Change], _ view: any HubReading
    ) throws -> [SetAside.Named] {
        let present = try view.records(Array(Set(changes.map(\.record))))
        var found: [SetAside.Named] = []
        for change in changes where !found.contains(where: { $0.id == change.record }) {
            let type = index.entries[change.type]?.type
            let title = type?.title.flatMap { type?.field(named: $0)?.number }
            let given = changes.last { $0.record == change.record && $0.unit == title }?.value
            let known = type.flatMap { type in
                title.flatMap { present[change.record]?.values(type: type)[$0]?.text }
            }
            found.append(
                SetAside.Named(
                    id: change.record, type: type?.name, name: known ?? given?.single.text))
        }
        return found
    }

    /// What waits for a clerk's word, in the order it was saved: what revoked
    /// devices brought in, and what was set aside of them before and may have
    /// become acceptable since.
    package func review() throws -> [ReviewEntry] {
        let (waiting, devices) = try store.read { view in
            (try view.waiting(), try view.devices())
        }
        let entries = waiting.compactMap { entry -> ReviewEntry? in
            guard entry.code.passesWithoutAuthor,
                let device = devices.first(where: { $0.node == entry.node }),
                entry.code == .revoked || device.revokedAt != nil
            else { return nil }
            return ReviewEntry(
                device: device, changeset: entry.changeset, code: entry.code, since: entry.since)
        }
        return entries.sorted { $0.changeset.identity < $1.changeset.identity }
    }

    /// Lets through what a revoked device brought in, or had set aside before,
    /// as if it had come before the device was revoked.
    ///
    /// What still cannot be accepted stays set aside, for the reason that it
    /// has now.
    ///
    /// - Returns: how many changesets were accepted, and how many are in
    ///   quarantine for other reasons now.
    package func letThrough(_ device: DeviceRow) throws -> (accepted: Int, quarantined: Int) {
        try accepting { acceptance in
            let waiting = try acceptance.store.waiting().filter { $0.node == device.node }
            var author = Self.author(of: device)
            author.isRevoked = false
            return try acceptance.release(
                waiting.sorted { $0.changeset.identity < $1.changeset.identity }, from: author)
        }
    }
}

extension Acceptance {
    /// Decides again what waited, each in its turn.
    fileprivate func release(
        _ entries: [WaitingChangeset], from author: Author
    ) throws -> (accepted: Int, quarantined: Int) {
        try store.remove(entries.map(\.changeset.identity))
        for entry in entries {
            let identity = entry.changeset.identity
            let outcome = try decide(entry.changeset, from: author)
            if case .accepted(let scope, let position) = outcome {
                released.append(Release(identity, scope, position))
            } else {
                waiting[identity]?.since = entry.since
            }
        }
        // An earlier one may have been accepted together with a later one.
        let left = entries.count { waiting[$0.changeset.identity] != nil }
        try deriveAftermath()
        return (entries.count - left, left)
    }
}

extension QuarantineCode {
    /// Whether it can become acceptable although its author does nothing.
    package var passesWithoutAuthor: Bool {
        switch self {
        case .revoked, .schema, .reference, .scopeUnknown, .scopeForbidden: true
        case .rule, .hubOnly, .author, .typeMismatch, .size, .superseded: false
        }
    }
}
