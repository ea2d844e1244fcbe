import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// The way into a folder: through the server that owns it, or by owning it
/// for the length of one command.
enum FolderAccess {
    /// How long a command waits for another that holds the folder.
    static let lockWait: Duration = .seconds(30)

    /// `command` is what others are told who wait for the folder.
    static func desk(_ folder: String, command: String) throws -> any Desk {
        let kind = try FolderKind.of(folder)
        if let served = SocketDesk(folder: folder) { return served }
        let lock = try lock(folder, command: command)
        // The server may have come up while this command was waiting.
        if let served = SocketDesk(folder: folder) {
            lock.release()
            return served
        }
        return switch kind {
        case .hub: HubDesk(try HubFolder(path: folder).open(), lock: lock)
        case .node: try NodeDesk(folder: folder, lock: lock)
        }
    }

    static func lock(_ folder: String, command: String) throws -> FolderLock {
        try FolderLock(folder: folder, command: command, waitingUpTo: lockWait)
    }
}

/// A folder's server on this machine, through its Unix socket.
final class SocketDesk: Desk {
    private let transport: CurlTransport

    /// Nil when no server answers for the folder.
    init?(folder: String) {
        guard let path = try? FolderSocket.path(for: folder),
            FileManager.default.fileExists(atPath: path)
        else { return nil }
        transport = CurlTransport(socketPath: path)
        let health = try? transport.send(
            HTTPCall(target: RequestTarget(method: "GET", path: "/health")))
        guard health?.status == 200 else { return nil }
    }

    func answer(_ request: ServiceRequest) throws -> ServiceReply {
        let call = HTTPCall(
            target: RequestTarget(method: "POST", path: ServicePath.text),
            headers: [HeaderField("content-type", "application/json")],
            body: try ServiceWire.encode(request))
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try transport.send(call)
        } catch {
            throw ServiceError(
                "server.gone", "The server of this folder stopped while it was asked.",
                hint: "Try again; whether the change was saved shows in `record history`.")
        }
        guard answer.status == 200 else {
            let document = try? JSONReader.read(answer.body)
            throw ServiceError(
                document?["code"].text ?? "server.refused",
                document?["message"].text ?? "The folder's server answered \(answer.status).",
                hint: document?["hint"].text)
        }
        return try ServiceWire.reply(answer.body)
    }
}

enum ServicePath {
    static let text = "/v1/service"
}
