/// What a file beside the data is called: the SHA-256 of its content.
package enum AttachmentName {
    /// Whether a text is 64 digits of lower-case hexadecimal, and nothing
    /// else: neither a path nor anything with a dot in it.
    package static func isValid(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
