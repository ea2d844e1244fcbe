import FieldgridModel
import FieldgridSync
import Foundation
import Testing

@Suite struct BundleTests {
    static let hub = key(1)
    static let device = key(2)

    static func key(_ seed: UInt64) -> DeviceKey {
        var random = SeededRandom(seed: seed)
        return DeviceKey.generate(using: &random)
    }

    static var bundle: SealedBundle {
        SealedBundle(
            direction: .toHub,
            node: NodeID(UUIDBits(high: 0x0193_0000_0002_7000, low: 0x8000_0000_0000_0001)),
            incarnation: WireFixture.incarnation, hub: hub.publicKey, madeAt: 1_784_856_000_000,
            sections: [ExchangeCodec.encode(WireFixture.request, number: WireFixture.number)])
    }

    @Test func aBundleSurvivesTheStick() throws {
        let opened = try SealedBundle.open(Self.bundle.sealed(by: Self.device), as: .toHub)
        #expect(opened.bundle == Self.bundle)
        #expect(opened.signer == Self.device.publicKey)
    }

    @Test func everyTruncationIsRefused() {
        let file = Self.bundle.sealed(by: Self.device)
        for length in 0..<file.count {
            #expect(throws: BundleProblem.self) {
                try SealedBundle.open(Array(file[..<length]), as: .toHub)
            }
        }
    }

    @Test func everyFlippedByteIsRefused() {
        let file = Self.bundle.sealed(by: Self.device)
        for place in file.indices {
            var altered = file
            altered[place] ^= 0x21
            #expect(throws: BundleProblem.self, "byte \(place)") {
                try SealedBundle.open(altered, as: .toHub)
            }
        }
    }

    @Test func aBundleForTheOtherSideSaysWhereItBelongs() {
        let error = #expect(throws: BundleProblem.self) {
            try SealedBundle.open(Self.bundle.sealed(by: Self.device), as: .toNode)
        }
        #expect(error?.code == "bundle.wrong-way")
        #expect(error?.hint.contains("hub import") == true)
    }

    @Test func aFileThatIsNoBundleOrTooLargeIsNotRead() {
        let page = #expect(throws: BundleProblem.self) {
            try SealedBundle.open(Array("<html>".utf8), as: .toHub)
        }
        #expect(page?.code == "bundle.not-a-bundle")
        let large = #expect(throws: BundleProblem.self) {
            try SealedBundle.open(
                [UInt8](repeating: 0, count: SealedBundle.Limit.file + 1), as: .toHub)
        }
        #expect(large?.code == "bundle.too-large")
    }

    @Test func sectionsThatWouldInflateBeyondTheLimitAreRefusedBeforeTheyDo() throws {
        let body = [UInt8](repeating: 7, count: 30 << 20)
        var bomb = Self.bundle
        // Random enough to pass the ratio of one frame, too much in nine.
        var mixed = body
        for place in stride(from: 0, to: mixed.count, by: 97) {
            mixed[place] = UInt8(truncatingIfNeeded: place &* 31)
        }
        let frame = Frame.wrap(mixed, kind: .exchangeRequest)
        bomb.sections = Array(repeating: frame, count: 9)
        guard frame.count * 9 < SealedBundle.Limit.sectionsBytes else { return }
        let error = #expect(throws: BundleProblem.self) {
            try SealedBundle.open(bomb.sealed(by: Self.device), as: .toHub)
        }
        #expect(error?.code == "bundle.damaged")
    }
}
