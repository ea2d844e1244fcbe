import FieldgridModel
import FieldgridService
import FieldgridSync

/// Signed heads in a file, for a witness outside: JSON with the hub's key and
/// of each head what was signed and the signature.
struct HeadFile {
    var hubKey: DevicePublicKey
    var heads: [SignedHead]

    var bytes: [UInt8] {
        JSONValue.object([
            "hub_public_key": .text(hubKey.base64), "heads": .array(heads.map(Self.document)),
        ]).bytes + [0x0a]
    }

    static func document(_ signed: SignedHead) -> JSONValue {
        let head = signed.head
        return .object([
            "log": .text(head.log.description), "size": .integer(head.size),
            "root": .text(head.root.description), "time": .integer(head.time),
            "lives": .array(
                head.lives.map {
                    .object([
                        "epoch": .text($0.epoch.description), "start": .integer($0.start),
                    ])
                }),
            "signature": .text(Base64.encode(signed.signature)),
        ])
    }

    init(hubKey: DevicePublicKey, heads: [SignedHead]) {
        self.hubKey = hubKey
        self.heads = heads
    }

    /// - Throws: ``ServiceError`` when the bytes are no such file.
    init(_ bytes: [UInt8], path: String) throws {
        guard let document = try? JSONReader.read(bytes),
            let key = document["hub_public_key"].text.flatMap({ DevicePublicKey(base64: $0) })
        else { throw Self.unreadable(path) }
        hubKey = key
        heads = try document["heads"].elements.map { element in
            guard let signed = Self.head(element) else { throw Self.unreadable(path) }
            return signed
        }
    }

    static func head(_ document: JSONValue) -> SignedHead? {
        guard let log = document["log"].text, let size = document["size"].integer, size >= 0,
            let root = document["root"].text.flatMap(digest),
            let time = document["time"].integer, time >= 0,
            let signature = document["signature"].text.flatMap({ Base64.decode($0) })
        else { return nil }
        var lives: [AuditHead.Life] = []
        for life in document["lives"].elements {
            guard let epoch = life["epoch"].text.flatMap({ EpochID($0) }),
                let start = life["start"].integer, start >= 0
            else { return nil }
            lives.append(AuditHead.Life(epoch, from: start))
        }
        let name = log == AuditLog.administration.description ? "" : log
        let head = AuditHead(
            log: AuditLog(text: name), size: size, root: root, lives: lives, time: time)
        return SignedHead(head: head, signature: signature)
    }

    private static func digest(_ text: String) -> ContentDigest? {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { place in
            UInt8(String(decoding: digits[place..<(place + 2)], as: UTF8.self), radix: 16)
        }
        return ContentDigest(bytes)
    }

    private static func unreadable(_ path: String) -> ServiceError {
        ServiceError(
            "audit.file", "\(path) is no file of signed heads.",
            hint: "Name one that `hub audit --export` or `node audit --export` wrote.")
    }
}
