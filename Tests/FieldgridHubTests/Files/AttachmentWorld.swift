import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import Glibc

@testable import FieldgridNode

/// A hub's answers about attachments, in this process, over a link that
/// loses, damages and counts.
final class AttachmentLink: HTTPTransport {
    enum Loss: Hashable, CaseIterable {
        /// The request never arrives.
        case request
        /// It arrives, and the answer does not.
        case answer
    }

    let address = "a test"
    let hub: TestHub
    let device: DeviceRow
    let files: AttachmentFolder
    /// The link breaks after this many requests, losing that.
    var requestsLeft = Int.max
    var loss = Loss.request
    /// A byte of every body changes on the way.
    var isNoisy = false
    /// How many bytes of files were carried, either way.
    private(set) var carried = 0
    private(set) var largest = 0

    init(_ hub: TestHub, _ device: DeviceRow, files: AttachmentFolder? = nil) {
        self.hub = hub
        self.device = device
        self.files = files ?? hub.attachments
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        requestsLeft -= 1
        if requestsLeft < 0, loss == .request {
            throw .unreachable("cut", mayHaveArrived: true)
        }
        guard let signature = try? ReceivedSignature(call.target, headers: call.headers) else {
            throw .notHTTP("not signed")
        }
        var body = call.body
        if isNoisy, !body.isEmpty { body[body.count / 2] ^= 1 }
        let answer = answer(call.target, body, signature)
        if requestsLeft < 0 { throw .unreachable("cut", mayHaveArrived: true) }
        return answer
    }

    private func answer(
        _ target: RequestTarget, _ body: [UInt8], _ signature: ReceivedSignature
    ) -> HTTPAnswer {
        do {
            try signature.checkBody(body)
            carried += body.count
            var answer = try take(target, body)
            carried += target.method == "GET" ? answer.count : 0
            let signed = signature.signResponse(
                status: 200, body: answer, key: hub.key, milliseconds: 0)
            if isNoisy, target.method == "GET" { answer[answer.count / 2] ^= 1 }
            return HTTPAnswer(
                status: 200,
                headers: [HeaderField("content-type", RangedFile.contentType)] + signed,
                body: answer)
        } catch {
            let code = (error as? HubError)?.code ?? "\(error)"
            let text = "{\"code\":\"\(code)\",\"message\":\"\(code)\",\"hint\":\"\"}"
            return HTTPAnswer(
                status: 409,
                headers: [HeaderField("content-type", "application/json")]
                    + signature.signResponse(
                        status: 409, body: Array(text.utf8), key: hub.key, milliseconds: 0),
                body: Array(text.utf8))
        }
    }

    private func take(_ target: RequestTarget, _ body: [UInt8]) throws -> [UInt8] {
        let name = String(target.path.dropFirst(RangedFile.attachmentPath.count + 1))
        let numbers = target.query.split(whereSeparator: { "=&".contains($0) })
            .compactMap { Int($0) }
        if target.method == "GET" {
            largest = max(largest, numbers[1])
            guard try hub.hub.isNamed(name, within: device.scope),
                let range = files.read(name, from: numbers[0], atMost: numbers[1])
            else { throw HubError(code: "attachment.unknown", message: "", hint: "") }
            return range
        }
        largest = max(largest, body.count)
        guard try hub.hub.isWelcome(name, from: device.scope) else {
            throw HubError(code: "attachment.unnamed", message: "", hint: "")
        }
        return Array(
            try JSONEncoder().encode(
                files.receive(body, of: name, at: numbers[0], size: numbers[1])))
    }

    func exchange(_ own: AttachmentFolder, budget: Int = .max) throws -> AttachmentExchange {
        AttachmentExchange(
            files: own,
            client: HubClient(
                transport: self, key: try hub.key(of: device), hub: .key(hub.key.publicKey),
                clock: hub.clock, random: RandomSource(SeededRandom(seed: 3))),
            budget: budget)
    }
}

extension AttachmentFolder {
    /// As the program opens one: a folder that was just made.
    static func test(_ path: String) -> AttachmentFolder {
        AttachmentFolder(folder: path) { RangedFile.name(of: ContentDigest.of($0).bytes) }
    }
}

extension TestHub {
    /// The hub's files; opened anew each time, as after a restart.
    var attachments: AttachmentFolder { .test(folder.path) }

    /// The files of a device.
    func attachments(of node: RealNode) throws -> AttachmentFolder {
        let path = folder.path + "/\(node.device.node)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return .test(path)
    }
}

/// What begins like a photo, and is fictional from there on.
func photo(_ bytes: Int, seed: UInt64 = 1) -> [UInt8] {
    let start = Int(seed) * 4_099
    return [0xff, 0xd8, 0xff, 0xe0] + noise[start..<(start + bytes - 4)]
}

/// Drawn once, for a byte takes long to draw in a debug build.
private let noise: [UInt8] = {
    var random = SeededRandom(seed: 1)
    var words: [UInt64] = []
    for _ in 0..<(11 << 17) { words.append(random.next()) }
    return words.withUnsafeBytes { Array($0) }
}()

/// A file system of one megabyte.
final class SmallDisk {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/fieldgrid-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        guard mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0 else {
            throw HubError(code: "test", message: "no file system can be mounted", hint: "")
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    static let canBeMade = (try? SmallDisk()) != nil

    /// Leaves so much room.
    func fill(leaving bytes: Int) throws {
        try Data(count: (1 << 20) - bytes).write(to: URL(fileURLWithPath: path + "/filler"))
    }

    func free() { unlink(path + "/filler") }
}
