/// Ceilings; `CONTRIBUTING.md` names the smaller sizes to aim at.
enum SizeLimit {
    static let sourceFileLines = 400
    static let testFileLines = 600
    static let functionLines = 70
    static let parameters = 6
    static let columns = 100
    static let folderFiles = 12
}

extension Rule {
    func fileLength(of file: TextFile) -> [Violation] {
        let limit = file.isTest ? SizeLimit.testFileLines : SizeLimit.sourceFileLines
        guard file.isSwift, !file.isGenerated, file.lines.count > limit else { return [] }
        return [
            violation(
                file, limit + 1, "\(file.lines.count) lines, at most \(limit)",
                instead: "split the file by what it does")
        ]
    }

    func functionLengths(in file: TextFile) -> [Violation] {
        guard !file.isGenerated else { return [] }
        return SwiftFunction.all(in: file.code).filter { $0.length > SizeLimit.functionLines }.map {
            violation(
                file, $0.line,
                "\($0.name) has \($0.length) lines, at most \(SizeLimit.functionLines)",
                instead: "move the steps into functions named for what they do")
        }
    }

    func parameterCounts(in file: TextFile) -> [Violation] {
        SwiftFunction.all(in: file.code)
            .filter { $0.parameterCount > SizeLimit.parameters && !$0.storesItsParameters }
            .map {
                violation(
                    file, $0.line,
                    "\($0.name) takes \($0.parameterCount) parameters, at most "
                        + "\(SizeLimit.parameters)",
                    instead: "gather those that belong together in a struct")
            }
    }

    func lineLengths(in file: TextFile) -> [Violation] {
        guard file.isSwift, !file.isGenerated else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > SizeLimit.columns, line.count > SizeLimit.columns,
                !line.contains("://")
            else { return nil }
            return violation(
                file, index + 1, "\(line.count) columns, at most \(SizeLimit.columns)",
                instead: "break the line, or run make format")
        }
    }

    func folderSizes(in repository: Repository) -> [Violation] {
        let folders = Dictionary(grouping: repository.swiftFiles, by: \.folder)
        return folders.sorted { $0.key < $1.key }.compactMap { folder, files in
            guard files.count > SizeLimit.folderFiles else { return nil }
            return Violation(
                path: folder, line: 1, rule: self,
                what: "\(files.count) Swift files, at most \(SizeLimit.folderFiles)",
                instead: "make a folder for one of its capabilities")
        }
    }
}
