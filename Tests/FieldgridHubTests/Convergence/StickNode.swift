import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync

/// A real node that reaches its hub by files only.
extension RealNode {
    /// What `node export` writes.
    func exported(from start: Int64? = nil) throws -> [UInt8] {
        var sections: [[UInt8]] = []
        var next = try start ?? replica.firstToSend()
        repeat {
            let (request, encoded) = try replica.request(
                from: next, maxChangesets: 3, naming: .ids)
            if request.batch == nil, !sections.isEmpty { break }
            sections.append(encoded)
            next = request.batch.flatMap { batch in next.map { $0 + Int64(batch.changesets.count) }
            }
        } while next != nil
        return SealedBundle(
            direction: .toHub, node: device.node, incarnation: replica.incarnation,
            hub: hub.key.publicKey, madeAt: hub.clock.milliseconds, sections: sections
        ).sealed(by: try hub.key(of: device))
    }

    /// What `node import` does once the bundle's owner is checked.
    @discardableResult
    func imported(_ file: [UInt8]) throws -> [AppliedReply] {
        let (bundle, _) = try SealedBundle.open(file, as: .toNode)
        return try bundle.sections.map { try replica.apply(ExchangeCodec.decodeReply($0)) }
    }
}

extension TestHub {
    /// The key that ``enrol(_:_:role:)`` made for a device.
    func key(of device: DeviceRow) throws -> DeviceKey {
        for seed in UInt64(1_001)...1_100 {
            var random = SeededRandom(seed: seed)
            let key = DeviceKey.generate(using: &random)
            if key.publicKey.keyID == device.keyID { return key }
        }
        throw HubError(code: "test", message: "the device's key is not known", hint: "")
    }

    @discardableResult
    func imported(_ file: [UInt8]) throws -> BundleImport {
        try hub.importBundle(file, key: key, files: attachments)
    }
}
