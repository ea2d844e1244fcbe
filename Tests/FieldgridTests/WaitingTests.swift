import Fieldgrid
import Foundation
import Synchronization
import Testing

/// Exchanges that wait for news, and what ends them.
@Suite struct WaitingTests {
    /// Has the hub stay silent to whoever waits, as long as nobody cancels it.
    private static func staySilent(
        _ village: Village, meanwhile body: @escaping @Sendable () async throws -> Void
    ) {
        village.hub.whileWaiting { url in
            guard url.contains("wait=") else { return }
            try await body()
            try await Never.comes()
        }
    }

    @Test func whatIsSavedEndsTheWaitAndIsSentAtOnce() async throws {
        let village = try Village()
        let node = try await village.join()
        let before = village.hub.log.count
        Self.staySilent(village) { try node.create("clinic", ["name": "虚构甲"]) }
        let report = try await node.sync(waitSeconds: 600)
        #expect(report.accepted == 1)
        #expect(try node.status().outbox == 0)
        #expect(village.hub.log[before...] == ["/sync/v1/exchange"])
    }

    @Test func everyKindOfSaveEndsTheWait() async throws {
        let village = try Village()
        let node = try await village.join()
        let clinic = try node.create("clinic", ["name": "虚构甲"], in: "990101100201").record
        try await node.sync()
        let saves: [@Sendable () throws -> Void] = [
            { try node.edit(clinic, ["beds": 1]) },
            { try node.confirm(clinic) },
            { try node.move(clinic, to: "990101100202") },
            { _ = try node.addAttachment([0xff, 0xd8, 0xff, 0xe0, 1]) },
            { try node.delete(clinic) },
        ]
        for save in saves {
            Self.staySilent(village) { try save() }
            try await node.sync(waitSeconds: 600)
            #expect(try node.status().outbox == 0)
        }
    }

    @Test func whoNeedsTheWayToTheHubDoesNotWaitForNews() async throws {
        let village = try Village()
        let node = try await village.join()
        let bundle = Mutex<Task<ExportedBundle, any Error>?>(nil)
        Self.staySilent(village) {
            bundle.withLock { $0 = Task { try await node.exportBundle() } }
        }
        try await node.sync(waitSeconds: 600)
        let exporting = try #require(bundle.withLock { $0 })
        #expect(try await exporting.value.changesets == 0)
    }

    @Test func aSecondThatWaitsDoesNotEndTheFirst() async throws {
        let village = try Village()
        let node = try await village.join()
        let rounds = Mutex(0)
        let second = Mutex<Task<SyncReport, any Error>?>(nil)
        Self.staySilent(village) {
            guard
                rounds.withLock({
                    $0 += 1; return $0
                }) == 1
            else {
                try node.create("clinic", ["name": "虚构乙"])
                return
            }
            second.withLock { $0 = Task { try await node.sync(waitSeconds: 600) } }
            for _ in 0..<1_000 { await Task.yield() }
            #expect(!Task.isCancelled, "the first still waits")
            try node.create("clinic", ["name": "虚构甲"])
        }
        #expect(try await node.sync(waitSeconds: 600).accepted == 1)
        #expect(try await second.withLock { $0 }?.value.accepted == 1)
    }

    @Test func aCancelledWaitEndsAtOnceAndTheNextGoesOn() async throws {
        let village = try Village()
        let node = try await village.join()
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        Self.staySilent(village) { begin.yield() }
        let waiting = Task { try await node.sync(waitSeconds: 600) }
        for await _ in begins { break }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        try node.create("clinic", ["name": "虚构甲"])
        #expect(try await node.sync().accepted == 1)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [0, 600])
    func aCancelledCallDoesNotWaitForItsTurn(seconds: Int) async throws {
        let village = try Village()
        let node = try await village.join()
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        village.hub.whileWaiting { _ in
            begin.yield()
            try await Never.comes()
        }
        let first = Task { try await node.sync() }
        for await _ in begins { break }
        let second = Task { try await node.sync(waitSeconds: seconds) }
        for _ in 0..<1_000 { await Task.yield() }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(!first.isCancelled)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        village.hub.whileWaiting(nil)
        try await node.sync()
    }

    @Test func whoWouldWaitForNewsLetsTheOthersGoFirstAndThenWaits() async throws {
        let village = try Village()
        let node = try await village.join()
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let (goes, go) = AsyncStream.makeStream(of: Void.self)
        village.hub.whileWaiting { url in
            begin.yield()
            for await _ in goes { break }
        }
        async let first = node.sync()
        for await _ in begins { break }
        Self.staySilent(village) { try node.create("clinic", ["name": "虚构甲"]) }
        async let waiting = node.sync(waitSeconds: 600)
        for _ in 0..<1_000 { await Task.yield() }
        async let urgent = node.sync()
        for _ in 0..<1_000 { await Task.yield() }
        go.yield()
        _ = try await (first, urgent)
        #expect(try await waiting.accepted == 1, "its wait was ended by the save, not by the other")
    }

    @Test func closingEndsARequestUnderWay() async throws {
        let village = try Village()
        let node = try await village.join()
        try node.create("clinic", ["name": "虚构甲"])
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        village.hub.whileWaiting { _ in
            begin.yield()
            try await Never.comes()
        }
        async let error = FieldgridError.of { try await node.sync() }
        for await _ in begins { break }
        await node.close()
        #expect(await error?.code == "node.closed")
        village.hub.whileWaiting(nil)
        let again = try FieldNode(folder: node.folder, environment: village.environment)
        #expect(try await again.sync().accepted == 1)
    }
}
