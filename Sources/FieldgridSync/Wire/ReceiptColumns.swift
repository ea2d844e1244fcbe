import FieldgridModel

/// The hub's answers for changesets.
///
///     receipts = count { flags(byte) first-seq run scope position   ; accepted
///                      | flags(byte) seq code message }             ; quarantined
///     released = count { incarnation(16) seq scope position }
///
/// Runs of accepted receipts are one entry, where sequence and position both
/// rise by one.
enum ReceiptColumns {
    private enum Flag {
        static let quarantined: UInt8 = 1
        static let timeMoved: UInt8 = 2
    }

    static func write(_ receipts: [Receipt], to writer: inout ByteWriter) {
        writer.count(receipts.count)
        var index = 0
        while index < receipts.count {
            let receipt = receipts[index]
            let moved = receipt.isTimeMoved ? Flag.timeMoved : 0
            switch receipt.outcome {
            case .accepted(let scope, let position):
                let length = run(from: index, in: receipts)
                writer.byte(moved)
                writer.count(Int(receipt.seq))
                writer.count(length)
                writer.text(scope.text)
                writer.count(Int(position.value))
                index += length
            case .quarantined(let code, let message):
                writer.byte(moved | Flag.quarantined)
                writer.count(Int(receipt.seq))
                writer.text(code.rawValue)
                writer.text(message)
                index += 1
            }
        }
    }

    /// How many receipts from `index` on follow one another.
    private static func run(from index: Int, in receipts: [Receipt]) -> Int {
        let first = receipts[index]
        guard case .accepted(let scope, let position) = first.outcome else { return 1 }
        return receipts[index...].enumerated().prefix { offset, receipt in
            let offset = Int64(offset)
            return receipt.seq == first.seq + offset && receipt.isTimeMoved == first.isTimeMoved
                && receipt.outcome == .accepted(scope, Position(position.value + offset))
        }.count
    }

    static func receipts(_ reader: inout ByteReader) throws(WireError) -> [Receipt] {
        let count = try reader.index(below: 1 << 20, "number of receipts")
        var receipts: [Receipt] = []
        while receipts.count < count {
            let flags = try reader.byte()
            guard flags < 4 else { throw .malformed("receipt flags \(flags)", at: reader.offset) }
            let isMoved = flags & Flag.timeMoved != 0
            let seq = Int64(try reader.index(below: 1 << 53, "sequence"))
            guard flags & Flag.quarantined == 0 else {
                let text = try reader.text()
                guard let code = QuarantineCode(rawValue: text) else {
                    throw .malformed("quarantine code “\(text)”", at: reader.offset)
                }
                let outcome = Receipt.Outcome.quarantined(code, message: try reader.text())
                receipts.append(Receipt(seq: seq, outcome: outcome, isTimeMoved: isMoved))
                continue
            }
            let length = try reader.index(below: count - receipts.count + 1, "run of receipts")
            guard length > 0 else { throw .malformed("empty run of receipts", at: reader.offset) }
            let scope = ScopeCode(try reader.text())
            let position = Int64(try reader.index(below: 1 << 53, "position"))
            for offset in 0..<Int64(length) {
                let outcome = Receipt.Outcome.accepted(scope, Position(position + offset))
                receipts.append(
                    Receipt(seq: seq + offset, outcome: outcome, isTimeMoved: isMoved))
            }
        }
        return receipts
    }

    static func write(_ released: [Release], to writer: inout ByteWriter) {
        writer.count(released.count)
        for release in released {
            writer.identity(release.identity)
            writer.text(release.scope.text)
            writer.count(Int(release.position.value))
        }
    }

    static func released(_ reader: inout ByteReader) throws(WireError) -> [Release] {
        var released: [Release] = []
        for _ in 0..<(try reader.count(ofSize: 19)) {
            let identity = try reader.identity()
            let scope = ScopeCode(try reader.text())
            let position = Int64(try reader.index(below: 1 << 53, "position"))
            released.append(Release(identity, scope, Position(position)))
        }
        return released
    }
}
