import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// Exchanges in the JSON form, and what they say in the words of the grammar.
enum JSONFormVector {
    static var document: [String: Any] {
        [
            "schema": text(of: schemaDocument),
            "requests": requests.map { ["form": parsed($0), "says": says($0)] },
            "refused": refused,
            "replies": replies.map { reply in
                [
                    "says": WireDocument.of(reply),
                    "form": parsed(
                        text(of: ExchangeDocument.document(of: reply, schema: schema).bytes)),
                ]
            },
        ]
    }

    // MARK: The schema

    /// One type with a unit of every shape.
    private static let schema: Schema = {
        func field(_ number: Int, _ name: String, _ kind: FieldKind, _ policy: MergePolicy) -> Field
        {
            Field(
                number: UnitNumber(number), name: name, label: Label(zh: name, en: name),
                kind: kind, policy: policy)
        }
        let male = field(41, "male", .integer, .latest)
        let female = field(42, "female", .integer, .latest)
        let group = FieldGroup(
            number: UnitNumber(40), name: "headcount", label: Label(zh: "人数", en: "Headcount"),
            members: ["male", "female"], policy: .review)
        let clinic = RecordType(
            number: TypeNumber(2), name: "clinic", label: Label(zh: "诊所", en: "Clinic"),
            fields: [
                field(2, "name", .text(maxLength: 200), .latest),
                field(3, "fee", .money, .review), male, female,
                field(5, "visits", .integer, .counter), field(6, "tags", .set, .set),
                field(7, "notes", .text(maxLength: 2_000), .append),
            ],
            groups: [group])
        return Schema(
            name: "fiction", version: 1, label: Label(zh: "虚构", en: "Fiction"), types: [clinic],
            codeLists: [])
    }()

    static let schemaDocument = (try? schema.canonicalJSON()) ?? []

    private static var tag: String { SchemaTag(document: schemaDocument).digits }

    // MARK: Requests

    private static var requests: [String] { [everything, least, unsealed, asking] }

    private static let incarnation = WireFixture.incarnation.description
    private static let epoch = WireFixture.epoch.description

    private static var everything: String {
        let record = WireFixture.record(1).description
        let parent = WireFixture.parent
        func change(_ rest: String) -> String {
            "{\"type\":\"clinic\",\"record\":\"\(record)\",\(rest)}"
        }
        let side = "{\"incarnation\":\"\(incarnation)\",\"seq\":7}"
        let settles = "{\"conflict\":\"\(WireFixture.record(9))\",\"sides\":[\(side)]"
        let changes = [
            change("\"unit\":\"presence\",\"value\":1"),
            change("\"unit\":\"scope\",\"value\":\"\(WireFixture.village)\""),
            change("\"unit\":\"name\",\"value\":\"虚构·诊所\",\"unheard\":[{}]"),
            change("\"unit\":\"fee\",\"value\":-9223372036854775808,\"seen_through\":17"),
            change("\"unit\":\"headcount\",\"value\":{\"female\":3}"),
            change("\"unit\":\"visits\",\"value\":2"),
            change("\"unit\":\"tags\",\"value\":{\"removed\":\"[\\\"a\\\"]\"}"),
            change("\"unit\":\"tags\",\"value\":\"[\\\"b\\\",\\\"c\\\"]\""),
            change("\"unit\":\"notes\",\"value\":\"一条\\n两行\""),
            change("\"unit\":\"name\",\"value\":\"\",\"settles\":\(settles),\"note\":\"按证\"}"),
            change("\"unit\":\"name\",\"value\":null,\"settles\":\(settles),\"takes_back\":true}"),
        ]
        let changesets = [
            """
            {"seq":1,"author":"虚构·王","time":117665078776823808,"source":"self_report",
            "epoch":"\(epoch)","context":{"\(WireFixture.village)":40},
            "changes":[\(changes.joined(separator: ","))]}
            """,
            "{\"seq\":2,\"author\":\"虚构·王\",\"time\":117665078776823809,\"epoch\":\"\(epoch)\"}",
        ]
        return """
            {"incarnation":"\(incarnation)","schema":"\(tag)","epoch":"\(epoch)","sealed":2,
            "positions":{"\(WireFixture.village)":40,"\(WireFixture.township)":3},
            "reply_bytes_max":65536,"pulls":{"\(WireFixture.village)":{"base":20,"told":45}},
            "held":[{"incarnation":"\(parent.incarnation)","seq":6}],
            "batch":{"previous":"\(ContentDigest.start(after: parent))",
            "parent":{"incarnation":"\(parent.incarnation)","seq":\(parent.seq)},
            "changesets":[\(changesets.joined(separator: ","))]}}
            """
    }

    /// What is needed, and nothing else.
    private static let least = "{\"incarnation\":\"\(incarnation)\",\"sealed\":0}"

    /// Without `sealed`, the hub does not look whether the asker was rewound.
    private static let unsealed = "{\"incarnation\":\"\(incarnation)\"}"

    /// Forms with one mistake each, and the path that is named.
    private static var refused: [[String: Any]] {
        let mistakes = [
            ("\"schema\":\"\(tag)\"", "\"schema\":\"zz\""),
            ("\"sealed\":2", "\"sealed\":\"2\""), ("\"sealed\":2", "\"sealed\":-1"),
            ("\"reply_bytes_max\":65536", "\"reply_bytes_max\":true"),
            ("\"seen_through\":17", "\"seen_through\":\"17\""),
            ("\"seen_through\":17", "\"seen_through\":9007199254740992"),
            ("\"takes_back\":true", "\"takes_back\":1"), ("\"note\":\"按证\"", "\"note\":7"),
            ("\"source\":\"self_report\"", "\"source\":\"hub\""),
            ("\"source\":\"self_report\"", "\"source\":3"),
            ("\"value\":{\"female\":3}", "\"value\":3"),
            ("\"unit\":\"fee\"", "\"unit\":\"price\""),
            ("\"unit\":\"visits\",\"value\":2", "\"unit\":\"visits\",\"value\":2.5"),
            ("\"base\":20", "\"base\":\"20\""), ("\"seq\":6", "\"seq\":-6"),
            ("\"seq\":2,", "\"seq\":3,"), ("\"context\":{", "\"context\":[],\"was\":{"),
            ("\"changes\":[", "\"changes\":{},\"was\":["),
        ]
        return mistakes.map { right, wrong in
            let form = everything.replacingOccurrences(of: right, with: wrong)
            var path = ""
            do {
                _ = try ExchangeDocument(schema: schema).request(Array(form.utf8))
            } catch let fault as ExchangeDocument.Fault {
                path = fault.path
            } catch {
                path = "\(error)"
            }
            return ["form": parsed(form), "path": path]
        }
    }

    private static var asking: String {
        "{\"incarnation\":\"\(incarnation)\",\"schema\":\"\(tag)\",\"epoch\":null,\"sealed\":0,"
            + "\"positions\":{\"\(WireFixture.village)\":9007199254740991},\"batch\":null}"
    }

    /// As the hub reads it.
    private static func says(_ form: String) -> [String: Any] {
        guard let read = try? ExchangeDocument(schema: schema).request(Array(form.utf8)) else {
            return [:]
        }
        let ids = (read.batch?.references ?? []).compactMap { reference in
            if case .id(let id) = reference { id } else { nil }
        }
        var request = ExchangeRequest(
            schema: read.schema, epoch: read.epoch, positions: read.positions,
            incarnation: read.incarnation, sealed: read.sealed ?? 0, held: read.held,
            batch: read.batch?.resolved(ids))
        request.replyBytesMax = read.replyBytesMax
        request.pulls = read.stands.pulls
        var says = WireDocument.of(request) { _ in nil }
        says["sealed"] = read.sealed ?? WireVector.null
        return says
    }

    // MARK: Replies

    private static var replies: [ExchangeReply] {
        var reply = WireFixture.reply
        reply.schemaDocument = nil
        // The JSON form has none of these.
        reply.sums = []
        reply.checked = nil
        reply.audit = []
        reply.covered = nil
        reply.records = [
            delta(
                1, .whole,
                [
                    (2, [.text("虚构甲")]), (3, [.integer(1_250)]),
                    (40, [.integer(1), .null]), (6, [.text("[\"b\"]")]),
                ]),
            delta(5_000, .alive, [(5, [.integer(7)])]), delta(2, .deleted, []),
            delta(3, .left, []),
        ]
        var fork = ReplyFixture.fork
        fork.schemaDocument = schemaDocument
        return [reply, fork, ReplyFixture.gap, ReplyFixture.idle].map { reply in
            // As a hub answers: where no more is to come, a head is the position.
            var reply = reply
            reply.heads = reply.positions.merging(reply.heads) { $1 }
            return reply
        }
    }

    private static func delta(
        _ number: Int64, _ presence: RecordDelta.Presence, _ units: [(Int, [Value])]
    ) -> RecordDelta {
        RecordDelta(
            scope: WireFixture.village, number: RecordNumber(number),
            id: presence == .alive ? nil : WireFixture.record(UInt64(number)),
            type: TypeNumber(2), presence: presence,
            units: units.map { UnitDelta(unit: UnitNumber($0.0), value: UnitValue($0.1)) })
    }

    private static func text(of bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private static func parsed(_ text: String) -> Any { WireVector.parsed(text) }
}
