import FieldgridModel
import FieldgridSync
import Foundation
import Testing

/// A file under `schemas/wire/vectors`: bytes, and beside them in JSON what
/// they say, for other languages to test themselves against.
struct WireVector: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// What the file beside it says.
    let document: [String: Any]

    var testDescription: String { name }

    static var names: [String] { all.map(\.name) }

    static let requestMessages = [
        "request": WireFixture.request, "request-first": RequestFixture.first,
        "request-pulls": RequestFixture.pulls,
        "request-columns": RequestFixture.columns,
        "request-check-each": RequestFixture.checking(.each, ranges: 1),
        "request-check-records": RequestFixture.checking(.records, ranges: 16),
    ]

    static let replyMessages = [
        "reply": WireFixture.reply, "reply-idle": ReplyFixture.idle,
        "reply-gap": ReplyFixture.gap, "reply-fork": ReplyFixture.fork,
        "reply-receipts": ReplyFixture.receipts, "reply-records": ReplyFixture.records,
        "reply-rebase": ReplyFixture.rebase, "reply-epoch": ReplyFixture.epoch,
        "reply-sums": ReplyFixture.sums, "reply-checked": ReplyFixture.checkedEmpty,
    ]

    static var all: [WireVector] {
        requests + replies + changesets + frames + bundles + files + audit + [snapshot]
    }

    private static var requests: [WireVector] {
        requestMessages.sorted { $0.key < $1.key }.map { name, request in
            let numbers = RequestFixture.numbers
            return WireVector(
                name: name,
                bytes: body(ExchangeCodec.encode(request) { numbers[$0] }, .exchangeRequest),
                document: [
                    "kind": "request", "says": WireDocument.of(request) { numbers[$0] },
                    "numbers": WireDocument.of(numbers),
                ])
        }
    }

    private static var replies: [WireVector] {
        replyMessages.sorted { $0.key < $1.key }.map { name, reply in
            WireVector(
                name: name, bytes: body(ExchangeCodec.encode(reply), .exchangeReply),
                document: ["kind": "reply", "says": WireDocument.of(reply)])
        }
    }

    private static var changesets: [WireVector] {
        var previous = ContentDigest.start(after: WireFixture.parent)
        var vectors: [WireVector] = []
        for (place, changeset) in WireFixture.changesets.enumerated() {
            let bytes = CanonicalEncoder.bytes(of: changeset, after: previous)
            var says = WireDocument.of(changeset) { _ in nil }
            says["previous"] = previous.description
            says["incarnation"] = changeset.identity.incarnation.description
            says["seq"] = changeset.identity.seq
            previous = ContentDigest.of(bytes)
            vectors.append(
                WireVector(
                    name: "changeset-\(place + 1)", bytes: bytes,
                    document: [
                        "kind": "changeset", "says": says, "digest": previous.description,
                    ]))
        }
        return vectors
    }

    /// Whole frames.
    ///
    /// What zstd makes of a body may differ between versions of the library,
    /// so one that was made is kept.
    private static var frames: [WireVector] {
        let plain = ExchangeCodec.encode(RequestFixture.first) { _ in nil }
        let numbers = RequestFixture.numbers
        var packed = ExchangeCodec.encode(RequestFixture.columns) { numbers[$0] }
        if let kept = stored("frame-zstd", "hex"),
            body(kept, .exchangeRequest) == body(packed, .exchangeRequest)
        {
            packed = kept
        }
        return [
            WireVector(
                name: "frame-plain", bytes: plain,
                document: ["kind": "frame", "body": "request-first"]),
            WireVector(
                name: "frame-zstd", bytes: packed,
                document: ["kind": "frame", "body": "request-columns"]),
        ]
    }

    /// A first copy in three replies, each too small to be compressed.
    private static var snapshot: WireVector {
        let names = ["reply-checked", "reply-sums", "reply-idle"]
        let frames = names.compactMap { replyMessages[$0].map { ExchangeCodec.encode($0) } }
        return WireVector(
            name: "snapshot", bytes: frames.flatMap { SnapshotFile.section($0) },
            document: ["kind": "snapshot", "replies": names])
    }

    /// A leaf of a log and a signed head.
    private static var audit: [WireVector] {
        let leaf = AuditFixture.entries[0].bytes
        let signed = AuditFixture.provedHead.signed
        return [
            WireVector(
                name: "leaf", bytes: leaf,
                document: ["kind": "leaf", "hash": MerkleTree.leaf(leaf).description]),
            WireVector(
                name: "head", bytes: signed.bytes,
                document: [
                    "kind": "head", "key": DeviceKey.fixture(2).pem,
                    "says": WireDocument.of(signed),
                ]),
        ]
    }

    /// A device's bundles with one request that has no changesets, whole;
    /// without and with files.
    private static var bundles: [WireVector] {
        [bundle("bundle", beside: []), bundle("bundle-files", beside: [carried.frame])]
    }

    private static let photo: [UInt8] = [0xff, 0xd8, 0xff, 0xe0] + Array("fiction.".utf8)

    /// A file, and a question about another.
    static let carried = CarriedFiles([
        .init(name: RangedFile.name(of: ContentDigest.of(photo).bytes), content: photo),
        .init(name: String(repeating: "f", count: 64), content: []),
    ])

    private static var files: [WireVector] {
        let receipts = FileReceipts([carried.files[0].name])
        return [
            WireVector(
                name: "files", bytes: body(carried.frame, .files),
                document: [
                    "kind": "files",
                    "says": carried.files.map {
                        ["name": $0.name, "content": digits($0.content)]
                    },
                ]),
            WireVector(
                name: "file-receipts", bytes: body(receipts.frame, .fileReceipts),
                document: ["kind": "receipts", "says": receipts.names]),
        ]
    }

    private static func bundle(_ name: String, beside frames: [[UInt8]]) -> WireVector {
        var idle = BundleTests.bundle
        // One too small to be compressed: zstd's bytes may differ between versions.
        var request = WireFixture.request
        request.batch = nil
        idle.sections = [ExchangeCodec.encode(request, number: WireFixture.number)] + frames
        let key = BundleTests.device
        return WireVector(
            name: name, bytes: idle.sealed(by: key),
            document: [
                "kind": "bundle", "key": key.pem,
                "says": [
                    "direction": Int(idle.direction.rawValue), "node": idle.node.description,
                    "incarnation": idle.incarnation.description,
                    "hub": digits(idle.hub.bytes), "made": idle.madeAt,
                    "frames": idle.sections.map(digits), "signer": digits(key.publicKey.bytes),
                ] as [String: Any],
            ])
    }

    private static func body(_ frame: [UInt8], _ kind: Frame.Kind) -> [UInt8] {
        (try? Frame.unwrap(frame, kind: kind)) ?? []
    }

    // MARK: Files

    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("schemas/wire/vectors")

    static func file(_ name: String, _ kind: String) -> URL {
        folder.appendingPathComponent("\(name).\(kind)")
    }

    /// The bytes that a file of hexadecimal digits holds.
    static func stored(_ name: String, _ kind: String) -> [UInt8]? {
        guard let text = try? String(contentsOf: file(name, kind), encoding: .utf8) else {
            return nil
        }
        return bytes(ofHex: text.filter { !$0.isWhitespace })
    }

    static func bytes(ofHex text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// 32 bytes on a line.
    static func hex(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32).map { start in
            digits(Array(bytes[start..<min(start + 32, bytes.count)])) + "\n"
        }.joined()
    }

    static func digits(_ bytes: [UInt8]) -> String {
        bytes.map { String(format: "%02x", $0) }.joined()
    }

    static var null: Any { NSNull() }

    /// JSON, as an object that ``json(_:)`` writes.
    static func parsed(_ text: String) -> Any {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) ?? null
    }

    static func json(_ document: Any) throws -> String {
        let options: JSONSerialization.WritingOptions = [
            .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
        ]
        let data = try JSONSerialization.data(withJSONObject: document, options: options)
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
