import FieldgridModel

extension Acceptance {
    /// A grid goes, or gets another code, only when nothing lives in it.
    ///
    /// What lives in a grid that is not there reaches nobody any more.
    func gridRefusal(
        _ fold: Fold, _ present: RecordState?, _ entry: SchemaIndex.Entry
    ) throws -> Refusal? {
        typealias Names = SystemTypes.Grid
        guard entry.type.name == Names.name, let present, present.isAlive,
            let code = text(of: Names.code, in: present),
            let unit = entry.type.field(named: Names.code).map({ entry.type.unit(of: $0) })
        else { return nil }
        let goes = fold.values[.presence].map { $0 != .alive } ?? false
        let isRenamed = fold.values[unit].map { $0.single != .text(code) } ?? false
        guard goes || isRenamed else { return nil }
        let held = try inhabitants(of: ScopeCode(code), besides: present)
        guard !held.isEmpty else { return nil }
        let zh = held.map { "\($0.label.zh) \($0.count)" }.joined(separator: "、")
        let en = held.map { "\($0.count) \($0.label.en)" }.joined(separator: ", ")
        var refusal = Refusal(
            .rule, zh: "网格 \(code) 里还有：\(zh)。请先移走或删除，再删除网格或改代码",
            en: "grid \(code) still holds: \(en); move or delete them before the grid goes or "
                + "gets another code")
        refusal.hint =
            "nothing was changed; `fieldgrid record move TYPE ID --scope CODE` moves a "
            + "record, `fieldgrid hub revoke` ends a device"
        return refusal
    }

    /// Types of what the hub makes itself; grids and devices are counted apart.
    private static let derived: Set = [
        SystemTypes.Conflict.name, SystemTypes.Task.name, SystemTypes.Campaign.name,
        SystemTypes.Device.name, SystemTypes.Grid.name,
    ]

    private typealias Held = (label: Label, count: Int)

    /// What lives in a grid: records that people write, grids below, and devices, by kind; empty
    /// where another grid has the same code.
    private func inhabitants(
        of scope: ScopeCode, besides grid: RecordState
    ) throws -> [Held] {
        var (below, hasTwin) = (0, false)
        try forEachHere(of: grid.type) { state in
            guard state.id != grid.id, state.isAlive else { return }
            if text(of: SystemTypes.Grid.code, in: state) == scope.text { hasTwin = true }
            if text(of: SystemTypes.Grid.parent, in: state) == scope.text { below += 1 }
        }
        if hasTwin { return [] }
        var counts: [TypeNumber: Int] = [:]
        func note(_ state: RecordState) {
            guard state.isAlive, state.scope == scope else { return }
            counts[state.type, default: 0] += 1
        }
        try store.forEachChanged(in: scope, after: .zero, sharedOnly: false) { state in
            if records[state.id] == nil { note(state) }
            return true
        }
        records.values.forEach(note)
        var held: [Held] = counts.sorted { $0.key < $1.key }.compactMap { number, count in
            guard let type = index.entries[number]?.type, !Self.derived.contains(type.name)
            else { return nil }
            return (type.label, count)
        }
        let devices = try store.devices().filter { $0.scope == scope && $0.revokedAt == nil }
        if below > 0 { held.append((Label(zh: "下级网格", en: "grids below it"), below)) }
        if !devices.isEmpty { held.append((Label(zh: "设备", en: "devices"), devices.count)) }
        return held
    }

    /// The records of a type as they are in this transaction.
    private func forEachHere(of type: TypeNumber, _ body: (RecordState) -> Void) throws {
        try store.forEachRecord(of: type) { state in
            if records[state.id] == nil { body(state) }
            return true
        }
        for state in records.values where state.type == type { body(state) }
    }
}
