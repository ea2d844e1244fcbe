import Foundation
import Testing

/// Codes that are wrong, old or spent, and addresses of something else: a
/// join that fails leaves no half of a device behind.
@Suite struct WrongInputEnrolmentTests {
    private let district: District

    init() throws { district = try District() }

    @Test func aMistypedCodeIsRefusedAndTheRightOneWorks() throws {
        let code = try district.code()
        var letters = Array(code)
        letters[0] = letters[0] == "A" ? "B" : "A"
        expectNoDevice(
            after: try join(code: String(letters)), saying: "code",
            advising: "mistyped character")
        try district.done([
            "node", "join", "--data", district.folder.file("node"), "--hub", district.url,
            "--code", code,
        ])
    }

    @Test func aCodeThatIsTooShortIsRefusedBeforeAnyNetwork() throws {
        try district.stopHub()
        expectNoDevice(
            after: try join(code: "ABCD-EFGH"), saying: "ABCD-EFGH",
            advising: "32 letters and digits")
    }

    @Test func aUsedCodeIsRefused() throws {
        let code = try district.code()
        let first = ["node", "join", "--hub", district.url, "--code", code]
        try district.done(first + ["--data", district.folder.file("first")])
        expectNoDevice(
            after: try join(code: code), saying: "used already", advising: "new code")
        let devices = try district.ask(["hub", "devices", "--data", district.hubData])
        #expect(devices.elements.count == 1)
    }

    @Test func anExpiredCodeIsRefused() throws {
        let code = try district.code()
        try district.stopHub()
        district.environment = try Faketime.environment("+2d")
        try district.startHub()
        expectNoDevice(after: try join(code: code), saying: "expired", advising: "new code")
    }

    @Test func anotherHubIsRefusedAlthoughItIsAHub() throws {
        let other = try District()
        let code = try district.code()
        let result = try join(code: code, hub: other.url)
        expectNoDevice(after: result, saying: other.url, advising: "hint: ")
        let devices = try other.ask(["hub", "devices", "--data", other.hubData])
        #expect(devices.elements.isEmpty)
    }

    @Test func aPageOfANetworksOwnIsNotTakenForTheHub() throws {
        let portal = try Portal()
        let code = try district.code()
        let result = try join(code: code, hub: portal.url)
        // A portal in a café goes away when one signs in: try later.
        expectRefused(result, 75, saying: [portal.url, "hint: "])
        #expect(!FileManager.default.fileExists(atPath: nodeDocument))
        try district.done([
            "node", "join", "--data", district.folder.file("node"), "--hub", district.url,
            "--code", code,
        ])
    }

    @Test func anAddressThatIsNoneIsWrongUsage() throws {
        let result = try join(code: try district.code(), hub: "hub.example")
        expectRefused(result, 64, saying: ["hub.example", "http://HOST:PORT"])
    }

    @Test func aHubThatIsDownDoesNotSpendTheCode() throws {
        let code = try district.code()
        try district.stopHub()
        expectRefused(
            try join(code: code), 75, saying: [district.url, "try again when there is a network"])
        #expect(!FileManager.default.fileExists(atPath: nodeDocument))
        try district.startHub()
        #expect(try join(code: code).status == 0)
    }

    @Test func aCodeForAGridThatDoesNotExistIsNotIssued() throws {
        let result = try district.run([
            "hub", "enrol", "--scope", "999999", "--holder", "虚构李某", "--data", district.hubData,
        ])
        expectRefused(result, saying: ["999999", "fieldgrid record list grid"])
    }

    private var nodeDocument: String { district.folder.file("node/node.json") }

    private func join(code: String, hub: String? = nil) throws -> Fieldgrid.Result {
        try district.run([
            "node", "join", "--data", district.folder.file("node"), "--hub", hub ?? district.url,
            "--code", code,
        ])
    }

    private func expectNoDevice(
        after result: Fieldgrid.Result, saying sentence: String, advising advice: String,
        location: SourceLocation = #_sourceLocation
    ) {
        expectRefused(result, saying: [sentence, advice], location: location)
        #expect(
            !FileManager.default.fileExists(atPath: district.folder.file("node")),
            "a refused join left a folder", sourceLocation: location)
    }
}
