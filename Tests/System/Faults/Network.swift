import Foundation

/// Two network namespaces of our own with a cable between them.
///
/// In one a hub can listen, in the other devices call it. Both go when the
/// value goes. Nothing in them reaches another network, nor the other way round.
final class Network: Sendable {
    static let hubAddress = "10.0.0.1"
    static let hubURL = "http://10.0.0.1:8470"

    enum Fault: String, CaseIterable {
        /// 30 of 100 packets each way.
        case loss
        case blackhole
        case reset
        /// 64 kbit/s.
        case slow
        case smallPackets
        /// Packets that are too large vanish without a word.
        case largePacketsVanish
        /// The same on the way to the devices only.
        case largeAnswersVanish
    }

    /// How a link is down.
    enum Outage: CaseIterable {
        case allVanishes
        case requestsVanish
        case answersVanish
        case reset
        case unplugged
    }

    private let hub: String
    private let devices: String

    init() throws {
        let name = "fieldgrid-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        (hub, devices) = (name + "-h", name + "-d")
        for space in [hub, devices] { try Self.ip(["netns", "add", space]) }
        try Self.ip([
            "link", "add", "cable", "netns", hub, "type", "veth", "peer", "name", "cable", "netns",
            devices,
        ])
        for (space, address) in [(hub, "10.0.0.1/24"), (devices, "10.0.0.2/24")] {
            try Self.ip(["-n", space, "address", "add", address, "dev", "cable"])
            // Otherwise a cable of this kind carries many packets as one.
            try Self.ip(["-n", space, "link", "set", "cable", "gso_max_segs", "1"])
            for device in ["lo", "cable"] {
                try Self.ip(["-n", space, "link", "set", device, "up"])
            }
        }
    }

    deinit {
        for space in [hub, devices] { try? Self.ip(["netns", "delete", space]) }
    }

    /// How a program is begun at the hub's end.
    var atHub: String { "exec ip netns exec \(hub)" }

    /// Runs a command of ours at the devices' end.
    func run(_ arguments: [String], within seconds: Double) throws -> Fieldgrid.Result {
        try Fieldgrid.run(
            "/usr/bin/env",
            ["ip", "netns", "exec", devices, Fieldgrid.executable()] + arguments, within: seconds)
    }

    /// Runs a command of ours at the hub's end, where no fault is.
    func runAtHub(_ arguments: [String]) throws -> Fieldgrid.Result {
        try Fieldgrid.run(
            "/usr/bin/env", ["ip", "netns", "exec", hub, Fieldgrid.executable()] + arguments)
    }

    /// Starts a command of ours at the devices' end.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/env",
            ["ip", "netns", "exec", devices, Fieldgrid.executable()] + arguments,
            environment: Fieldgrid.environment(with: [:]))
    }

    func begin(_ fault: Fault) throws {
        switch fault {
        case .loss: try filter("numgen random mod 100 < 30 counter drop", at: [hub, devices])
        case .blackhole: try begin(.requestsVanish)
        case .reset: try begin(Outage.reset)
        case .largePacketsVanish:
            try filter("meta length > 1000 counter drop", at: [hub, devices])
        case .largeAnswersVanish: try filter("meta length > 1000 counter drop", at: [devices])
        case .slow:
            for space in [hub, devices] {
                try Self.call([
                    "tc", "-n", space, "qdisc", "add", "dev", "cable", "root", "tbf", "rate",
                    "\(Self.slowBits)", "burst", "\(Self.slowBurst)", "latency", "400ms",
                ])
            }
        case .smallPackets:
            try setPacketSize(576)
            try filter("counter", at: [hub, devices])
        }
    }

    /// Bits a second of a slow link, and how many bytes it lets through at once.
    static let (slowBits, slowBurst) = (64_000, 1_600)

    func begin(_ outage: Outage) throws {
        let (requests, answers) = ("tcp dport 8470 counter drop", "tcp sport 8470 counter drop")
        switch outage {
        case .allVanishes:
            try filter(requests, at: [hub])
            try filter(answers, at: [devices])
        case .requestsVanish: try filter(requests, at: [hub])
        case .answersVanish: try filter(answers, at: [devices])
        case .reset: try filter("tcp dport 8470 counter reject with tcp reset", at: [hub])
        case .unplugged: try Self.ip(["-n", devices, "link", "set", "cable", "down"])
        }
    }

    /// Packets that the fault has met since it began.
    func met() throws -> Int {
        try [hub, devices].reduce(0) { sum, space in
            let rules = try Self.call(["ip", "netns", "exec", space, "nft", "list", "ruleset"])
            return try sum
                + rules.matches(of: /counter packets (\d+)/).reduce(0) {
                    guard let packets = Int($1.1) else { throw ProcessError("no number: \(rules)") }
                    return $0 + packets
                }
        }
    }

    func heal() throws {
        for space in [hub, devices] {
            try Self.call(["ip", "netns", "exec", space, "nft", "flush", "ruleset"])
            _ = try? Self.call(["tc", "-n", space, "qdisc", "del", "dev", "cable", "root"])
        }
        try Self.ip(["-n", devices, "link", "set", "cable", "up"])
        try setPacketSize(1500)
    }

    private func setPacketSize(_ bytes: Int) throws {
        for space in [hub, devices] {
            try Self.ip(["-n", space, "link", "set", "cable", "mtu", "\(bytes)"])
        }
    }

    private func filter(_ rule: String, at spaces: [String]) throws {
        let rules = """
            table inet faults {
                chain arriving {
                    type filter hook input priority 0;
                    iifname "cable" \(rule)
                }
            }

            """
        for space in spaces {
            try Self.call(["ip", "netns", "exec", space, "nft", "-f", "-"], input: rules)
        }
    }

    private static func ip(_ arguments: [String]) throws { try call(["ip"] + arguments) }

    @discardableResult
    private static func call(_ command: [String], input: String? = nil) throws -> String {
        let path = "/usr/sbin:/sbin:/usr/bin:/bin"
        let result = try Fieldgrid.run(
            "/usr/bin/env", command, input: input, environment: ["PATH": path])
        guard result.status == 0 else {
            throw ProcessError("\(command.joined(separator: " ")): \(result.errors)")
        }
        return result.output
    }
}
