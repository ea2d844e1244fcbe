import Foundation
import Testing

/// The tests' own tools, held against small shell scripts.
@Suite struct SupportTests {
    private let shell = "/bin/sh"
    /// Serves nothing, but starts and stops as `fieldgrid hub serve` must.
    private let hubScript = """
        #!/usr/bin/python3
        import signal, sys
        def stop(*_):
            print("stopping", flush=True)
            sys.exit(7)
        signal.signal(signal.SIGTERM, stop)
        print("arguments:", *sys.argv[1:])
        print("listening on http://127.0.0.1:4242", flush=True)
        signal.pause()
        """

    @Test func bothOutputsAndTheStatusComeBack() throws {
        let result = try Fieldgrid.run(shell, ["-c", "echo out; echo wrong >&2; exit 3"])
        #expect(result == (3, "out\n", "wrong\n"))
    }

    @Test func theInputIsRead() throws {
        #expect(try Fieldgrid.run(shell, ["-c", "cat"], input: "一\n二").output == "一\n二")
        #expect(try Fieldgrid.run(shell, ["-c", "cat"]).output.isEmpty)
    }

    @Test func aChildIsNotHeldUpByFullPipes() throws {
        let script = "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero"
        let result = try Fieldgrid.run(shell, ["-c", script])
        #expect(result.output.utf8.count == 1_000_000)
        #expect(result.errors.utf8.count == 1_000_000)
    }

    @Test func aCommandThatHangsIsKilledAndSaysWhatItSaid() throws {
        let error = #expect(throws: ProcessError.self) {
            try Fieldgrid.run(shell, ["-c", "echo begun; exec sleep 600"], within: 0.2)
        }
        #expect(try #require(error).description.contains("begun"))
    }

    @Test func aSignalIsToldAsAShellTellsIt() throws {
        #expect(try Fieldgrid.run(shell, ["-c", "kill -9 $$"]).status == 137)
    }

    @Test func theEnvironmentIsOursWithChanges() throws {
        let result = try Fieldgrid.run(
            shell, ["-c", "echo $ANSWER $FIELDGRID_DATA"], environment: ["ANSWER": "42"])
        #expect(result.output == "42\n")
    }

    @Test func aHubIsReadyWhenItSaysWhereItListens() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(hubScript, to: "hub", executable: true)
        let hub = try RunningHub(data: folder.file("data"), executable: script)
        #expect(hub.url == "http://127.0.0.1:4242")
        #expect(try hub.stop() == 7)
        #expect(hub.output.hasSuffix("stopping\n"))
        #expect(hub.output.contains("hub serve --data \(folder.path)/data --listen 127.0.0.1:0"))
    }

    @Test func aHubThatIsKilledOrForgottenIsGone() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(hubScript, to: "hub", executable: true)
        let killed = try RunningHub(data: folder.path, executable: script)
        killed.kill()
        #expect(kill(killed.id, 0) == -1)
        var forgotten: RunningHub? = try RunningHub(data: folder.path, executable: script)
        let id = try #require(forgotten?.id)
        #expect(kill(id, 0) == 0)
        // The reading thread lets go of the pipes only, so that the process ends here.
        forgotten = nil
        #expect(kill(id, 0) == -1)
    }

    @Test func aHubThatEndsBeforeItListensIsReportedWithItsErrors() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            "#!/bin/sh\necho 'disk full' >&2\n", to: "hub", executable: true)
        let error = #expect(throws: ProcessError.self) {
            try RunningHub(data: folder.path, executable: script)
        }
        #expect(try #require(error).description.contains("disk full"))
    }

    @Test func aTemporaryFolderDeletesItself() throws {
        var folder: TemporaryFolder? = try TemporaryFolder()
        let path = try #require(folder?.path)
        try folder?.write("text", to: "file")
        #expect(FileManager.default.fileExists(atPath: path + "/file"))
        folder = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
