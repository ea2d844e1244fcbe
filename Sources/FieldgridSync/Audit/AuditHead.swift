package import FieldgridModel

/// Which log of a hub's: one for each scope, and one for what its operators
/// do.
package enum AuditLog: Hashable, Sendable, Comparable {
    case administration
    case scope(ScopeCode)

    /// The scope's code; empty for administration.
    package var text: String {
        switch self {
        case .administration: ""
        case .scope(let scope): scope.text
        }
    }

    package init(text: String) {
        self = text.isEmpty ? .administration : .scope(ScopeCode(text))
    }

    package static func < (left: AuditLog, right: AuditLog) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension AuditLog: CustomStringConvertible {
    package var description: String { self == .administration ? "administration" : text }
}

/// How far a log is: its size, the root of its tree, and the lives of the
/// hub's database in which it grew.
package struct AuditHead: Hashable, Sendable {
    /// An epoch, and how many leaves the log had when it began.
    package struct Life: Hashable, Sendable {
        package var epoch: EpochID
        package var start: Int64

        package init(_ epoch: EpochID, from start: Int64) {
            self.epoch = epoch
            self.start = start
        }
    }

    package var log: AuditLog
    package var size: Int64
    package var root: ContentDigest
    /// Oldest first; the last is the one in which the head was made.
    package var lives: [Life]
    /// Hub time, UTC milliseconds.
    package var time: Int64

    package init(
        log: AuditLog, size: Int64, root: ContentDigest, lives: [Life], time: Int64
    ) {
        self.log = log
        self.size = size
        self.root = root
        self.lives = lives
        self.time = time
    }

    /// What is signed.
    var canonical: [UInt8] {
        var writer = ByteWriter()
        writer.text("fieldgrid-head-1")
        write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout ByteWriter) {
        writer.text(log.text)
        writer.count(Int(size))
        writer.raw(root.bytes)
        writer.count(lives.count)
        for life in lives {
            writer.bits(life.epoch.bits)
            writer.count(Int(life.start))
        }
        writer.count(Int(max(0, time)))
    }

    init(_ reader: inout ByteReader) throws(WireError) {
        log = AuditLog(text: try reader.text())
        size = Int64(try reader.index(below: 1 << 53, "size"))
        root = try reader.digest()
        lives = []
        for _ in 0..<(try reader.count(ofSize: 17)) {
            let epoch = EpochID(try reader.bits())
            lives.append(Life(epoch, from: Int64(try reader.index(below: 1 << 53, "size"))))
        }
        time = Int64(try reader.index(below: 1 << 53, "time"))
    }

    package func signed(by key: DeviceKey) -> SignedHead {
        SignedHead(head: self, signature: key.sign(canonical))
    }

    /// Up to which leaf a later head has to agree with this one: to the first
    /// place where their lives went different ways.
    ///
    /// Nil when the later one cannot be of a life that began since: it names
    /// none, or tells another story of one that both know.
    package func common(with later: AuditHead) -> Int64? {
        guard lives != later.lives else { return .max }
        let known = Dictionary(lives.map { ($0.epoch, $0.start) }) { first, _ in first }
        guard let last = later.lives.last, known[last.epoch] == nil,
            later.lives.allSatisfy({ known[$0.epoch] ?? $0.start == $0.start })
        else { return nil }
        let shared = zip(lives, later.lives).prefix { $0 == $1 }.count
        let parted = lives.dropFirst(shared) + later.lives.dropFirst(shared)
        return parted.map(\.start).min()
    }
}

/// A head under the hub's own signature: evidence by itself, whoever shows it.
package struct SignedHead: Hashable, Sendable {
    package var head: AuditHead
    /// Ed25519, 64 bytes.
    package var signature: [UInt8]

    package init(head: AuditHead, signature: [UInt8]) {
        self.head = head
        self.signature = signature
    }

    /// As nodes and witnesses keep it.
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        try self.init(&reader)
        try reader.finish()
    }

    func write(to writer: inout ByteWriter) {
        head.write(to: &writer)
        writer.raw(signature)
    }

    init(_ reader: inout ByteReader) throws(WireError) {
        head = try AuditHead(&reader)
        signature = Array(try reader.raw(64))
    }

    package func isSigned(by key: DevicePublicKey) -> Bool {
        key.isValid(signature, for: head.canonical)
    }
}

extension ByteReader {
    mutating func digest() throws(WireError) -> ContentDigest {
        guard let digest = ContentDigest(try raw(32)) else {
            throw .malformed("digest", at: offset)
        }
        return digest
    }
}
