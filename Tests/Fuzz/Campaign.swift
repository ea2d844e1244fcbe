import Foundation
import Glibc

/// A run of one parser over so many altered inputs of one seed.
///
/// - Each input is made from the seed and its number alone, and is written to
///   `lastInputPath` before it is read: after a crash it is there.
/// - What the parser throws is an answer. A crash ends the process.
struct Campaign {
    /// What a parser may take, in a debug build.
    ///
    /// So much for any input, and so much for each of its bytes as the parser
    /// reads them: seconds of the thread's own processor time.
    enum Bound {
        static let seconds = 0.25
        static let secondsPerByte = 20e-6
        /// Bytes by which the process may grow in a campaign.
        static let memory = 512 << 20
    }

    let parser: FuzzedParser
    let seed: UInt64
    private(set) var inputs = 0
    private(set) var bytes = 0
    private(set) var accepted = 0
    /// Of the slowest input, in relation to its bound.
    private(set) var slowest = 0.0
    private(set) var slow: [String] = []
    private let corpus: [[UInt8]]
    private let descriptor: Int32
    let lastInputPath: String

    init(_ parser: FuzzedParser, seed: UInt64, folder: String) throws {
        self.parser = parser
        self.seed = seed
        corpus = try parser.corpus()
        lastInputPath = "\(folder)/\(parser.name)-\(seed)"
        descriptor = open(lastInputPath, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// Removes the last input: nothing went wrong with it.
    func finish() {
        close(descriptor)
        unlink(lastInputPath)
    }

    /// The input of a number.
    func input(_ number: Int) -> [UInt8] {
        var random = FuzzRandom(seed: seed &* 1_000_003 &+ UInt64(number))
        guard number >= corpus.count else { return parser.finish(corpus[number], &random) }
        let base = corpus.randomElement(using: &random) ?? []
        let altered = Mutation.of(base, among: corpus, words: parser.words, random: &random)
        return parser.finish(altered, &random)
    }

    mutating func run(_ number: Int) {
        let input = input(number)
        ftruncate(descriptor, 0)
        _ = input.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        let start = Self.threadSeconds()
        do {
            try parser.read(input)
            accepted += 1
        } catch {}
        let took = Self.threadSeconds() - start
        let bound = Bound.seconds + Double(parser.size(input)) * Bound.secondsPerByte
        inputs += 1
        bytes += input.count
        slowest = max(slowest, took / bound)
        if took > bound {
            let path = "\(lastInputPath).slow.\(number)"
            _ = FileManager.default.createFile(atPath: path, contents: Data(input))
            slow.append(
                "seed \(seed) input \(number): \(took) s, at most \(bound); kept in \(path)")
        }
    }

    /// What a campaign came to, in one line.
    var line: String {
        let share = String(format: "%.2f", slowest)
        return "fuzz \(parser.name): \(inputs) inputs, \(bytes >> 10) KiB, \(accepted) taken, "
            + "slowest \(share) of its bound"
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Begins to count the peak anew, from what the process has now: what one parser
    /// needed says nothing of the next.
    static func forgetPeak() {
        try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    }

    /// The most memory that the process had since it was last asked to forget, in bytes.
    static func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
    }
}
