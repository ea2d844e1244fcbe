import FieldgridModel
import FieldgridSync

/// What both sides compute and nobody sends: sums, names, sets, trees.
enum DerivedVector {
    static var document: [String: Any] {
        [
            "sums": sums, "conflicts": conflicts, "derived": derived, "starts": starts,
            "schema_tags": ["", "{}", "{\"name\":\"虚构\"}"].map {
                ["document": $0, "tag": SchemaTag(document: Array($0.utf8)).digits]
            },
            "sets": sets, "not_sets": notSets, "tree": tree, "questions": questions,
        ]
    }

    // MARK: Sums

    private struct Summed {
        var record: UInt64
        var type: Int
        var number: Int64
        var units: [(Int, [Value])]
    }

    private static let summed = [
        Summed(record: 1, type: 1, number: 1, units: [(2, [.text("虚构·木业")])]),
        // Units in unit order; those that are empty count for nothing, a
        // group of which something is there counts whole.
        Summed(
            record: 2, type: 16, number: (1 << 40) - 1,
            units: [
                (300, [.integer(-1)]), (2, [.null]), (40, [.integer(12), .null, .integer(.min)]),
                (41, [.null, .null]), (3, [.text(WireFixture.record(9).description)]),
            ]),
        Summed(record: 3, type: 2, number: 7, units: []),
    ]

    private static var sums: [String: Any] {
        var total = RecordSum()
        let each = summed.map { summed in
            let id = WireFixture.record(summed.record)
            let sum = RecordSum(
                of: id, TypeNumber(summed.type), in: WireFixture.village,
                number: RecordNumber(summed.number),
                units: summed.units.map { (UnitNumber($0.0), UnitValue($0.1)) })
            total += sum
            return [
                "id": id.description, "type": summed.type, "scope": WireFixture.village.text,
                "number": summed.number, "sum": digits(sum),
                "units": Dictionary(
                    uniqueKeysWithValues: summed.units.map { ("\($0.0)", $0.1.map(plain)) }),
            ] as [String: Any]
        }
        // More than fits: a sum wraps around.
        var wrapped = total
        for _ in 0..<7 { wrapped += wrapped }
        return ["records": each, "all": digits(total), "all_128_times": digits(wrapped)]
    }

    private static func digits(_ sum: RecordSum) -> String {
        WireVector.digits(
            [sum.high, sum.low].flatMap { word in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
            })
    }

    private static func plain(_ value: Value) -> Any {
        switch value {
        case .null: WireVector.null
        case .integer(let integer): integer
        case .text(let text): text
        }
    }

    // MARK: Names

    private static var conflicts: [[String: Any]] {
        let identities = [
            ChangesetIdentity(incarnation: WireFixture.incarnation, seq: 1),
            ChangesetIdentity(incarnation: WireFixture.parent.incarnation, seq: 1 << 53 - 1),
        ]
        return [(2, identities), (2, identities.reversed()), (0, identities)].map { unit, sides in
            let id = RecordID.conflict(
                record: WireFixture.record(1), unit: UnitNumber(unit), between: sides[0],
                and: sides[1])
            return [
                "record": WireFixture.record(1).description, "unit": unit,
                "first": identity(sides[0]), "second": identity(sides[1]), "id": id.description,
            ]
        }
    }

    private static func identity(_ identity: ChangesetIdentity) -> [String: Any] {
        ["incarnation": identity.incarnation.description, "seq": identity.seq]
    }

    private static var derived: [[String: Any]] {
        let parts = [
            [WireFixture.record(1).description, "2026H2"],
            [WireFixture.record(1).description, "2027H1"], [], ["虚构"],
        ]
        return parts.map { parts in
            [
                "kind": "task-1", "parts": parts,
                "id": RecordID.derived("task-1", from: parts).description,
            ]
        }
    }

    private static var starts: [[String: Any]] {
        let parents: [ChangesetIdentity?] = [nil, WireFixture.parent]
        return parents.map { parent in
            [
                "parent": parent.map(identity) ?? WireVector.null,
                "digest": ContentDigest.start(after: parent).description,
            ]
        }
    }

    // MARK: Sets

    private static var sets: [[String: Any]] {
        [
            [], ["b", "a", "b", ""], ["\"", "\\", "\n", "\t"], ["/", "<", "\u{7f}é"],
            // Byte order is not that of UTF-16: a scalar beyond the first plane comes last.
            ["\u{ffee}", "\u{20b9f}", "木", "a"],
        ].map { elements in
            ["elements": elements, "text": TextSet.encode(elements) ?? WireVector.null]
        }
    }

    /// Texts that are no set in canonical form.
    private static var notSets: [String] {
        [
            "[]", "[\"\"]", "[\"b\",\"a\"]", "[\"a\",\"a\"]", "[\"a\", \"b\"]", "[\"\\u0061\"]",
            "[\"\\/\"]", "[1]", "[\"a\"", "a", "",
        ].filter { TextSet.decode($0) == nil }
    }

    // MARK: Trees

    private static var tree: [String: Any] {
        let leaves = AuditFixture.entries.map(\.bytes)
        let trees = (0...leaves.count).map { Tree(leaves.prefix($0)) }
        var proofs: [[String: Any]] = []
        for to in trees.indices {
            for from in 0...to {
                let hashes = (try? trees[to].proof(from: from)) ?? []
                proofs.append(["from": from, "to": to, "hashes": hashes.map(\.description)])
            }
        }
        return [
            "leaves": leaves.map(WireVector.digits), "roots": trees.map(\.root.description),
            "proofs": proofs,
        ]
    }

    /// What a question says of the heads that the asker keeps.
    private static var questions: [[String: Any]] {
        let roots = (0...3).map { Tree(AuditFixture.entries.prefix($0).map(\.bytes)).root }
        let kept: [[(log: AuditLog, size: Int64, root: ContentDigest)]] = [
            [],
            [(.administration, 3, roots[3])],
            [
                (.scope(WireFixture.village), 2, roots[2]), (.administration, 1, roots[1]),
                (.scope(WireFixture.township), 0, roots[0]),
            ],
        ]
        return kept.map { heads in
            let digest = heads.isEmpty ? AuditDigest(high: 0, low: 0) : AuditDigest(of: heads)
            return [
                "heads": heads.map {
                    ["log": $0.log.text, "size": $0.size, "root": $0.root.description]
                        as [String: Any]
                },
                "digest": digits(RecordSum(high: digest.high, low: digest.low)),
            ]
        }
    }
}
