@testable import FieldgridHub
import FieldgridModel
import FieldgridSync
import FieldgridReplica
import Foundation
import GRDB
import Testing

/// What somebody who may write the hub's file can do to its history, and who
/// notices.
@Suite struct AuditTamperTests {
    let hub: TestHub
    let node: RealNode

    init() throws {
        (hub, node) = try RealNode.withOneEmployer(.test(1))
        for name in UInt64(2)...6 {
            try node.edit(.test(name), .create(TestHub.village), ["name": .text("虚构\(name)")])
        }
        try node.exchange()
    }

    /// A change of the tables, and the words in which it is found.
    struct Change: Sendable, CustomTestStringConvertible {
        var description: String
        var sql: String
        var found: String
        var testDescription: String { description }

        init(_ description: String, _ sql: String, _ found: String) {
            self.description = description
            self.sql = sql
            self.found = found
        }
    }

    static let changes = [
        Change(
            "a value in the history",
            "UPDATE history SET body = randomblob(length(body)) "
                + "WHERE entry = (SELECT max(entry) FROM history)",
            "the history does not have it"),
        Change(
            "a row of the history that is gone",
            "DELETE FROM history WHERE entry = (SELECT max(entry) FROM history)",
            "the history of what it speaks of was changed"),
        Change(
            "a row of the history that nobody offered",
            "INSERT INTO history(previous, body) SELECT previous, body FROM history LIMIT 1",
            "a row of the history has no leaf"),
        Change(
            "an answer that is gone",
            "DELETE FROM answer WHERE incarnation = 2 AND seq = 3",
            "which the hub has no answer for"),
        Change(
            "another content under a sequence",
            "UPDATE answer SET digest = randomblob(32) WHERE incarnation = 2 AND seq = 3",
            "is of another content"),
        Change(
            "another position", "UPDATE answer SET position = 1 WHERE incarnation = 2 AND seq = 3",
            "is another one"),
        Change(
            "a device that nobody enrolled",
            "INSERT INTO device SELECT randomblob(16), 'X', public_key, holder, role, scope, name, "
                + "enrolled_at, revoked_at, last_seen_at FROM device",
            "has no leaf"),
        Change(
            "a device of another scope", "UPDATE device SET scope = '220602'",
            "is not as it was enrolled"),
        Change(
            "a hash", "UPDATE audit_chunk SET hashes = randomblob(length(hashes))",
            "does not have the hash that is stored"),
        Change(
            "leaves that are gone",
            "DELETE FROM audit_chunk WHERE place = (SELECT min(place) FROM audit_chunk)",
            "it is missing"),
        Change(
            "the root", "UPDATE audit_log SET root = randomblob(32)", "root computed from its"),
    ]

    @Test(arguments: changes)
    func theHubsOwnReviewNames(change: Change) throws {
        #expect(try hub.finding() == nil)
        try hub.tamper(change.sql)
        let finding = try #require(try hub.finding())
        #expect(finding.description.contains(change.found), "\(finding)")
    }

    @Test func aPresentValueThatNobodyOfferedIsNamed() throws {
        #expect(try hub.finding() == nil)
        try hub.tamper(
            "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '虚构4', '虚构7') AS BLOB) "
                + "WHERE lower(hex(id)) = replace('\(RecordID.test(4))', '-', '')")
        #expect(try hub.hub.shown("name", of: .test(4)) == .text("虚构7"))
        let finding = try #require(try hub.finding())
        #expect(finding.description.contains("employer \(RecordID.test(4)) has a value of name"))
    }

    @Test func theFirstLeafThatDoesNotFitIsNamed() throws {
        let index = try hub.leaves().count - 2
        try hub.rewrite { leaves in leaves[index][1] ^= 1 }
        let finding = try #require(try hub.finding())
        #expect((finding.log, finding.leaf) == (TestHub.log, Int64(index)))
    }

    /// How a log is written anew.
    enum Rewriting: String, CaseIterable, Sendable {
        case flipped, deleted, inserted, reordered, truncated

        func apply(to leaves: inout [[UInt8]]) {
            let place = leaves.count / 2
            switch self {
            case .flipped: leaves[place][leaves[place].count - 1] ^= 1
            case .deleted: leaves.remove(at: place)
            case .inserted: leaves.insert(leaves[place], at: place)
            case .reordered: leaves.swapAt(place, place + 1)
            case .truncated: leaves.removeLast(2)
            }
        }
    }

    @Test(arguments: Rewriting.allCases)
    func aNodeThatKeepsAnOldHeadNoticesWhatHasFittingHashes(_ rewriting: Rewriting) throws {
        try node.exchange()
        #expect(try node.replica.auditHeads().contains { $0.head.log == TestHub.log })
        try hub.rewrite { rewriting.apply(to: &$0) }
        // Others work on, so that the log is as long as it was before the node asks.
        var other = SketchNode(hub, try hub.enrol("虚构·李"))
        for name in UInt64(20)...22 {
            try other.create("employer", .test(name), ["name": .text("虚构\(name)")])
        }
        try other.exchange()
        try node.edit(.test(9), .create(TestHub.village), ["name": .text("虚构九")])
        let applied = try exchangeOnce()
        let alarm = try #require(applied.alarms.first)
        #expect(alarm.log == TestHub.log)
        #expect(try node.replica.alarms() == applied.alarms)
        // Nothing was applied, nothing is, and work goes on.
        #expect(applied.accepted == 0)
        #expect(try exchangeOnce().alarms == applied.alarms)
        try node.edit(.test(10), .create(TestHub.village), ["name": .text("虚构十")])
        #expect(try node.replica.counts().outbox == 2)
    }

    @Test func aLogThatBecameShorterIsABreakThatIsSeenAndTheSecondTimeAnAlarm() throws {
        try node.exchange()
        try hub.rewrite { leaves in leaves.removeLast() }
        try node.exchange()
        #expect(try hub.hub.epochs().map(\.cause) == [.created, .found])
        #expect(try node.replica.auditHeadsLeft().contains { $0.signed.head.log == TestHub.log })
        #expect(try node.replica.alarms().isEmpty)
        try node.exchange()
        try hub.rewrite { leaves in leaves.removeLast() }
        #expect(try exchangeOnce().alarms.map(\.reason) == [.shorter])
    }

    @Test func aLogRewrittenToTheSameSizeIsNoticedAtOnce() throws {
        try node.exchange()
        try hub.rewrite { leaves in leaves.swapAt(0, 1) }
        #expect(try exchangeOnce().alarms.map(\.reason) == [.rewritten])
    }

    @Test func whoSawNoneOfItBelievesTheRewrittenLog() throws {
        try hub.rewrite { leaves in leaves.swapAt(0, 1) }
        let other = try RealNode(hub, try hub.enrol("虚构·李"))
        try other.exchange()
        #expect(try other.replica.alarms().isEmpty)
    }

    @Test func afterAnAlarmAnOperatorDecidesAndTheEvidenceStays() throws {
        try node.exchange()
        let kept = try #require(
            try node.replica.auditHeads().first { $0.head.log == TestHub.log })
        try hub.rewrite { leaves in leaves[0][1] ^= 1 }
        let alarm = try #require(try exchangeOnce().alarms.first)
        try node.replica.acceptAudit()
        try node.exchange()
        #expect(try node.replica.alarms().isEmpty)
        let left = try node.replica.auditHeadsLeft()
        #expect(left.map(\.reason) == [.alarmKept, .alarmOffered])
        #expect(left.map(\.signed) == [kept, alarm.offered])
        // A witness shows the hub's own signature under both.
        let compared = try hub.hub.compare(left.map(\.signed), signedBy: hub.key)
        #expect(compared.map(\.1) == [.alarm(.rewritten), .continues])
    }

    private func exchangeOnce() throws -> AppliedReply {
        let request = try node.replica.nextRequest()
        return try node.replica.apply(
            ExchangeCodec.decodeReply(try hub.hub.exchange(request.encoded, device: node.device)))
    }

    @Test func aRowThatItsRecordDoesNotLeadToIsFound() throws {
        for phone in ["13800000001", "13800000002"] {
            try node.edit(.test(1), .update, ["phone": .text(phone)])
        }
        try node.exchange()
        #expect(try hub.finding() == nil)
        let history = try hub.hub.history(.test(1)).count
        try hub.tamper(
            """
            UPDATE history SET previous = (SELECT previous FROM history AS before
            WHERE before.entry = history.previous) WHERE entry =
            (SELECT history FROM record WHERE id = ?)
            """, [Data(RecordID.test(1).bits.bytes)])
        #expect(try hub.hub.history(.test(1)).count < history)
        #expect(try hub.finding()?.what.contains("does not lead to all") == true)
    }
}
