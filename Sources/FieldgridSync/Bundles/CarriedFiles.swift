import FieldgridModel

/// Files beside the data, in a bundle: whole, and named by their content.
///
///     files = count { name(32 bytes) content(count bytes) }
///
/// - Names rise, so that none is there twice.
/// - An empty content is a question: the device still has this file to send,
///   and has put it into another part, or nowhere yet.
package struct CarriedFiles: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        /// Lower-case hexadecimal, as everywhere.
        package var name: String
        package var content: [UInt8]

        package init(name: String, content: [UInt8]) {
            self.name = name
            self.content = content
        }
    }

    package enum Limit {
        package static let files = 1_024
        /// The largest file that a hub takes.
        package static let content = 10 << 20
    }

    package var files: [File]

    /// Puts them in order.
    package init(_ files: [File]) {
        self.files = files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// - Precondition: names are names, and what is held is within ``Limit``.
    package var frame: [UInt8] {
        precondition(files.count <= Limit.files, "a bundle names as many files as allowed")
        var writer = ByteWriter()
        writer.count(files.count)
        for file in files {
            writer.raw(RangedFile.digest(of: file.name))
            writer.count(file.content.count)
            writer.raw(file.content)
        }
        return Frame.wrap(writer.bytes, kind: .files)
    }

    /// Reads them, and checks that each is what it is named for.
    package init(frame: [UInt8]) throws(WireError) {
        var reader = ByteReader(try Frame.unwrap(frame, kind: .files))
        let count = try FileNames.count(&reader, ofSize: 33)
        var files: [File] = []
        var last: String?
        for _ in 0..<count {
            let name = try FileNames.next(after: &last, &reader)
            let length = try reader.count()
            guard length <= Limit.content else {
                throw .tooLarge(bytes: length, limit: Limit.content)
            }
            let content = Array(try reader.raw(length))
            let isNamed = RangedFile.name(of: ContentDigest.of(content).bytes) == name
            guard content.isEmpty || isNamed else {
                throw .malformed("a file is not the one it is named for", at: reader.offset)
            }
            files.append(File(name: name, content: content))
        }
        try reader.finish()
        self.files = files
    }
}

/// What a hub says that it has of them: each whole, durable and right.
///
///     receipts = count { name(32 bytes) }
package struct FileReceipts: Hashable, Sendable {
    package var names: [String]

    package init(_ names: [String]) {
        self.names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package var frame: [UInt8] {
        var writer = ByteWriter()
        writer.count(names.count)
        for name in names { writer.raw(RangedFile.digest(of: name)) }
        return Frame.wrap(writer.bytes, kind: .fileReceipts)
    }

    package init(frame: [UInt8]) throws(WireError) {
        var reader = ByteReader(try Frame.unwrap(frame, kind: .fileReceipts))
        let count = try FileNames.count(&reader, ofSize: 32)
        var names: [String] = []
        var last: String?
        for _ in 0..<count { names.append(try FileNames.next(after: &last, &reader)) }
        try reader.finish()
        self.names = names
    }
}

/// Names of files as their 32 bytes: whatever they are, none is a path.
private enum FileNames {
    static func count(_ reader: inout ByteReader, ofSize size: Int) throws(WireError) -> Int {
        let count = try reader.count(ofSize: size)
        guard count <= CarriedFiles.Limit.files else {
            throw .tooLarge(bytes: count, limit: CarriedFiles.Limit.files)
        }
        return count
    }

    /// Names rise.
    static func next(
        after last: inout String?, _ reader: inout ByteReader
    ) throws(WireError) -> String {
        let name = RangedFile.name(of: Array(try reader.raw(32)))
        if let last, !last.utf8.lexicographicallyPrecedes(name.utf8) {
            throw .malformed("names of files do not rise", at: reader.offset)
        }
        last = name
        return name
    }
}
