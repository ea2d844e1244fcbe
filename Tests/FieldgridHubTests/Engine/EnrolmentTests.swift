import FieldgridHub
import FieldgridModel
import FieldgridSync
import Testing

@Suite struct EnrolmentTests {
    private func claim(_ issued: IssuedCode, seed: UInt64) -> EnrolmentClaim {
        var random = SeededRandom(seed: seed)
        let key = DeviceKey.generate(using: &random)
        return EnrolmentClaim(
            publicKey: key.publicKey, lookup: issued.code.lookup, nonce: [1, 2],
            proof: issued.code.key.proof(of: key.publicKey, nonce: [1, 2]), name: "t",
            platform: "linux")
    }

    private func issue(_ hub: TestHub) throws -> IssuedCode {
        try hub.hub.issueCode(
            scope: TestHub.village, holder: "虚构·甲", role: .assistant, hubKey: hub.key.publicKey)
    }

    private func failure(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return (error as? HubError)?.code }
    }

    @Test func aCodeServesOneDevice() throws {
        let hub = try TestHub()
        let issued = try issue(hub)
        _ = try hub.hub.enrol(claim(issued, seed: 1), hubKey: hub.key.publicKey)
        let second = claim(issued, seed: 2)
        #expect(
            failure { _ = try hub.hub.enrol(second, hubKey: hub.key.publicKey) }
                == "enrol.code-used")
    }

    @Test func theSameDeviceIsAnsweredAgainWhenTheAnswerWasLost() throws {
        let hub = try TestHub()
        let issued = try issue(hub)
        let first = try hub.hub.enrol(claim(issued, seed: 1), hubKey: hub.key.publicKey)
        let again = try hub.hub.enrol(claim(issued, seed: 1), hubKey: hub.key.publicKey)
        #expect(again == first)
    }

    @Test func anExpiredCodeIsRefused() throws {
        let hub = try TestHub()
        let issued = try issue(hub)
        hub.clock.advance(minutes: 24 * 60 + 1)
        #expect(
            failure { _ = try hub.hub.enrol(claim(issued, seed: 1), hubKey: hub.key.publicKey) }
                == "enrol.code-expired")
    }

    @Test func aCodeThatWasNeverIssuedIsRefused() throws {
        let hub = try TestHub()
        var random = SeededRandom(seed: 5)
        let code = EnrolmentCode.generate(for: hub.key.publicKey, using: &random)
        let invented = IssuedCode(code: code, expiresAt: .max)
        #expect(
            failure { _ = try hub.hub.enrol(claim(invented, seed: 1), hubKey: hub.key.publicKey) }
                == "enrol.code-wrong")
    }

    @Test func aCodeForAGridThatDoesNotExistIsNotIssued() throws {
        let hub = try TestHub()
        #expect(
            failure {
                _ = try hub.hub.issueCode(
                    scope: ScopeCode("999"), holder: "虚构·甲", role: .assistant,
                    hubKey: hub.key.publicKey)
            } == "scope.unknown")
    }

    @Test func aRevokedDeviceIsMarkedAtOnceAndStaysListed() throws {
        let hub = try TestHub()
        let device = try hub.enrol("虚构·甲")
        _ = try hub.hub.revoke(device.node.description)
        #expect(try hub.hub.device(keyID: device.keyID)?.revokedAt == hub.clock.milliseconds)
        #expect(try hub.hub.devices().count == 1)
    }

    @Test func aDeviceIsARecordOfItsScope() throws {
        let hub = try TestHub()
        let device = try hub.enrol("虚构·甲")
        let type = try hub.type("device")
        let state = try #require(type.field(named: "state")).number
        let id = RecordID(device.node.bits)
        #expect(try hub.hub.record(id, type: type)?.scope == TestHub.village)
        #expect(try hub.hub.record(id, type: type)?.values[state] == .text("active"))
        _ = try hub.hub.revoke(device.keyID)
        #expect(try hub.hub.record(id, type: type)?.values[state] == .text("revoked"))
    }
}
