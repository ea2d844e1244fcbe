import FieldgridSync
import Foundation

/// The engine's side of `make bench`: each command prints its measurements,
/// one line of JSON for each; `Benchmarks/run.py` calls them in turns with the
/// floors.
@main
enum Main {
    private static let usage = """
        usage: fieldgrid-bench COMMAND FOLDER …
          prepare FOLDER          hub and node with the employers of FOLDER/plain.sqlite
          delta FOLDER [MOST]     the 20 000 edits sealed and encoded, saved and foreign,
                                  in requests of so many changesets at most
          merge FOLDER KIND       what `delta` encoded, taken by the hub: saved or foreign
          bootstrap FOLDER        a snapshot made and applied
          exchange FOLDER COUNT   100 changes saved, sent, merged; an idle exchange
          page FOLDER             a node opened, and its first page
          district FOLDER DEVICES a hub folder with so many devices
          load FOLDER URL NODES SECONDS [SEED [WAITERS]]
                                  so many of them exchange once a minute, others wait

        """

    private static func complain() {
        FileHandle.standardError.write(Data(usage.utf8))
    }

    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("fieldgrid-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        guard arguments.count >= 2 else {
            complain()
            exit(64)
        }
        let folder = arguments[1]
        func number(_ place: Int, or other: Int) -> Int {
            arguments.count > place ? Int(arguments[place]) ?? other : other
        }
        switch arguments[0] {
        case "prepare": try Preparation(folder: folder).run()
        case "delta":
            let most = ExchangeRequest.Limit.changesets
            try Delta(folder: folder, most: number(2, or: most)).run()
        case "merge":
            try Merging(folder: folder).run(arguments.count > 2 ? arguments[2] : "saved")
        case "bootstrap": try Bootstrap(folder: folder).run()
        case "exchange": try Exchanges(folder: folder).run(rounds: number(2, or: 15))
        case "page": try FirstPage(folder: folder).run()
        case "district": try District(folder: folder).make(devices: number(2, or: 1_000))
        case "load" where arguments.count > 4:
            let load = try Load(folder: folder, url: arguments[2])
            try load.run(
                nodes: number(3, or: 1_000), seconds: number(4, or: 10), seed: number(5, or: 1),
                waiters: number(6, or: 0))
        default:
            complain()
            exit(64)
        }
    }
}
