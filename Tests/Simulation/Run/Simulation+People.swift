import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import Foundation

/// What only people decide.
extension Simulation {
    func decide(_ action: Action, at who: Int) throws {
        switch action {
        case .settle(let place, let side, let value):
            try settle(place, side: side, value: value, at: who)
        case .undo(let place): try undo(place, at: who)
        case .verify(let record): try verify(record, at: who)
        default: return
        }
    }

    private func service(at who: Int, for word: String) throws -> RecordService {
        let random = SeededRandom(seed: plan.seed, for: "\(word) \(step)")
        return who == Operation.hub ? try hub.service(random) : try nodes[who].service(random)
    }

    private func settle(_ place: Int, side: Int, value: Int, at who: Int) throws {
        let open = try conflicts(at: who) { $0 != .settled }
        guard !open.isEmpty else { return }
        let conflict = open[place % open.count]
        let choice = choice(for: conflict, side: side, value: value)
        do {
            _ = try service(at: who, for: "settle").answer(
                .conflicts(
                    ask: .resolve(
                        ids: [conflict.id.description], choice: choice, note: "选\(value)")))
        } catch let error as ReplicaError where error.code == .recordUnknown {
            // Deleted here meanwhile: there is nothing to settle any more.
            return
        }
        if conflict.kind == .duplicate { ledger.unite(conflict.records) }
        // What a person chose is offered again under another record's name.
        ledger.loosen(conflict.records)
        noteDecision(at: who)
        if who != Operation.hub { marks.insert(.settledAtNode) }
    }

    private func choice(for conflict: Known, side: Int, value: Int) -> ConflictChoice {
        switch (conflict.kind, side) {
        case (.duplicate, 3): return .apart
        case (.inconsistent, _):
            let day = LocalDate(milliseconds: Int64(value) * 86_400_000, offsetMinutes: 0)
            return .value(text: "opened=\(day),closed=\(day)")
        case (_, 0): return .winner
        case (_, 3): return .base
        default: return .side(number: 1 + side % 2)
        }
    }

    private func undo(_ place: Int, at who: Int) throws {
        let decided = try conflicts(at: who) { !$0.waitsForPerson }
        guard !decided.isEmpty else { return }
        let conflict = decided[place % decided.count]
        do {
            _ = try service(at: who, for: "undo").answer(
                .conflicts(ask: .undo(ids: [conflict.id.description], note: "撤")))
        } catch let error as ReplicaError where error.code == .recordUnknown {
            return
        } catch let error as HubError where error.code == QuarantineCode.superseded.rawValue {
            marks.insert(.undoSuperseded)
            return
        }
        for record in conflict.records { ledger.disturb(record) }
        noteDecision(at: who)
    }

    private func noteDecision(at who: Int) {
        guard who != Operation.hub else { return }
        ledger.lastSequence[who] = nodes[who].replica.lastSequence
    }

    private func verify(_ record: Int, at who: Int) throws {
        guard let present = try stored(record, at: who), let type = try type(of: record, at: who)
        else { return }
        _ = try service(at: who, for: "verify").answer(
            .record(ask: .verify(type: type.name, id: present.id.description)))
    }

    // MARK: Conflicts

    /// A conflict as a machine shows it.
    struct Known {
        var id: RecordID
        var kind: ConflictKind
        var state: ConflictState
        /// The record, and the one that it doubles.
        var records: [RecordID]
    }

    func conflicts(
        at who: Int, where isWanted: (ConflictState) -> Bool
    ) throws -> [Known] {
        typealias Names = SystemTypes.Conflict
        let store = store(of: who)
        guard let type = try store.schema.type(named: Names.name) else { return [] }
        var found: [Known] = []
        try store.forEachRecord(of: type, where: []) { conflict in
            let word = { (name: String) in
                type.field(named: name).flatMap { conflict.values[$0.number]?.text }
            }
            guard let state = word(Names.state).flatMap({ ConflictState(rawValue: $0) }),
                let kind = word(Names.kind).flatMap({ ConflictKind(rawValue: $0) }),
                isWanted(state)
            else { return true }
            var records = word(Names.record).flatMap { RecordID($0) }.map { [$0] } ?? []
            if kind == .duplicate, let sides = word(Names.sides) {
                records += Self.named(in: sides)
            }
            found.append(Known(id: conflict.id, kind: kind, state: state, records: records))
            return true
        }
        return found.sorted { $0.id < $1.id }
    }

    /// The records that a duplicate's sides are.
    private static func named(in sides: String) -> [RecordID] {
        sides.components(separatedBy: "\"record\":\"").dropFirst().compactMap {
            RecordID($0.prefix(36))
        }
    }
}
