import FieldgridSync
import HTTPTypes
import Hummingbird
import NIOCore

/// Translates between Hummingbird and the ``FrontDoor``, and does nothing
/// else.
struct HubResponder: HTTPResponder {
    let door: FrontDoor
    let origin: RequestOrigin

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let body = request.body
        let incoming = IncomingRequest(
            target: RequestTarget(
                method: request.method.rawValue, target: request.head.path ?? "/"),
            headers: request.headers.map { HeaderField($0.name.canonicalName, $0.value) },
            origin: origin,
            body: { limit in
                do {
                    return Array(try await body.collect(upTo: limit).readableBytesView)
                } catch is NIOTooManyBytesError {
                    throw HubError.tooLarge(limit: limit)
                }
            })
        return Self.response(try await door.answer(incoming))
    }

    private static func response(_ answer: HubAnswer) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        headers[.cacheControl] = "no-store"
        for field in answer.headers {
            guard let name = HTTPField.Name(field.name) else { continue }
            headers.append(HTTPField(name: name, value: field.value))
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
