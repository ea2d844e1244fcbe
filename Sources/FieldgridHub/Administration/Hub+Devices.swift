package import FieldgridModel
package import FieldgridSync

/// An enrolment code on its way to a person.
package struct IssuedCode: Hashable, Sendable {
    package var code: EnrolmentCode
    package var expiresAt: Int64

    package init(code: EnrolmentCode, expiresAt: Int64) {
        self.code = code
        self.expiresAt = expiresAt
    }
}

extension Hub {
    /// Which of these scopes' devices have something new since the last time:
    /// in the scope, below it, or shared from above.
    package func takeChanged(among scopes: Set<ScopeCode>) -> Set<ScopeCode> {
        let touched = changed
        changed = []
        return scopes.filter { scope in
            touched.contains { grids.covers(scope, $0) || grids.covers($0, scope) }
        }
    }

    /// How long an enrolment code can be used.
    package static let codeLifetimeMilliseconds: Int64 = 24 * 60 * 60 * 1000

    /// Issues a one-time code for a holder and a scope.
    ///
    /// The code is not kept.
    ///
    /// - Throws: ``HubError`` for a grid that does not exist or an empty name.
    package func issueCode(
        scope: ScopeCode, holder: String, role: DeviceRole, hubKey: DevicePublicKey
    ) throws -> IssuedCode {
        guard grids.contains(scope) else {
            throw HubError(
                code: "scope.unknown", message: "there is no grid \(scope)",
                hint: "list the grids with `fieldgrid record list grid`")
        }
        guard holder.contains(where: { !$0.isWhitespace }) else {
            throw HubError(
                code: "holder.missing", message: "the code needs the name of its holder",
                hint: "give it with --holder NAME")
        }
        let code = EnrolmentCode.generate(for: hubKey, using: &random)
        let expiresAt = now + Self.codeLifetimeMilliseconds
        try store.write { view in
            try view.put(
                EnrolmentRow(
                    lookup: code.lookup, key: code.key.bytes, scope: scope, holder: holder,
                    role: role.rawValue, expiresAt: expiresAt, usedBy: nil))
            try view.note(
                .codeIssued(
                    lookup: code.lookup, scope, holder: holder, role: role.rawValue,
                    expiresAt: expiresAt), in: identity.epoch, at: now)
        }
        return IssuedCode(code: code, expiresAt: expiresAt)
    }

    /// Enrols a device that proves it has a code.
    ///
    /// The code is used up in the same transaction, so that of two uses one wins; the
    /// same device asking again, because the answer was lost, is answered again.
    package func enrol(
        _ claim: EnrolmentClaim, hubKey: DevicePublicKey
    ) throws -> EnrolmentAnswer {
        let device = try accepting { acceptance -> DeviceRow in
            let (view, now) = (acceptance.store, acceptance.now)
            guard let issued = try view.enrolment(lookup: claim.lookup),
                claim.isProved(by: EnrolmentKey(issued.key))
            else {
                throw HubError(
                    code: "enrol.code-wrong", message: "this enrolment code is not known here",
                    hint: "check the code for a mistyped character, or ask for a new one")
            }
            let keyID = claim.publicKey.keyID
            if let user = issued.usedBy {
                guard let device = try view.device(keyID: keyID), device.node == user else {
                    throw HubError(
                        code: "enrol.code-used", message: "this enrolment code was used already",
                        hint: "ask the district hub for a new code: each serves one device")
                }
                return device
            }
            guard now <= issued.expiresAt else {
                throw HubError(
                    code: "enrol.code-expired",
                    message: "this enrolment code expired at \(Instants.text(issued.expiresAt))",
                    hint: "ask the district hub for a new code")
            }
            let device = DeviceRow(
                node: NodeID(.version7(milliseconds: now, using: &random)), keyID: keyID,
                publicKey: claim.publicKey.bytes, holder: issued.holder, role: issued.role,
                scope: issued.scope, name: claim.name, enrolledAt: now, revokedAt: nil,
                lastSeenAt: now)
            var used = issued
            used.usedBy = device.node
            try view.put(device)
            try view.put(used)
            try acceptance.writeRecord(of: device)
            acceptance.acts.append(
                .deviceEnrolled(device.node, claim.publicKey, lookup: claim.lookup))
            return device
        }
        return EnrolmentAnswer(
            node: device.node, holder: device.holder,
            role: DeviceRole(rawValue: device.role) ?? .assistant, scope: device.scope,
            hubKey: hubKey, enrolledAt: device.enrolledAt)
    }

    package func device(keyID: String) throws -> DeviceRow? {
        try store.read { try $0.device(keyID: keyID) }
    }

    /// Every device, with its last contact.
    package func devices() throws -> [DeviceRow] {
        try store.read { try $0.devices() }.map { device in
            var device = device
            if let seen = lastSeen[device.keyID] { device.lastSeenAt = seen }
            return device
        }
    }

    /// Revokes a device by its node id or key id; acts on its next request.
    ///
    /// - Returns: the device, revoked now or before.
    package func revoke(_ name: String) throws -> DeviceRow {
        var device = try device(named: name)
        return try accepting { acceptance in
            let view = acceptance.store
            if device.revokedAt == nil {
                device.revokedAt = acceptance.now
                try view.put(device)
                try acceptance.writeRecord(of: device)
                acceptance.acts.append(.deviceRevoked(device.node))
            }
            return device
        }
    }

    /// What `hub status` reports.
    package func status() throws -> HubStatus {
        let (heads, waiting, devices) = try store.read { view in
            (try view.heads(), try view.waitingCount(), try view.devices())
        }
        return HubStatus(
            epoch: identity.epoch, schema: identity.schema,
            positions: heads.mapValues(\.position), quarantined: waiting,
            devices: devices.filter { $0.revokedAt == nil }.count,
            conflictsOpen: try openConflicts(), records: try countRecords())
    }

    private func openConflicts() throws -> Int {
        guard let type = index.entry(named: SystemTypes.Conflict.name)?.type,
            let field = type.field(named: SystemTypes.Conflict.state)
        else { return 0 }
        var count = 0
        try forEachRecord(of: type, where: []) { record in
            let state = record.values[field.number]?.text.flatMap(ConflictState.init)
            if state?.waitsForPerson == true { count += 1 }
            return true
        }
        return count
    }

    private func countRecords() throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for type in schema.types {
            var count = 0
            try forEachRecord(of: type, where: []) { _ in
                count += 1
                return true
            }
            counts[type.name] = count
        }
        return counts
    }
}

extension Acceptance {
    /// A device is also a record of its scope, for those who see that scope.
    func writeRecord(of device: DeviceRow) throws {
        typealias Names = SystemTypes.Device
        try writeOwn(
            Names.name, RecordID(device.node.bits), scope: device.scope,
            values: [
                Names.node: .text(device.node.description), Names.holder: .text(device.holder),
                Names.role: .text(device.role),
                Names.state: .text(device.revokedAt == nil ? "active" : "revoked"),
                Names.publicKey: .text(Base64.encode(device.publicKey)),
                Names.enrolledAt: .integer(device.enrolledAt),
                Names.revokedAt: device.revokedAt.map(Value.integer) ?? .null,
            ])
    }
}

/// How a hub stands.
package struct HubStatus: Hashable, Sendable {
    package var epoch: EpochID
    package var schema: SchemaTag
    package var positions: [ScopeCode: Position]
    package var quarantined: Int
    package var devices: Int
    package var conflictsOpen: Int
    package var records: [String: Int]
}
