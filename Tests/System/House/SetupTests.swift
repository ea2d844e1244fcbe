import Foundation
import Testing

/// `scripts/setup.sh` against stand-ins for the system's commands, which
/// write down how they were called.
@Suite struct SetupTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try stand(in: "swift", for: "echo 'Swift version 6.3.1 (swift-6.3.1-RELEASE)'")
        try stand(in: "id", for: "echo 0")
        try stand(in: "sudo", for: "exit 1")
        try stand(in: "apt-get", for: "echo \"apt-get $*\" >>\"$CALLS\"")
        try packages(missing: [])
        try folder.write("", to: "calls")
    }

    @Test func nothingMissingChangesNothingAndSaysNothing() throws {
        #expect(try setUp() == (0, "", ""))
        #expect(try calls() == [])
    }

    @Test func rootInstallsWhatIsMissingAndSaysWhat() throws {
        try packages(missing: ["libzstd-dev", "strace"])
        let result = try setUp()
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("setup: installing libzstd-dev strace\n"))
        let calls = try calls()
        #expect(calls.count == 1)
        #expect(
            calls.first?.hasSuffix("install -y --no-install-recommends libzstd-dev strace") == true)
    }

    @Test func packageListsAreUpdatedOnlyWhenTheFirstTryFails() throws {
        try packages(missing: ["strace"])
        try stand(
            in: "apt-get",
            for: """
                echo "apt-get $*" >>"$CALLS"
                case "$*" in
                *update) touch "$CALLS.updated" ;;
                *) [ -e "$CALLS.updated" ] ;;
                esac
                """)
        #expect(try setUp().status == 0)
        #expect(try calls().map { $0.contains(" update") } == [false, true, false])
    }

    @Test func anotherUserGoesThroughSudo() throws {
        try packages(missing: ["strace"])
        try stand(in: "id", for: "echo 1000")
        try stand(in: "sudo", for: "shift; echo sudo >>\"$CALLS\"; exec \"$@\"")
        #expect(try setUp().status == 0)
        let calls = try calls()
        #expect(calls.filter { $0 == "sudo" }.count == 2)
        #expect(calls.last?.hasSuffix(" strace") == true)
    }

    @Test func whoMayNotInstallIsToldWhatIsMissingInOneSentence() throws {
        try packages(missing: ["libpq-dev", "strace"])
        try stand(in: "id", for: "echo 1000")
        let result = try setUp()
        #expect(result.status == 1)
        #expect(
            result.errors == """
                setup: the Debian packages libpq-dev strace are missing and this user may not \
                install them; run this as root, then repeat: \
                apt-get update && apt-get install -y libpq-dev strace

                """)
        #expect(try calls() == [])
    }

    @Test func aFailureOfAptIsToldInOneSentenceWithItsReason() throws {
        try packages(missing: ["strace"])
        try stand(in: "apt-get", for: "echo 'E: Unable to locate package strace' >&2; exit 100")
        let result = try setUp()
        #expect(result.status == 1)
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(result.errors.contains("could not install strace (E: Unable to locate package"))
    }

    @Test(arguments: ["5.10", "6.2.9"]) func anOlderSwiftIsRefused(version: String) throws {
        try stand(in: "swift", for: "echo 'Swift version \(version) (x)'")
        let result = try setUp()
        #expect(result.status == 1)
        #expect(result.errors.contains("install Swift 6.3 or newer from https://www.swift.org"))
    }

    @Test(arguments: ["6.3", "6.10.1", "7.0"]) func aNewerSwiftIsTaken(version: String) throws {
        try stand(in: "swift", for: "echo 'Apple Swift version \(version) (x)'")
        #expect(try setUp() == (0, "", ""))
    }

    private func setUp() throws -> Fieldgrid.Result {
        try Fieldgrid.run(
            "/bin/bash", [try script()],
            environment: [
                "PATH": folder.path + ":/usr/bin:/bin", "CALLS": folder.file("calls"), "CI": "true",
            ])
    }

    private func calls() throws -> [String] {
        try folder.read("calls").split(separator: "\n").map(String.init)
    }

    private func stand(in command: String, for text: String) throws {
        try folder.write("#!/bin/sh\n\(text)\n", to: command, executable: true)
    }

    /// A dpkg-query that knows every package it is asked for but these.
    private func packages(missing: [String]) throws {
        try stand(
            in: "dpkg-query",
            for: """
                for name; do
                    case "$name" in
                    --*\(missing.map { "|" + $0 }.joined())) ;;
                    *) printf '%s=installed ' "$name" ;;
                    esac
                done
                exit \(missing.isEmpty ? 0 : 1)
                """)
    }

    private func script(from file: String = #filePath) throws -> String {
        let resolved = try #require(realpath(file, nil))
        defer { free(resolved) }
        var root = URL(fileURLWithPath: String(cString: resolved))
        for _ in 1...4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("scripts/setup.sh").path
    }
}
