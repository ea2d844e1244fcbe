import Foundation

/// Wall and processor time since it was made, in seconds.
struct Stopwatch {
    private let wall = ContinuousClock.now
    private let processor = Stopwatch.processorSeconds

    /// User and system time of the whole process.
    private static var processorSeconds: Double {
        var used = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &used)
        return [used.ru_utime, used.ru_stime].reduce(0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
        }
    }

    var elapsed: Elapsed {
        Elapsed(
            wall: (ContinuousClock.now - wall) / .seconds(1),
            processor: Self.processorSeconds - processor)
    }
}

struct Elapsed {
    var wall = 0.0
    var processor = 0.0

    static func + (left: Self, right: Self) -> Self {
        Elapsed(wall: left.wall + right.wall, processor: left.processor + right.processor)
    }

    /// Runs work and says how long it took.
    static func of<Value>(_ work: () throws -> Value) rethrows -> (Self, Value) {
        let watch = Stopwatch()
        let value = try work()
        return (watch.elapsed, value)
    }
}

/// One line of JSON on standard output.
enum Report {
    static func line(_ what: String, _ values: [String: Double]) {
        let fields = values.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        let text = "{\"what\":\"\(what)\"," + fields.joined(separator: ",") + "}\n"
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    static func line(_ what: String, _ elapsed: Elapsed, _ more: [String: Double] = [:]) {
        let times = ["wall": elapsed.wall, "cpu": elapsed.processor]
        line(what, times.merging(more) { _, new in new })
    }

    /// The most memory that this process ever had, in megabytes.
    static var peakMegabytes: Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) }
        return (kilobytes ?? 0) / 1_024
    }
}

extension [Double] {
    /// The value below which this part of them lies.
    func percentile(_ part: Double) -> Double {
        guard !isEmpty else { return 0 }
        return sorted()[Swift.min(count - 1, Int(Double(count) * part))]
    }

    var median: Double { percentile(0.5) }
}

struct BenchmarkError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
