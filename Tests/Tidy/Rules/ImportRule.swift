/// The floors of the house: what each target may import, bottom to top.
///
/// A target may import the floors below it and nothing beside it, and only
/// those libraries that belong to its work. This table is the architecture;
/// change it together with `docs/architecture.md`.
enum Floor {
    static let allowed: [String: Set<String>] = [
        "FieldgridModel": collections,
        "FieldgridSync": collections.union(["FieldgridModel", "CZstd", "Crypto"]),
        "FieldgridSchema": system.union(["FieldgridModel", "Yams"]),
        "FieldgridReplica": system.union(database).union(["FieldgridModel", "FieldgridSync"]),
        "FieldgridService": system.union([
            "FieldgridModel", "FieldgridSync", "FieldgridSchema",
        ]),
        "FieldgridPages": system.union(["FieldgridModel", "FieldgridSchema", "Mustache"]),
        "FieldgridHub": system.union(server).union(database).union([
            "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridPages", "CPostgres",
            "Crypto", "Logging",
        ]),
        "FieldgridNode": system.union(server).union([
            "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
            "FieldgridPages", "CCurl", "Crypto", "Logging",
        ]),
        "FieldgridCommand": system.union([
            "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
            "FieldgridService", "FieldgridPages", "FieldgridHub", "FieldgridNode", "CQrencode",
            "CXlsxwriter", "CCurl", "ArgumentParser", "Logging",
        ]),
        "Fieldgrid": system.union([
            "FieldgridModel", "FieldgridSync", "FieldgridSchema", "FieldgridReplica",
            "FieldgridService", "FieldgridNode",
        ]),
    ]

    /// swift-collections, all that the floors without a system may use.
    private static let collections: Set<String> = [
        "Collections", "BasicContainers", "BitCollections", "DequeModule", "HashTreeCollections",
        "HeapModule", "OrderedCollections",
    ]
    /// The system's own modules, allowed from Schema upward.
    private static let system = collections.union([
        "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization",
    ])
    /// GRDB, and the C interface of the SQLite it is linked with.
    private static let database: Set<String> = ["GRDB", "GRDBSQLite"]
    private static let server: Set<String> = [
        "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "ServiceLifecycle",
        "UnixSignals",
    ]
}

extension Rule {
    func foreignImports(in file: TextFile) -> [Violation] {
        guard file.isSwift, let target = file.target else { return [] }
        guard let allowed = Floor.allowed[target] else {
            return [
                violation(
                    file, 1, "target \(target) stands on no floor",
                    instead: "say in Tests/Tidy/Rules/ImportRule.swift what it may import")
            ]
        }
        return file.code.enumerated().compactMap { index, line in
            guard let module = Self.importedModule(line), !allowed.contains(module) else {
                return nil
            }
            return violation(
                file, index + 1, "\(target) may not import \(module)",
                instead: "move the code to the floor that may, or pass the value in")
        }
    }

    /// `GRDB` of `package import struct GRDB.Row`; nil for other lines.
    static func importedModule(_ line: String) -> String? {
        guard line.contains("import") else { return nil }
        let line = line.drop(while: \.isWhitespace)
        let pattern =
            /(@\w+(\([^)]*\))?\s+)*((public|package|internal|fileprivate|private)\s+)?import\s+/
        guard let start = line.prefixMatch(of: pattern) else { return nil }
        var words = line[start.range.upperBound...].split(separator: " ")
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        if let first = words.first, kinds.contains(String(first)) { words.removeFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }
}
