import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import GRDB
import Testing

/// Differences that no log explains (sync.md 9.16).
@Suite struct DamagedReplicaTests {
    /// A village with three employers that hub and node agree on.
    private func start() throws -> (TestHub, RealNode) {
        let hub = try TestHub()
        let node = try RealNode(hub, try hub.enrol("虚构·王"))
        for name in 1...3 {
            try node.edit(
                .test(UInt64(name)), .create(TestHub.village),
                ["name": .text("虚构\(name)"), "phone": .text("1380000000\(name)")])
        }
        try node.exchange()
        try node.exchange()
        #expect(node.repaired == [])
        return (hub, node)
    }

    private func damage(_ node: RealNode, _ statements: String...) throws {
        try node.damage(statements)
    }

    @Test func aValueChangedBehindTheTriggersIsFoundAndWinsNothingByItself() throws {
        let (hub, node) = try start()
        try damage(
            node, "UPDATE employer SET phone = '13900000009' WHERE id = '\(RecordID.test(2))'")
        try node.exchange()
        #expect(
            node.repaired
                == [RepairedRecord(type: "employer", id: .test(2), difference: .changed)])
        #expect(try hub.hub.shown("phone", of: .test(2)) == .text("13800000002"))
        #expect(try hub.hub.history(.test(2)).contains { $0.value.single == .text("13900000009") })
        #expect(try hub.hub.conflictCount() == 1)
        try node.exchange()
        #expect(node.repaired.count == 1)
        try expectAgreement(hub, node)
    }

    @Test func whatARepairFoundDecidesNothingAboutADisputedDeletion() throws {
        let (hub, node) = try start()
        let other = try RealNode(hub, try hub.enrol("虚构·李"))
        try other.exchange()
        try node.edit(.test(2), .delete)
        try other.edit(.test(2), .update, ["phone": .text("13800000099")])
        for each in [node, other, node] { try each.exchange() }
        let states = { try node.conflicts().compactMap { $0["state"]?.text } }
        #expect(try states() == ["open"])
        try other.damage([
            "UPDATE employer SET legal_rep = '坏值' WHERE id = '\(RecordID.test(2))'"
        ])
        for each in [other, other, node] { try each.exchange() }
        #expect(other.repaired.map(\.id) == [.test(2)])
        #expect(try states().contains("open"))
        #expect(try !states().contains("settled"))
    }

    @Test func aRowDeletedBehindTheTriggersComesBack() throws {
        let (hub, node) = try start()
        try damage(node, "DELETE FROM employer WHERE id = '\(RecordID.test(2))'")
        try node.exchange()
        #expect(
            node.repaired
                == [RepairedRecord(type: "employer", id: .test(2), difference: .missing)])
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node)
    }

    @Test func aRowThatIsMissingWhenItsChangeComesIsFetchedWithAllElse() throws {
        let (hub, node) = try start()
        let other = try RealNode(hub, try hub.enrol("虚构·李"))
        try other.exchange()
        try node.edit(.test(1), .update, ["phone": .text("13800000077")])
        try damage(node, "DELETE FROM employer WHERE id = '\(RecordID.test(2))'")
        try other.edit(.test(2), .update, ["phone": .text("13800000099")])
        try other.exchange()
        for _ in 0..<3 { try node.exchange() }
        #expect(node.reborn == [.incomplete])
        #expect(try node.replica.shown("phone", of: .test(2)) == .text("13800000099"))
        #expect(try hub.hub.shown("phone", of: .test(1)) == .text("13800000077"))
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node)
    }

    /// A sum that is told wrong once, as by a hub that mended itself meanwhile,
    /// must not keep the other grids from being compared.
    @Test func aDifferenceThatIsGoneKeepsNothingElseFromBeingCompared() throws {
        let hub = try TestHub()
        let node = try RealNode(
            hub, try hub.enrol("虚构·王", TestHub.district, role: .supervisor))
        try node.exchange()
        let (first, asked) = try node.replica.nextRequest()
        let ranges = try #require(first.check?.ranges)
        #expect(ranges.count == ScopeCheck.rangesMax)
        var reply = try ExchangeCodec.decodeReply(
            try hub.hub.exchange(asked, device: node.device))
        reply.sums = [RecordSum(high: 1, low: 1)]
        #expect(try node.replica.apply(reply).hasMore)
        let (second, closer) = try node.replica.nextRequest()
        #expect(second.check == ScopeCheck(.each, ranges))
        #expect(try !node.exchange(closer).hasMore)
        let (third, _) = try node.replica.nextRequest()
        #expect(third.check?.level == .combined)
        #expect(third.check?.ranges != ranges)
    }

    /// What somebody spoils again and again is put right again and again, and the
    /// grids after it have their turn all the same.
    @Test func aRecordThatDoesNotStayPutRightKeepsNothingElseFromBeingCompared() throws {
        let hub = try TestHub()
        let node = try RealNode(
            hub, try hub.enrol("虚构·王", TestHub.district, role: .supervisor))
        try node.exchange()
        let last = try #require(hub.hub.grids.subtree(of: TestHub.district).max())
        try node.edit(.test(1), .create(last), ["name": .text("虚构1")])
        try node.exchange()
        func spoilAndExchange(until isDone: () -> Bool) throws {
            for _ in 0..<60 where !isDone() {
                try damage(
                    node, "UPDATE grid SET name = '坏值' WHERE code = '\(TestHub.district)'")
                try node.exchange()
            }
            #expect(isDone())
        }
        try spoilAndExchange { node.repaired.contains { $0.type == "grid" } }
        try damage(node, "UPDATE employer SET name = '坏值' WHERE id = '\(RecordID.test(1))'")
        try spoilAndExchange { node.repaired.contains { $0.id == .test(1) } }
    }

    @Test func aRowAddedBehindTheTriggersIsSent() throws {
        let (hub, node) = try start()
        try damage(
            node,
            """
            INSERT INTO employer(id, scope, num, name)
            VALUES('\(RecordID.test(9))', '\(TestHub.village)', 77, '虚构由他处')
            """,
            """
            INSERT INTO employer(id, scope, name)
            VALUES('\(RecordID.test(8))', '\(TestHub.village)', '虚构无编号')
            """)
        for _ in 0..<2 { try node.exchange() }
        #expect(Set(node.repaired.map(\.id)) == [.test(8), .test(9)])
        #expect(node.repaired.allSatisfy { $0.difference == .added })
        #expect(try hub.hub.shown("name", of: .test(9)) == .text("虚构由他处"))
        #expect(try hub.hub.shown("name", of: .test(8)) == .text("虚构无编号"))
        try expectAgreement(hub, node)
    }

    @Test func aRowAddedWhileAnotherRecordIsHeldIsSentToo() throws {
        let (hub, node) = try start()
        // The deletion waits with the change that the hub set aside.
        try node.edit(.test(1), .update, ["name": .null])
        try node.edit(.test(1), .delete)
        try node.exchange()
        #expect(try node.replica.counts().quarantined > 0)
        try damage(
            node,
            """
            INSERT INTO employer(id, scope, name)
            VALUES('\(RecordID.test(8))', '\(TestHub.village)', '虚构无编号')
            """)
        for _ in 0..<3 { try node.exchange() }
        #expect(try hub.hub.shown("name", of: .test(8)) == .text("虚构无编号"))
    }

    @Test func whatOnlyTheHubWritesIsOverwritten() throws {
        let (hub, node) = try start()
        try damage(node, "UPDATE grid SET name = '别处' WHERE code = '\(TestHub.village)'")
        for _ in 0..<3 { try node.exchange() }
        #expect(node.repaired.map(\.type) == ["grid"])
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node)
    }

    @Test func aQuarantinedChangeIsNoDifferenceAndHidesNone() throws {
        let (hub, node) = try start()
        try node.edit(.test(1), .update, ["name": .null])
        try node.exchange()
        try node.exchange()
        #expect(node.repaired == [])
        try damage(
            node, "UPDATE employer SET phone = '13900000009' WHERE id = '\(RecordID.test(2))'",
            "UPDATE employer SET phone = '13900000008' WHERE id = '\(RecordID.test(1))'")
        for _ in 0..<2 { try node.exchange() }
        #expect(Set(node.repaired.map(\.id)) == [.test(1), .test(2)])
        #expect(try node.replica.counts().quarantined == 1)
        #expect(try hub.hub.shown("name", of: .test(1)) == .text("虚构1"))
        #expect(try node.shown(.test(1), "phone") == .text("13800000001"))
        #expect(try node.shown(.test(1), "name") != .text("虚构1"))
    }

    @Test func anIdleExchangeWithItsComparisonStaysSmall() throws {
        let (hub, node) = try start()
        let request = try node.replica.nextRequest()
        #expect(request.request.check != nil)
        #expect(request.encoded.count <= 300)
        let reply = try hub.hub.exchange(request.encoded, device: node.device)
        #expect(reply.count <= 300)
    }
}

extension RealNode {
    /// Runs statements that no trigger sees.
    func damage(_ statements: [String]) throws {
        let copy = try copy()
        let queue = try DatabaseQueue(path: copy)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "INSERT INTO fg_applying VALUES(NULL)")
            for sql in statements { try db.execute(sql: sql) }
            try db.execute(sql: "DELETE FROM fg_applying")
        }
        try queue.close()
        try restore(copy)
    }
}
