import Foundation

/// The text files of the repository, read once for all rules.
struct Repository: Sendable {
    let files: [TextFile]
    /// Every path, also of files whose text is not read; links are looked up
    /// here.
    let paths: Set<String>

    /// The repository this test was compiled from, or the one that
    /// `FIELDGRID_ROOT` names.
    static let here = Result { try Repository(root: root()) }

    init(files: [TextFile], paths: Set<String>? = nil) {
        self.files = files
        self.paths = paths ?? Set(files.map(\.path))
    }

    init(root: String) throws {
        var files: [TextFile] = []
        var paths: Set<String> = []
        try Self.walk(root: root, folder: "") { path, isFolder in
            paths.insert(path)
            guard !isFolder, Self.isText(path) else { return }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: root + "/" + path))
            files.append(TextFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
        }
        self.init(files: files, paths: paths)
    }

    var swiftFiles: [TextFile] { files.filter(\.isSwift) }

    /// The nearest folder above this file, its symbolic links resolved, that
    /// holds a package.
    private static func root(of file: String = #filePath) throws -> String {
        if let named = ProcessInfo.processInfo.environment["FIELDGRID_ROOT"] { return named }
        guard let resolved = realpath(file, nil) else { throw RepositoryNotFound(start: file) }
        defer { free(resolved) }
        var folder = String(cString: resolved)
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            if FileManager.default.fileExists(atPath: folder + "/Package.swift") { return folder }
        }
        throw RepositoryNotFound(start: file)
    }

    /// Visits what belongs to the project: not what tools and runs leave
    /// behind, and nothing behind a symbolic link.
    private static func walk(
        root: String, folder: String, _ visit: (_ path: String, _ isFolder: Bool) throws -> Void
    ) throws {
        let parent = folder.isEmpty ? root : root + "/" + folder
        for name in try FileManager.default.contentsOfDirectory(atPath: parent).sorted() {
            guard isOurs(name) else { continue }
            let path = folder.isEmpty ? name : folder + "/" + name
            let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + path)
            switch attributes?[.type] as? FileAttributeType {
            case .typeDirectory?:
                try visit(path, true)
                try walk(root: root, folder: path, visit)
            case .typeRegular?: try visit(path, false)
            default: continue
            }
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        if name.hasPrefix(".") {
            return [".ci", ".gitignore", ".swift-format"].contains(name)
        }
        return !["fieldgrid-data", "__pycache__", "node_modules"].contains(name)
    }

    private static func isText(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return true }
        let kinds = [
            "swift", "md", "yaml", "yml", "json", "sh", "py", "sql", "html", "css", "js", "txt",
            "h", "modulemap", "mustache", "toml", "service",
        ]
        return kinds.contains(String(name[name.index(after: dot)...]))
    }
}

struct RepositoryNotFound: Error, CustomStringConvertible {
    let start: String

    var description: String {
        "no Package.swift in any folder above \(start); set FIELDGRID_ROOT to the repository"
    }
}
