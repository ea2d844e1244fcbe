import FieldgridModel
import FieldgridSync
import Foundation
import Testing

/// Files in bundles, and what a hostile hand can make of them.
@Suite struct CarriedFilesTests {
    private static let photo: [UInt8] = [0xff, 0xd8, 0xff, 0xe0] + Array("fiction.".utf8)
    private static let name = RangedFile.name(of: ContentDigest.of(photo).bytes)
    private static let asked = String(repeating: "f", count: 64)

    private static var files: CarriedFiles {
        CarriedFiles([.init(name: asked, content: []), .init(name: name, content: photo)])
    }

    private func bundle(_ sections: [[UInt8]], _ way: SealedBundle.Direction = .toHub) throws
        -> BundleContents
    {
        var bundle = BundleTests.bundle
        bundle.direction = way
        bundle.sections = sections
        let file = bundle.sealed(by: BundleTests.device)
        return try BundleContents(SealedBundle.open(file, as: way).bundle)
    }

    @Test func filesAndReceiptsSurviveTheStick() throws {
        let request = BundleTests.bundle.sections[0]
        let up = try bundle([request, Self.files.frame])
        #expect(up.exchanges == [request])
        #expect(up.files.files.map(\.name) == [Self.name, Self.asked], "names rise")
        #expect(up.files.files.map(\.content) == [Self.photo, []])
        let down = try bundle([FileReceipts([Self.name]).frame], .toNode)
        #expect(down.receipts.names == [Self.name])
    }

    /// Bodies of a files frame that nothing of may be taken.
    private static let hostile: [(String, [UInt8])] = {
        let digest = ContentDigest.of(photo).bytes
        let file = digest + [UInt8(photo.count)] + photo
        let zero = [UInt8](repeating: 0, count: 32) + [0]
        return [
            ("more files than bytes", [200, 1] + file),
            ("more files than allowed", [0x81, 0x08] + [UInt8](repeating: 0, count: 40_000)),
            ("a content longer than what is there", [1] + digest + [0xff, 0xff, 0x7f] + photo),
            ("a content larger than allowed", [1] + digest + [0x81, 0x80, 0x80, 0x05]),
            ("another content than named", [1] + zero.dropLast() + file.dropFirst(32)),
            ("a byte changed", [1] + file.dropLast() + [0]),
            ("one file twice", [2] + file + file),
            ("names that fall", [2] + file + zero),
            ("bytes too many", [1] + file + [0]),
            ("half a name", [1] + digest.prefix(20)),
        ]
    }()

    @Test(arguments: hostile.map(\.0))
    func aFrameThatIsNotAsItMustBeMakesTheBundleDamaged(what: String) throws {
        let body = try #require(Self.hostile.first { $0.0 == what }?.1)
        let error = #expect(throws: BundleProblem.self) {
            try bundle([
                BundleTests.bundle.sections[0], Frame.wrap(body, kind: .files),
            ])
        }
        #expect(error?.code == "bundle.damaged")
    }

    @Test func sectionsThatDoNotBelongMakeTheBundleDamaged() {
        let (files, receipts) = (Self.files.frame, FileReceipts([Self.name]).frame)
        let kept = Frame.wrap([1, 2, 3], kind: .keptChangeset)
        let cases: [([[UInt8]], SealedBundle.Direction)] = [
            ([files, files], .toHub), ([receipts], .toHub), ([kept], .toHub),
            ([files], .toNode), ([receipts, receipts], .toNode),
            (BundleTests.bundle.sections, .toNode),
        ]
        for (sections, way) in cases {
            let error = #expect(throws: BundleProblem.self) { try bundle(sections, way) }
            #expect(error?.code == "bundle.damaged")
        }
    }

    @Test(arguments: UInt64(1)...200)
    func noBytesAtAllBringItDown(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var frame = Self.files.frame
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 6..<frame.count, using: &random)
            frame[place] = UInt8.random(in: 0...255, using: &random)
        }
        if let read = try? CarriedFiles(frame: frame) {
            for file in read.files where !file.content.isEmpty {
                #expect(RangedFile.name(of: ContentDigest.of(file.content).bytes) == file.name)
            }
        }
    }
}
