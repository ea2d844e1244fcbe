import Foundation

/// What a folder answers: one JSON document, and whether something in it
/// waits for a person.
package struct ServiceReply: Hashable, Sendable {
    package var document: JSONValue
    package var needsPerson: Bool
    /// Sentences for stderr: done, but worth knowing.
    package var notes: [String]

    package init(_ document: JSONValue, needsPerson: Bool = false, notes: [String] = []) {
        self.document = document
        self.needsPerson = needsPerson
        self.notes = notes
    }
}

/// Requests and replies as the bytes that travel between processes.
///
/// A reply is `{"needs_person": …, "notes": […], "document": …}`, a refusal
/// `{"error": {"code", "message", "hint", "exit_status"}}`.
package enum ServiceWire {
    package static func encode(_ request: ServiceRequest) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(request))
    }

    /// - throws: ``ServiceError`` when the bytes are no request.
    package static func request(_ bytes: [UInt8]) throws(ServiceError) -> ServiceRequest {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(ServiceRequest.self, from: Data(bytes))
        } catch {
            throw ServiceError(
                "request.malformed", "The request is not one this program understands.",
                hint: "Use the same version of fieldgrid on both sides.")
        }
    }

    package static func encode(_ reply: Result<ServiceReply, ServiceError>) -> [UInt8] {
        switch reply {
        case .success(let reply):
            return JSONValue.object([
                "needs_person": .bool(reply.needsPerson), "notes": .texts(reply.notes),
                "document": reply.document,
            ]).bytes
        case .failure(let error):
            return JSONValue.object([
                "error": .object([
                    "code": .text(error.code), "message": .text(error.message),
                    "hint": .optional(error.hint),
                    "exit_status": .integer(Int64(error.exitStatus.rawValue)),
                ])
            ]).bytes
        }
    }

    /// - throws: the ``ServiceError`` that the other side answered with, or
    ///   one of our own when the bytes are no reply.
    package static func reply(_ bytes: [UInt8]) throws(ServiceError) -> ServiceReply {
        guard let envelope = try? JSONReader.read(bytes) else { throw .notAReply }
        let error = envelope["error"]
        if let code = error["code"].text, let message = error["message"].text {
            let status = error["exit_status"].integer.flatMap {
                ExitStatus(rawValue: Int32(truncatingIfNeeded: $0))
            }
            throw ServiceError(
                code, message, hint: error["hint"].text, exitStatus: status ?? .failed)
        }
        guard let needsPerson = envelope["needs_person"].bool else { throw .notAReply }
        return ServiceReply(
            envelope["document"], needsPerson: needsPerson,
            notes: envelope["notes"].elements.compactMap(\.text))
    }
}

extension ServiceError {
    fileprivate static var notAReply: ServiceError {
        ServiceError(
            "reply.malformed", "The server's answer is not one this program understands.",
            hint: "Use the same version of fieldgrid on both sides.")
    }

    /// What a request that failed in an unforeseen way is answered with.
    package static func unexpected(_ error: any Error) -> ServiceError {
        (error as? ServiceError) ?? ServiceError("unexpected", String(describing: error))
    }
}
