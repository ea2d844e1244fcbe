import FieldgridModel
import Foundation

/// Files beside the data of a hub or a node, named by the SHA-256 of their
/// content: `attachments/ab/abcdef…`.
///
/// - A file that has its name is whole, durable and of a known type.
/// - What has arrived so far of one waits in `attachments/partial`.
/// - `attachments/outgoing` has a file for each that the hub has not acknowledged: empty, or
///   with what stood in its way when it was offered last.
package struct AttachmentFolder: Sendable {
    /// The largest file, so that it fits a request of the service.
    package static let bytesMax = 10 << 20

    private let path: String
    private let name: @Sendable ([UInt8]) -> String

    /// `name` gives the name of a content.
    package init(folder: String, name: @escaping @Sendable ([UInt8]) -> String) {
        path = folder + "/attachments"
        self.name = name
    }

    /// Stores a file durably.
    ///
    /// - Returns: its name.
    /// - throws: ``FolderError`` when it is too large, of a type that is not
    ///   taken, or cannot be written.
    package func add(_ bytes: [UInt8], toSend: Bool) throws -> String {
        try Self.check(bytes)
        let name = name(bytes)
        if size(of: name) == nil {
            try makeFolder(place(of: name))
            try DurableFile.write(bytes, to: place(of: name), mode: 0o600)
        }
        if toSend { try mark(name) }
        return name
    }

    private func mark(_ name: String) throws {
        try makeFolder(mark(of: name))
        try DurableFile.write([], to: mark(of: name), mode: 0o600)
    }

    /// Stores a whole file that came under its name, and is as named.
    ///
    /// - throws: as ``add(_:toSend:)``, and `attachment.damaged`.
    package func take(_ bytes: [UInt8], of name: String) throws {
        guard self.name(bytes) == name else { throw FolderError.attachmentDamaged }
        _ = try add(bytes, toSend: false)
        try? FileManager.default.removeItem(atPath: part(of: name))
    }

    /// Whether the file here is still what it is named for.
    package func isIntact(_ name: String) -> Bool { read(name).map(self.name) == name }

    /// Nil when the file is not here, or not whole.
    package func size(of name: String) -> Int? {
        AttachmentName.isValid(name) ? Self.size(place(of: name)) : nil
    }

    /// Nil when the file is not here.
    package func read(_ name: String, from offset: Int = 0, atMost count: Int = bytesMax)
        -> [UInt8]?
    {
        guard size(of: name) != nil,
            let handle = FileHandle(forReadingAtPath: place(of: name))
        else { return nil }
        defer { try? handle.close() }
        guard (try? handle.seek(toOffset: UInt64(max(0, offset)))) != nil else { return nil }
        return Array((try? handle.read(upToCount: count)) ?? Data())
    }

    /// How much of a file has arrived; all of it when it is whole.
    package func arrived(of name: String) -> Int {
        size(of: name) ?? Self.size(part(of: name)) ?? 0
    }

    /// Takes what follows on what has arrived, and the file when that is all.
    ///
    /// A range that begins elsewhere changes nothing.
    ///
    /// - Returns: how much has arrived.
    /// - throws: ``FolderError`` with `attachment.damaged` when the whole file
    ///   is not what it is named for; it begins anew then.
    package func append(
        _ bytes: [UInt8], to name: String, at offset: Int, of size: Int
    ) throws -> Int {
        guard AttachmentName.isValid(name), (1...Self.bytesMax).contains(size) else {
            throw FolderError.attachmentTooLarge(size)
        }
        if let whole = self.size(of: name) { return whole }
        var arrived = arrived(of: name)
        if arrived > size {
            // Somebody said that it was larger: what came then cannot be its beginning.
            try? FileManager.default.removeItem(atPath: part(of: name))
            arrived = 0
        }
        if offset == arrived, !bytes.isEmpty, bytes.count <= size - arrived {
            try extend(name, by: bytes, isFirst: arrived == 0)
            arrived += bytes.count
        }
        if arrived == size { try finish(name) }
        return arrived
    }

    /// What was written before there was no more room stays: it is how far the
    /// file has arrived.
    private func extend(_ name: String, by bytes: [UInt8], isFirst: Bool) throws {
        let path = part(of: name)
        try makeFolder(path)
        if isFirst { try DurableFile.write([], to: path, mode: 0o600) }
        do {
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            try handle.seekToEnd()
            try handle.write(contentsOf: bytes)
        } catch {
            throw FolderError.noRoom(for: path, because: error)
        }
    }

    /// Gives what has arrived its name.
    ///
    /// It waits where it is while there is no room for that; what is no such file begins
    /// anew.
    private func finish(_ name: String) throws {
        let bytes = DurableFile.read(part(of: name)) ?? []
        var isKept = false
        defer {
            if !isKept { try? FileManager.default.removeItem(atPath: part(of: name)) }
        }
        guard self.name(bytes) == name else { throw FolderError.attachmentDamaged }
        do {
            _ = try add(bytes, toSend: false)
        } catch let error as FolderError where error.code == "folder.write-failed" {
            isKept = true
            throw error
        }
    }

    // MARK: Outgoing

    /// What the hub has not acknowledged, in the order of names.
    package func outgoing() -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: path + "/outgoing")
        return (names ?? []).filter { AttachmentName.isValid($0) }.sorted()
    }

    /// Offers everything again that is here: the hub may have lost it.
    package func offerAgain() throws {
        let folders = try? FileManager.default.contentsOfDirectory(atPath: path)
        for folder in folders ?? [] where folder.utf8.count == 2 {
            let names = try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)
            for name in names ?? [] where AttachmentName.isValid(name) { try mark(name) }
        }
    }

    /// What stood in a file's way when it was offered last; nil where nothing did, or where it
    /// does not wait.
    package func obstacle(to name: String) -> AttachmentObstacle? {
        guard AttachmentName.isValid(name), let bytes = DurableFile.read(mark(of: name)) else {
            return nil
        }
        return try? JSONDecoder().decode(AttachmentObstacle.self, from: Data(bytes))
    }

    /// Keeps beside a file that waits why it does.
    ///
    /// Where there is no room for that, it waits without a reason.
    package func keep(_ obstacle: AttachmentObstacle, to name: String) {
        guard obstacle != self.obstacle(to: name), Self.size(mark(of: name)) != nil,
            let bytes = try? JSONEncoder().encode(obstacle)
        else { return }
        try? DurableFile.write(Array(bytes), to: mark(of: name), mode: 0o600)
    }

    /// The hub has it.
    package func acknowledge(_ name: String) {
        try? FileManager.default.removeItem(atPath: mark(of: name))
    }

    // MARK: Files

    private func place(of name: String) -> String { "\(path)/\(name.prefix(2))/\(name)" }
    private func part(of name: String) -> String { "\(path)/partial/\(name)" }
    private func mark(of name: String) -> String { "\(path)/outgoing/\(name)" }

    private func makeFolder(_ file: String) throws {
        do {
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: file).deletingLastPathComponent(),
                withIntermediateDirectories: true)
        } catch {
            throw FolderError.noRoom(for: file, because: error)
        }
    }

    private static func size(_ path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue
    }

    /// JPEG, PNG and PDF by their first bytes, whatever they are called.
    private static let beginnings: [[UInt8]] = [
        [0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], Array("%PDF-".utf8),
    ]

    /// - throws: ``FolderError`` for what is too large, or no photo or page.
    package static func check(_ bytes: [UInt8]) throws {
        guard bytes.count <= bytesMax else { throw FolderError.attachmentTooLarge(bytes.count) }
        guard beginnings.contains(where: { bytes.starts(with: $0) }) else {
            throw FolderError(
                code: "attachment.type", message: "The file is no JPEG, PNG or PDF.",
                hint: "Only photos and scanned pages are kept; convert it, or take a photo.")
        }
    }
}

/// Why a file could not be sent, for people.
package struct AttachmentObstacle: Hashable, Sendable, Codable {
    /// Stable.
    package let code: String
    package let message: String
    package let hint: String

    package init(code: String, message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension FolderError {
    fileprivate static let attachmentDamaged = FolderError(
        code: "attachment.damaged", message: "The file is not the one it is named for.",
        hint: "Nothing is lost; it is sent again from its beginning.")

    fileprivate static func attachmentTooLarge(_ bytes: Int) -> FolderError {
        FolderError(
            code: "attachment.too-large",
            message: "The file has \(bytes) bytes; it must have 1 to \(AttachmentFolder.bytesMax).",
            hint: "Take the photo with fewer pixels, or scan with less detail.")
    }
}
