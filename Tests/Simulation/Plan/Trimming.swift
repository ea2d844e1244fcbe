import FieldgridModel

/// When the hub lets go of what far-behind nodes need; drawn apart, so that the
/// other draws of a seed stay what they are.
struct Trimming {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed, for: "trimming") }

    mutating func next(_ options: Options) -> (Int, Action)? {
        guard random.happens(options[.trim]) else { return nil }
        // From "whoever is not heard this instant" to a working day.
        let leases: [Int64] = [0, 60_000, 600_000, 3_600_000, 36_000_000]
        return (Operation.hub, .trim(lease: random.pick(leases) ?? 0))
    }
}

extension Options {
    /// Half of the seeds trim, some of them often.
    static func trimRate(_ seed: UInt64) -> Int {
        var random = SeededRandom(seed: seed, for: "trim rate")
        return random.happens(50) ? random.number(1...8) : 0
    }
}
