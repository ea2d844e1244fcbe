package import FieldgridModel
package import FieldgridSync
import Foundation

/// What a device knows of its hub before it trusts an answer.
package enum HubIdentity: Hashable, Sendable {
    case key(DevicePublicKey)
    /// From an enrolment code; the answer brings the key.
    case fingerprint(KeyFingerprint)
}

/// What a conversation has cost, as `node sync` reports it.
package struct Traffic: Hashable, Sendable {
    package var requests = 0
    /// Bodies only.
    package var bytesUp = 0
    package var bytesDown = 0

    package init() {}
}

/// A device's side of every conversation with its hub: each request signed,
/// each answer believed only after the hub's signature is checked.
///
/// A wrong clock costs one more request, once: the refusal brings the hub's
/// time, and only the signatures follow it, never the clock of the data.
package final class HubClient {
    private let transport: any HTTPTransport
    private let key: DeviceKey
    private let hub: HubIdentity
    private let clock: any WallClock
    private var random: RandomSource
    /// Hub time minus ours, milliseconds, as far as it mattered yet.
    package private(set) var clockOffset: Int64
    package private(set) var traffic = Traffic()

    package init(
        transport: any HTTPTransport, key: DeviceKey, hub: HubIdentity, clock: any WallClock,
        random: RandomSource, clockOffset: Int64 = 0
    ) {
        self.transport = transport
        self.key = key
        self.hub = hub
        self.clock = clock
        self.random = random
        self.clockOffset = clockOffset
    }

    /// Posts a body and returns that of the answer, which is of the same
    /// media type.
    ///
    /// `mayBeRepeated` is for what the hub takes once, however often it comes.
    package func post(
        _ path: String, query: String = "", contentType: String, body: [UInt8],
        mayBeRepeated: Bool = false
    ) throws(HubFailure) -> [UInt8] {
        let target = RequestTarget(method: "POST", path: path, query: query)
        return try send(
            target, contentType: contentType, body: body, mayBeRepeated: mayBeRepeated)
    }

    /// Fetches a JSON document.
    package func get(_ path: String) throws(HubFailure) -> [UInt8] {
        let target = RequestTarget(method: "GET", path: path)
        return try send(
            target, contentType: "application/json", body: [], mayBeRepeated: true)
    }

    /// Fetches a range of a file.
    package func range(
        _ path: String, from offset: Int, length: Int = RangedFile.rangeMax
    ) throws(HubFailure) -> [UInt8] {
        let target = RequestTarget(
            method: "GET", path: path, query: "from=\(offset)&length=\(length)")
        return try send(
            target, contentType: RangedFile.contentType, body: [], mayBeRepeated: true)
    }

    /// Sends a range of a file; without bytes, asks how much of it is there.
    package func send(
        _ range: [UInt8], to path: String, at offset: Int, of size: Int
    ) throws(HubFailure) -> [UInt8] {
        let target = RequestTarget(
            method: "POST", path: path, query: "from=\(offset)&size=\(size)")
        return try send(
            target, contentType: RangedFile.contentType, body: range, mayBeRepeated: true)
    }

    private func send(
        _ target: RequestTarget, contentType: String, body: [UInt8], mayBeRepeated: Bool
    ) throws(HubFailure) -> [UInt8] {
        var call = HTTPCall(target: target, body: body)
        call.mayBeRepeated = mayBeRepeated
        do throws(HubFailure) {
            return try attempt(call, contentType: contentType)
        } catch {
            guard case .refused(let refusal) = error, refusal.code == Self.wrongTime,
                let hubTime = refusal.hubTime
            else { throw error }
            clockOffset = hubTime - clock.milliseconds
            return try attempt(call, contentType: contentType)
        }
    }

    private static let wrongTime = SignatureProblem.wrongTime(
        hubMilliseconds: 0, createdMilliseconds: 0
    ).code

    private func attempt(
        _ unsigned: HTTPCall, contentType: String
    ) throws(HubFailure) -> [UInt8] {
        // An offset learnt while the clock stood decades ahead must not lead to a time before
        // 1970 once it is right again: no hub could read it and say what time it is.
        let signed = SignedRequest(
            unsigned.target, body: unsigned.body, key: key,
            milliseconds: max(0, clock.milliseconds + clockOffset),
            nonce: Base64.encode(RandomBytes.draw(16, using: &random)))
        var call = unsigned
        call.headers =
            [HeaderField("content-type", contentType), HeaderField("accept", contentType)]
            + signed.headers
        traffic.requests += 1
        traffic.bytesUp += call.body.count
        let answer = try send(call)
        traffic.bytesDown += answer.body.count
        do throws(SignatureProblem) {
            try signed.verifyResponse(
                status: answer.status, headers: answer.headers, body: answer.body,
                hubKey: try hubKey(in: answer))
        } catch {
            throw HubFailure(error, address: transport.address)
        }
        guard answer.status == 200 else { throw .refused(HubFailure.Refusal(answer)) }
        guard answer.mediaType == contentType else {
            throw .notFieldgrid(
                reason: "\(transport.address): the answer is of the type “\(answer.mediaType)”")
        }
        return answer.body
    }

    private func send(_ call: HTTPCall) throws(HubFailure) -> HTTPAnswer {
        do throws(TransportFailure) {
            return try transport.send(call)
        } catch {
            switch error {
            case .unreachable(let reason, let mayHaveArrived):
                throw .unreachable(reason: reason, mayHaveArrived: mayHaveArrived)
            case .notHTTP(let reason):
                throw .notFieldgrid(reason: "\(transport.address): \(reason)")
            case .interrupted: throw .interrupted
            }
        }
    }

    private func hubKey(in answer: HTTPAnswer) throws(SignatureProblem) -> DevicePublicKey {
        switch hub {
        case .key(let key): return key
        case .fingerprint(let expected):
            let texts = answer.headers.filter { $0.name == MessageSignature.hubKeyHeader }
            guard texts.count == 1, let key = DevicePublicKey(base64: texts[0].value) else {
                throw .missing("\(MessageSignature.hubKeyHeader) header")
            }
            guard key.fingerprint == expected else {
                throw .keyUnexpected(found: key.keyID, expected: expected.text)
            }
            return key
        }
    }
}

extension HubFailure.Refusal {
    /// Reads the JSON of a refusal; the status alone says something too.
    init(_ answer: HTTPAnswer) {
        struct Document: Decodable {
            var code: String
            var message: String
            var hint: String
            var time: Int64?
        }
        let document = try? JSONDecoder().decode(Document.self, from: Data(answer.body))
        self.init(
            status: answer.status, code: document?.code ?? "hub.status-\(answer.status)",
            message: document?.message ?? "The hub answered with status \(answer.status).",
            hint: document?.hint ?? "Nothing is lost; ask the hub's operator.",
            hubTime: document?.time)
    }
}
