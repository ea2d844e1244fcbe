import FieldgridModel

extension SeededRandom {
    /// A source of its own for each component: one more draw in one place
    /// shifts nothing anywhere else.
    init(seed: UInt64, for label: String) {
        var mixed = seed ^ 0xcbf2_9ce4_8422_2325
        for byte in label.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        self.init(seed: mixed)
        _ = next()
    }

    /// True `percent` times of a hundred.
    mutating func happens(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// The clock that only the event queue moves.
final class Timeline {
    /// UTC milliseconds; a morning in July 2026.
    private(set) var now: Int64 = 1_784_850_000_000
    let start: Int64 = 1_784_850_000_000

    func advance(to moment: Int64) { now = max(now, moment) }
}

/// What one machine's wall clock says: the timeline, wrongly.
final class WrongClock: WallClock, @unchecked Sendable {
    // Only ever used from the one thread of its simulation.
    private let timeline: Timeline
    /// Added to the true time, milliseconds.
    var offset: Int64 = 0
    /// Milliseconds gained per day.
    var drift: Int64 = 0

    init(_ timeline: Timeline) { self.timeline = timeline }

    var milliseconds: Int64 {
        let elapsed = timeline.now - timeline.start
        return max(0, timeline.now + offset + elapsed / 1000 * drift / 86_400)
    }
}
