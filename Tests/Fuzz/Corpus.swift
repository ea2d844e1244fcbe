import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// Inputs that are right, to be altered: the wire's vectors, the schema and
/// the seeds that the program comes with, and documents as `curl` sends them.
enum Corpus {
    private static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let today = expected(LocalDate(year: 2026, month: 11, day: 26))

    /// The vectors whose names begin so: bodies, or whole files.
    static func bodies(_ prefix: String) -> @Sendable () throws -> [[UInt8]] {
        {
            let folder = repository.appendingPathComponent("schemas/wire/vectors")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            let chosen = names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".hex") }.sorted()
            return try chosen.map { name in
                let text = try String(
                    contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
                let digits = Array(text.utf8.filter { $0 > 0x20 })
                return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
                }
            }
        }
    }

    /// What is right by the way it is written here.
    private static func expected<Value>(_ value: Value?) -> Value {
        guard let value else { preconditionFailure("a constant of the corpus is wrong") }
        return value
    }

    // MARK: Bundles

    private static let key = expected(DeviceKey(seed: [UInt8](1...32)))

    /// Signs whatever is before a signature, and puts a key there.
    @Sendable static func signed(_ file: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        guard file.count > 96 else { return file }
        let content = Array(file[..<(file.count - 96)]) + key.publicKey.bytes
        let digest = ContentDigest.of(content).bytes
        return content + key.sign(Array("fieldgrid-bundle-1".utf8) + digest)
    }

    /// A snapshot of one reply; now and then its framing is altered too.
    @Sendable static func snapshot(_ body: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        let file = SnapshotFile.section(Frame.wrap(body, kind: .exchangeReply))
        guard Int.random(in: 0..<4, using: &random) == 0 else { return file }
        return Mutation.of(file, among: [file], words: ["FGX"], random: &random)
    }

    // MARK: JSON

    static let jsonWords = [
        "null", "{}", "[]", "[[", "{\"a\":", "1e400", "-0", "9223372036854775807",
        "-9223372036854775808", "18446744073709551616", "0.1", "\"\\ud800\"", "\"\\u0000\"",
        "\"", "\\", "true", "\"incarnation\"", "\"seq\"", "\"changesets\"", "\u{feff}",
    ]

    static func labour() throws -> Schema { try SchemaReader.read(files: EmbeddedFiles.schema) }
    // What the program itself comes with is read.
    static let labourSchema = expected(try? labour())
    static let exchange = ExchangeDocument(schema: labourSchema)

    @Sendable static func documents() throws -> [[UInt8]] {
        let folder = repository.appendingPathComponent("schemas/wire/vectors")
        let names = ["request.json", "reply-records.json", "signing.json"]
        return try names.map {
            Array(try Data(contentsOf: folder.appendingPathComponent($0)))
        }
    }

    @Sendable static func exchanges() throws -> [[UInt8]] {
        let incarnation = "01930000-0000-7000-8000-000000000001"
        let record = "01930000-0000-7000-8000-000000000002"
        let texts = [
            """
            {"incarnation":"\(incarnation)","schema":"00","positions":{"220602":3},"sealed":1,
            "held":[{"incarnation":"\(incarnation)","seq":1}],
            "pulls":{"220602":{"base":1,"told":2}},"reply_bytes_max":65536}
            """,
            """
            {"incarnation":"\(incarnation)","schema":"00","positions":{},"sealed":1,"batch":{
            "changesets":[{"seq":1,"author":"虚构王某","time":1790000000000,"source":"on_site",
            "epoch":"\(incarnation)","context":{"220602":1},"changes":[{"type":"employer",
            "record":"\(record)","unit":"name","value":"虚构甲"}]}]}}
            """,
        ]
        return texts.map { Array($0.utf8) }
    }

    @Sendable static func services() throws -> [[UInt8]] {
        let texts = [
            #"{"schema":{}}"#, #"{"hub":{"ask":{"status":{}}}}"#,
            #"{"hub":{"ask":{"importBundle":{"file":"RkdC","reply":true}}}}"#,
            #"{"node":{"ask":{"sync":{"attachmentBudget":1,"waitSeconds":0}}}}"#,
        ]
        return texts.map { Array($0.utf8) }
    }

    // MARK: Texts

    static let csvWords = [
        "\"", "\"\"", ",", "\r\n", "\r", "\n", "\u{feff}", "220602", "虚构", ",,,,",
    ]
    static let yamlWords = [
        ":", "- ", "\n  ", "{", "[", "[[[[", "&a ", "*a", "!!int ", "|\n", ">\n", "type: employer",
        "unique:", "rules:", "not not ", "((((", "min", "99999999999999999999", "\"", "'", "#",
        "\t", "<<: *a",
    ]
    static let headerWords = [
        ";", "=", "\"", "(", ")", "created=-9223372036854775808", "created=9223372036854775807",
        ",", ":", "keyid", "nonce", "\n",
    ]

    @Sendable static func tables() throws -> [[UInt8]] {
        let made =
            "name,uscc,phone\r\n\"虚构,甲\",912206020000000001,\"a\"\"b\"\n虚构乙,,\n\n"
        return [Array(made.utf8)] + (try seeds())
    }

    /// Tables under the names of fields, their labels, and the headers of every
    /// map that the schema has.
    @Sendable static func imports() throws -> [[UInt8]] {
        let own = [
            """
            name,uscc,phone,name_alias,reg_capital,founded_on,geo_lon,geo_lat,scope
            虚构甲,91220602MA0Y000014,0439-3220001,甲厂;乙厂,1250.00,2020-01-02,126.5,41.9,220602103
            虚构乙,,,"乙""店",,,,,
            """,
            "单位名称,组织机构代码,经营范围\n虚构丙,,'=1+1\n虚构丁,000000000,\"木材\n加工\"\n",
        ]
        let maps = labourSchema.imports.map { map in
            let headers = map.columns.map { "\"\($0.header)\"" }
            let cells = map.columns.indices.map { $0 == 0 ? "虚构戊" : "\($0)" }
            return "\(headers.joined(separator: ","))\n\(cells.joined(separator: ","))\n"
        }
        return (own + maps).map { Array($0.utf8) }
    }

    @Sendable static func seeds() throws -> [[UInt8]] {
        EmbeddedFiles.seeds.filter { $0.path == "grids.csv" }.map { Array($0.text.utf8) }
    }

    @Sendable static func types() throws -> [[UInt8]] {
        EmbeddedFiles.schema.filter { $0.path != "schema.yaml" }.map { Array($0.text.utf8) }
    }

    @Sendable static func codes() throws -> [[UInt8]] {
        let code = EnrolmentCode(secret: Array(1...10), fingerprint: key.publicKey.fingerprint)
        return [Array(code.text.utf8)]
    }

    /// Lines of `name: value`, as they arrive.
    @Sendable static func headers() throws -> [[UInt8]] {
        let signed = SignedRequest(
            RequestTarget(method: "POST", path: "/"), body: [1], key: key,
            milliseconds: 1_790_000_000_000, nonce: "AAECAwQFBgcICQoLDA0ODw==")
        return [
            Array(signed.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n").utf8)
        ]
    }

    static func headerFields(_ bytes: [UInt8]) -> [HeaderField] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return HeaderField(line[..<colon].lowercased(), value)
        }
    }
}
