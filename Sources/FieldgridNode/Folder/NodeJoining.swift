package import FieldgridModel
import FieldgridSchema
package import FieldgridSync
import Foundation

/// Makes a folder a node's: asks the hub to enrol a new key, and writes down
/// what it answered.
///
/// - A refusal leaves nothing behind, not even the folder if it was new.
/// - When it is not known whether the hub has acted, the new key is kept in
///   the folder, and the same command goes on where this one stopped: the hub
///   answers the same claim again.
package struct NodeJoining: Sendable {
    package var hub: HubAddress
    package var code: EnrolmentCode
    /// What the device calls itself in the hub's list.
    package var deviceName: String
    package var platform: String

    package init(hub: HubAddress, code: EnrolmentCode, deviceName: String, platform: String) {
        self.hub = hub
        self.code = code
        self.deviceName = deviceName
        self.platform = platform
    }

    /// Enrols and calls `prepare`, which makes the database; only when it
    /// succeeds too is the folder a node's.
    ///
    /// The caller holds the folder's lock.
    ///
    /// - throws: ``FolderError``, ``HubFailure``, or what `prepare` throws.
    package func run(
        in folder: NodeFolder, transport: any HTTPTransport, clock: any WallClock,
        random: RandomSource, prepare: (NodeDocument) throws -> Void
    ) throws -> NodeDocument {
        var random = random
        let pending = pendingPath(in: folder)
        let isTriedAgain = DurableFile.read(pending) != nil
        let key = try pendingKey(at: pending, using: &random)
        let document: NodeDocument
        do {
            let answer = try enrol(key, transport: transport, clock: clock, random: random)
            document = NodeDocument(answer, hub: hub)
        } catch let failure as HubFailure {
            if !Self.mayHaveEnrolled(failure, isTriedAgain: isTriedAgain) { unlink(pending) }
            throw failure
        }
        try prepare(document)
        try DurableFile.write(Array(key.pem.utf8), to: folder.keyPath, mode: 0o600)
        try folder.write(document)
        unlink(pending)
        return document
    }

    /// Whether a folder can be joined: it is there, or can be made, and is
    /// nobody's yet.
    ///
    /// Says whether it had to be made.
    package static func makeFolder(_ folder: NodeFolder) throws -> Bool {
        let files = FileManager.default
        if folder.isJoined {
            throw FolderError.alreadyJoined(folder.path, as: try? folder.document())
        }
        if files.fileExists(atPath: folder.hubDocumentPath) {
            throw FolderError.isHub(folder.path)
        }
        if files.fileExists(atPath: folder.path) { return false }
        do {
            try files.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        } catch {
            throw FolderError(
                code: "folder.unusable",
                message: "The folder \(folder.path) cannot be made: \(error.localizedDescription)",
                hint: "Choose another with --data, or make it yourself.")
        }
        return true
    }

    /// Takes away a folder that ``makeFolder(_:)`` made, if the failed join
    /// left nothing in it that is worth keeping.
    package static func removeFolder(_ folder: NodeFolder) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        guard files.allSatisfy({ $0 == FolderLock.fileName }) else { return }
        unlink(folder.path + "/" + FolderLock.fileName)
        rmdir(folder.path)
    }

    private func enrol(
        _ key: DeviceKey, transport: any HTTPTransport, clock: any WallClock,
        random: RandomSource
    ) throws -> EnrolmentAnswer {
        var random = random
        let request = EnrolmentRequest(
            code: code, publicKey: key.publicKey,
            nonce: RandomBytes.draw(16, using: &random), name: deviceName, platform: platform)
        let client = HubClient(
            transport: transport, key: key, hub: .fingerprint(code.fingerprint), clock: clock,
            random: random)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try client.post(
            "/sync/v1/enrol", contentType: "application/json",
            body: Array(try encoder.encode(request)), mayBeRepeated: true)
        guard let answer = try? JSONDecoder().decode(EnrolmentAnswer.self, from: Data(bytes)),
            DevicePublicKey(base64: answer.hubKey)?.fingerprint == code.fingerprint
        else { throw HubFailure.notFieldgrid(reason: "its answer is no enrolment") }
        return answer
    }

    /// Named for the code, so that another code begins with another key.
    private func pendingPath(in folder: NodeFolder) -> String {
        let name = code.lookup.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        return folder.path + "/joining-\(name).pem"
    }

    private func pendingKey(
        at path: String, using random: inout RandomSource
    ) throws -> DeviceKey {
        if let bytes = DurableFile.read(path),
            let key = DeviceKey(pem: String(decoding: bytes, as: UTF8.self))
        {
            return key
        }
        let key = DeviceKey.generate(using: &random)
        try DurableFile.write(Array(key.pem.utf8), to: path, mode: 0o600)
        return key
    }

    /// A request that did not arrive says nothing of an earlier one with the same key.
    private static func mayHaveEnrolled(_ failure: HubFailure, isTriedAgain: Bool) -> Bool {
        switch failure {
        case .unreachable(_, let mayHaveArrived): mayHaveArrived || isTriedAgain
        case .notFieldgrid, .interrupted: true
        case .wrongHub: isTriedAgain
        case .refused(let refusal): refusal.status >= 500
        }
    }
}
