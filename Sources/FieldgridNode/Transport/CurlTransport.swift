import CCurl
import FieldgridSync
import Foundation

/// HTTP through libcurl, one request after the other on one connection.
///
/// - No redirects: a captive portal's page must not pass for an answer.
/// - Every wait is bounded: for the connection, for acknowledgement, for
///   bytes, and in total.
/// - Where nothing comes back the next connections use small packets: some
///   links lose large ones without a word.
/// - An answer is cut off at ``Limits/answerBytes``.
/// - Another thread can end a request at once.
///
/// Not to be used from two threads at the same time.
package final class CurlTransport: InterruptibleTransport {
    package struct Limits: Hashable, Sendable {
        package var connectMilliseconds = 10_000
        /// When nothing is acknowledged for so long, the link is dead.
        ///
        /// The machine of a hub that thinks acknowledges, and a slow link
        /// does now and then.
        package var unacknowledgedMilliseconds = 25_000
        /// With less than a byte a second for so long the hub is given up: it
        /// may hold an answer back for 30.
        package var silentSeconds = 50
        package var totalSeconds = 900
        package var answerBytes = 64 << 20

        package init() {}

        /// To see whether somebody is there, while a person waits.
        package static let quick: Limits = {
            var limits = Limits()
            limits.connectMilliseconds = 3_000
            limits.totalSeconds = 5
            return limits
        }()
    }

    private let handle: OpaquePointer?
    private let loop = CurlLoop()
    private let base: String
    private let limits: Limits
    private let place: String
    private var usesSmallPackets = false
    package var address: String { place }

    /// Talks to a hub over the network.
    package convenience init(hub: HubAddress, limits: Limits = Limits()) {
        self.init(base: hub.text, place: hub.text, limits: limits)
        if hub.isLoopback { set(CURLOPT_PROXY, "") }
    }

    /// Talks to the process that owns a folder on this machine.
    package convenience init(socketPath: String, limits: Limits = Limits()) {
        self.init(base: "http://folder", place: socketPath, limits: limits)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_UNIX_SOCKET_PATH, socketPath)
    }

    private init(base: String, place: String, limits: Limits) {
        _ = Self.library
        handle = curl_easy_init().map { OpaquePointer($0) }
        self.base = base
        self.place = place
        self.limits = limits
        setConstants()
    }

    deinit { curl_easy_cleanup(raw) }

    /// Fits into the 576 bytes that every link carries.
    private static let smallSegment: Int32 = 536
    /// Seconds of silence after which the other machine is asked whether it is there, and between
    /// two such questions.
    private static let (askedAfter, askedEvery) = (10, 5)

    private static let library = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    private var raw: UnsafeMutableRawPointer? { handle.map { UnsafeMutableRawPointer($0) } }

    private func setConstants() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_USERAGENT, "fieldgrid")
        set(CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds)
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, limits.silentSeconds)
        set(CURLOPT_TIMEOUT, limits.totalSeconds)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, Self.askedAfter)
        set(CURLOPT_TCP_KEEPINTVL, Self.askedEvery)
        fieldgrid_curl_set_pointer(
            raw, CURLOPT_SOCKOPTDATA, Unmanaged.passUnretained(self).toOpaque())
        fieldgrid_curl_set_socket_callback(raw) { context, socket, _ in
            guard let context else { return CURL_SOCKOPT_ERROR }
            Unmanaged<CurlTransport>.fromOpaque(context).takeUnretainedValue().prepare(socket)
            return CURL_SOCKOPT_OK
        }
        fieldgrid_curl_set_callback(raw, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            Reception.of(context).receiveBody(bytes, size * count)
        }
        fieldgrid_curl_set_callback(raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            Reception.of(context).receiveHeader(bytes, size * count)
        }
    }

    private func prepare(_ socket: curl_socket_t) {
        fieldgrid_socket_give_up_after(socket, Int32(limits.unacknowledgedMilliseconds))
        if usesSmallPackets { fieldgrid_socket_limit_segments(socket, Self.smallSegment) }
    }

    package func send(
        _ call: HTTPCall, until interruption: Interruption
    ) throws(TransportFailure) -> HTTPAnswer {
        let knewAnotherWay = !usesSmallPackets
        do throws(TransportFailure) {
            return try attempt(call, until: interruption)
        } catch {
            guard call.mayBeRepeated, knewAnotherWay, usesSmallPackets else { throw error }
            return try attempt(call, until: interruption)
        }
    }

    private func attempt(
        _ call: HTTPCall, until interruption: Interruption
    ) throws(TransportFailure) -> HTTPAnswer {
        let reception = Reception(limit: limits.answerBytes)
        let start = ContinuousClock.now
        let query = call.target.query.isEmpty ? "" : "?" + call.target.query
        set(CURLOPT_URL, base + call.target.path + query)
        let isPost = call.target.method == "POST"
        set(isPost ? CURLOPT_POST : CURLOPT_HTTPGET, 1)
        let code = withHeaders(call.headers) {
            call.body.withUnsafeBytes { body in
                if isPost {
                    // An empty array has no address, and without one curl
                    // would read the body from standard input.
                    let start = body.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
                    fieldgrid_curl_set_pointer(
                        raw, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: start))
                    fieldgrid_curl_set_large(
                        raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
                }
                return perform(reception, until: interruption)
            }
        }
        guard let code else { throw .interrupted }
        guard code == CURLE_OK else {
            if isSilence(code, reception, since: start) { usesSmallPackets = true }
            throw failure(code, reception)
        }
        return HTTPAnswer(
            status: number(CURLINFO_RESPONSE_CODE), headers: reception.headers, body: reception.body
        )
    }

    private func perform(
        _ reception: Reception, until interruption: Interruption
    ) -> CURLcode? {
        withExtendedLifetime(reception) {
            let context = Unmanaged.passUnretained(reception).toOpaque()
            fieldgrid_curl_set_pointer(raw, CURLOPT_WRITEDATA, context)
            fieldgrid_curl_set_pointer(raw, CURLOPT_HEADERDATA, context)
            return loop.run(raw, until: interruption)
        }
    }

    /// `Expect:` without a value keeps curl from asking first, which costs a
    /// round trip of a second and a half in a village.
    private func withHeaders(_ headers: [HeaderField], _ body: () -> CURLcode?) -> CURLcode? {
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for line in ["Expect:"] + headers.map({ "\($0.name): \($0.value)" }) {
            list = curl_slist_append(list, line)
        }
        fieldgrid_curl_set_list(raw, CURLOPT_HTTPHEADER, list)
        return body()
    }

    /// Whether the request went out over a connection and nothing of an
    /// answer's body came back, before all the time there is was over.
    private func isSilence(
        _ code: CURLcode, _ reception: Reception, since start: ContinuousClock.Instant
    ) -> Bool {
        guard reception.body.isEmpty, number(CURLINFO_REQUEST_SIZE) > 0,
            ContinuousClock.now - start < .seconds(limits.totalSeconds)
        else { return false }
        return code == CURLE_OPERATION_TIMEDOUT || isUnacknowledged(code)
    }

    /// The number of the system's error is that of an earlier transfer where
    /// this one ended otherwise.
    private func isUnacknowledged(_ code: CURLcode) -> Bool {
        (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR)
            && number(CURLINFO_OS_ERRNO) == Int(ETIMEDOUT)
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        fieldgrid_curl_get_long(raw, info, &value)
        return value
    }

    private func failure(_ code: CURLcode, _ reception: Reception) -> TransportFailure {
        let text =
            isUnacknowledged(code)
            ? "the link carries nothing" : String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_WRITE_ERROR where reception.isTooLong:
            return .notHTTP("the answer has more than \(limits.answerBytes) bytes")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            return .notHTTP(text)
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY,
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_URL_MALFORMAT:
            return .unreachable("\(place): \(text)", mayHaveArrived: false)
        default:
            let wasSent = number(CURLINFO_REQUEST_SIZE) > 0
            return .unreachable("\(place): \(text)", mayHaveArrived: wasSent)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) {
        fieldgrid_curl_set_long(raw, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        fieldgrid_curl_set_string(raw, option, value)
    }
}

/// Collects an answer while it arrives.
private final class Reception {
    private let limit: Int
    private(set) var headers: [HeaderField] = []
    private(set) var body: [UInt8] = []
    private(set) var isTooLong = false
    private var headerBytes = 0

    init(limit: Int) { self.limit = limit }

    static func of(_ context: UnsafeMutableRawPointer?) -> Reception {
        guard let context else { preconditionFailure("every call sets the context first") }
        return Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
    }

    /// Returns how much was taken; less than was given ends the transfer.
    func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard body.count + count <= limit else {
            isTooLong = true
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }

    func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        headerBytes += count
        guard headerBytes <= 1 << 16 else {
            isTooLong = true
            return 0
        }
        let raw = UnsafeRawBufferPointer(start: bytes, count: count)
        let line = String(decoding: raw, as: UTF8.self)
        // A status line begins another head, after a `100 Continue`.
        if line.hasPrefix("HTTP/") {
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespacesAndNewlines)
            headers.append(HeaderField(line[..<colon].lowercased(), value))
        }
        return count
    }
}
