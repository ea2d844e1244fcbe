import FieldgridHub
import FieldgridModel
import FieldgridReplica
import Testing

extension RecordStore {
    /// A field of an employer, as a person sees it here.
    func shown(_ name: String, of id: RecordID) throws -> Value? {
        guard let type = try schema.type(named: "employer"), let field = type.field(named: name)
        else {
            return nil
        }
        return try record(id, type: type)?.values[field.number]
    }

    /// How many conflicts there are, whatever became of them.
    func conflictCount() throws -> Int {
        guard let type = try schema.type(named: "conflict") else { return 0 }
        var count = 0
        try forEachRecord(of: type, where: []) { _ in
            count += 1
            return true
        }
        return count
    }
}

/// Checks that a replica shows what the hub has, and that nothing waits.
func expectAgreement(
    _ hub: TestHub, _ nodes: RealNode..., sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for node in nodes {
        for name in ["employer", "conflict", "task", "grid"] {
            let type = try hub.type(name)
            let apart = Dump.difference(
                hub: try Dump.lines(of: hub.hub, type: type),
                node: try Dump.lines(of: node.replica, type: type))
            #expect(apart == "", "\(name)", sourceLocation: sourceLocation)
        }
        #expect(try node.replica.counts().outbox == 0, sourceLocation: sourceLocation)
    }
}
