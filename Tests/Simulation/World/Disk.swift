import CSimulationVFS
import Foundation
import Synchronization

/// One machine's disk: a folder of SQLite files in memory, which can lose
/// power and fail.
final class Disk {
    /// How an operation fails.
    enum Failure: Int, Codable, Hashable, CaseIterable {
        case ioError = 1, full, shortWrite, sync, power
    }

    let folder: String
    private static let names = Atomic<Int>(0)

    init(_ name: String) throws {
        guard fg_sim_register() == 0 else { throw SimulationError("no simulated file system") }
        let number = Self.names.add(1, ordering: .relaxed).newValue
        let process = ProcessInfo.processInfo.processIdentifier
        folder =
            FileManager.default.temporaryDirectory.path
            + "/fieldgrid-simulated-\(process)-\(number)-\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        fg_sim_forget(folder)
        try? FileManager.default.removeItem(atPath: folder)
    }

    func path(_ name: String) -> String { folder + "/" + name }

    var operations: Int64 { fg_sim_operations(folder) }
    var failures: Int64 { fg_sim_failures(folder) }

    /// Lets an operation from now fail; 1 is the next one.
    func fail(_ failure: Failure, after operations: Int, count: Int = 1) {
        fg_sim_fail(folder, Int64(operations), Int64(count), Int32(failure.rawValue))
    }

    func heal() { fg_sim_heal(folder) }

    /// Cuts the power: open files are dead, and of what was not synced each
    /// sector is kept, dropped or torn as `chance` has it; 0 drops all.
    func crash(chance: UInt64) { fg_sim_crash(folder, chance) }

    /// Un-synced sectors that crashes kept, dropped and tore.
    var fates: (kept: Int64, dropped: Int64, torn: Int64) {
        var fates: (Int64, Int64, Int64) = (0, 0, 0)
        fg_sim_fates(folder, &fates.0, &fates.1, &fates.2)
        return fates
    }

    /// Copies a database whose connections are closed.
    func copy(_ name: String, to other: Disk? = nil, as copy: String) throws {
        let disk = other ?? self
        for suffix in ["", "-wal"] {
            let target = disk.path(copy + suffix)
            _ = fg_sim_remove(target)
            let failed = fg_sim_copy(path(name + suffix), target) != 0
            if failed, suffix.isEmpty { throw SimulationError("\(name) is not on the disk") }
        }
    }

    /// Removes what a database's file does not have in itself.
    func removeLog(of name: String) { _ = fg_sim_remove(path(name + "-wal")) }

    func has(_ name: String) -> Bool { fg_sim_size(path(name)) >= 0 }

    func remove(_ name: String) {
        for suffix in ["", "-wal", "-journal"] { _ = fg_sim_remove(path(name + suffix)) }
    }
}

/// Something the simulator itself could not do.
struct SimulationError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
