import FieldgridModel

/// Heads of the hub's audit logs, and the proofs between them.
///
///     question = 0 | 1 digest(16) administration-size size*   ; one for each position
///     answer   = count { head signature(64) from count digest* }
enum AuditColumns {
    static func write(
        _ question: AuditQuestion?, among positions: [ScopeCode: Position],
        to writer: inout ByteWriter
    ) {
        guard let question else { return writer.byte(0) }
        writer.byte(1)
        writer.fixed(question.digest.high)
        writer.fixed(question.digest.low)
        for log in logs(among: positions) { writer.count(Int(question.sizes[log] ?? 0)) }
    }

    static func question(
        among positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> AuditQuestion? {
        guard try reader.index(below: 2, "flag") == 1 else { return nil }
        let digest = AuditDigest(high: try reader.fixed(), low: try reader.fixed())
        var sizes: [AuditLog: Int64] = [:]
        for log in logs(among: positions) {
            let size = Int64(try reader.index(below: 1 << 53, "size"))
            if size > 0 { sizes[log] = size }
        }
        return AuditQuestion(digest: digest, sizes: sizes)
    }

    private static func logs(among positions: [ScopeCode: Position]) -> [AuditLog] {
        [.administration] + positions.keys.sorted().map(AuditLog.scope)
    }

    static func write(_ heads: [ProvedHead], to writer: inout ByteWriter) {
        writer.count(heads.count)
        for head in heads {
            head.signed.write(to: &writer)
            writer.count(Int(head.from))
            writer.count(head.proof.count)
            for hash in head.proof { writer.raw(hash.bytes) }
        }
    }

    static func heads(_ reader: inout ByteReader) throws(WireError) -> [ProvedHead] {
        var heads: [ProvedHead] = []
        for _ in 0..<(try reader.count(ofSize: 100)) {
            let signed = try SignedHead(&reader)
            let from = Int64(try reader.index(below: 1 << 53, "size"))
            let count = try reader.count(ofSize: 32)
            guard count <= proofMax else {
                throw .malformed("\(count) hashes in a proof", at: reader.offset)
            }
            var proof: [ContentDigest] = []
            for _ in 0..<count { proof.append(try reader.digest()) }
            heads.append(ProvedHead(signed, from: from, proof: proof))
        }
        return heads
    }

    /// More than any two trees need.
    private static let proofMax = 128
}
