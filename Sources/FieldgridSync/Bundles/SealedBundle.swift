package import FieldgridModel

/// What travels in a file instead of over a network.
///
///     bundle = "FGB" version(1) direction(1) node incarnation hub(32) made
///              count { length frame } signer(32) signature(64)
///
/// - A section is a frame of an exchange, byte for byte: a request upwards, a
///   reply downwards; and at most one beside: files upwards, receipts for
///   files downwards (``BundleContents``).
/// - The signature covers everything before it. Who signed is said inside;
///   whether that is who should have, the reader decides.
/// - Nothing in it is a path, and nothing it holds is ever written by a name.
package struct SealedBundle: Hashable, Sendable {
    package enum Direction: UInt8, Hashable, Sendable {
        case toHub = 1
        case toNode = 2
    }

    package enum Limit {
        /// The largest file, so that it fits a request of the service.
        package static let file = 11 << 20
        package static let sections = 64
        /// What all sections may come to uncompressed.
        package static let body = 256 << 20
        /// How much room a section may take, what surrounds it left out.
        package static let sectionsBytes = file - 4096
    }

    package var direction: Direction
    /// The device that it comes from or is meant for.
    package var node: NodeID
    /// The life of the device's database that its receipts belong to; all
    /// zeros where the hub knows of none.
    package var incarnation: IncarnationID
    package var hub: DevicePublicKey
    /// UTC milliseconds, by the maker's clock; for people.
    package var madeAt: Int64
    package var sections: [[UInt8]]

    package init(
        direction: Direction, node: NodeID, incarnation: IncarnationID, hub: DevicePublicKey,
        madeAt: Int64, sections: [[UInt8]]
    ) {
        self.direction = direction
        self.node = node
        self.incarnation = incarnation
        self.hub = hub
        self.madeAt = madeAt
        self.sections = sections
    }

    private static let version: UInt8 = 1
    private static let magic = Array("FGB".utf8)
    private static let signatureBytes = 64

    /// The file's bytes, signed.
    ///
    /// - precondition: what it holds is within ``Limit``.
    package func sealed(by key: DeviceKey) -> [UInt8] {
        precondition((1...Limit.sections).contains(sections.count), "a bundle holds something")
        var writer = ByteWriter()
        writer.raw(Self.magic)
        writer.byte(Self.version)
        writer.byte(direction.rawValue)
        writer.bits(node.bits)
        writer.bits(incarnation.bits)
        writer.raw(hub.bytes)
        writer.unsigned(UInt64(max(0, madeAt)))
        writer.count(sections.count)
        for section in sections {
            writer.count(section.count)
            writer.raw(section)
        }
        writer.raw(key.publicKey.bytes)
        writer.raw(key.sign(Self.signed(writer.bytes)))
        precondition(writer.bytes.count <= Limit.file, "a bundle is as large as allowed")
        return writer.bytes
    }

    private static func signed(_ bytes: [UInt8]) -> [UInt8] {
        Array("fieldgrid-bundle-1".utf8) + ContentDigest.of(bytes).bytes
    }

    /// Reads a file and checks that it is whole and as its signer left it.
    ///
    /// - Returns: what it holds, and who signed it.
    package static func open(
        _ file: [UInt8], as direction: Direction
    ) throws(BundleProblem) -> (bundle: SealedBundle, signer: DevicePublicKey) {
        guard file.count <= Limit.file else { throw .tooLarge(file.count) }
        guard file.count > 5, file.starts(with: magic) else { throw .notABundle }
        guard file[3] == version else { throw .versionUnknown(file[3]) }
        guard let found = Direction(rawValue: file[4]) else { throw .damaged("direction") }
        guard found == direction else { throw .wrongWay(found) }
        do throws(WireError) {
            return try read(file, direction)
        } catch {
            throw .damaged(error.description)
        }
    }

    private static func read(
        _ file: [UInt8], _ direction: Direction
    ) throws(WireError) -> (bundle: SealedBundle, signer: DevicePublicKey) {
        var reader = ByteReader(file)
        _ = try reader.raw(5)
        let node = NodeID(try reader.bits())
        let incarnation = IncarnationID(try reader.bits())
        let hub = try publicKey(&reader)
        let madeAt = Int64(clamping: try reader.unsigned())
        let sections = try readSections(&reader)
        let signer = try publicKey(&reader)
        let end = reader.offset
        let signature = Array(try reader.raw(signatureBytes))
        try reader.finish()
        guard signer.isValid(signature, for: signed(Array(file[..<end]))) else {
            throw .malformed("the signature does not fit what is before it", at: end)
        }
        let bundle = SealedBundle(
            direction: direction, node: node, incarnation: incarnation, hub: hub, madeAt: madeAt,
            sections: sections)
        return (bundle, signer)
    }

    private static func publicKey(_ reader: inout ByteReader) throws(WireError) -> DevicePublicKey {
        guard let key = DevicePublicKey(Array(try reader.raw(32))) else {
            throw .malformed("public key", at: reader.offset)
        }
        return key
    }

    /// Sizes are those that the sections declare, added up before any of them
    /// is inflated.
    private static func readSections(_ reader: inout ByteReader) throws(WireError) -> [[UInt8]] {
        let count = try reader.index(below: Limit.sections + 1, "number of sections")
        guard count > 0 else { throw .malformed("no section", at: reader.offset) }
        var sections: [[UInt8]] = []
        var body = 0
        for _ in 0..<count {
            let section = Array(try reader.raw(try reader.count()))
            body += try Frame.bodyLength(of: section)
            guard body <= Limit.body else { throw .tooLarge(bytes: body, limit: Limit.body) }
            sections.append(section)
        }
        return sections
    }
}
