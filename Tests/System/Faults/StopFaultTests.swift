import Foundation
import Glibc
import Testing

/// Programs that stand still in an exchange and go on, as a machine does that
/// sleeps or swaps: the hub, and a device.
@Suite(.serialized) struct StopFaultTests {
    private let district: District
    private let node: String
    private let neighbour: String

    init() throws {
        district = try District()
        node = try district.join()
        neighbour = try district.join("neighbour")
    }

    @Test func aHubThatStandsStillInTheMiddleOfAnExchangeGoesOnWithIt() throws {
        var random = SeededRandom(seed: 9_101)
        let rounds = Endurance.isLong ? 40 : 5
        var underWay = 0
        var done = 0
        try importEmployers(1_000)
        let whole = try secondsOfAnExchange()
        // Where each stop came after its exchange, some more.
        while done < rounds || (underWay == 0 && done < rounds + 50) {
            try importEmployers(done)
            done += 1
            let hub = try #require(district.hub)
            let sync = try startExchange()
            let moment = Double.random(in: 0...whole, using: &random)
            _ = sync.output.collect(until: Deadline(seconds: moment), \.isComplete)
            if !sync.output.current.isComplete { underWay += 1 }
            let stop = try Stop(hub.id)
            _ = sync.output.collect(until: Deadline(seconds: 0.5), \.isComplete)
            stop.end()
            _ = sync.output.collect(until: Deadline(seconds: 60), \.isComplete)
            #expect(sync.wait() == 0, "\(sync.output.current.errorText)")
        }
        try expectConverged(employers: (done + 1) * 50)
        #expect(underWay > 0, "each stop came after its exchange")
        Endurance.report(
            "hub stopped and continued: \(done) runs, \(underWay) of them in an exchange, 0 stuck"
        )
    }

    @Test func aHubThatStandsStillForLongLeavesNobodyStuck() throws {
        let rounds = Endurance.isLong ? 3 : 1
        let seconds = Endurance.isLong ? 60.0 : 4
        var ended = 0
        for round in 0..<rounds {
            try importEmployers(round)
            let hub = try #require(district.hub)
            let (sync, stop) = try stopInExchange { _ in hub.id }
            #expect(!sync.output.collect(until: Deadline(seconds: seconds), \.isComplete))
            #expect(stop.holds)
            stop.end()
            if try finish(sync) { ended += 1 }
        }
        try expectConverged(employers: rounds * 50)
        Endurance.report(
            "hub stopped for \(Int(seconds)) s in an exchange: \(rounds) runs, \(ended) ended, "
                + "\(rounds - ended) “later”, 0 stuck")
    }

    @Test func aDeviceThatStandsStillInTheMiddleOfAnExchangeGoesOnWithIt() throws {
        var random = SeededRandom(seed: 9_102)
        let long = Endurance.isLong
        let stops = Array(repeating: 0.5, count: long ? 30 : 3) + (long ? [60, 60, 60] : [])
        var (held, ended) = (0, 0)
        for (round, seconds) in stops.enumerated() {
            try importEmployers(round)
            try saveNews(round)
            let sync = try startExchange()
            let moment = Double.random(in: 0...0.15, using: &random)
            _ = sync.output.collect(until: Deadline(seconds: moment), \.isComplete)
            let stop = try Stop(sync.id)
            _ = sync.output.collect(until: Deadline(seconds: seconds), \.isComplete)
            if stop.holds { held += 1 }
            // It holds up nobody else.
            try district.done(["node", "sync", "--data", neighbour])
            stop.end()
            if try finish(sync) { ended += 1 }
        }
        try expectConverged(employers: stops.count * 51)
        #expect(held > 0, "each stop came after its exchange")
        Endurance.report(
            "device stopped in its exchange, for \(stops.max() ?? 0) s at most: "
                + "\(stops.count) runs, \(held) of them in time, \(ended) ended, "
                + "\(stops.count - ended) “later”, 0 stuck")
    }

    @Test func whoCallsADeviceThatStandsStillIsToldOrServedAfterIt() throws {
        try importEmployers(0)
        let (sync, stop) = try stopInExchange(\.id)
        let second = try startSync()
        // A command waits half a minute for another that holds the folder.
        let patience = Endurance.isLong ? 60.0 : 2
        let isTold = second.output.collect(until: Deadline(seconds: patience), \.isComplete)
        #expect(stop.holds)
        #expect(isTold == Endurance.isLong)
        if isTold {
            let said = second.output.current
            let result = (second.wait(), said.outputText, said.errorText)
            expectRefused(result, saying: [node, "node sync", "hint: "])
        }
        stop.end()
        for process in [sync, second] {
            #expect(process.output.collect(until: Deadline(seconds: 120), \.isComplete))
        }
        #expect(sync.wait() == 0, "\(sync.output.current.errorText)")
        if !isTold { #expect(second.wait() == 0, "\(second.output.current.errorText)") }
        try expectConverged(employers: 50)
    }

    /// Whether an exchange went through, and did not say “later”; the next one has sent all.
    private func finish(_ sync: ChildProcess) throws -> Bool {
        #expect(sync.output.collect(until: Deadline(seconds: 120), \.isComplete))
        let status = sync.wait()
        #expect([0, 75].contains(status), "\(sync.output.current.errorText)")
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        return status == 0
    }

    private func importEmployers(_ round: Int) throws {
        let table = try district.folder.write(
            FictionalEmployer.table((round * 50)..<(round * 50 + 50)), to: "table.csv")
        try district.done(["record", "import", "employer", table, "--data", node])
    }

    private func saveNews(_ round: Int) throws {
        _ = try district.record(
            "employer", "name=虚构中心\(round)", "--scope", District.village, at: district.hubData)
    }

    /// Starts an exchange, and returns when the device has called the hub.
    ///
    /// On a busy machine one may be over before it is seen; then the next one.
    private func startExchange() throws -> ChildProcess {
        var errors = ""
        for _ in 0..<10 {
            let sync = try startSync()
            if try hasCalled(sync) { return sync }
            errors = sync.output.current.errorText
        }
        throw ProcessError("no exchange was seen: \(errors)")
    }

    /// Stops a program in an exchange that cannot end without it.
    private func stopInExchange(
        _ program: (ChildProcess) -> Int32
    ) throws -> (sync: ChildProcess, stop: Stop) {
        for _ in 0..<10 {
            let sync = try startExchange()
            let stop = try Stop(program(sync))
            if !sync.output.collect(until: Deadline(seconds: 0.5), \.isComplete), stop.holds {
                return (sync, stop)
            }
            stop.end()
        }
        throw ProcessError("each exchange ended before it was stopped")
    }

    /// How long one takes here that nobody stops.
    private func secondsOfAnExchange() throws -> Double {
        let sync = try startExchange()
        let start = ContinuousClock.now
        _ = sync.output.collect(until: Deadline(seconds: 60), \.isComplete)
        #expect(sync.wait() == 0, "\(sync.output.current.errorText)")
        return (ContinuousClock.now - start) / .seconds(1)
    }

    private func startSync() throws -> ChildProcess {
        try ChildProcess(
            Fieldgrid.executable(), ["node", "sync", "--data", node],
            environment: Fieldgrid.environment(with: [:]))
    }

    /// Whether there came to be a connection to the hub before the device ended.
    private func hasCalled(_ child: ChildProcess) throws -> Bool {
        // As the kernel lists it: a connection is in state 01.
        let other = String(format: ":%04X", Int(district.port))
        while !child.output.collect(until: Deadline(seconds: 0.001), \.isComplete) {
            let isThere = try Kernel.lines(of: "/proc/net/tcp").contains { line in
                let words = line.split(separator: " ")
                return words.count > 3 && words[2].hasSuffix(other) && words[3] == "01"
            }
            if isThere { return true }
        }
        return false
    }

    private func expectConverged(employers: Int) throws {
        for data in [node, neighbour] { try district.done(["node", "sync", "--data", data]) }
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == employers)
        #expect(try district.records("employer", at: node) == atHub)
        #expect(try district.records("employer", at: neighbour) == atHub)
        #expect(try District.sql("PRAGMA integrity_check", in: node + "/node.sqlite") == "ok")
    }
}

/// A process that stands still until the value goes, or is told to end.
private final class Stop {
    private let process: Int32
    private var isOver = false

    init(_ process: Int32) throws {
        self.process = process
        guard kill(process, SIGSTOP) == 0 else {
            throw ProcessError("stop \(process)", errno: errno)
        }
    }

    deinit { end() }

    /// Whether it stands still now: an ended process never does.
    var holds: Bool {
        let line = try? Kernel.lines(of: "/proc/\(process)/stat").first
        return line?.split(separator: ")").last?.hasPrefix(" T ") == true
    }

    func end() {
        if !isOver { kill(process, SIGCONT) }
        isOver = true
    }
}

private enum Kernel {
    /// What a file of `/proc` says, which has no size and comes in pages.
    static func lines(of path: String) throws -> [Substring] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ProcessError("open \(path)", errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let page = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
            }
            if page.isEmpty { break }
            bytes += page
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
