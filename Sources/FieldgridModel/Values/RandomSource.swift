/// A source of randomness whose kind is chosen at run time: the system's in
/// production, a seeded one in tests.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private var base: any RandomNumberGenerator & Sendable

    package init(_ base: any RandomNumberGenerator & Sendable) { self.base = base }

    package mutating func next() -> UInt64 { base.next() }
}

/// SplitMix64: small, seeded, repeatable.
///
/// For tests and simulation, never for keys.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
