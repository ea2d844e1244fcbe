import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation
import Testing

/// One reader of foreign bytes, with real inputs to begin from.
struct FuzzedParser: Sendable, CustomTestStringConvertible {
    let name: String
    /// How many inputs a run within `make test` has.
    var inputs = 60
    /// Whether an input of the corpus is read without others beside it.
    var standsAlone = true
    /// What a mutation may write into text.
    var words: [String] = ["0"]
    let corpus: @Sendable () throws -> [[UInt8]]
    /// Makes an altered input pass the checks that only tell accidents.
    var finish: @Sendable ([UInt8], inout FuzzRandom) -> [UInt8] = { bytes, _ in bytes }
    /// How many bytes the reader has before it, inflated.
    var size: @Sendable ([UInt8]) -> Int = \.count
    let read: @Sendable ([UInt8]) throws -> Void

    var testDescription: String { name }

    static let all: [FuzzedParser] = wire + files + texts

    private static let wire: [FuzzedParser] = [
        framed("request", .exchangeRequest, Corpus.bodies("request")) {
            _ = try ExchangeCodec.decodeRequest($0)
        },
        framed("reply", .exchangeReply, Corpus.bodies("reply")) {
            _ = try ExchangeCodec.decodeReply($0)
        },
        framed("files", .files, Corpus.bodies("files")) { _ = try CarriedFiles(frame: $0) },
        framed("file-receipts", .fileReceipts, Corpus.bodies("file-receipts")) {
            _ = try FileReceipts(frame: $0)
        },
        FuzzedParser(name: "frame", corpus: { try Corpus.bodies("frame")() }, size: inflated) {
            _ = try Frame.unwrap($0, kind: Frame.kind(of: $0))
        },
        FuzzedParser(name: "changeset", corpus: { try Corpus.bodies("changeset")() }) {
            _ = try CanonicalDecoder.changeset(from: $0)
        },
        FuzzedParser(name: "audit", corpus: { try Corpus.bodies("leaf")() }) {
            _ = try AuditEntry(leaf: $0)
        },
        FuzzedParser(name: "head", corpus: { try Corpus.bodies("head")() }) {
            _ = try SignedHead(bytes: $0)
        },
    ]

    private static let files: [FuzzedParser] = [
        FuzzedParser(name: "bundle", corpus: { try Corpus.bodies("bundle")() }) {
            let (bundle, _) = try SealedBundle.open($0, as: .toHub)
            _ = try BundleContents(bundle)
        },
        // As an enrolled device that means harm signs it.
        FuzzedParser(
            name: "signed-bundle", corpus: { try Corpus.bodies("bundle")() }, finish: Corpus.signed
        ) {
            let (bundle, _) = try SealedBundle.open($0, as: .toHub)
            for section in try BundleContents(bundle).exchanges {
                _ = try ExchangeCodec.decodeRequest(section)
            }
        },
        FuzzedParser(
            name: "snapshot", corpus: { try Corpus.bodies("reply")() }, finish: Corpus.snapshot,
            size: { inflated(Array($0.dropFirst(8))) }
        ) { file in
            var rest = file[...]
            try SnapshotFile.forEachFrame(
                read: { count in
                    defer { rest = rest.dropFirst(count) }
                    return Array(rest.prefix(count))
                }, { _ = try ExchangeCodec.decodeReply($0) })
        },
        FuzzedParser(name: "schema-document", inputs: 15, words: Corpus.jsonWords) {
            [try Corpus.labour().canonicalJSON()]
        } read: {
            _ = try Schema(canonicalJSON: $0)
        },
        FuzzedParser(name: "json", words: Corpus.jsonWords, corpus: Corpus.documents) {
            _ = try JSONReader.read($0)
        },
        FuzzedParser(name: "json-exchange", words: Corpus.jsonWords, corpus: Corpus.exchanges) {
            _ = try Corpus.exchange.request($0)
        },
        FuzzedParser(name: "service", words: Corpus.jsonWords, corpus: Corpus.services) {
            _ = try JSONDecoder().decode(ServiceRequest.self, from: Data($0))
        },
    ]

    private static let texts: [FuzzedParser] = [
        FuzzedParser(name: "csv", words: Corpus.csvWords, corpus: Corpus.tables) {
            var reader = CSVReader($0)
            while try reader.next() != nil {}
        },
        FuzzedParser(
            name: "import", inputs: 30, words: Corpus.csvWords, corpus: Corpus.imports
        ) {
            try ImportedTable.read($0)
        },
        FuzzedParser(name: "seeds", inputs: 15, words: Corpus.csvWords, corpus: Corpus.seeds) {
            let file = SchemaFile(path: "grids.csv", text: String(decoding: $0, as: UTF8.self))
            _ = try SeedReader.read(
                files: [file], schema: Corpus.labourSchema, today: Corpus.today)
        },
        FuzzedParser(
            name: "schema", inputs: 15, standsAlone: false, words: Corpus.yamlWords,
            corpus: Corpus.types
        ) {
            let text = String(decoding: $0, as: UTF8.self)
            let head = EmbeddedFiles.schema.filter { $0.path == "schema.yaml" }
            _ = try SchemaReader.read(files: head + [SchemaFile(path: "type.yaml", text: text)])
        },
        FuzzedParser(name: "signature", words: Corpus.headerWords, corpus: Corpus.headers) {
            let signature = try ReceivedSignature(
                RequestTarget(method: "POST", path: "/"), headers: Corpus.headerFields($0))
            try signature.checkTime(hubMilliseconds: 1_790_000_000_000)
        },
        FuzzedParser(name: "code", words: ["-", " ", "U", "李"], corpus: Corpus.codes) {
            guard EnrolmentCode(String(decoding: $0, as: UTF8.self)) != nil else {
                throw CocoaError(.coderReadCorrupt)
            }
        },
    ]

    /// A reader of frames: mostly the body is altered and framed anew, so that
    /// the alteration is behind the compression.
    private static func framed(
        _ name: String, _ kind: Frame.Kind, _ bodies: @escaping @Sendable () throws -> [[UInt8]],
        read: @escaping @Sendable ([UInt8]) throws -> Void
    ) -> FuzzedParser {
        FuzzedParser(
            name: name, inputs: 80, corpus: bodies,
            finish: { body, random in
                let frame = Frame.wrap(body, kind: kind)
                guard Int.random(in: 0..<8, using: &random) == 0 else { return frame }
                return Mutation.of(frame, among: [body], words: ["FGX"], random: &random)
            }, size: inflated, read: read)
    }

    @Sendable private static func inflated(_ frame: [UInt8]) -> Int {
        max(frame.count, min((try? Frame.bodyLength(of: frame)) ?? 0, frame.count * 400))
    }
}
