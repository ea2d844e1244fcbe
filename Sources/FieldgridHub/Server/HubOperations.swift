package import FieldgridModel
package import FieldgridSync

/// What the server asks of the hub.
///
/// The calls with `throws` block and are made one at a time, from a thread of
/// the server's own; ``now()``, ``hubKey`` and ``health`` are answered at once
/// from any thread. Refusals are thrown as ``HubError``, whose code decides
/// the status of the answer (``ErrorStatus``).
package protocol HubOperations: Sendable {
    /// The hub's time, UTC milliseconds.
    func now() -> Int64
    /// Signs every answer.
    var hubKey: DeviceKey { get }
    var health: HubHealth { get }

    /// Nil when no device with this key was ever enrolled.
    func device(keyID: String) throws -> EnrolledDevice?
    /// The same claim again gets the same answer, so that a device which
    /// missed it can ask once more.
    func enrol(_ claim: EnrolmentClaim) throws -> EnrolmentAnswer
    /// One exchange in its binary form.
    func exchange(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8]
    /// The same content as JSON.
    func exchangeJSON(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8]
    /// The first copy of what a device receives, as a file; nil where an
    /// exchange is as good.
    ///
    /// This and ``snapshotRange(_:from:device:)`` are called from a second
    /// thread, beside the others.
    func snapshot(for device: EnrolledDevice) throws -> SnapshotOffer?
    func snapshotRange(_ id: String, from: Int, device: EnrolledDevice) throws -> [UInt8]
    /// Which of these scopes' devices have something new since the last time.
    func takeChanged(among scopes: Set<ScopeCode>) -> Set<ScopeCode>
    /// Whether the device may fetch a file: a record of its scope names it.
    func mayFetch(_ attachment: String, device: EnrolledDevice) throws -> Bool
    /// Whether the device may send one: such a record is or was in its scope.
    func maySend(_ attachment: String, device: EnrolledDevice) throws -> Bool
    /// From the second thread too, after one of these; nil when the file is
    /// not here.
    func attachmentRange(_ name: String, from: Int) throws -> [UInt8]?
    func store(
        _ bytes: [UInt8], of attachment: String, at offset: Int, size: Int
    ) throws -> AttachmentProgress
    /// A command as the service's JSON, its refusals included. No device
    /// means somebody on this machine who may open the folder.
    func perform(_ request: [UInt8], device: EnrolledDevice?) throws -> [UInt8]
    /// Does what is due by itself; called at the start and every minute.
    func tick() throws
}

/// A device as its enrolment says, whatever it says itself.
package struct EnrolledDevice: Hashable, Sendable {
    package var node: NodeID
    package var publicKey: DevicePublicKey
    package var holder: String
    package var role: DeviceRole
    package var scope: ScopeCode
    package var isRevoked: Bool

    package init(
        node: NodeID, publicKey: DevicePublicKey, holder: String, role: DeviceRole,
        scope: ScopeCode, isRevoked: Bool
    ) {
        self.node = node
        self.publicKey = publicKey
        self.holder = holder
        self.role = role
        self.scope = scope
        self.isRevoked = isRevoked
    }
}

/// What `/health` tells.
package struct HubHealth: Hashable, Sendable {
    package var version: String
    package var sqliteVersion: String
    /// Sentences for the operator; an empty list is good health.
    package var warnings: [String]

    package init(version: String, sqliteVersion: String, warnings: [String] = []) {
        self.version = version
        self.sqliteVersion = sqliteVersion
        self.warnings = warnings
    }
}

extension DeviceRow {
    /// As much of it as decides what a device receives.
    package init(_ device: EnrolledDevice) {
        self.init(
            node: device.node, keyID: device.publicKey.keyID, publicKey: device.publicKey.bytes,
            holder: device.holder, role: device.role.rawValue, scope: device.scope, name: "",
            enrolledAt: 0, revokedAt: device.isRevoked ? 0 : nil, lastSeenAt: nil)
    }
}
