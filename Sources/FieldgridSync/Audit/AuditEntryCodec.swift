import FieldgridModel

extension AuditEntry {
    private enum Kind: UInt8 {
        case accepted = 1
        case quarantined = 2
        case release = 3
        case refusal = 4
        case epochBegun = 16
        case schemaPublished = 17
        case codeIssued = 18
        case deviceEnrolled = 19
        case deviceRevoked = 20
        case campaignOpened = 21
        case campaignClosed = 22
        case backupNoted = 23
        case backupVerified = 24
    }

    private var kind: Kind {
        switch content {
        case .decision(_, _, .accepted): .accepted
        case .decision(_, _, .quarantined): .quarantined
        case .release: .release
        case .refusal: .refusal
        case .act(.epochBegun): .epochBegun
        case .act(.schemaPublished): .schemaPublished
        case .act(.codeIssued): .codeIssued
        case .act(.deviceEnrolled): .deviceEnrolled
        case .act(.deviceRevoked): .deviceRevoked
        case .act(.campaignOpened): .campaignOpened
        case .act(.campaignClosed): .campaignClosed
        case .act(.backupNoted): .backupNoted
        case .act(.backupVerified): .backupVerified
        }
    }

    /// The leaf.
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.byte(kind.rawValue)
        writer.count(Int(max(0, time)))
        writer.bits(epoch.bits)
        switch content {
        case .decision(let identity, let digest, let decision):
            writer.identity(identity)
            writer.raw(digest.bytes)
            Self.write(decision, to: &writer)
        case .release(let release, let trail):
            writer.identity(release.identity)
            writer.text(release.scope.text)
            writer.count(Int(release.position.value))
            writer.trail(trail)
        case .refusal(let refusal):
            writer.bits(refusal.node.bits)
            writer.identity(refusal.first)
            writer.count(Int(refusal.last))
            writer.raw(refusal.head.bytes)
            writer.text(refusal.code)
        case .act(let act): Self.write(act, to: &writer)
        }
        return writer.bytes
    }

    private static func write(_ decision: Decision, to writer: inout ByteWriter) {
        switch decision {
        case .accepted(let scope, let position, let trail, let isTimeMoved):
            writer.byte(isTimeMoved ? 1 : 0)
            writer.text(scope.text)
            writer.count(Int(position.value))
            writer.trail(trail)
        case .quarantined(let code, let isTimeMoved):
            writer.byte(isTimeMoved ? 1 : 0)
            writer.text(code.rawValue)
        }
    }

    private static func write(_ act: AuditAct, to writer: inout ByteWriter) {
        switch act {
        case .epochBegun(let cause): writer.text(cause)
        case .schemaPublished(let digest): writer.raw(digest.bytes)
        case .codeIssued(let lookup, let scope, let holder, let role, let expiresAt):
            writer.bytes(lookup)
            writer.text(scope.text)
            writer.text(holder)
            writer.text(role)
            writer.count(Int(max(0, expiresAt)))
        case .deviceEnrolled(let node, let key, let lookup):
            writer.bits(node.bits)
            writer.raw(key.bytes)
            writer.bytes(lookup)
        case .deviceRevoked(let node): writer.bits(node.bits)
        case .campaignOpened(let period), .campaignClosed(let period): writer.text(period)
        case .backupNoted: break
        case .backupVerified(let time): writer.count(Int(max(0, time)))
        }
    }

    package init(leaf: [UInt8]) throws(WireError) {
        var reader = ByteReader(leaf)
        guard let kind = Kind(rawValue: try reader.byte()) else {
            throw .malformed("kind of leaf", at: 0)
        }
        time = try reader.number()
        epoch = EpochID(try reader.bits())
        switch kind {
        case .accepted, .quarantined:
            content = .decision(
                try reader.identity(), try reader.digest(), try Self.decision(kind, &reader))
        case .release:
            let identity = try reader.identity()
            let scope = ScopeCode(try reader.text())
            let position = Position(try reader.number())
            content = .release(Release(identity, scope, position), try reader.trail())
        case .refusal:
            content = .refusal(
                AuditRefusal(
                    node: NodeID(try reader.bits()), first: try reader.identity(),
                    last: try reader.number(), head: try reader.digest(),
                    code: try reader.text()))
        default: content = .act(try Self.act(kind, &reader))
        }
        try reader.finish()
    }

    private static func decision(
        _ kind: Kind, _ reader: inout ByteReader
    ) throws(WireError) -> Decision {
        let isTimeMoved = try reader.index(below: 2, "flag") == 1
        let text = try reader.text()
        guard kind == .quarantined else {
            let position = Position(try reader.number())
            return .accepted(
                ScopeCode(text), position, try reader.trail(), isTimeMoved: isTimeMoved)
        }
        guard let code = QuarantineCode(rawValue: text) else {
            throw .malformed("quarantine code", at: reader.offset)
        }
        return .quarantined(code, isTimeMoved: isTimeMoved)
    }

    private static func act(
        _ kind: Kind, _ reader: inout ByteReader
    ) throws(WireError) -> AuditAct {
        switch kind {
        case .epochBegun: return .epochBegun(cause: try reader.text())
        case .schemaPublished: return .schemaPublished(try reader.digest())
        case .codeIssued:
            let lookup = Array(try reader.raw(try reader.count()))
            let scope = ScopeCode(try reader.text())
            let holder = try reader.text()
            return .codeIssued(
                lookup: lookup, scope, holder: holder, role: try reader.text(),
                expiresAt: try reader.number())
        case .deviceEnrolled:
            let node = NodeID(try reader.bits())
            guard let key = DevicePublicKey(Array(try reader.raw(32))) else {
                throw .malformed("public key", at: reader.offset)
            }
            return .deviceEnrolled(node, key, lookup: Array(try reader.raw(try reader.count())))
        case .deviceRevoked: return .deviceRevoked(NodeID(try reader.bits()))
        case .campaignOpened: return .campaignOpened(try reader.text())
        case .campaignClosed: return .campaignClosed(try reader.text())
        case .backupNoted: return .backupNoted
        case .backupVerified: return .backupVerified(notedAt: try reader.number())
        case .accepted, .quarantined, .release, .refusal:
            throw .malformed("kind of act", at: 0)
        }
    }
}

extension ByteWriter {
    fileprivate mutating func trail(_ trail: AuditTrail) {
        count(trail.runs.count)
        for run in trail.runs {
            count(Int(run.first))
            count(Int(run.count))
        }
        raw(trail.digest.bytes)
    }

    fileprivate mutating func bytes(_ bytes: [UInt8]) {
        count(bytes.count)
        raw(bytes)
    }
}

extension ByteReader {
    fileprivate mutating func trail() throws(WireError) -> AuditTrail {
        var runs: [AuditTrail.Run] = []
        for _ in 0..<(try count(ofSize: 2)) {
            let first = try number()
            runs.append(AuditTrail.Run(first: first, count: try number()))
        }
        return AuditTrail(runs: runs, digest: try digest())
    }

    fileprivate mutating func number() throws(WireError) -> Int64 {
        Int64(try index(below: 1 << 53, "number"))
    }
}
