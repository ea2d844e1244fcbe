import FieldgridModel
import FieldgridReplica
import GRDB

/// What other programs, and broken disks, do to a node's file while the node
/// is stopped.
extension Simulation {
    func foreignEdit(
        _ record: Int, _ values: [Entry], _ how: Foreign, at node: SimulatedNode
    ) throws {
        guard let type = try type(of: record, at: node.index) else { return }
        let id = RecordID.simulated(record)
        let present = try stored(record, at: node.index)
        guard (present == nil) == (how == .insert) else { return }
        let named = values.compactMap { entry in
            type.field(UnitNumber(entry.field)).map { ($0.name, entry.value(of: record)) }
        }
        // Noted before the program opens the file again, which a broken disk may hinder.
        let note = { (isWritten: Bool) in
            if how != .update { self.ledger.disturb(id) }
            guard how != .delete else { return }
            self.ledger.place(record, in: present?.scope ?? node.scope)
            guard isWritten else { return }
            self.ledger.noteForeign(id, named.map { ($0.0, $0.1) }, of: type, by: node.index)
        }
        try edit(node, note) { db in
            switch how {
            case .update:
                for (name, value) in named {
                    try db.execute(
                        sql: "UPDATE \"\(type.name)\" SET \"\(name)\" = ? WHERE id = ?",
                        arguments: [value.databaseValue, id.description])
                }
            case .delete:
                try db.execute(
                    sql: "DELETE FROM \"\(type.name)\" WHERE id = ?", arguments: [id.description])
            case .insert, .replace:
                let title = present?.values[Town.Site.name] ?? values.first?.value(of: record)
                let columns = named.filter { $0.0 != "name" }
                let names = columns.map { ", \"\($0.0)\"" }.joined()
                let places = columns.map { _ in ", ?" }.joined()
                try db.execute(
                    sql: """
                        INSERT OR REPLACE INTO "\(type.name)"(id, scope, name\(names))
                        VALUES(?, ?, ?\(places))
                        """,
                    arguments: StatementArguments(
                        [
                            id.description.databaseValue,
                            (present?.scope ?? node.scope).text.databaseValue,
                            (title ?? .null).databaseValue,
                        ] + columns.map(\.1.databaseValue)))
            }
        }
        if node.replica.openingReport.foreignEditsSealed > 0 {
            marks.insert(.foreignEdit)
            if how == .replace { marks.insert(.rowReplaced) }
        }
    }

    /// Changes a row as no log explains.
    func damage(_ record: Int, _ how: Damage, at node: SimulatedNode) throws {
        // Nothing is compared while the schemas differ.
        guard !node.isOld, let type = try type(of: record, at: node.index) else { return }
        let id = RecordID.simulated(record)
        let present = try stored(record, at: node.index)
        guard (present == nil) == (how == .add), present?.unsynced.isEmpty != false else { return }
        // Noted first: a write that failed may have happened.
        marks.insert(.damaged)
        ledger.damaged[node.index, default: []].insert(id)
        ledger.place(record, in: present?.scope ?? node.scope)
        ledger.disturb(id)
        try edit(node) { db in
            try db.execute(sql: "INSERT INTO fg_applying VALUES(NULL)")
            switch how {
            case .change:
                try db.execute(
                    sql: "UPDATE \"\(type.name)\" SET phone = ? WHERE id = ?",
                    arguments: [Canary.mark("坏\(step)", record), id.description])
            case .delete:
                try db.execute(
                    sql: "DELETE FROM \"\(type.name)\" WHERE id = ?", arguments: [id.description])
            case .add:
                try db.execute(
                    sql: "INSERT INTO \"\(type.name)\"(id, scope, name) VALUES(?, ?, ?)",
                    arguments: [
                        id.description, node.scope.text, Canary.mark("坏\(step)", record),
                    ])
            }
            try db.execute(sql: "DELETE FROM fg_applying")
        }
    }

    /// - Parameter note: told whether the write returned; one that failed may have
    ///   happened all the same.
    private func edit(
        _ node: SimulatedNode, _ note: (Bool) -> Void = { _ in },
        _ body: (Database) throws -> Void
    ) throws {
        try node.restart {
            let queue = try DatabaseQueue(path: node.path)
            defer { try? queue.close() }
            do {
                try queue.write(body)
            } catch {
                note(false)
                throw error
            }
            note(true)
        }
    }
}

extension Value {
    var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        }
    }
}
