import FieldgridModel
import Yams

/// Reads one code list with its versions.
enum CodeListReader {
    static func read(_ reader: inout MappingReader) -> CodeListDraft? {
        let name = reader.name("code_list")
        let label = reader.label()
        var versions: [CodeListVersion] = []
        for node in reader.list("versions") {
            var entry = MappingReader(node, file: reader.file)
            if let version = version(&entry) {
                if versions.contains(where: { $0.version == version.version }) {
                    entry.fault(at: "version", "the version “\(version.version)” is there twice")
                }
                versions.append(version)
            }
            reader.absorb(entry.finish())
        }
        if versions.isEmpty { reader.fault(at: "versions", "a list has at least one version") }
        guard let name, let label else { return nil }
        return CodeListDraft(
            file: reader.file, line: reader.line,
            list: CodeList(name: name, label: label, versions: versions))
    }

    private static func version(_ entry: inout MappingReader) -> CodeListVersion? {
        let version = entry.text("version")
        let source = entry.text("source", required: false)
        let validFrom = entry.text("valid_from", required: false)
        if let validFrom, LocalDate(validFrom) == nil {
            entry.fault(at: "valid_from", "“\(validFrom)” is no date YYYY-MM-DD")
        }
        let nodes = entry.list("codes")
        if nodes.isEmpty { entry.fault(at: "codes", "a version has at least one code") }
        var codes: [Code] = []
        var lines: [String: Int] = [:]
        for node in nodes {
            var item = MappingReader(node, file: entry.file)
            let code = item.text("code")
            let label = item.labelKeys()
            let parent = item.text("parent", required: false)
            if let code, lines.updateValue(item.line, forKey: code) != nil {
                item.fault("the code “\(code)” is there twice")
            }
            if let code, let label { codes.append(Code(code: code, label: label, parent: parent)) }
            entry.absorb(item.finish())
        }
        for code in codes {
            guard let parent = code.parent, lines[parent] == nil || parent == code.code else {
                continue
            }
            entry.fault(
                "the parent “\(parent)” of “\(code.code)” is no other code of this version",
                line: lines[code.code])
        }
        guard let version else { return nil }
        return CodeListVersion(
            version: version, validFrom: validFrom, source: source, codes: codes)
    }
}
