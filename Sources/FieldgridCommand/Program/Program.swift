import ArgumentParser
import FieldgridService
import Foundation

/// The executable's entry: parse, run, and turn whatever happened into an
/// exit code and a sentence.
@main
enum Program {
    static func main() async {
        // A reader that goes away (`| head`) is no reason to die without a word.
        signal(SIGPIPE, SIG_IGN)
        exit(await run())
    }

    /// What was typed after the program's name.
    ///
    /// The standard library finds it beside the environment that the process
    /// started with, and finds nothing when a preloaded library has moved the
    /// environment; the system knows it all the same.
    private static var arguments: [String] {
        let known = Array(CommandLine.arguments.dropFirst())
        guard known.isEmpty, let line = FileManager.default.contents(atPath: "/proc/self/cmdline")
        else { return known }
        return line.split(separator: 0, omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func run() async -> Int32 {
        var command: any ParsableCommand
        do {
            command = try RootCommand.parseAsRoot(arguments)
        } catch {
            // Help, version and wrong usage are ArgumentParser's own business.
            RootCommand.exit(withError: error)
        }
        let kind = type(of: command)
        guard kind.configuration.subcommands.isEmpty else {
            Console.complain(RootCommand.helpMessage(for: kind))
            return ExitStatus.wrongUsage.rawValue
        }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.done.rawValue
        } catch let status as EarlyExit {
            return status.status.rawValue
        } catch {
            if let report = ErrorReport(error) {
                report.write()
                return report.status.rawValue
            }
            RootCommand.exit(withError: error)
        }
    }
}

/// Ends a command that said everything it had to say already.
struct EarlyExit: Error {
    var status: ExitStatus
}

struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fieldgrid",
        abstract: "Keeps a district's register true, from villages without a network to its hub.",
        discussion: """
            A hub merges what many nodes record offline. Start a hub with `fieldgrid hub init` and \
            `fieldgrid hub serve`, enrol a device with `fieldgrid hub enrol`, and on the device \
            run `fieldgrid node join`. `fieldgrid demo` shows the whole story in a minute.
            """,
        version: Version.text,
        subcommands: [
            DemoCommand.self, HubCommand.self, RefreshCommand.self, NodeCommand.self,
            RecordCommand.self, ConflictsCommand.self, TasksCommand.self,
            AttachmentCommand.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}
