import FieldgridModel
import FieldgridSync
import Foundation

/// What a message says, as the JSON beside the vectors has it: the names of
/// the grammar, identifiers and digests as texts, records as they travel.
enum WireDocument {
    typealias Numbering = (RecordID) -> (ScopeCode, RecordNumber)?

    static func of(_ request: ExchangeRequest, number: Numbering) -> [String: Any] {
        [
            "schema": of(request.schema),
            "epoch": (request.epoch?.bits ?? UUIDBits(high: 0, low: 0)).description,
            "incarnation": request.incarnation.description, "sealed": request.sealed,
            "reply_bytes_max": request.replyBytesMax, "positions": of(request.positions),
            "pulls": pulls(request), "oldest": oldest(request),
            "held": request.held.map(of), "kept": orNull(request.kept.map(of)),
            "check": orNull(request.check.map(of)),
            "audit": orNull(request.audit.map { of($0, among: request.positions) }),
            "batch": orNull(request.batch.map { of($0, number: number) }),
        ]
    }

    static func of(_ reply: ExchangeReply) -> [String: Any] {
        let spans = reply.positions.map { scope, position in
            let since = reply.since[scope] ?? .zero
            let head = reply.heads[scope] ?? position
            return (
                scope.text,
                ["back": position.value - since.value, "ahead": head.value - position.value]
            )
        }
        return [
            "epoch": reply.epoch.description, "time": reply.time.raw, "schema": of(reply.schema),
            "document": String(decoding: reply.schemaDocument ?? [], as: UTF8.self),
            "chain": of(reply.chain), "incarnation": orNull(reply.incarnation?.description),
            "receipts": reply.receipts.map(of), "positions": of(reply.positions),
            "spans": Dictionary(uniqueKeysWithValues: spans), "has_more": reply.hasMore,
            "rebase": reply.mustRebase, "horizons": horizons(reply),
            "receipts_head": orNull(reply.receiptsHead?.description),
            "released": reply.released.map { release in
                of(release.identity).merging(
                    ["scope": release.scope.text, "position": release.position.value]) { $1 }
            },
            "covered": orNull(reply.covered.map(of)),
            "sums": reply.sums.map { String(format: "%016lx%016lx", $0.high, $0.low) },
            "checked": orNull(reply.checked.map { $0.map(of) }),
            "audit": reply.audit.map { head in
                of(head.signed).merging(
                    ["from": head.from, "proof": head.proof.map(\.description)]) { $1 }
            },
            "records": reply.records.map(of),
        ]
    }

    private static func pulls(_ request: ExchangeRequest) -> [Any] {
        request.positions.sorted { $0.key < $1.key }.compactMap { scope, position in
            request.pulls[scope].map { pull in
                [
                    "scope": scope.text, "back": position.value - pull.base.value,
                    "ahead": pull.told.value - position.value,
                ] as [String: Any]
            }
        }
    }

    private static func oldest(_ request: ExchangeRequest) -> [Any] {
        request.positions.sorted { $0.key < $1.key }.compactMap { scope, position in
            request.oldest[scope].map { context in
                ["scope": scope.text, "back": position.value - context.value] as [String: Any]
            }
        }
    }

    /// One for each position, or none at all.
    private static func horizons(_ reply: ExchangeReply) -> Any {
        guard !reply.horizons.isEmpty else { return NSNull() }
        let horizons = reply.positions.keys.map { ($0.text, (reply.horizons[$0] ?? .zero).value) }
        return Dictionary(uniqueKeysWithValues: horizons)
    }

    static func of(_ changeset: Changeset, number: Numbering) -> [String: Any] {
        [
            "author": changeset.author, "source": changeset.source.rawValue,
            "schema": of(changeset.schema), "epoch": changeset.epoch.description,
            "context": of(changeset.context), "time": changeset.time.raw,
            "changes": changeset.changes.map { of($0, number: number) },
        ]
    }

    /// The ids of the records that go by a number.
    static func of(_ numbers: [RecordID: (ScopeCode, RecordNumber)]) -> [String: Any] {
        Dictionary(
            uniqueKeysWithValues: numbers.map { id, place in
                ("\(place.0)/\(place.1.value)", id.description)
            })
    }

    private static func of(_ batch: ChangesetBatch, number: Numbering) -> [String: Any] {
        let first = batch.changesets.first?.identity
        return [
            "incarnation": orNull(first?.incarnation.description),
            "first_seq": orNull(first?.seq), "parent": orNull(batch.parent.map(of)),
            "previous": batch.previous.description, "head": batch.head.description,
            "changesets": batch.changesets.map { of($0, number: number) },
        ]
    }

    private static func of(_ change: Change, number: Numbering) -> [String: Any] {
        let place = number(change.record)
        let record: [String: Any] =
            place.map { ["scope": $0.0.text, "number": $0.1.value] }
            ?? ["id": change.record.description]
        return [
            "record": record, "type": change.type.value, "unit": change.unit.value,
            "value": of(change.value), "seen_through": orNull(change.seenThrough?.value),
            "settles": orNull(
                change.settles.map { settles in
                    [
                        "conflict": settles.conflict.description, "sides": settles.sides.map(of),
                        "note": orNull(settles.note), "takes_back": settles.isUndo,
                    ] as [String: Any]
                }),
        ]
    }

    private static func of(_ delta: RecordDelta) -> [String: Any] {
        let presence =
            switch delta.presence {
            case .alive: "alive"
            case .whole: "whole"
            case .deleted: "deleted"
            case .left: "left"
            }
        return [
            "scope": delta.scope.text, "number": delta.number.value,
            "id": orNull(delta.id?.description), "type": delta.type.value, "presence": presence,
            "units": delta.units.map { ["unit": $0.unit.value, "value": of($0.value)] },
        ]
    }

    private static func of(_ receipt: Receipt) -> [String: Any] {
        var document: [String: Any] = ["seq": receipt.seq, "time_moved": receipt.isTimeMoved]
        switch receipt.outcome {
        case .accepted(let scope, let position):
            document["scope"] = scope.text
            document["position"] = position.value
        case .quarantined(let code, let message):
            document["code"] = code.rawValue
            document["message"] = message
        }
        return document
    }

    private static func of(_ chain: ChainAnswer) -> Any {
        switch chain {
        case .follows: "follows"
        case .gap(let expected): ["gap": expected]
        case .fork(let seq): ["fork": seq]
        }
    }

    private static func of(_ check: ScopeCheck) -> [String: Any] {
        [
            "level": Int(check.level.rawValue),
            "ranges": check.ranges.map { range in
                [
                    "scope": range.scope.text, "from": range.from.value, "to": range.to.value,
                ] as [String: Any]
            },
        ]
    }

    private static func of(
        _ question: AuditQuestion, among positions: [ScopeCode: Position]
    ) -> [String: Any] {
        let sizes = positions.keys.map { ($0.text, question.sizes[.scope($0)] ?? 0) }
        return [
            "digest": String(format: "%016lx%016lx", question.digest.high, question.digest.low),
            "administration": question.sizes[.administration] ?? 0,
            "sizes": Dictionary(uniqueKeysWithValues: sizes),
        ]
    }

    static func of(_ signed: SignedHead) -> [String: Any] {
        [
            "log": signed.head.log.text, "size": signed.head.size,
            "root": signed.head.root.description, "time": signed.head.time,
            "lives": signed.head.lives.map {
                ["epoch": $0.epoch.description, "start": $0.start] as [String: Any]
            },
            "signature": signed.signature.map { String(format: "%02x", $0) }.joined(),
        ]
    }

    private static func of(_ value: UnitValue) -> [Any] {
        value.members.map { member in
            switch member {
            case .null: NSNull()
            case .integer(let integer): integer
            case .text(let text): text
            }
        }
    }

    private static func of(_ positions: [ScopeCode: Position]) -> [String: Any] {
        Dictionary(uniqueKeysWithValues: positions.map { ($0.key.text, $0.value.value) })
    }

    private static func of(_ identity: ChangesetIdentity) -> [String: Any] {
        ["incarnation": identity.incarnation.description, "seq": identity.seq]
    }

    private static func of(_ schema: SchemaTag) -> String {
        String(format: "%016lx", schema.value)
    }

    private static func orNull(_ value: Any?) -> Any { value ?? NSNull() }
}
