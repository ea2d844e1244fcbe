import Foundation
import Testing

/// The listings in `schemas/wire/grammar.md` that explain vectors byte by byte
/// show the bytes that the vectors have.
@Suite struct AnnotatedVectorTests {
    @Test(arguments: AnnotatedVector.all) func aListingShowsEveryByteOfItsVector(
        listing: AnnotatedVector
    ) throws {
        let bytes = try #require(WireVector.stored(listing.name, "hex"))
        #expect(listing.difference(from: bytes) == nil)
    }

    @Test func theListingsAreThose() {
        #expect(
            AnnotatedVector.all.map(\.name) == [
                "request", "reply", "changeset-1", "changeset-2", "leaf", "head", "bundle",
                "bundle-files", "files", "file-receipts",
            ])
    }

    @Test func theDigestsOfTheChangesetsAreToldBesideThem() throws {
        for name in ["changeset-1", "changeset-2"] {
            let vector = try #require(WireVector.all.first { $0.name == name })
            let digest = try #require(vector.document["digest"] as? String)
            #expect(AnnotatedVector.grammar.contains("`\(digest)`"))
        }
    }

    @Test(arguments: WireVector.names) func aVectorIsNamedInTheGrammar(name: String) {
        #expect(AnnotatedVector.grammar.contains("`\(name)`"))
    }

    /// Listings of the bytes 1, 2, 3, 4, and what is wrong with each.
    private static let listings: [(text: String, difference: String?)] = [
        ("0000  0102  two\n0002  0304  two more", nil),
        ("0000  01\n      0203\n0003  04  four", nil),
        ("0000  01…  some\n0003  04", nil), ("0000  01\n      02…  the rest", nil),
        ("0000  0102\n0002  0305", "0305 at 0002"),
        ("0000  01…\n0003  05", "05 at 0003"),
        ("0000  01\n0001  0203040506", "0203040506 at 0001"),
        ("0000  01\n0002  0304", "0002 after 0001"),
        ("0000  0102…\n0001  020304", "0001 after 0002"),
        ("0000  010203", "the end after 0003"), ("", "the end after 0000"),
    ]

    @Test(arguments: listings.indices) func whatIsWrongInAListingIsFound(place: Int) {
        let (text, difference) = Self.listings[place]
        let listing = AnnotatedVector(name: "four", lines: text.split(separator: "\n"))
        #expect(listing.difference(from: [1, 2, 3, 4]) == difference)
    }
}

/// A listing in the grammar: an offset, bytes, and what they mean; bytes that
/// go on in the next line; `…` where some are left out.
struct AnnotatedVector: CustomTestStringConvertible {
    private struct Entry {
        let offset: Int
        var bytes: [UInt8]
        var isCut: Bool
    }

    let name: String
    private var entries: [Entry] = []

    var testDescription: String { name }

    static let grammar: String = {
        let file = WireVector.folder.deletingLastPathComponent().appendingPathComponent(
            "grammar.md")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    /// Those under headings that name a vector's file, in their order.
    static let all: [AnnotatedVector] = grammar.components(separatedBy: "### vectors/").dropFirst()
        .compactMap { section in
            let parts = section.components(separatedBy: "```\n")
            guard parts.count == 3, let name = section.split(separator: ".").first else {
                return nil
            }
            return AnnotatedVector(name: String(name), lines: parts[1].split(separator: "\n"))
        }

    init(name: String, lines: [Substring]) {
        self.name = name
        for line in lines {
            let isNew = !line.hasPrefix(" ")
            let words = line.split(separator: " ", maxSplits: isNew ? 2 : 1)
            guard let shown = words.dropFirst(isNew ? 1 : 0).first else { continue }
            let bytes = WireVector.bytes(ofHex: shown.filter(\.isHexDigit))
            if isNew {
                let offset = Int(words[0], radix: 16) ?? -1
                entries.append(Entry(offset: offset, bytes: bytes, isCut: shown.last == "…"))
            } else if let last = entries.indices.last {
                entries[last].bytes += bytes
                entries[last].isCut = shown.last == "…"
            }
        }
    }

    /// The first place where the bytes are others than the listing shows, or
    /// where it leaves some out and does not say so; nil where there is none.
    func difference(from bytes: [UInt8]) -> String? {
        var (end, isCut) = (0, false)
        for entry in entries {
            guard isCut ? entry.offset >= end : entry.offset == end else {
                return "\(Self.hex(entry.offset)) after \(Self.hex(end))"
            }
            guard bytes.dropFirst(entry.offset).starts(with: entry.bytes) else {
                return "\(WireVector.digits(entry.bytes)) at \(Self.hex(entry.offset))"
            }
            (end, isCut) = (entry.offset + entry.bytes.count, entry.isCut)
        }
        return isCut || end == bytes.count ? nil : "the end after \(Self.hex(end))"
    }

    private static func hex(_ offset: Int) -> String { String(format: "%04x", offset) }
}
