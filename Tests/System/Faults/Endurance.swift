import Foundation
import Glibc

/// How much of the fault tests runs: in `make test` a part that is done in
/// minutes, in `make faults` all of it.
enum Endurance {
    static let isLong = ProcessInfo.processInfo.environment["FAULTS"] == "long"

    /// The places of calls at which one is made to fail: each, or a few.
    static var places: [Int] { isLong ? Array(1...10_000) : [1, 2, 3, 5, 8, 13, 21, 34, 55] }

    /// Says a measured line, and writes it where `scripts/faults.sh` looks.
    static func report(_ line: String) {
        print(line)
        guard let path = ProcessInfo.processInfo.environment["FAULTS_REPORT"] else { return }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = Array((line + "\n").utf8).withUnsafeBytes {
            write(descriptor, $0.baseAddress, $0.count)
        }
    }
}

/// What a machine must allow for a fault to be made; nil where it does.
enum Machine {
    /// `strace` may be missing, and some containers forbid tracing.
    static let cannotTrace = reason(
        ["strace", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"],
        "no faults in system calls: strace is missing or may not trace")

    static let cannotMount =
        SmallDisk.canBeMade ? nil : "no small disks: only root may mount a tmpfs"

    static let cannotSeparate = reason(
        ["bash", "-c", "unshare --net true && nft --version && command -v ip tc"],
        "no networks of our own: that takes root, iproute2 and nftables")

    static let cannotBeNobody = reason(
        ["setpriv", "--reuid", "65534", "--clear-groups", "true"],
        "no user without rights: that takes root and util-linux")

    private static func reason(_ command: [String], _ otherwise: String) -> String? {
        let result = try? Fieldgrid.run("/usr/bin/env", command)
        guard result?.status != 0 else { return nil }
        print("skipped: \(otherwise); run scripts/setup.sh as root")
        return otherwise
    }
}
