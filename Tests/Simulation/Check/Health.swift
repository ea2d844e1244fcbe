import FieldgridModel
import FieldgridReplica
import GRDB

extension Simulation {
    /// I19: every file is whole.
    func checkHealth() throws {
        // What would fail is not what is asked.
        for machine in [Operation.hub] + Array(nodes.indices) { disk(of: machine).heal() }
        try act(as: Operation.hub) {
            try self.hub.restart()
            try self.checkWhole(self.hub.disk.path("hub.sqlite"), "the hub")
        }
        for node in nodes {
            try act(as: node.index) {
                try node.restart {
                    try self.checkWhole(node.path, "node \(node.index)")
                }
            }
        }
    }

    private func checkWhole(_ path: String, _ owner: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        let found = try queue.read { db in
            try String.fetchAll(db, sql: "PRAGMA integrity_check")
        }
        guard found == ["ok"] else {
            throw Violation("I19", "the file of \(owner) is damaged: \(found.prefix(2))")
        }
    }
}
