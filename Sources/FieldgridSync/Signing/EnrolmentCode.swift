import Crypto

/// What the hub gives a person for one device: a secret that proves the right
/// to enrol, and the fingerprint of the hub's key, so that no other server
/// can answer in its place.
///
/// The secret itself never travels: the device sends ``lookup`` to name it
/// and ``proof(of:nonce:)`` to show that it has it. The hub keeps both
/// derived values and not the code.
package struct EnrolmentCode: Hashable, Sendable {
    package static let secretBytes = 10
    package let secret: [UInt8]
    package let fingerprint: KeyFingerprint

    /// - precondition: the secret has ten bytes.
    package init(secret: [UInt8], fingerprint: KeyFingerprint) {
        precondition(secret.count == Self.secretBytes, "the secret of a code has ten bytes")
        self.secret = secret
        self.fingerprint = fingerprint
    }

    package static func generate(
        for hubKey: DevicePublicKey, using random: inout some RandomNumberGenerator
    ) -> EnrolmentCode {
        EnrolmentCode(
            secret: RandomBytes.draw(secretBytes, using: &random),
            fingerprint: hubKey.fingerprint)
    }

    /// Reads a code as a person types it: any case, with or without hyphens
    /// and spaces.
    ///
    /// Nil when it is no code.
    package init?(_ text: some StringProtocol) {
        let digits = String(text.filter { $0 != "-" && !$0.isWhitespace })
        let length = Self.secretBytes + KeyFingerprint.byteCount
        guard let bytes = CrockfordBase32.decode(digits), bytes.count == length else { return nil }
        self.init(
            secret: Array(bytes.prefix(Self.secretBytes)),
            fingerprint: KeyFingerprint(Array(bytes.suffix(KeyFingerprint.byteCount))))
    }

    /// 32 characters in groups of four.
    package var text: String {
        let digits = Array(CrockfordBase32.encode(secret + fingerprint.bytes))
        return stride(from: 0, to: digits.count, by: 4)
            .map { String(digits[$0..<($0 + 4)]) }
            .joined(separator: "-")
    }

    /// Names the code to the hub without telling it.
    package var lookup: [UInt8] {
        Array(SHA256.hash(data: Array("fieldgrid-enrol-id".utf8) + secret).prefix(8))
    }

    package var key: EnrolmentKey {
        EnrolmentKey(Array(SHA256.hash(data: Array("fieldgrid-enrol-key".utf8) + secret)))
    }
}

/// What both sides of an enrolment derive from the secret of its code.
package struct EnrolmentKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Shows that whoever has `publicKey` knows the code.
    package func proof(of publicKey: DevicePublicKey, nonce: [UInt8]) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(
                for: publicKey.bytes + nonce, using: SymmetricKey(data: bytes)))
    }

    /// Compares in constant time.
    package func isValid(
        _ proof: [UInt8], of publicKey: DevicePublicKey, nonce: [UInt8]
    ) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            proof, authenticating: publicKey.bytes + nonce, using: SymmetricKey(data: bytes))
    }
}
