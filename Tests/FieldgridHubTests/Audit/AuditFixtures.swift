@testable import FieldgridHub
import FieldgridModel
import FieldgridSync
import Foundation
import GRDB

extension TestHub {
    static let log = AuditLog.scope(TestHub.village)

    func leaves(of log: AuditLog = TestHub.log) throws -> [AuditEntry] {
        var entries: [AuditEntry] = []
        try hub.forEachAuditEntry(of: log, from: 0) { _, entry in
            entries.append(entry)
            return true
        }
        return entries
    }

    /// What operators did, in order.
    func acts() throws -> [AuditAct] {
        try leaves(of: .administration).compactMap { entry in
            if case .act(let act) = entry.content { act } else { nil }
        }
    }

    func finding() throws -> AuditFinding? { try hub.reviewAudit().finding }

    /// Changes the hub's file as somebody does who may write it.
    func tamper(_ sql: String, _ arguments: StatementArguments = []) throws {
        let queue = try DatabaseQueue(path: folder.path + "/hub.sqlite")
        try queue.write { db in
            try db.execute(sql: sql, arguments: arguments)
            guard db.changesCount > 0 else {
                throw HubError(code: "test", message: "nothing was tampered with", hint: "")
            }
        }
        try queue.close()
    }

    /// Makes another layout of the hub's file.
    func alterFile(_ sql: String) throws {
        let queue = try DatabaseQueue(path: folder.path + "/hub.sqlite")
        try queue.write { db in try db.execute(sql: sql) }
        try queue.close()
    }

    /// Writes a log anew, with hashes that fit, as only an insider can.
    func rewrite(
        _ log: AuditLog = TestHub.log, _ change: (inout [[UInt8]]) -> Void
    ) throws {
        var leaves: [[UInt8]] = []
        try hub.store.read { view in
            try view.forEachLeaf(of: log, from: 0) { leaf in
                leaves.append(leaf.bytes)
                return true
            }
        }
        change(&leaves)
        let id = "(SELECT id FROM audit_log WHERE name = '\(log.text)')"
        try tamper("DELETE FROM audit_chunk WHERE place >> 40 = \(id)")
        try tamper(
            "UPDATE audit_log SET size = 0, edge = x'', root = ? WHERE id = \(id)",
            [Data(MerkleTree.emptyRoot.bytes)])
        try hub.store.write { try $0.append([log: leaves]) }
    }
}
