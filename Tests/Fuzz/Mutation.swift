/// SplitMix64, so that an input can be made again from its seed.
struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Alters bytes as damage and malice do: bits, numbers at their bounds,
/// pieces lost, doubled, and taken from elsewhere.
enum Mutation: CaseIterable {
    case bit, byte, bound, word, lost, doubled, foreign, cut, longRun, swapped

    /// One to eight alterations of an input.
    static func of(
        _ input: [UInt8], among others: [[UInt8]], words: [String], random: inout FuzzRandom
    ) -> [UInt8] {
        var bytes = input
        for _ in 0..<(1 << Int.random(in: 0...3, using: &random)) {
            let mutation = allCases.randomElement(using: &random) ?? .bit
            mutation.apply(to: &bytes, others: others, words: words, random: &random)
        }
        return bytes
    }

    private func apply(
        to bytes: inout [UInt8], others: [[UInt8]], words: [String], random: inout FuzzRandom
    ) {
        guard !bytes.isEmpty else {
            bytes = others.randomElement(using: &random) ?? [0]
            return
        }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let length = Int.random(in: 1...min(64, bytes.count - place), using: &random)
        let piece = Array(bytes[place..<(place + length)])
        switch self {
        case .bit: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case .byte: bytes[place] = [0, 1, 2, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        case .bound:
            bytes.replaceSubrange(
                place...place, with: Self.bounds.randomElement(using: &random) ?? [0])
        case .word:
            let word = words.randomElement(using: &random) ?? "0"
            bytes.replaceSubrange(place...place, with: word.utf8)
        case .lost: bytes.removeSubrange(place..<(place + length))
        case .doubled:
            let times = Int.random(in: 1...4, using: &random)
            for _ in 0..<times { bytes.insert(contentsOf: piece, at: place) }
        case .foreign:
            let other = others.randomElement(using: &random) ?? []
            let start = Int.random(in: 0...other.count, using: &random)
            bytes.replaceSubrange(
                place..<(place + length), with: other[start...].prefix(length * 2))
        case .cut: bytes.removeSubrange(place...)
        case .longRun:
            let times = 1 << Int.random(in: 4...14, using: &random)
            let short = piece.prefix(4)
            bytes.insert(
                contentsOf: [[UInt8]](repeating: Array(short), count: times).joined(), at: place)
        case .swapped:
            let other = Int.random(in: 0..<bytes.count, using: &random)
            bytes.swapAt(place, other)
        }
    }

    /// Integers of the wire at their bounds, in LEB128.
    private static let bounds: [[UInt8]] = [
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
        [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0x03], [0x80, 0x80, 0x04], [0x80, 0x01], [0x80, 0x00], [0x00],
    ]
}
