import FieldgridModel
import Foundation
import GRDB
import Testing

@testable import FieldgridHub

@Suite("What a store keeps")
struct StoredFormTests {
    @Test func everyKindOfOutcomeHasOneCode() {
        #expect(Set(StoredCodes.sources) == Set(ValueSource.allCases))
        #expect(StoredCodes.sources.count == ValueSource.allCases.count)
        #expect(Set(StoredCodes.effects) == Set(MergeOutcome.Effect.allCases))
        #expect(StoredCodes.effects.count == MergeOutcome.Effect.allCases.count)
        #expect(Set(StoredCodes.rules) == Set(Decision.Rule.allCases))
        #expect(StoredCodes.rules.count == Decision.Rule.allCases.count)
        #expect(Set(StoredCodes.conflictStates) == Set(ConflictState.allCases))
        #expect(StoredCodes.conflictStates.count == ConflictState.allCases.count)
        #expect(Set(StoredCodes.conflictKinds) == Set(ConflictKind.allCases))
        #expect(StoredCodes.conflictKinds.count == ConflictKind.allCases.count)
    }

    /// Its history was digested as it was written, and is not rewritten.
    @Test(arguments: [(1, "hub.older"), (99, "hub.newer")])
    func aFileOfAnotherLayoutIsRefusedWithWhatToDo(layout: Int, code: String) throws {
        let hub = try TestHub()
        let path = hub.folder.path + "/other.sqlite"
        try SQLiteHubStore(path: path, create: true).close()
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = \(layout)") }
        try queue.close()
        let error = #expect(throws: HubError.self) {
            try SQLiteHubStore(path: path, create: false)
        }
        #expect(error?.code == code)
        #expect(error?.hint.isEmpty == false)
    }

    /// The layout before found the history of a record by an index.
    @Test func theHistoryOfTheLayoutBeforeIsTakenOver() throws {
        let (hub, node) = try RealNode.withOneEmployer(.test(1))
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构乙")])
        for phone in ["13800000001", "13800000002"] {
            try node.edit(.test(1), .update, ["phone": .text(phone)])
            try node.exchange()
        }
        let history = try hub.hub.history(.test(1))
        try hub.tamper("UPDATE history SET previous = 7")
        try hub.alterFile(
            """
            ALTER TABLE history RENAME COLUMN previous TO record;
            CREATE INDEX history_record ON history(record);
            ALTER TABLE record DROP COLUMN history;
            PRAGMA user_version = 2;
            """)
        let reopened = try hub.reopened()
        #expect(try reopened.history(.test(1)) == history)
        #expect(history.count > 2)
        #expect(try reopened.history(.test(2)).isEmpty == false)
        #expect(try reopened.reviewAudit().finding == nil)
    }

    private static func offer(_ seq: Int64, at position: Int64) -> Offer {
        Offer(
            .init(
                identity: ChangesetIdentity(
                    incarnation: IncarnationID(UUIDBits(high: 7, low: 8)), seq: seq),
                node: NodeID(UUIDBits(high: 1, low: 2)), author: "虚构网格员", source: .onSite,
                time: HybridTime(milliseconds: 1_790_000_000_000), isClamped: seq == 2,
                accepted: (ScopeCode("220602103"), Position(position))))
    }

    /// Every shape of a unit: plain and not, of the first offer and of
    /// another, told anew since, without a value, of two members, disputed.
    static let record: RecordState = {
        var state = RecordState(
            type: TypeNumber(3), id: RecordID(UUIDBits(high: 5, low: 6)),
            scope: ScopeCode("220602103"), number: RecordNumber(300), entered: Position(10))
        let (first, second) = (offer(1, at: 10), offer(2, at: 200))
        func plain(_ value: Value, _ offer: Offer, changed: Int64? = nil) -> UnitState {
            UnitState(
                changed: changed.map { Position($0) } ?? offer.position,
                sides: [Side(value: UnitValue(value), offer: offer)])
        }
        state.latest = Position(200)
        state.units.append(.presence, plain(.integer(1), first))
        state.units.append(.scope, plain(.text("220602103"), first, changed: 200))
        state.units.append(UnitNumber(2), plain(.text("虚构企业有限公司"), second))
        state.units.append(UnitNumber(3), plain(.null, second))
        state.units.append(UnitNumber(4), plain(.integer(-1), first))
        let both = UnitValue([.integer(41_934_000), .null])
        state.units.append(
            UnitNumber(5),
            UnitState(changed: first.position, sides: [Side(value: both, offer: first)]))
        let settled = RecordID(UUIDBits(high: 9, low: 9))
        state.units.append(
            UnitNumber(200),
            UnitState(
                changed: second.position,
                sides: [
                    Side(value: UnitValue(.integer(1)), offer: first, settles: settled),
                    Side(value: UnitValue(.integer(2)), offer: second, origin: settled),
                ],
                conflict: ConflictReference(
                    id: settled, state: .reopened, kind: .hard, base: UnitValue(.null),
                    replaced: [
                        Side(
                            value: UnitValue(.integer(3)),
                            offer: first.accepted(ScopeCode("220602103"), Position(199)))
                    ])))
        state.broken = [BrokenRule(.field("headcount"), conflict: settled)]
        return state
    }()

    @Test func aRecordIsReadAsItWasWritten() throws {
        let record = Self.record
        let bytes = RecordCodec.encode(record)
        let read = try RecordCodec.decode(
            bytes, type: record.type, id: record.id, scope: record.scope, number: record.number)
        #expect(read == record)
    }

    @Test func aRecordThatEndsEarlyIsRefused() {
        let record = Self.record
        let bytes = RecordCodec.encode(record)
        for count in 0..<bytes.count {
            #expect(throws: (any Error).self, "the first \(count) bytes") {
                try RecordCodec.decode(
                    Array(bytes.prefix(count)), type: record.type, id: record.id,
                    scope: record.scope, number: record.number)
            }
        }
    }
}
