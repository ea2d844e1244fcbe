import ArgumentParser
import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

struct AttachmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attachment", abstract: "Files beside the data: photos, scanned pages.",
        subcommands: [AttachmentGet.self])
}

struct AttachmentGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Write a file that a record names; a device fetches it first if need be.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @OptionGroup var target: BundleFileOptions
    @Argument(help: "The file's name: the 64 digits in the field.") var name: String
    @Argument(help: "Where to write it.") var file: String
    @Option(
        help: ArgumentHelp(
            "Fetch at most so many bytes now; the same command goes on later.",
            valueName: "bytes"))
    var attachmentBudget = AttachmentFolder.bytesMax

    func run() async throws {
        try target.check(file)
        let desk = try HubSide.desk(place, remote, command: "attachment get")
        let reply = try desk.answer(
            .attachment(ask: .get(name: name, budget: max(1, attachmentBudget))))
        let (document, bytes) = try BundleDocuments.split(reply.document)
        try target.write(bytes, to: file)
        try output.report(ServiceReply(document)) { _ in
            Counted.text(bytes.count, "byte") + " in \(file)."
        }
    }
}

/// `field=@FILE` for fields that name a file.
enum AttachmentFields {
    /// Keeps the files and puts their names in their places.
    static func resolve(_ fields: [String], of type: String, at desk: any Desk) throws -> [String] {
        guard fields.contains(where: { $0.contains("=@") }) else { return fields }
        let schema = try desk.schema()
        let recordType = schema.type(named: type) ?? schema.type(labelled: type)
        return try fields.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].hasPrefix("@"),
                let field = recordType?.fields.first(where: {
                    $0.name == parts[0] || $0.label.zh == parts[0]
                }), field.kind == .attachment
            else { return text }
            let file = try read(String(parts[1].dropFirst()))
            let reply = try desk.answer(.attachment(ask: .add(file: file)))
            return "\(parts[0])=\(reply.document["name"].text ?? "")"
        }
    }

    /// Looks at the size before anything is read.
    private static func read(_ path: String) throws -> Data {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
        guard size <= AttachmentFolder.bytesMax else {
            throw ServiceError(
                "attachment.too-large",
                "\(path) has \(size) bytes; a file may have \(AttachmentFolder.bytesMax).",
                hint: "Take the photo with fewer pixels, or scan with less detail.")
        }
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        do {
            try AttachmentFolder.check(Array(file))
        } catch let error as FolderError {
            throw ServiceError(error.code, "\(path): \(error.message)", hint: error.hint)
        }
        return file
    }
}
