import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// A hub far away, asked with a device's own enrolment.
final class RemoteDesk: Desk {
    private let client: HubClient

    /// `address` is where the hub is now; by default where the device joined.
    init(nodeFolder path: String, address: String? = nil) throws {
        guard try FolderKind.of(path) == .node else {
            throw ServiceError.notHere(
                "--hub needs a device's folder, and \(path) is the hub's own.",
                hint: "Leave --hub out, or name a node's folder with --data.")
        }
        let folder = NodeFolder(path)
        let document = try folder.document()
        let text = address ?? document.hub
        guard let hub = HubAddress(text) else {
            throw ServiceError(
                "hub.address-malformed", "“\(text)” is not the address of a hub.",
                hint: "Write it as http://HOST:PORT or https://HOST.", exitStatus: .wrongUsage)
        }
        guard let hubKey = DevicePublicKey(base64: document.hubKey) else {
            throw ServiceError(
                "folder.damaged", "The hub's key in \(folder.documentPath) cannot be read.",
                hint: "Put the file back from a copy, or join anew into another folder.")
        }
        client = HubClient(
            transport: CurlTransport(hub: hub), key: try folder.key(), hub: .key(hubKey),
            clock: SystemClock(), random: .init(SystemRandomNumberGenerator()))
    }

    func answer(_ request: ServiceRequest) throws -> ServiceReply {
        let bytes = try client.post(
            ServicePath.text, contentType: "application/json",
            body: try ServiceWire.encode(request))
        return try ServiceWire.reply(bytes)
    }
}
