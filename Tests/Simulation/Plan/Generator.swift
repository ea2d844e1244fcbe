import FieldgridModel
import FieldgridReplica

/// Draws a plan while it is carried out: each operation is chosen with a look
/// at the world, and then stands for itself.
struct Generator {
    let options: Options
    let tier: Int
    private var random: SeededRandom
    private var network: SeededRandom
    private var faults: SeededRandom
    private var trimming: Trimming
    private var records = 0
    private var visits = 1_000_000
    /// Grows, so that every value is different and can be found again.
    private var token = 0

    init(seed: UInt64, tier: Int) {
        options = Options(seed: seed, tier: tier)
        self.tier = tier
        random = SeededRandom(seed: seed, for: "operations")
        network = SeededRandom(seed: seed, for: "network")
        faults = SeededRandom(seed: seed, for: "faults")
        trimming = Trimming(seed: seed)
    }

    mutating func next(_ world: Simulation) throws -> Operation {
        let after = Int64(random.number(100...(random.happens(10) ? 40_000_000 : 400_000)))
        let (who, what) = try trimming.next(options) ?? faultOrNil(world) ?? action(world)
        return Operation(after: after, who: who, what: what)
    }

    // MARK: Faults

    private mutating func faultOrNil(_ world: Simulation) -> (Int, Action)? {
        let node = faults.number(0...(world.nodes.count - 1))
        let chance = tier == 2 ? faults.next() | 1 : 0
        let later = faults.happens(50) ? faults.number(1...60) : 0
        if faults.happens(options[.crash]) { return (node, .crash(after: later, chance: chance)) }
        if faults.happens(options[.hubCrash]) {
            return (Operation.hub, .crash(after: later, chance: chance))
        }
        if faults.happens(options[.disk]) { return (node, diskFailure()) }
        if faults.happens(options[.hubDisk]) { return (Operation.hub, diskFailure()) }
        if faults.happens(options[.clock]) {
            let offsets: [Int64] = [
                0, -3_600_000, 400_000, 5_000_000, 2_300_000_000_000, -1_784_800_000_000,
            ]
            let offset = faults.pick(offsets) ?? 0
            return (node, .clock(offset: offset, drift: Int64(faults.number(-9000...9000))))
        }
        if faults.happens(options[.foreign]), let edit = foreign(world, node) {
            return (node, edit)
        }
        if faults.happens(options[.copy]) {
            let isBackup = faults.happens(50)
            return (node, isBackup ? .backUp : .restore(wholeMachine: faults.happens(50)))
        }
        if faults.happens(options[.damage]), let damage = damage(world, node) {
            return (node, damage)
        }
        if faults.happens(options[.hubCopy]) {
            return (Operation.hub, .hubBackUp(isVerified: faults.happens(60)))
        }
        if options[.hubLoss] > 0, faults.number(0...80) == 0 {
            return (Operation.hub, .hubRestore(isAnnounced: faults.happens(70)))
        }
        if options[.clone] > 0, faults.number(0...100) == 0 { return (node, .clone) }
        if options[.revoke] > 0, faults.number(0...300) == 0, node > 0 { return (node, .revoke) }
        return nil
    }

    private mutating func diskFailure() -> Action {
        let kinds: [Disk.Failure] = [.ioError, .full, .shortWrite, .sync]
        return .disk(
            failure: faults.pick(kinds) ?? .ioError, after: faults.number(1...80),
            count: faults.happens(20) ? faults.number(2...20) : 1)
    }

    private mutating func damage(_ world: Simulation, _ node: Int) -> Action? {
        let how = faults.pick(Damage.allCases) ?? .change
        if how == .add {
            records += 1
            return .damage(record: records, how: how)
        }
        return known(world, node, visits: false).map { .damage(record: $0, how: how) }
    }

    private mutating func foreign(_ world: Simulation, _ node: Int) -> Action? {
        token += 1
        let how = faults.happens(50) ? .update : faults.pick(Foreign.allCases) ?? .update
        if how == .insert {
            records += 1
            let name = Entry(field: Town.Site.name.value, text: "外\(token)")
            return .foreign(record: records, values: [name], how: how)
        }
        guard let record = known(world, node, visits: false) else { return nil }
        let field = faults.happens(50) ? Town.Site.phone : Town.Site.code
        return .foreign(
            record: record, values: [Entry(field: field.value, text: "外\(token)")], how: how)
    }

    // MARK: Operations

    private mutating func action(_ world: Simulation) throws -> (Int, Action) {
        let kinds: [Options.Rate] = [
            .create, .child, .edit, .group, .delete, .move, .batch, .settle, .verify, .send, .sync,
            .hubEdit, .refresh, .breach, .operate, .family, .undo, .stick, .publish, .regrid, .join,
        ]
        let total = kinds.reduce(0) { $0 + options[$1] }
        var draw = random.number(0...max(0, total - 1))
        var kind = Options.Rate.sync
        for candidate in kinds {
            if draw < options[candidate] {
                kind = candidate
                break
            }
            draw -= options[candidate]
        }
        let node = random.number(0...(world.nodes.count - 1))
        let who = kind == .hubEdit ? Operation.hub : node
        switch kind {
        case .send: return (who, .send(link: link()))
        case .sync: return (who, .sync(legs: (0..<random.number(0...2)).map { _ in leg() }))
        case .refresh:
            return (Operation.hub, random.happens(50) ? .tick : .refresh(open: random.happens(70)))
        case .stick: return stick(node)
        case .publish: return (Operation.hub, .publish)
        case .regrid:
            return (
                Operation.hub, .regrid(grid: random.number(3...6), under: random.number(1...2))
            )
        case .join:
            let legs = (0..<random.number(0...4)).map { _ in leg() }
            return (Operation.hub, .join(grid: random.number(0...6), legs: legs))
        default: return (who, write(kind, world, who) ?? .sync(legs: []))
        }
    }

    private mutating func stick(_ node: Int) -> (Int, Action) {
        switch random.number(0...2) {
        case 0: (node, .exportStick)
        case 1: (Operation.hub, .readStick(place: random.number(0...99)))
        default: (node, .readStick(place: random.number(0...99)))
        }
    }

    private mutating func write(
        _ kind: Options.Rate, _ world: Simulation, _ who: Int
    ) -> Action? {
        let source = random.number(0...4)
        switch kind {
        case .create: return create(world, who, source)
        case .family: return family(world, who)
        case .undo: return .undo(place: random.number(0...30))
        case .batch:
            let first = records + 1
            let count = random.happens(30) ? random.number(90...130) : random.number(2...20)
            records += count
            return .batch(first: first, count: count, grid: grid(for: who, world))
        case .settle:
            return .settle(
                place: random.number(0...30), side: random.number(0...3),
                value: random.number(0...9))
        default: break
        }
        let isVisit = kind == .edit && random.happens(20)
        guard let record = known(world, who, visits: isVisit) else {
            return create(world, who, source)
        }
        switch kind {
        case .child:
            visits += 1
            return .child(
                record: visits, of: record, values: [value(Town.Visit.note, isVisit: true)])
        case .delete: return .delete(record: record)
        case .move: return .move(record: record, grid: grid(for: who, world))
        case .verify: return .verify(record: record)
        case .group: return .edit(record: record, values: headcount(), source: source)
        case .breach: return breach(record, source)
        case .operate: return operate(record)
        default:
            let units = isVisit ? Town.Visit.single : Town.Site.single
            let count = random.happens(30) ? 2 : 1
            let chosen = Set((0..<count).compactMap { _ in random.pick(units) }).sorted()
            let values = chosen.map { value($0, isVisit: isVisit) }
            return .edit(record: record, values: values, source: source)
        }
    }

    private mutating func family(_ world: Simulation, _ who: Int) -> Action {
        records += 1
        visits += 1
        return .family(
            record: records, visit: visits, grid: grid(for: who, world),
            values: [value(Town.Site.name)])
    }

    private mutating func operate(_ record: Int) -> Action {
        let unit = random.pick(Town.Site.operations) ?? Town.Site.visits
        let remove = random.happens(40) ? random.number(0...9) : nil
        return .operate(record: record, what: value(unit), remove: remove)
    }

    private mutating func create(_ world: Simulation, _ who: Int, _ source: Int) -> Action {
        records += 1
        var values = [value(Town.Site.name)]
        if random.happens(25) { values.append(value(Town.Site.code)) }
        if random.happens(50) { values.append(value(Town.Site.phone)) }
        if random.happens(30) { values += headcount() }
        return .create(
            record: records, grid: grid(for: who, world), values: values,
            source: source)
    }

    /// What the hub must set aside: a broken rule, or a grid out of reach.
    private mutating func breach(_ record: Int, _ source: Int) -> Action {
        if random.happens(20) {
            // The hub's own field: only that is refused.
            let values = [value(Town.Site.caseNumber), value(Town.Site.phone)]
            return .edit(record: record, values: values, source: source)
        }
        if random.happens(50) {
            token += 1
            let count = Int64(token)
            return .edit(
                record: record,
                values: [
                    Entry(field: Town.Site.total.value, number: 3 * count + 1),
                    Entry(field: Town.Site.male.value, number: count),
                    Entry(field: Town.Site.female.value, number: count),
                ], source: source)
        }
        records += 1
        return .create(
            record: records, grid: random.number(0...6), values: [value(Town.Site.name)],
            source: source)
    }

    private mutating func headcount() -> [Entry] {
        token += 1
        let count = Int64(token)
        if random.happens(40) {
            // Two of three: the third stays as it was, or is not known any more.
            let total = Entry(field: Town.Site.total.value, number: count)
            return [total, Entry(field: Town.Site.female.value)]
        }
        return [
            Entry(field: Town.Site.total.value, number: 2 * count),
            Entry(field: Town.Site.male.value, number: count),
            Entry(field: Town.Site.female.value, number: count),
        ]
    }

    private mutating func value(_ unit: UnitNumber, isVisit: Bool = false) -> Entry {
        token += 1
        if isVisit {
            return unit == Town.Visit.result
                ? Entry(field: unit.value, number: Int64(token))
                : Entry(field: unit.value, text: "访\(token)")
        }
        switch unit {
        case Town.Site.status:
            return Entry(field: unit.value, text: random.happens(50) ? "open" : "shut")
        case Town.Site.arrears:
            // Beyond what a floating-point number holds, now and then.
            let isStrange = random.happens(options[.strange])
            return Entry(
                field: unit.value, number: isStrange ? Int64.max - Int64(token) : Int64(token))
        case Town.Site.visits: return Entry(field: unit.value, number: Int64(token))
        case Town.Site.code where random.happens(50):
            return Entry(field: unit.value, text: "码\(random.number(1...3))")
        case Town.Site.phone, Town.Site.maker, Town.Site.log, Town.Site.tags:
            let isStrange = random.happens(options[.strange])
            let strange = isStrange ? random.pick(Self.strangeTexts) ?? "" : "值"
            return Entry(field: unit.value, text: "\(strange)\(token)")
        case Town.Site.opened, Town.Site.closed, Town.Site.seen, Town.Site.founded:
            let day = LocalDate(
                milliseconds: Int64(token) * 86_400_000, offsetMinutes: 0)
            return Entry(field: unit.value, text: day.description)
        default: return Entry(field: unit.value, text: "值\(token)")
        }
    }

    /// Texts that naive stores and languages change.
    private static let strangeTexts = [
        "\u{91D1}", "\u{F90A}", "e\u{301}", "\u{E9}", "\u{20BB7}", "\u{FEFF}值", " 值 ", "'\"\\,;",
        "\u{1D160}", "\u{202E}值", String(repeating: "长", count: 60), "=1+1", "%s",
    ]

    /// A grid that the machine may write, by number.
    private mutating func grid(for who: Int, _ world: Simulation) -> Int {
        let own = who == Operation.hub ? Town.district : world.nodes[who].scope
        let reachable = Town.grids.indices.filter { world.covers(own, Town.grids[$0]) }
        return random.pick(reachable) ?? 0
    }

    /// A record that the machine shows, by number.
    private mutating func known(_ world: Simulation, _ who: Int, visits: Bool) -> Int? {
        let store = world.store(of: who)
        guard let type = try? store.schema.type(visits ? Town.Visit.type : Town.Site.type) else {
            return nil
        }
        var ids: [Int] = []
        try? store.forEachRecord(of: type, where: []) { record in
            if let number = record.id.simulatedNumber { ids.append(number) }
            return true
        }
        ids.sort()
        // A few records are everybody's favourites, so that people meet.
        if random.happens(60), !ids.isEmpty {
            return ids[random.number(0...min(2, ids.count - 1))]
        }
        return random.pick(ids)
    }

    // MARK: The network

    private mutating func link() -> Link {
        let repeated = network.happens(options[.repeated])
        var down = leg()
        // Long enough for other exchanges to come before it.
        if network.happens(options[.slow] / 2) {
            down.delay += Int64(network.number(1...3_000_000))
        }
        return Link(
            up: leg(), down: down,
            repeated: repeated ? Int64(network.number(1...90_000)) : nil)
    }

    private mutating func leg() -> Leg {
        let isSlow = network.happens(options[.slow])
        let delay = Int64(network.number(isSlow ? 500...600_000 : 20...1500))
        var fault = Leg.Fault.none
        if network.happens(options[.lost]) { fault = .lost }
        if network.happens(options[.portal]) { fault = .portal }
        if network.happens(options[.busy]) { fault = .busy }
        if network.happens(options[.cut]) { fault = .cut(network.number(0...999)) }
        if network.happens(options[.altered]) { fault = .altered(network.number(0...100_000)) }
        return Leg(delay: delay, fault: fault)
    }
}
