import FieldgridModel

/// What one seed draws for itself: who there is, and how often what happens.
///
/// Swarm testing: each fault is away in some seeds and frequent in others,
/// for a fault that is always there hides what the others do. One seed in ten
/// has no faults at all.
struct Options: Codable, Hashable {
    var nodes: [Int] = []
    /// Nodes whose program reads no schema but the first.
    var old: [Int] = []
    var steps = 0
    /// How much a reply of the hub holds, where it is so little that many
    /// come in parts.
    var replyBytes: Int?
    /// Parts of a hundred for each kind of operation and fault.
    var rates: [Rate: Int] = [:]

    enum Rate: String, Codable, Hashable, CaseIterable, CodingKeyRepresentable {
        // Operations, weighed against one another.
        case create, child, edit, group, delete, move, batch, settle, verify
        case send, sync, hubEdit, refresh, breach
        case operate, family, undo, stick, publish, regrid, join, strange
        // Faults of the network, in a hundred legs.
        case lost, portal, busy, cut, altered, repeated, slow
        // Faults of machines, in a hundred operations.
        case crash, hubCrash, disk, hubDisk, foreign, clock, revoke, copy, clone
        case damage, hubCopy, hubLoss, trim
    }

    init(seed: UInt64, tier: Int) {
        var random = SeededRandom(seed: seed, for: "options")
        let count = random.number(1...(seed % 7 == 0 ? 8 : 4))
        let grids = random.number(1...4)
        for _ in 0..<count {
            let isVillage = random.happens(50)
            nodes.append(isVillage ? 3 + random.number(0...(grids - 1)) : random.number(0...2))
        }
        steps = random.number(40...140)
        let weights: [(Rate, ClosedRange<Int>)] = [
            (.create, 6...14), (.child, 0...5), (.edit, 15...40), (.group, 0...12),
            (.delete, 0...5), (.move, 0...5), (.batch, 0...1), (.settle, 0...8), (.verify, 0...3),
            (.send, 5...20), (.sync, 5...20), (.hubEdit, 0...8), (.refresh, 0...2),
            (.breach, 0...4), (.operate, 0...12), (.family, 0...3), (.undo, 0...4),
            (.publish, 0...1), (.join, 0...1), (.strange, 0...30),
        ]
        for (rate, range) in weights { rates[rate] = random.number(range) }
        // Sticks and other maps of the district are the exception.
        if random.happens(30) { rates[.stick] = random.number(4...30) }
        if random.happens(30) { rates[.regrid] = random.number(1...3) }
        old = nodes.indices.filter { _ in random.happens(15) }
        rates[.trim] = Self.trimRate(seed)
        if seed % 4 == 3 { replyBytes = 300 + Int(seed % 5) * 500 }
        guard seed % 10 != 0 else { return }
        let faults: [(Rate, ClosedRange<Int>)] = [
            (.lost, 5...40), (.portal, 2...15), (.busy, 2...15), (.cut, 2...20),
            (.altered, 2...20), (.repeated, 5...40), (.slow, 10...80), (.crash, 1...8),
            (.hubCrash, 1...5), (.foreign, 1...4), (.clock, 1...4), (.revoke, 1...1),
            (.copy, 1...6), (.clone, 1...1), (.damage, 1...3), (.hubCopy, 1...4),
            (.hubLoss, 1...1),
        ]
        for (rate, range) in faults where random.happens(50) { rates[rate] = random.number(range) }
        if tier == 2 {
            rates[.disk] = random.number(2...10)
            rates[.hubDisk] = random.number(1...6)
        }
    }

    subscript(rate: Rate) -> Int { rates[rate] ?? 0 }
}
