import ArgumentParser
import FieldgridService
import Foundation

/// Walks through what waits for a person, one by one, like `git add -p`.
struct ConflictsReview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Settle what waits, one by one.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions

    private static let help = """
        1, 2, …  take that side (also t1, t2)     b  take the base
        v        give a value                     s  skip this one
        q        stop here                        ?  this help
        m        two records: merge them          a  two records: they are two things
        """

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "conflicts review")
        let waiting = try desk.answer(.conflicts(ask: .list(all: false, conditions: [])))
        let text = ConflictText(schema: try desk.schema())
        let conflicts = waiting.document.elements
        var settled: [JSONValue] = []
        review: for (place, conflict) in conflicts.enumerated() {
            Console.complain("\n(\(place + 1)/\(conflicts.count)) " + text.show(conflict))
            while true {
                guard let choice = ask(conflict) else { break review }
                switch choice {
                case .skip: continue review
                case .again: continue
                case .take(let choice):
                    guard let id = conflict["id"].text else { continue review }
                    do {
                        let request = ConflictRequest.resolve(ids: [id], choice: choice, note: nil)
                        let reply = try desk.answer(.conflicts(ask: request))
                        settled += reply.document.elements
                        continue review
                    } catch let error as ServiceError {
                        Console.complain("error: \(error.message)")
                    }
                }
            }
        }
        let left = conflicts.count - settled.count
        try output.report(ServiceReply(.array(settled), needsPerson: left > 0)) {
            $0.elements.isEmpty && conflicts.isEmpty
                ? text.list([]) : text.resolved($0.elements) + "，尚余 \(left) 项"
        }
    }

    private enum Answer {
        case skip, again
        case take(ConflictChoice)
    }

    /// Nil at the end of the input, or when the person stops.
    private func ask(_ conflict: JSONValue) -> Answer? {
        let sides = conflict["sides"].elements.count
        let isDuplicate = conflict["kind"].text == "duplicate"
        Console.complain(
            partial: "settle [1-\(sides),\(isDuplicate ? "m,a" : "b,v"),s,q,?]? ")
        guard let line = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() else {
            return nil
        }
        switch line {
        case "q": return nil
        case "s": return .skip
        case "b": return .take(.base)
        case "m": return .take(.merge)
        case "a": return .take(.apart)
        case "v":
            Console.complain(partial: "value: ")
            return readLine().map { .take(.value(text: $0)) }
        default:
            let digits = line.hasPrefix("t") ? String(line.dropFirst()) : line
            if let number = Int(digits), (1...max(1, sides)).contains(number) {
                return .take(.side(number: number))
            }
            Console.complain(Self.help)
            return .again
        }
    }
}
