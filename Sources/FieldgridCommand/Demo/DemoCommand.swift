import ArgumentParser
import FieldgridService
import Foundation

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The whole story on this machine, in a minute.",
        discussion: """
            Real processes, real SQLite files, real HTTP on loopback: a hub, two grid assistants
            and a township office, in a temporary folder. All employers and people are fictional
            (虚构).
            """)

    @Flag(help: "Keep the folder, to look at it afterwards.")
    var keep = false

    func run() async throws {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/fieldgrid-demo-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let stage = DemoStage(folder: folder)
        defer {
            stage.strike()
            if keep {
                Console.say("The folder is kept: \(folder)")
            } else {
                try? FileManager.default.removeItem(atPath: folder)
            }
        }
        do {
            var story = DemoStory(stage: stage)
            try story.tell()
        } catch let failure as DemoFailure {
            Console.say("\ndemo: failed — \(failure.reason)")
            throw EarlyExit(status: .failed)
        }
        Console.say("\n\(stage.checks) checks\ndemo: all checks passed")
    }
}

/// Something in the story was not as it should be.
struct DemoFailure: Error {
    var reason: String
}
