import FieldgridModel
package import FieldgridSchema
package import FieldgridSync

extension Hub {
    /// Makes a bundle for a device: receipts, and everything newer than the
    /// positions it stated in its last bundle; everything, if it sent none.
    ///
    /// - Throws: ``HubError`` for a device that is not enrolled or revoked.
    package func exportBundle(
        for name: String, key: DeviceKey, files: AttachmentFolder? = nil
    ) throws -> ReplyBundle {
        let device = try device(named: name)
        guard device.revokedAt == nil else {
            throw HubError(
                code: "device.revoked",
                message: "\(device.holder)'s device is revoked: nothing goes down to it",
                hint: "enrol the device anew if it is in the right hands")
        }
        return try replyBundle(for: device, key: key, files: files, chain: nil)
    }

    /// A device by its node id, its key, its holder's name or its own.
    package func device(named name: String) throws -> DeviceRow {
        let devices = try devices()
        let exact = devices.filter { $0.node.description == name || $0.keyID == name }
        let found =
            exact.isEmpty ? devices.filter { $0.holder == name || $0.name == name } : exact
        guard let device = found.first else {
            throw HubError(
                code: "device.unknown", message: "there is no device \(name)",
                hint: "list the devices with `fieldgrid hub devices`")
        }
        guard found.count == 1 else {
            throw HubError(
                code: "device.ambiguous", message: "\(found.count) devices are called \(name)",
                hint: "name one by its id, as `fieldgrid hub devices` lists it")
        }
        return device
    }

    func replyBundle(
        for device: DeviceRow, key: DeviceKey, files: AttachmentFolder?, chain: ReplyChain?
    ) throws -> ReplyBundle {
        let receipts = try files.map { try fileReceipts(for: device, $0) } ?? FileReceipts([])
        return try store.read { view in
            var result = ReplyBundle(
                device: device, file: [], records: 0, receipts: 0, positions: [:], since: [:],
                hasMore: false)
            let (asked, origins) = try statement(of: device, view)
            var sections: [[UInt8]] = []
            if let epoch = asked.epoch, epoch != identity.epoch {
                let reply = try reply(toEpoch: epoch, standing: asked.stands, view)
                sections = [ExchangeCodec.encode(reply)]
                result.hasMore = true
            } else {
                var writing = ReplySections(asked: asked, chain: chain, beside: receipts)
                sections = try writing.fill(origins, of: self, device, view, into: &result)
            }
            if !receipts.names.isEmpty {
                sections.append(receipts.frame)
                result.files = receipts.names.count
            }
            result.file =
                SealedBundle(
                    direction: .toNode, node: device.node, incarnation: asked.incarnation,
                    hub: key.publicKey, madeAt: now, sections: sections
                ).sealed(by: key)
            return result
        }
    }

    /// Where a device stands as far as its bundles say, and from where on it
    /// wants receipts.
    private func statement(
        of device: DeviceRow, _ view: any HubReading
    ) throws -> (request: ReceivedRequest, origins: [ChangesetIdentity]) {
        let nobody = IncarnationID(UUIDBits(high: 0, low: 0))
        guard let stated = try view.statement(of: device.node) else {
            let request = ReceivedRequest(
                schema: SchemaTag(0), epoch: nil, positions: [:], incarnation: nobody,
                replyBytesMax: 4 << 20, batch: nil)
            let origins = try view.incarnations(of: device.node).map {
                ChangesetIdentity(incarnation: $0, seq: 1)
            }
            return (request, origins)
        }
        var request = try ExchangeCodec.decodeRequest(stated.frame)
        // Who reads the answer may have been put back since it stated this: its own values are not
        // left out, for it may have lost them.
        request.incarnation = nobody
        request.sealed = nil
        return (request, stated.origins)
    }

    /// Everything that was answered from a sequence on; runs of it are short
    /// on the wire.
    fileprivate func answers(
        from origin: ChangesetIdentity, _ view: any HubReading
    ) throws -> [StoredAnswer] {
        guard let head = try view.incarnation(origin.incarnation), head.lastSeq >= origin.seq else {
            return []
        }
        let last = min(head.lastSeq, origin.seq + (1 << 20) - 2)
        return try view.answers(origin.incarnation, origin.seq...last)
    }
}

/// The replies of one bundle, each beginning where the one before it ends.
private struct ReplySections {
    var asked: ReceivedRequest
    let chain: ReplyChain?
    private var sections: [[UInt8]] = []
    private var bytes: Int

    /// Leaves room for what is beside the replies.
    init(asked: ReceivedRequest, chain: ReplyChain?, beside receipts: FileReceipts) {
        self.asked = asked
        self.chain = chain
        bytes = receipts.frame.count + 8
    }

    mutating func fill(
        _ origins: [ChangesetIdentity], of hub: Hub, _ device: DeviceRow, _ view: any HubReading,
        into result: inout ReplyBundle
    ) throws -> [[UInt8]] {
        // All receipts come before any value: a value counts as the hub's decision only after them.
        var next = origins
        repeat {
            var reply = try hub.reply(to: asked, from: device, view: view)
            if let origin = next.first {
                next.removeFirst()
                reply.incarnation = origin.incarnation
                let answers = try hub.answers(from: origin, view)
                reply.receipts = answers.map(\.receipt)
                reply.receiptsHead = answers.last?.digest
                if let chain, chain.incarnation == origin.incarnation { reply.chain = chain.answer }
            }
            if !next.isEmpty {
                reply.records = []
                reply.positions = reply.since
                reply.hasMore = true
            }
            guard add(reply) else { break }
            if sections.count == 1 { result.since = reply.since }
            result.receipts += reply.receipts.count
            result.records += reply.records.count
            result.positions = reply.positions
            result.hasMore = reply.hasMore
            asked.schema = reply.schema
            asked.held = []
            asked.audit = nil
            asked.epoch = reply.epoch
            asked.stands.follow(reply)
            // What it is told first makes it forget where it stood: all that follows is for who
            // has nothing.
            if reply.mustRebase {
                asked.stands = ScopeStands(positions: [:])
                asked.incarnation = IncarnationID(UUIDBits(high: 0, low: 0))
                result.hasMore = true
            }
        } while result.hasMore && sections.count < SealedBundle.Limit.sections - 1
        return sections
    }

    /// False when there is no more room.
    private mutating func add(_ reply: ExchangeReply) -> Bool {
        let frame = ExchangeCodec.encode(reply)
        guard sections.isEmpty || bytes + frame.count <= SealedBundle.Limit.sectionsBytes else {
            return false
        }
        bytes += frame.count + 8
        sections.append(frame)
        return true
    }
}
