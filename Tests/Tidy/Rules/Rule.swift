/// What the source tree is held to, by the name that a violation prints.
enum Rule: String, CaseIterable, Sendable {
    case fileLength = "file-length"
    case functionLength = "function-length"
    case parameterCount = "parameter-count"
    case lineLength = "line-length"
    case folderSize = "folder-size"
    case imports
    case bannedToken = "banned-token"
    case unexplainedUnchecked = "unexplained-unchecked"
    case openEnd = "open-end"
    case typeForRecord = "type-for-record"
    case lineNumberLink = "line-number-link"
    case machinePath = "machine-path"
    case brokenLink = "broken-link"

    func violations(in repository: Repository) -> [Violation] {
        switch self {
        case .folderSize: folderSizes(in: repository)
        case .brokenLink: brokenLinks(in: repository)
        default: repository.files.flatMap { violations(in: $0) }
        }
    }

    private func violations(in file: TextFile) -> [Violation] {
        switch self {
        case .fileLength: fileLength(of: file)
        case .functionLength: functionLengths(in: file)
        case .parameterCount: parameterCounts(in: file)
        case .lineLength: lineLengths(in: file)
        case .imports: foreignImports(in: file)
        case .bannedToken: bannedTokens(in: file)
        case .unexplainedUnchecked: unexplainedUnchecked(in: file)
        case .openEnd: openEnds(in: file)
        case .typeForRecord: typesForRecords(in: file)
        case .lineNumberLink: lineNumberLinks(in: file)
        case .machinePath: machinePaths(in: file)
        case .folderSize, .brokenLink: []
        }
    }

    func violation(_ file: TextFile, _ line: Int, _ what: String, instead: String) -> Violation {
        Violation(path: file.path, line: line, rule: self, what: what, instead: instead)
    }
}
