import FieldgridModel
import FieldgridReplica

extension Simulation {
    /// I10: a group shows as somebody saved it, and what one save made is
    /// there whole or not at all, at every reader.
    func checkGroups() throws {
        for machine in [Operation.hub] + Array(nodes.indices) {
            try act(as: machine) {
                try self.checkHeadcounts(at: machine)
                try self.checkFamilies(at: machine)
            }
        }
    }

    /// What a record's headcount is at a machine; nil where it is not there.
    func headcount(of record: RecordID, at machine: Int) throws -> [Value]? {
        guard let type = try store(of: machine).schema.type(Town.Site.type),
            let present = try store(of: machine).record(record, type: type)
        else { return nil }
        return Town.Site.members.map { present.values[$0] ?? .null }
    }

    private func checkHeadcounts(at machine: Int) throws {
        guard let type = try store(of: machine).schema.type(Town.Site.type) else { return }
        var found: Violation?
        try store(of: machine).forEachRecord(of: type, where: []) { record in
            let shown = Town.Site.members.map { record.values[$0] ?? .null }
            guard shown.contains(where: { !$0.isNull }), !ledger.headcounts.contains(shown) else {
                return true
            }
            found = Violation(
                "I10",
                "machine \(machine) shows a headcount of \(record.id) that nobody saved as a whole")
            return false
        }
        if let found { throw found }
    }

    private func checkFamilies(at machine: Int) throws {
        guard ledger.hubRestores == 0 else { return }
        for family in ledger.families where !ledger.isDisturbed(family) {
            let site = try stored(family.site, at: machine) != nil
            let visit = try stored(family.visit, at: machine) != nil
            guard site != visit else { continue }
            throw Violation(
                "I10",
                "machine \(machine) has \(site ? "the record" : "the visit") of one save "
                    + "without the other: \(RecordID.simulated(family.site))")
        }
    }
}
