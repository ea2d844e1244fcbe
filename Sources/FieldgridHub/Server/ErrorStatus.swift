import FieldgridSync

/// Which HTTP status each error code is answered with: the one place that
/// knows both.
enum ErrorStatus {
    static let internalError = 500

    static let byCode: [String: Int] = [
        // What the request is.
        "request.malformed": 400, "request.media-type": 400, "wire.malformed": 400,
        "batch.altered": 400,
        "request.too-large": 413, "wire.too-large": 413,
        "route.unknown": 404, "record.unknown": 404,
        // Who asks.
        "signature.missing": 401, "signature.altered": 401, "signature.wrong-time": 401,
        "digest.mismatch": 401, "device.unknown": 401,
        "signature.key-unexpected": 401,
        "device.revoked": 403, "role.forbidden": 403, "scope.forbidden": 403,
        "incarnation.foreign": 403,
        // Enrolment.
        "enrol.code-wrong": 403, "enrol.code-expired": 403, "enrol.code-used": 409,
        "enrol.too-many-tries": 429,
        // What it refers to.
        "record.number-unknown": 409, "scope.unknown": 404,
        // Where there is no snapshot, an exchange is as good.
        "snapshot.gone": 404, "snapshot.failed": 404,
        "attachment.unknown": 404, "attachment.unnamed": 409,
        "attachment.damaged": 409, "attachment.type": 415, "attachment.too-large": 413,
        // The hub's own state.
        "hub.busy": 503, "hub.stopping": 503, "storage.busy": 503,
        "storage.full": 507,
    ]

    /// 500 for a code that has no line above: it was not meant for the other
    /// side to act on.
    static func of(_ code: String) -> Int { byCode[code] ?? internalError }
}

extension HubError {
    init(_ problem: SignatureProblem) {
        self.init(code: problem.code, message: problem.message, hint: problem.hint)
    }

    init(_ error: WireError) {
        let code =
            switch error {
            case .tooLarge, .tooMany: "wire.too-large"
            default: "wire.malformed"
            }
        self.init(
            code: code, message: error.description,
            hint: "Nothing of it was applied.")
    }

    static func tooLarge(limit: Int) -> HubError {
        HubError(
            code: "request.too-large",
            message: "The body is larger than \(limit) bytes.",
            hint: "Send less at once.")
    }

    static func malformed(_ what: String, hint: String) -> HubError {
        HubError(code: "request.malformed", message: what, hint: hint)
    }
}
