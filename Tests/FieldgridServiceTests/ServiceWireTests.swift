import FieldgridModel
import FieldgridService
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
