import FieldgridReplica
import FieldgridSchema
import Foundation

/// The stamp of a node's folder: `stamp.json`, beside the database.
final class FolderStamp: StampKeeping {
    private let path: String
    private(set) var stamp: SentStamp?

    init(_ path: String) {
        self.path = path
        stamp = DurableFile.read(path).flatMap {
            try? JSONDecoder().decode(SentStamp.self, from: Data($0))
        }
    }

    func keep(_ stamp: SentStamp) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try DurableFile.write(Array(try encoder.encode(stamp)) + [0x0a], to: path)
        self.stamp = stamp
    }
}
