import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Testing

@testable import FieldgridCommand

@Suite struct ErrorReportTests {
    @Test func anUnreachableHubIsExitCode75() {
        let failure = HubFailure.unreachable(reason: "no route", mayHaveArrived: false)
        #expect(ErrorReport(failure)?.status == .unreachable)
        #expect(ErrorReport(failure)?.hint?.contains("Nothing is lost") == true)
    }

    @Test func aRefusalByTheHubIsExitCode1() {
        let refusal = HubFailure.Refusal(
            status: 403, code: "device.revoked", message: "revoked", hint: "ask")
        #expect(ErrorReport(HubFailure.refused(refusal))?.status == .failed)
    }

    @Test func aHubThatIsBusyIsTriedLater() {
        let refusal = HubFailure.Refusal(
            status: 503, code: "hub.busy", message: "busy", hint: "later")
        #expect(ErrorReport(HubFailure.refused(refusal))?.status == .unreachable)
    }

    @Test func codesSurviveTheWayThroughAServer() {
        let error = HubError(code: "scope.unknown", message: "m", hint: "h")
        #expect(ServiceError.of(error) == ServiceError("scope.unknown", "m", hint: "h"))
    }

    @Test(arguments: [
        ("out is there already", "out is there already."),
        ("employers cannot be read: no right", "employers cannot be read: no right."),
        ("--from is no number", "--from is no number."),
        ("employer 01a2 is not here", "employer 01a2 is not here."),
        ("phone is given twice.", "phone is given twice."),
        ("the record is gone", "The record is gone."),
        ("there is no hub database at hub", "There is no hub database at hub."),
        ("“甲” 是名称。", "“甲” 是名称。"),
    ])
    func aMessageThatBeginsWithANameKeepsIt(_ message: String, _ sentence: String) {
        #expect(ErrorReport.sentence(message) == sentence)
    }

    @Test(arguments: [
        ("send them again", "Send them again."),
        ("`fieldgrid node sync` brings it", "`fieldgrid node sync` brings it."),
        ("wang.fgb is enough", "wang.fgb is enough."),
    ])
    func aHintBeginsWithACapitalUnlessWithAName(_ hint: String, _ sentence: String) {
        #expect(ErrorReport.advice(hint) == sentence)
    }

    @Test func anUnknownFolderSaysWhatToRunFirst() throws {
        let error = #expect(throws: ServiceError.self) {
            try FolderKind.of("/nowhere-at-all")
        }
        #expect(error?.hint?.contains("hub init") == true)
    }
}
