import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Decides a batch, and then whatever waited for it.
    ///
    /// One path for an exchange and for a bundle: what arrived by one may be
    /// what the other was waiting for.
    func take(
        _ batch: ReceivedBatch, from author: Author
    ) throws -> Answer {
        let answer = try accept(try resolve(batch), from: author)
        guard case .follows = answer.chain, let first = batch.identities.first else {
            return answer
        }
        try flush()
        try takeParked(of: first.incarnation, from: author)
        return answer
    }

    /// Sections that came before their predecessor, as far as it is here now.
    ///
    /// One that turns out to be another than what was sealed is let go of: the
    /// device has it still, as it is not acknowledged, and what it sends now
    /// must not fail for it.
    private func takeParked(of incarnation: IncarnationID, from author: Author) throws {
        for section in try store.parked(of: incarnation) where section.node == author.node {
            guard let batch = try ExchangeCodec.decodeRequest(section.frame).batch else { continue }
            do {
                let answer = try accept(try resolve(batch), from: author)
                if case .gap = answer.chain { return }
                try flush()
            } catch let error as HubError where Hub.refusals.contains(error.code) {
                try note(refusalOf: batch, from: author.node, error.code)
            }
            try store.remove(section)
        }
    }

    /// Keeps a section until its predecessor comes.
    ///
    /// - Throws: ``HubError`` when too much of this device waits already.
    func park(_ section: ParkedSection) throws {
        let waiting = try store.parked(from: section.node)
        if waiting.contains(where: { $0.frame == section.frame }) { return }
        let bytes = waiting.reduce(section.frame.count) { $0 + $1.frame.count }
        guard waiting.count < ParkedSection.Limit.sections, bytes <= ParkedSection.Limit.bytes
        else {
            throw HubError(
                code: "bundle.too-many-wait",
                message: "\(waiting.count) sections of this device wait already for what comes "
                    + "before them, so this bundle is not taken",
                hint: "import the device's earlier bundle first")
        }
        try store.put(section)
    }

    /// Looks up the records that a batch names by number.
    func resolve(_ batch: ReceivedBatch) throws -> ChangesetBatch {
        var places: [Int] = []
        var numbers: [(scope: ScopeCode, number: RecordNumber)] = []
        var ids: [RecordID?] = batch.references.enumerated().map { place, reference in
            switch reference {
            case .id(let id): return id
            case .number(let scope, let number):
                places.append(place)
                numbers.append((scope, number))
                return nil
            }
        }
        for (place, id) in zip(places, try store.ids(of: numbers)) { ids[place] = id }
        let known = ids.compactMap { $0 }
        guard known.count == ids.count else {
            throw HubError(
                code: "record.number-unknown",
                message: "the request names a record by a number this hub never gave",
                hint: "the node's positions are of another hub: join it again")
        }
        return batch.resolved(known)
    }
}
