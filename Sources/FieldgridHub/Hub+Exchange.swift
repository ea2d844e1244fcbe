import FieldgridModel
package import FieldgridSync

extension Hub {
    /// Answers one exchange of an enrolled device.
    ///
    /// - Returns: the encoded reply. What it acknowledges is durable.
    /// - Throws: ``WireError`` for bytes that are not a request,
    ///   ``HubError`` for a request that cannot be answered.
    package func exchange(_ body: [UInt8], device: DeviceRow) throws -> [UInt8] {
        ExchangeCodec.encode(try exchange(ExchangeCodec.decodeRequest(body), device: device))
    }

    /// The same with the request decoded.
    package func exchange(
        _ request: ReceivedRequest, device: DeviceRow
    ) throws -> ExchangeReply {
        lastSeen[device.keyID] = now
        _ = try beginEpochIfMissingWork(request, isWhole: true)
        // Numbers and positions of another epoch mean nothing here, so nothing of the request is
        // read: the node begins this epoch, and sends again.
        if let epoch = request.epoch, epoch != identity.epoch {
            return try reply(toEpoch: epoch, standing: request.stands)
        }
        let author = Self.author(of: device)
        note(request, of: device)
        guard let batch = request.batch else {
            return try store.read { view in
                let reply = try reply(to: request, from: device, view: view)
                try note(reply, to: request, of: device, view)
                return reply
            }
        }
        let (chain, answered) = try noting(batch, from: device) {
            try accepting { acceptance in
                let answer = try acceptance.take(batch, from: author)
                try acceptance.flush()
                let reply = try reply(
                    to: request, from: device, view: acceptance.store, grids: acceptance.grids,
                    answer: answer)
                try note(reply, to: request, of: device, acceptance.store)
                return (answer.chain, reply)
            }
        }
        if chain.isFork { try note(refusalOf: batch, from: device, Self.forkRefused) }
        return answered
    }

    var emptyReply: ExchangeReply {
        ExchangeReply(
            epoch: identity.epoch, time: HybridTime(milliseconds: now), schema: identity.schema)
    }

    func reply(
        to request: ReceivedRequest, from device: DeviceRow, view: any HubReading,
        grids: GridTree? = nil, answer: Acceptance.Answer? = nil
    ) throws -> ExchangeReply {
        var reply = emptyReply
        if let answer, let batch = request.batch?.identities.first {
            reply.incarnation = batch.incarnation
            reply.chain = answer.chain
            reply.receipts = answer.receipts
        }
        let fork = try view.rewound(request, device.node)
        if let fork, reply.chain == .follows,
            (reply.incarnation ?? request.incarnation) == request.incarnation
        {
            reply.incarnation = request.incarnation
            reply.chain = fork
        }
        if request.schema != identity.schema { reply.schemaDocument = schemaDocument }
        if let kept = request.kept, try view.incarnation(kept.incarnation)?.node == device.node {
            let seq = try view.covered(kept.incarnation)
            if seq > 0 {
                reply.covered = ChangesetIdentity(incarnation: kept.incarnation, seq: seq)
            }
        }
        let held = try request.held.filter { held in
            try view.incarnation(held.incarnation)?.node == device.node
        }
        // What was set aside a moment ago may have been accepted with what came after it: the
        // records of this reply have it.
        reply.released = try view.releases(of: held + reply.setAside)
        var builder = try ReplyBuilder(
            store: view, index: index, hub: identity, grids: grids ?? self.grids)
        // What the asker lost of its own work is not sent back to the incarnation that made it, so
        // it must go on under a new name before its positions move.
        builder.bytesMax = replyBytesMax
        builder.isPaused = fork != nil || reply.chain.isFork
        try builder.build(for: device.scope, asked: request, into: &reply)
        reply.audit = try auditAnswer(to: request.audit, seeing: reply.positions.keys, view)
        if let check = request.check, !reply.hasMore, !reply.mustRebase, !builder.isPaused,
            request.schema == identity.schema
        {
            // What a transaction sees that may yet be rolled back is not kept.
            let sums = answer == nil ? rangeSums : RangeSums()
            try builder.answer(check, for: device.scope, sums: sums, into: &reply)
        }
        return reply
    }
}

extension ExchangeReply {
    /// The changesets of the request that are in quarantine by the receipts.
    fileprivate var setAside: [ChangesetIdentity] {
        guard let incarnation else { return [] }
        return receipts.compactMap { receipt in
            guard case .quarantined = receipt.outcome else { return nil }
            return ChangesetIdentity(incarnation: incarnation, seq: receipt.seq)
        }
    }
}

extension ChainAnswer {
    fileprivate var isFork: Bool {
        if case .fork = self { true } else { false }
    }
}
