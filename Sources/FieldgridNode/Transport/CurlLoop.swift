import CCurl

/// Runs one transfer after the other, each of which another thread can end.
///
/// What `curl_easy_perform` does, with a way out: that function comes back only when the
/// transfer has ended by itself.
// One thread uses the handle at a time, but for `curl_multi_wakeup`, which libcurl allows from any.
final class CurlLoop: @unchecked Sendable {
    private let multi = curl_multi_init()
    /// The longest that libcurl sleeps before it looks at its own timeouts.
    private static let napMilliseconds: Int32 = 1_000

    deinit { curl_multi_cleanup(multi) }

    /// The outcome of a transfer; nil when its end was asked for first.
    func run(_ handle: UnsafeMutableRawPointer?, until interruption: Interruption) -> CURLcode? {
        guard curl_multi_add_handle(multi, handle) == CURLM_OK else { return CURLE_FAILED_INIT }
        defer { curl_multi_remove_handle(multi, handle) }
        return interruption.during {
            perform(until: interruption)
        } wake: { [self] in
            curl_multi_wakeup(multi)
        }
    }

    private func perform(until interruption: Interruption) -> CURLcode? {
        var running: Int32 = 0
        repeat {
            guard !interruption.isAsked else { return nil }
            guard curl_multi_perform(multi, &running) == CURLM_OK else {
                return CURLE_OUT_OF_MEMORY
            }
            if running > 0 { curl_multi_poll(multi, nil, 0, Self.napMilliseconds, nil) }
        } while running > 0
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { return message.pointee.data.result }
        }
        return CURLE_FAILED_INIT
    }
}
