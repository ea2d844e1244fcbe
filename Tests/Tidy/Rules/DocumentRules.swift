extension Rule {
    func lineNumberLinks(in file: TextFile) -> [Violation] {
        guard file.isMarkdown else { return [] }
        let pattern = /#L[0-9]+|\.swift:[0-9]+/
        return file.lines.enumerated().flatMap { index, line in
            line.matches(of: pattern).map {
                violation(
                    file, index + 1, "`\($0.output)` points at a line that will move",
                    instead: "name the type or function")
            }
        }
    }

    func machinePaths(in file: TextFile) -> [Violation] {
        file.lines.enumerated().flatMap { index, line in
            Self.machineFolders.filter { Self.line(line, namesFolder: $0) }.map {
                violation(
                    file, index + 1, "`\($0)` is a path of one machine",
                    instead: "write the path relative to the repository, or a placeholder")
            }
        }
    }

    func brokenLinks(in repository: Repository) -> [Violation] {
        repository.files.filter(\.isMarkdown).flatMap { file in
            Self.links(in: file).compactMap { line, target in
                guard let path = Self.resolve(target, from: file.folder) else {
                    return violation(
                        file, line, "link to `\(target)` leaves the repository",
                        instead: "link to what is in it")
                }
                guard !path.isEmpty, !repository.paths.contains(path) else { return nil }
                return violation(
                    file, line, "link to `\(target)`, and there is no \(path)",
                    instead: "correct the link, or add the file")
            }
        }
    }

    /// In two parts, so that this file keeps its own rule.
    private static let machineFolders = ["work", "root", "home", "tmp/h"].map { "/" + $0 + "/" }

    /// True where the path begins with the folder, not merely passes it.
    private static func line(_ line: String, namesFolder folder: String) -> Bool {
        guard line.contains(folder) else { return false }
        return line.ranges(of: folder).contains { range in
            guard let before = line[..<range.lowerBound].last else { return true }
            return before.isWhitespace || "\"'`(=:<[,/|>".contains(before)
        }
    }

    /// Targets of relative links and images, outside fenced code, with their
    /// line counted from 1.
    private static func links(in file: TextFile) -> [(line: Int, target: String)] {
        var found: [(line: Int, target: String)] = []
        var isFenced = false
        for (index, line) in file.lines.enumerated() {
            if line.drop(while: \.isWhitespace).hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { continue }
            for match in line.replacing(/`[^`]*`/, with: "").matches(of: /\]\(<?([^)\s>]+)/) {
                let target = match.output.1.prefix { $0 != "#" }
                let isElsewhere = target.contains("://") || target.hasPrefix("mailto:")
                if !target.isEmpty, !isElsewhere { found.append((index + 1, String(target))) }
            }
        }
        return found
    }

    /// The path of a link's target, or nil when it is outside the repository.
    private static func resolve(_ target: String, from folder: String) -> String? {
        guard !target.hasPrefix("/") else { return nil }
        var parts = folder.split(separator: "/")
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
