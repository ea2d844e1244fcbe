import Fieldgrid
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The way to the hub by the platform's own HTTP, in the place of libcurl.
struct SessionTransport: HubTransport {
    let session: URLSession

    func send(_ request: HubRequest) async throws -> HubAnswer {
        guard let url = URL(string: request.url) else { throw URLError(.badURL) }
        var outgoing = URLRequest(url: url)
        outgoing.httpMethod = request.method
        outgoing.timeoutInterval = TimeInterval(request.timeoutSeconds)
        if request.method == "POST" { outgoing.httpBody = Data(request.body) }
        for header in request.headers {
            outgoing.setValue(header.value, forHTTPHeaderField: header.name)
        }
        let (data, response) = try await session.data(for: outgoing)
        guard let response = response as? HTTPURLResponse else {
            throw URLError(.badServerResponse)
        }
        return HubAnswer(
            status: response.statusCode,
            headers: response.allHeaderFields.map {
                HTTPHeader(name: "\($0.key)", value: "\($0.value)")
            }, body: Array(data))
    }
}
