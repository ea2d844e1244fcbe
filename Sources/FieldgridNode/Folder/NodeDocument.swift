package import FieldgridModel
import FieldgridSchema
package import FieldgridSync
import Foundation

/// `node.json`: whose device this folder is, as the hub enrolled it.
package struct NodeDocument: Hashable, Sendable, Codable {
    package var node: NodeID
    package var hub: String
    /// Base64.
    ///
    /// Every answer of the hub must be signed with it.
    package var hubKey: String
    package var holder: String
    package var role: DeviceRole
    package var scope: ScopeCode
    /// Hub time, UTC milliseconds.
    package var enrolledAt: Int64

    package enum CodingKeys: String, CodingKey {
        case node, hub, holder, role, scope
        case hubKey = "hub_public_key"
        case enrolledAt = "enrolled_at"
    }

    package init(_ answer: EnrolmentAnswer, hub: HubAddress) {
        node = answer.node
        self.hub = hub.text
        hubKey = answer.hubKey
        holder = answer.holder
        role = answer.role
        scope = answer.scope
        enrolledAt = answer.enrolledAt
    }
}

/// The files of a node's folder.
package struct NodeFolder: Hashable, Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package var documentPath: String { path + "/node.json" }
    package var keyPath: String { path + "/key.pem" }
    package var databasePath: String { path + "/node.sqlite" }
    package var stampPath: String { path + "/stamp.json" }
    var clockPath: String { path + "/clock.json" }
    var hubDocumentPath: String { path + "/hub.json" }

    package var isJoined: Bool { FileManager.default.fileExists(atPath: documentPath) }

    /// - throws: ``FolderError`` when the folder is no node's, or its
    ///   document cannot be read.
    package func document() throws -> NodeDocument {
        guard let bytes = DurableFile.read(documentPath) else { throw FolderError.notJoined(path) }
        guard let document = try? JSONDecoder().decode(NodeDocument.self, from: Data(bytes)) else {
            throw FolderError.damaged(documentPath)
        }
        return document
    }

    func write(_ document: NodeDocument) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try DurableFile.write(Array(try encoder.encode(document)) + [0x0a], to: documentPath)
    }

    package func key() throws -> DeviceKey {
        guard let bytes = DurableFile.read(keyPath),
            let key = DeviceKey(pem: String(decoding: bytes, as: UTF8.self))
        else { throw FolderError.damaged(keyPath) }
        return key
    }

    /// Hub time minus ours, as the last exchange found it.
    ///
    /// A hint that saves a request; nothing depends on it.
    var clockOffset: Int64 {
        get {
            let bytes = DurableFile.read(clockPath) ?? []
            let document = try? JSONDecoder().decode([String: Int64].self, from: Data(bytes))
            return document?["offset_ms"] ?? 0
        }
        nonmutating set {
            guard newValue != clockOffset else { return }
            try? DurableFile.write(Array("{\"offset_ms\":\(newValue)}\n".utf8), to: clockPath)
        }
    }
}

extension FolderError {
    static func notJoined(_ path: String) -> FolderError {
        FolderError(
            code: "folder.not-joined", message: "The folder \(path) is no node's.",
            hint: "Join a hub first: fieldgrid node join --data \(path) --hub URL --code CODE.")
    }

    static func damaged(_ path: String) -> FolderError {
        FolderError(
            code: "folder.damaged", message: "\(path) is missing or cannot be read.",
            hint: "Put it back from a copy of the folder, or join anew into another folder.")
    }

    static func alreadyJoined(_ path: String, as document: NodeDocument?) -> FolderError {
        let whose = document.map { " as \($0.holder)'s for \($0.scope) at \($0.hub)" } ?? ""
        return FolderError(
            code: "folder.already-joined",
            message: "The folder \(path) has joined a hub already\(whose).",
            hint: "Use it, or name another folder with --data.")
    }

    static func isHub(_ path: String) -> FolderError {
        FolderError(
            code: "folder.is-hub", message: "The folder \(path) is a hub's.",
            hint: "Name another folder with --data.")
    }
}
