import FieldgridSync
import Foundation
import Logging

/// Where a request came in.
enum RequestOrigin: Sendable {
    case network
    /// The folder's socket: whoever can open it may open the folder.
    case folder
}

/// A request whose body has not been collected.
struct IncomingRequest: Sendable {
    var target: RequestTarget
    var headers: [HeaderField]
    var origin: RequestOrigin
    /// Collects at most so many bytes.
    ///
    /// Throws `request.too-large` beyond.
    var body: @Sendable (_ limit: Int) async throws -> [UInt8]

    /// The media type without its parameters.
    var mediaType: String {
        let value = headers.first { $0.name == "content-type" }?.value ?? ""
        return value.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

/// Every request to the hub: what it is, who asks, and only then what it says.
///
/// The checks go from cheap to dear: route, declared length, media type,
/// form of the signature, its time, the device, the signature; after these
/// the body is collected, its digest checked, and only then is it parsed.
/// Every answer to a request with a signature is signed, refusals too.
struct FrontDoor: Sendable {
    enum Limit {
        /// A frame of the largest body, should it not have been compressed; as JSON, the same.
        static let exchange = ExchangeRequest.Limit.bodyBytes + 64
        static let service = 16 << 20
        static let enrolment = 16 << 10
    }

    let hub: any HubOperations
    let lane: BlockingLane
    let bell: Bell
    /// For what takes long and reads only.
    let files: BlockingLane
    let logger: Logger

    func answer(_ request: IncomingRequest) async throws -> HubAnswer {
        let signature = Result { () throws(SignatureProblem) in
            try ReceivedSignature(request.target, headers: request.headers)
        }
        var answer: HubAnswer
        do {
            answer = try await route(request, signature: signature)
        } catch let error as CancellationError {
            throw error
        } catch let error as HubError {
            answer = refuse(error)
        } catch let error as SignatureProblem {
            answer = refuse(HubError(error))
        } catch let error as WireError {
            answer = refuse(HubError(error))
        } catch {
            answer = refuse(unexpected(error, at: request.target.path))
        }
        if request.target.path == Self.enrolmentPath {
            let key = hub.hubKey.publicKey.base64
            answer.headers.append(HeaderField(MessageSignature.hubKeyHeader, key))
        }
        if case .success(let signature) = signature {
            answer.headers += signature.signResponse(
                status: answer.status, body: answer.body, key: hub.hubKey,
                milliseconds: hub.now())
        }
        return answer
    }

    private func route(
        _ request: IncomingRequest, signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> HubAnswer {
        switch (request.target.method, request.target.path) {
        case ("GET", "/health"):
            return try HubAnswer(json: HealthDocument(hub.health, hubMilliseconds: hub.now()))
        case ("GET", "/sync/v1/time"):
            return try HubAnswer(json: TimeDocument(time: hub.now()))
        case ("POST", Self.enrolmentPath):
            return try await enrol(request, signature: signature.get())
        case ("POST", "/sync/v1/exchange"):
            return try await exchange(request, signature: signature)
        case ("POST", "/v1/service"):
            return try await perform(request, signature: signature)
        default:
            if let answer = try await file(request, signature: signature) { return answer }
            throw HubError(
                code: "route.unknown",
                message: "A hub answers nothing under this method and path.",
                hint: "Check the address; the wire format lists what a hub answers.")
        }
    }

    private func exchange(
        _ request: IncomingRequest, signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> HubAnswer {
        try checkLength(request, limit: Limit.exchange)
        let isJSON =
            try checkMediaType(
                request, anyOf: [ExchangeCodec.contentType, HubAnswer.json]) == HubAnswer.json
        let signature = try signature.get()
        let device = try await device(behind: signature)
        let body = try await request.body(Limit.exchange)
        try signature.checkBody(body)
        if isJSON {
            return HubAnswer(
                json: try await change { [hub] in try hub.exchangeJSON(body, device: device) })
        }
        let seconds = try waitSeconds(in: request.target.query)
        return HubAnswer(exchange: try await exchange(body, device, waitingUpTo: seconds))
    }

    private func perform(
        _ request: IncomingRequest, signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> HubAnswer {
        try checkLength(request, limit: Limit.service)
        _ = try checkMediaType(request, anyOf: [HubAnswer.json])
        guard request.origin == .network else {
            let body = try await request.body(Limit.service)
            return HubAnswer(
                json: try await change { [hub] in
                    try hub.perform(body, device: nil)
                })
        }
        let signature = try signature.get()
        let device = try await device(behind: signature)
        let body = try await request.body(Limit.service)
        try signature.checkBody(body)
        return HubAnswer(
            json: try await change { [hub] in
                try hub.perform(body, device: device)
            })
    }

    /// The request is signed with the key that it introduces, so the body is
    /// read before the signature can be checked; it is short.
    private func enrol(
        _ request: IncomingRequest, signature: ReceivedSignature
    ) async throws -> HubAnswer {
        try checkLength(request, limit: Limit.enrolment)
        _ = try checkMediaType(request, anyOf: [HubAnswer.json])
        try signature.checkTime(hubMilliseconds: hub.now())
        let body = try await request.body(Limit.enrolment)
        try signature.checkBody(body)
        let decoded = try? JSONDecoder().decode(EnrolmentRequest.self, from: Data(body))
        guard let claim = decoded?.claim else {
            throw HubError.malformed(
                "The body is not an enrolment.",
                hint: "Use `fieldgrid node join` of the hub's version.")
        }
        try signature.checkSignature(by: claim.publicKey)
        return try HubAnswer(json: try await change { [hub] in try hub.enrol(claim) })
    }

    private static let enrolmentPath = "/sync/v1/enrol"

    func device(behind signature: ReceivedSignature) async throws -> EnrolledDevice {
        try signature.checkTime(hubMilliseconds: hub.now())
        let keyID = signature.keyID
        guard let device = try await lane.run({ [hub] in try hub.device(keyID: keyID) }) else {
            throw SignatureProblem.deviceUnknown(keyID: keyID)
        }
        try signature.checkSignature(by: device.publicKey)
        guard !device.isRevoked else { throw SignatureProblem.deviceRevoked(keyID: keyID) }
        return device
    }

    func checkLength(_ request: IncomingRequest, limit: Int) throws {
        guard let declared = request.headers.first(where: { $0.name == "content-length" }) else {
            return
        }
        guard let length = Int(declared.value), length <= limit else {
            throw HubError.tooLarge(limit: limit)
        }
    }

    func checkMediaType(
        _ request: IncomingRequest, anyOf types: [String]
    ) throws -> String {
        let type = request.mediaType
        guard types.contains(type) else {
            throw HubError(
                code: "request.media-type",
                message: "The body is of another media type than \(types.joined(separator: ", ")).",
                hint: "Set the Content-Type header.")
        }
        return type
    }

    private func refuse(_ error: HubError) -> HubAnswer {
        HubAnswer(error, hubMilliseconds: hub.now())
    }

    /// The reason stays in the log: it may name what the other side may not
    /// know.
    private func unexpected(_ error: any Error, at path: String) -> HubError {
        logger.error("request failed", metadata: ["path": "\(path)", "error": "\(error)"])
        return HubError(
            code: "hub.internal", message: "The hub could not carry this out.",
            hint: "Nothing of it was applied. The hub's log has the reason.")
    }
}
