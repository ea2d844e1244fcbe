import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Testing

@Suite struct ServiceWireTests {
    static let requests: [ServiceRequest] = [
        .schema,
        .record(ask: .create(type: "employer", fields: ["name=甲"], scope: nil, source: .onSite)),
        .record(ask: .list(type: "employer", conditions: [], skip: 2, limit: nil)),
        .conflicts(
            ask: .resolveAll(
                conditions: ["unit=phone"], choice: .side(number: 2), note: nil, preview: true)),
        .tasks(period: "2026H2", openOnly: true),
        .refresh(ask: .run),
        .hub(ask: .enrol(scope: "220602", holder: "虚构", role: "assistant")),
        .node(ask: .sync(attachmentBudget: 7, waitSeconds: 3)),
    ]

    @Test(arguments: requests)
    func aRequestArrivesAsItWasSent(_ request: ServiceRequest) throws {
        #expect(try ServiceWire.request(try ServiceWire.encode(request)) == request)
    }

    @Test func keysTravelInSnakeCase() throws {
        let bytes = try ServiceWire.encode(.tasks(period: nil, openOnly: true))
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"tasks\":{\"open_only\":true}}")
    }

    @Test(arguments: [true, false])
    func theJSONFormOfAnExchangeSettlesAndTakesBack(takesBack: Bool) throws {
        let (life, record) = (
            "01930000-0000-7000-8000-000000000001", "01930000-0000-7000-8000-000000000002"
        )
        let body = """
            {"incarnation":"\(life)","schema":"00","positions":{},"sealed":1,"batch":{
            "changesets":[{"seq":1,"author":"虚构王某","time":117665078776823808,
            "source":"on_site","epoch":"\(life)","context":{"220602":1},"changes":[
            {"type":"grid","record":"\(record)","unit":"name","value":"虚构","seen_through":1,
            "settles":{"conflict":"\(record)","sides":[{"incarnation":"\(life)","seq":7}],
            "note":"虚构","takes_back":\(takesBack)}}]}]}}
            """
        let request = try ExchangeDocument(schema: SchemaReader.read(files: EmbeddedFiles.schema))
            .request(Array(body.utf8))
        let id = try #require(RecordID(record))
        let batch = try #require(request.batch).resolved([id])
        let change = try #require(batch.changesets.first?.changes.first)
        let incarnation = try #require(IncarnationID(life))
        #expect(
            change.settles
                == Settlement(
                    conflict: id, sides: [ChangesetIdentity(incarnation: incarnation, seq: 7)],
                    note: "虚构", isUndo: takesBack))
        #expect(change.seenThrough == Position(1))
        #expect(batch.changesets.first?.time.raw == 117_665_078_776_823_808)
    }

    @Test func anythingElseIsMalformed() {
        #expect(throws: ServiceError.self) { try ServiceWire.request(Array("{}".utf8)) }
    }

    @Test func aReplyKeepsTheOrderOfItsKeys() throws {
        let reply = ServiceReply(
            .object(["z": .integer(1), "a": .number("1.50"), "ü": .text("引\"\\\n")]),
            needsPerson: true, notes: ["n"])
        #expect(try ServiceWire.reply(ServiceWire.encode(.success(reply))) == reply)
    }

    @Test func aRefusalArrivesAsTheSameError() {
        let error = ServiceError("x.y", "what", hint: "do", exitStatus: .unreachable)
        let thrown = #expect(throws: ServiceError.self) {
            try ServiceWire.reply(ServiceWire.encode(.failure(error)))
        }
        #expect(thrown == error)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\":}", "01x", "\"\\ud800\"", "[1] 2", "nul"])
    func brokenJSONIsRefused(_ text: String) {
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(text) }
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONReader.Failure.self) { try JSONReader.read(deep) }
    }

    @Test func escapesAreRead() throws {
        let value = try JSONReader.read(#"{"a":"\u4e2d\ud83d\ude00\t\/"}"#)
        #expect(value["a"] == .text("中😀\t/"))
    }
}
