import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync

extension Simulation {
    /// I12: roots are those of the leaves, every decision has one leaf, and
    /// every head that anybody ever had is continued by the present logs.
    func checkAudit() throws {
        try act(as: Operation.hub) {
            if let finding = try self.hub.hub.reviewAudit().finding {
                throw Violation("I12", "\(finding)")
            }
            try self.checkContinued(self.witnessed, "a witness")
            for head in try self.hub.hub.signedHeads(by: self.hub.key) {
                if self.witnessed.contains(where: { $0.head.root == head.head.root }) { continue }
                self.witnessed.append(head)
            }
        }
        for node in nodes {
            var heads: [SignedHead] = []
            try act(as: node.index) {
                try self.noteAlarms(node.replica.alarms(), at: node)
                heads = try node.replica.auditHeads()
            }
            try act(as: Operation.hub) {
                try self.checkContinued(heads, "node \(node.index)")
            }
            if !heads.isEmpty { marks.insert(.auditHeads) }
        }
    }

    /// A hub that was put back without a word contradicts itself, and no other
    /// does.
    ///
    /// Then the operator looks; where the hub has not noticed by itself, puts
    /// it back with a word; and lets the device go on.
    func noteAlarms(_ alarms: [StandingAlarm], at node: SimulatedNode) throws {
        guard let alarm = alarms.first else { return }
        guard marks.contains(.hubRewound) else {
            throw Violation(
                "I12", "node \(node.index) raised an alarm: \(alarm.log), \(alarm.reason)")
        }
        marks.insert(.auditAlarm)
        if ledger.unnoticed == hub.hub.identity.epoch { try restoreHub(isAnnounced: true) }
        try node.replica.acceptAudit()
    }

    private func checkContinued(_ heads: [SignedHead], _ owner: String) throws {
        for (head, judgement) in try hub.hub.compare(heads, signedBy: hub.key) {
            switch judgement {
            case .continues: continue
            case .announcedBreak: marks.insert(.auditBreak)
            case .unrelated, .alarm:
                if marks.contains(.hubRewound) { continue }
                throw Violation(
                    "I12",
                    "the log of \(head.log) does not continue the \(head.size) leaves "
                        + "that \(owner) knows: \(judgement)")
            }
        }
    }
}
