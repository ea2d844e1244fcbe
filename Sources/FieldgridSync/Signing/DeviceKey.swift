import Crypto

/// An Ed25519 key pair: a device's, made on the device, or the hub's.
///
/// The seed never leaves the type except as a PEM for the key file.
package struct DeviceKey: Sendable {
    package static let seedBytes = 32
    /// PKCS #8 (RFC 8410) puts these before the seed, whatever the key.
    private static let header: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ]
    private static let begin = "-----BEGIN PRIVATE KEY-----"
    private static let end = "-----END PRIVATE KEY-----"

    private let key: Curve25519.Signing.PrivateKey
    package let publicKey: DevicePublicKey

    /// Nil unless the seed has 32 bytes.
    package init?(seed: some Collection<UInt8>) {
        guard seed.count == Self.seedBytes,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed)),
            let publicKey = DevicePublicKey(Array(key.publicKey.rawRepresentation))
        else { return nil }
        self.key = key
        self.publicKey = publicKey
    }

    /// A new key pair.
    ///
    /// The generator must be cryptographically secure.
    package static func generate(
        using random: inout some RandomNumberGenerator
    ) -> DeviceKey {
        guard let key = DeviceKey(seed: RandomBytes.draw(seedBytes, using: &random)) else {
            preconditionFailure("any 32 bytes are an Ed25519 seed")
        }
        return key
    }

    /// Reads an unencrypted PKCS #8 PEM, as `openssl genpkey` writes it too.
    package init?(pem: String) {
        let lines = pem.split(whereSeparator: \.isNewline).filter { !$0.isEmpty }
        guard lines.count >= 3, lines.first.map({ $0 == Self.begin }) == true,
            lines.last.map({ $0 == Self.end }) == true,
            let der = Base64.decode(lines.dropFirst().dropLast().joined()),
            der.starts(with: Self.header), der.count == Self.header.count + Self.seedBytes
        else { return nil }
        self.init(seed: der.suffix(Self.seedBytes))
    }

    /// PKCS #8 PEM, so that `openssl pkeyutl -sign -rawin` can use the key.
    package var pem: String {
        let der = Self.header + Array(key.rawRepresentation)
        return "\(Self.begin)\n\(Base64.encode(der))\n\(Self.end)\n"
    }

    package func sign(_ bytes: [UInt8]) -> [UInt8] {
        guard let signature = try? key.signature(for: bytes) else {
            preconditionFailure("Ed25519 signs any bytes")
        }
        return Array(signature)
    }
}

/// The half of a key that others know.
package struct DevicePublicKey: Hashable, Sendable {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package init?(base64: some StringProtocol) {
        guard let bytes = Base64.decode(base64) else { return nil }
        self.init(bytes)
    }

    package var base64: String { Base64.encode(bytes) }

    package var fingerprint: KeyFingerprint {
        KeyFingerprint(Array(SHA256.hash(data: bytes).prefix(KeyFingerprint.byteCount)))
    }

    /// What signatures call the key: the text of its fingerprint.
    package var keyID: String { fingerprint.text }

    package func isValid(_ signature: [UInt8], for bytes: [UInt8]) -> Bool {
        guard signature.count == 64,
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: self.bytes)
        else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}

/// 80 bits of a public key's SHA-256, short enough for people to compare.
package struct KeyFingerprint: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 10
    package let bytes: [UInt8]

    /// - precondition: there are ten bytes.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "a fingerprint has ten bytes")
        self.bytes = bytes
    }

    /// Sixteen characters.
    package var text: String { CrockfordBase32.encode(bytes) }
    package var description: String { text }
}

/// Bytes out of a generator, most significant of each word first.
package enum RandomBytes {
    package static func draw(
        _ count: Int, using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var writer = ByteWriter()
        while writer.bytes.count < count { writer.fixed(random.next()) }
        return Array(writer.bytes.prefix(count))
    }
}
