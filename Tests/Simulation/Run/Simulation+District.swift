import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema

/// What the hub's clerks and its operator do.
extension Simulation {
    func administer(_ operation: Operation) throws {
        switch operation.what {
        case .refresh(let open):
            let period = RefreshPeriod(at: hub.clock.milliseconds)
            if open {
                try hub.hub.openRefresh(period)
                marks.insert(.refreshOpened)
            } else if try hub.hub.refreshStatus(period).isOpen {
                try hub.hub.closeRefresh(period)
            }
        case .tick: try hub.hub.tick()
        case .revoke: try revoke(operation.who)
        case .hubBackUp(let isVerified):
            try hub.backUp(isVerified: isVerified) {
                self.ledger.noteBackup(in: self.hub.hub.identity.epoch)
            }
        case .hubRestore(let isAnnounced): try restoreHub(isAnnounced: isAnnounced)
        case .publish:
            _ = try hub.hub.publish(try Town.schema2.canonicalJSON())
            marks.insert(.schemaPublished)
        case .regrid(let grid, let parent): try regrid(Town.grids[grid], under: Town.grids[parent])
        case .join(let grid, let legs): try join(Town.grids[grid], legs)
        default: return
        }
    }

    private func revoke(_ who: Int) throws {
        guard nodes.indices.contains(who) else { return }
        let node = nodes[who]
        _ = try hub.hub.revoke(node.device.node.description)
        ledger.revoked.insert(node.device.node)
        marks.insert(.revoked)
    }

    func restoreHub(isAnnounced: Bool) throws {
        guard hub.hasBackup else { return }
        try hub.restore(isAnnounced: isAnnounced) {
            // What was promised since counts only as far as somebody still has it.
            self.ledger.hubWasRestored(isAnnounced: isAnnounced)
            self.marks.insert(isAnnounced ? .hubRestored : .hubRewound)
        }
    }

    /// A village goes to another township, with all that live in it.
    private func regrid(_ grid: ScopeCode, under parent: ScopeCode) throws {
        typealias Names = SystemTypes.Grid
        guard let type = hub.hub.schema.type(named: Names.name),
            let code = type.field(named: Names.code)?.number,
            let above = type.field(named: Names.parent)?.number
        else { return }
        var found: RecordID?
        try hub.hub.forEachRecord(
            of: type, where: [FieldCondition(field: code, value: .text(grid.text))]
        ) { record in
            found = record.id
            return false
        }
        guard let found else { return }
        try hub.hub.save(
            draft(
                [
                    RecordEdit(
                        type: type.number, id: found, kind: .update,
                        values: [above: .text(parent.text)])
                ], source: 0, at: Operation.hub))
        marks.insert(.regridded)
    }

    private func join(_ grid: ScopeCode, _ legs: [Leg]) throws {
        guard nodes.count < 8 else { return }
        let node = try SimulatedNode(
            nodes.count, scope: grid, hub: hub, timeline, seed: plan.seed, isOld: false)
        node.isEmpty = true
        nodes.append(node)
        ledger.enrolled.insert(node.device.node)
        try act(as: node.index) { try self.sync(node, legs: legs) }
    }

    /// Whether a scope is `root` or lies below it, as the hub has it.
    func covers(_ root: ScopeCode, _ scope: ScopeCode) -> Bool {
        hub.hub.grids.covers(root, scope)
    }
}
