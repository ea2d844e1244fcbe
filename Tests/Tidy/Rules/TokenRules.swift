/// A word that has a better one, and where it has it.
struct BannedToken: Sendable {
    let token: String
    let reason: String
    let instead: String
    let applies: @Sendable (TextFile) -> Bool

    static let all: [BannedToken] = outsideTheShell + everywhere + inTests

    private static let outsideTheShell: [BannedToken] =
        ["Date()", "Date.now", "Date(timeIntervalSinceNow:"].map { token in
            BannedToken(
                token: token, reason: "reads the clock", instead: "take `now` as a parameter",
                applies: { !isShell($0) })
        } + [
            BannedToken(
                token: "UUID()", reason: "draws randomness",
                instead: "take the id, or a source of ids, as a parameter",
                applies: { $0.isSource && !isShell($0) }),
            BannedToken(
                token: "SystemRandomNumberGenerator()", reason: "draws randomness",
                instead: "take the generator as an inout parameter", applies: { !isShell($0) }),
            BannedToken(
                token: "print(", reason: "writes to standard output, which belongs to the command",
                instead: "return the text, or log it", applies: { $0.isSource && !isShell($0) }),
        ]

    private static let everywhere: [BannedToken] = [
        BannedToken(
            token: "fatalError(", reason: "ends the process without a reason a person can act on",
            instead: "throw an error, or state the bug with `precondition` and a sentence",
            applies: { _ in true }),
        BannedToken(
            token: "try!", reason: "ends the process on a failure",
            instead: "use `try` and let the caller decide; in tests `try #require`",
            applies: { _ in true }),
        BannedToken(
            token: "DispatchQueue", reason: "is concurrency that the compiler does not check",
            instead: "use an actor, or `Mutex` for a few lines", applies: { _ in true }),
        BannedToken(
            token: "Task.detached", reason: "outlives whoever started it",
            instead: "use a task group, or a `Service` whose `run()` ends at shutdown",
            applies: { _ in true }),
    ]

    private static let inTests: [BannedToken] =
        ["Thread.sleep", "Task.sleep", "usleep(", "nanosleep(", "sleep("].map { token in
            BannedToken(
                token: token, reason: "makes a test slow, and right only by luck",
                instead: "move an injected clock, or wait for the event itself",
                applies: \.isTest)
        }

    /// Where clocks and randomness come from: the executable, the folders of
    /// the hub and the node that run them, and tests of real processes.
    private static func isShell(_ file: TextFile) -> Bool {
        let folders = [
            "Sources/FieldgridCommand/", "Sources/FieldgridHub/Running/",
            "Sources/FieldgridNode/Running/", "Tests/System/",
        ]
        return folders.contains { file.path.hasPrefix($0) }
    }
}

extension Rule {
    func bannedTokens(in file: TextFile) -> [Violation] {
        guard file.isSwift else { return [] }
        let tokens = BannedToken.all.filter { $0.applies(file) }
        return file.code.enumerated().flatMap { index, line in
            // To declare what a protocol asks for is not to call it.
            tokens.filter {
                Self.line(line, has: $0.token) && !line.contains("func \($0.token)")
            }.map {
                violation(file, index + 1, "`\($0.token)` \($0.reason)", instead: $0.instead)
            }
        }
    }

    func unexplainedUnchecked(in file: TextFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.code.indices.compactMap { index in
            let promises = ["@unchecked Sendable", "nonisolated(unsafe)"]
            guard let promise = promises.first(where: { file.code[index].contains($0) }) else {
                return nil
            }
            let above = index > 0 ? file.lines[index - 1].drop(while: \.isWhitespace) : ""
            guard !above.hasPrefix("//") else { return nil }
            return violation(
                file, index + 1, "`\(promise)` without a comment on the line above",
                instead: "name the lock that protects it there, or make the type Sendable")
        }
    }

    func openEnds(in file: TextFile) -> [Violation] {
        guard !file.isMarkdown, !file.isGenerated else { return [] }
        return file.lines.enumerated().flatMap { index, line in
            ["TO" + "DO", "FIX" + "ME"].filter { Self.line(line, has: $0) }.map {
                violation(
                    file, index + 1, "`\($0)` is a promise that nobody follows",
                    instead: "do it now, or open an issue")
            }
        }
    }

    func typesForRecords(in file: TextFile) -> [Violation] {
        guard file.isSwift, file.isSource else { return [] }
        let pattern = /\b(struct|class|enum|actor|protocol|typealias)\s+(Employer\w*)/
        return file.code.enumerated().compactMap { index, line in
            guard line.contains("Employer") else { return nil }
            return line.firstMatch(of: pattern).map {
                violation(
                    file, index + 1, "type `\($0.output.2)` puts a record type into code",
                    instead: "declare it in schemas/ and treat it as any record")
            }
        }
    }

    /// True where the token stands by itself, not as a part of a longer word,
    /// and is not a member of something else.
    static func line(_ line: String, has token: String) -> Bool {
        guard line.contains(token) else { return false }
        let isWord = { (character: Character?) in
            character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
        }
        return line.ranges(of: token).contains { range in
            let before = line[..<range.lowerBound]
            let after = line[range.upperBound...].first
            if isWord(before.last) || (isWord(token.last) && isWord(after)) { return false }
            guard before.last == "." else { return true }
            return ["Swift.", "Foundation.", "Glibc."].contains { before.hasSuffix($0) }
        }
    }
}
