import Foundation

/// Where a hub is: scheme, host and port, nothing else.
package struct HubAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end, such as `http://10.0.0.7:8470`.
    package let text: String
    /// Loopback is never reached through a proxy.
    package let isLoopback: Bool

    /// Nil for anything that is not `http://HOST[:PORT]` or `https://…`.
    ///
    /// Signatures cover the path, so a hub does not live below one; names and
    /// passwords do not belong into an address.
    package init?(_ text: String) {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard let parts = URLComponents(string: trimmed), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty,
            parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil,
            parts.user == nil, parts.password == nil,
            parts.port.map({ (1...65_535).contains($0) }) ?? true
        else { return nil }
        let bare = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        isLoopback = bare == "localhost" || bare == "::1" || bare.hasPrefix("127.")
        let written = bare.contains(":") ? "[\(bare)]" : bare
        self.text = "\(scheme)://\(written)" + (parts.port.map { ":\($0)" } ?? "")
    }

    package var description: String { text }
}
