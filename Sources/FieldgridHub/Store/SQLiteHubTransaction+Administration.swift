import FieldgridModel
import GRDB

extension SQLiteHubTransaction {
    // MARK: Settings and schemas

    func setting(_ key: HubSetting) throws -> String? {
        try sql("SELECT value FROM setting WHERE name = ?1").bind(1, text: key.rawValue)
            .first { $0.text(0) }
    }

    func set(_ key: HubSetting, to value: String) throws {
        try sql("INSERT OR REPLACE INTO setting VALUES(?1, ?2)").bind(1, text: key.rawValue)
            .bind(2, text: value).run()
    }

    func schemaDocument(_ tag: SchemaTag) throws -> [UInt8]? {
        try sql("SELECT document FROM schema WHERE tag = ?1")
            .bind(1, Int64(bitPattern: tag.value)).first { $0.bytes(0) }
    }

    func publish(_ tag: SchemaTag, document: [UInt8], at time: Int64) throws {
        try sql("INSERT OR IGNORE INTO schema VALUES(?1, ?2, ?3)")
            .bind(1, Int64(bitPattern: tag.value)).bind(2, bytes: document).bind(3, time).run()
    }

    // MARK: Devices

    private static let deviceColumns = """
        node, key_id, public_key, holder, role, scope, name, enrolled_at, revoked_at, last_seen_at
        """

    private func device(_ row: SQLRow) throws -> DeviceRow {
        DeviceRow(
            node: NodeID(try row.bits(0)), keyID: row.text(1), publicKey: row.bytes(2),
            holder: row.text(3), role: row.text(4), scope: ScopeCode(row.text(5)),
            name: row.text(6), enrolledAt: row.integer(7), revokedAt: row.optionalInteger(8),
            lastSeenAt: row.optionalInteger(9))
    }

    func devices() throws -> [DeviceRow] {
        var devices: [DeviceRow] = []
        try sql("SELECT \(Self.deviceColumns) FROM device ORDER BY enrolled_at, node")
            .forEach { row in
                devices.append(try device(row))
                return true
            }
        return devices
    }

    func device(keyID: String) throws -> DeviceRow? {
        try sql("SELECT \(Self.deviceColumns) FROM device WHERE key_id = ?1")
            .bind(1, text: keyID).first(device)
    }

    func put(_ device: DeviceRow) throws {
        try sql(
            """
            INSERT OR REPLACE INTO device(\(Self.deviceColumns))
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """
        ).bind(1, device.node.bits).bind(2, text: device.keyID)
            .bind(3, bytes: device.publicKey).bind(4, text: device.holder)
            .bind(5, text: device.role).bind(6, text: device.scope.text)
            .bind(7, text: device.name).bind(8, device.enrolledAt).bind(9, device.revokedAt)
            .bind(10, device.lastSeenAt).run()
    }

    func enrolment(lookup: [UInt8]) throws -> EnrolmentRow? {
        try sql(
            """
            SELECT key, scope, holder, role, expires_at, used_by FROM enrolment WHERE lookup = ?1
            """
        ).bind(1, bytes: lookup).first { row in
            EnrolmentRow(
                lookup: lookup, key: row.bytes(0), scope: ScopeCode(row.text(1)),
                holder: row.text(2), role: row.text(3), expiresAt: row.integer(4),
                usedBy: row.isNull(5) ? nil : NodeID(try row.bits(5)))
        }
    }

    func put(_ enrolment: EnrolmentRow) throws {
        let insert = try sql("INSERT OR REPLACE INTO enrolment VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        insert.bind(1, bytes: enrolment.lookup).bind(2, bytes: enrolment.key)
            .bind(3, text: enrolment.scope.text).bind(4, text: enrolment.holder)
            .bind(5, text: enrolment.role).bind(6, enrolment.expiresAt)
        if let node = enrolment.usedBy {
            insert.bind(7, node.bits)
        } else {
            insert.bind(7, text: nil)
        }
        try insert.run()
    }
}
