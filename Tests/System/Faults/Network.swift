import Foundation

/// Two network namespaces of our own with a cable between them.
///
/// In one a hub can listen, in the other devices call it. Both go when the
/// value goes. Nothing in them reaches another network, nor the other way round.
final class Network {
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

    func begin(_ fault: Fault) throws {
        switch fault {
        case .loss: try filter("numgen random mod 100 < 30 drop", at: [hub, devices])
        case .blackhole: try filter("tcp dport 8470 drop", at: [hub])
        case .reset: try filter("tcp dport 8470 reject with tcp reset", at: [hub])
        case .largePacketsVanish: try filter("meta length > 1000 drop", at: [hub, devices])
        case .slow:
            for space in [hub, devices] {
                try Self.call([
                    "tc", "-n", space, "qdisc", "add", "dev", "cable", "root", "tbf", "rate",
                    "64kbit", "burst", "1600", "latency", "400ms",
                ])
            }
        case .smallPackets: try setPacketSize(576)
        }
    }

    func heal() throws {
        for space in [hub, devices] {
            try Self.call(["ip", "netns", "exec", space, "nft", "flush", "ruleset"])
            _ = try? Self.call(["tc", "-n", space, "qdisc", "del", "dev", "cable", "root"])
        }
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
                    \(rule)
                }
            }

            """
        for space in spaces {
            try Self.call(["ip", "netns", "exec", space, "nft", "-f", "-"], input: rules)
        }
    }

    private static func ip(_ arguments: [String]) throws { try call(["ip"] + arguments) }

    private static func call(_ command: [String], input: String? = nil) throws {
        let path = "/usr/sbin:/sbin:/usr/bin:/bin"
        let result = try Fieldgrid.run(
            "/usr/bin/env", command, input: input, environment: ["PATH": path])
        guard result.status == 0 else {
            throw ProcessError("\(command.joined(separator: " ")): \(result.errors)")
        }
    }
}
