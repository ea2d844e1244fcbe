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

    @Test func anUnknownFolderSaysWhatToRunFirst() throws {
        let error = #expect(throws: ServiceError.self) {
            try FolderKind.of("/nowhere-at-all")
        }
        #expect(error?.hint?.contains("hub init") == true)
    }
}
