package import FieldgridModel
package import FieldgridSchema
package import FieldgridSync

/// What came of importing a device's bundle.
package struct BundleImport: Hashable, Sendable {
    package var device: DeviceRow
    package var madeAt: Int64
    package var sections = 0
    package var accepted = 0
    package var quarantined = 0
    /// What was here already.
    package var repeated = 0
    /// Changesets that wait for an earlier bundle.
    package var waiting = 0
    /// The first sequence that is missing before those.
    package var missing: Int64?
    /// The device stands in another life of the hub's database.
    package var isOtherEpoch = false
    /// Where the bundle and the hub tell different stories of one life.
    package var fork: Int64?
    package var files = BundleFiles()
    /// The hub's answer, for the device.
    package var reply: ReplyBundle?
}

/// A bundle for a device.
package struct ReplyBundle: Hashable, Sendable {
    package var device: DeviceRow
    package var file: [UInt8]
    package var records: Int
    package var receipts: Int
    /// Files that the hub acknowledges.
    package var files = 0
    package var positions: [ScopeCode: Position]
    package var since: [ScopeCode: Position]
    /// The device needs another one after this.
    package var hasMore: Bool
}

extension Hub {
    /// Takes what a device exported, and answers it.
    ///
    /// A bundle may come in any order and any number of times. All of it is
    /// read before any of it is taken; each section is then one transaction,
    /// and files come after the records that name them. Without a folder for
    /// them files stay on the stick.
    ///
    /// - Throws: ``BundleProblem`` when it is not a whole bundle of a device
    ///   of this hub's; nothing of it is taken then.
    package func importBundle(
        _ file: [UInt8], key: DeviceKey, files: AttachmentFolder? = nil, reply: Bool = true
    ) throws -> BundleImport {
        let (bundle, device) = try openBundle(file, key: key)
        let contents = try BundleContents(bundle)
        let requests = try requests(in: contents)
        var result = BundleImport(device: device, madeAt: bundle.madeAt)
        result.sections = bundle.sections.count
        lastSeen[device.keyID] = now
        var chain: ReplyChain?
        for request in requests where try beginEpochIfMissingWork(request, isWhole: false) { break }
        // Numbers and positions of another epoch mean nothing here: the answer says so, and the
        // device exports again.
        result.isOtherEpoch = requests.contains { $0.epoch.map { $0 != identity.epoch } ?? false }
        for section in contents.exchanges where !result.isOtherEpoch {
            let found = try take(section, from: device, into: &result)
            chain = chain ?? found
        }
        if let files { try take(contents.files, from: device, into: files, &result.files) }
        if !result.isOtherEpoch, let request = requests.first { note(request, of: device) }
        try note(requests.first, of: device, contents)
        if reply, device.revokedAt == nil {
            result.reply = try replyBundle(for: device, key: key, files: files, chain: chain)
        }
        return result
    }

    /// Everything is read once, to know that all of it can be, and the
    /// requests are kept without their changesets.
    private func requests(in contents: BundleContents) throws -> [ReceivedRequest] {
        for file in contents.files.files where !file.content.isEmpty {
            do {
                try AttachmentFolder.check(file.content)
            } catch {
                throw BundleProblem.damaged("a file in it is no JPEG, PNG or PDF")
            }
        }
        return try contents.exchanges.map { section in
            do throws(WireError) {
                var request = try ExchangeCodec.decodeRequest(section)
                request.batch = nil
                return request
            } catch {
                throw BundleProblem.damaged(error.description)
            }
        }
    }

    /// The device that a bundle is of, as far as its signature says.
    package func device(ofBundle file: [UInt8], key: DeviceKey) throws -> DeviceRow {
        try openBundle(file, key: key).device
    }

    private func openBundle(
        _ file: [UInt8], key: DeviceKey
    ) throws -> (bundle: SealedBundle, device: DeviceRow) {
        let (bundle, signer) = try SealedBundle.open(file, as: .toHub)
        guard bundle.hub == key.publicKey else { throw BundleProblem.foreignHub(found: bundle.hub) }
        guard let device = try device(keyID: signer.keyID), device.node == bundle.node else {
            throw BundleProblem.signerUnknown(signer)
        }
        return (bundle, device)
    }

    private func take(
        _ section: [UInt8], from device: DeviceRow, into result: inout BundleImport
    ) throws -> ReplyChain? {
        guard let batch = try ExchangeCodec.decodeRequest(section).batch,
            let first = batch.identities.first, let last = batch.identities.last
        else { return nil }
        let now = now
        let (answer, before, after) = try noting(batch, from: device) {
            try accepting { acceptance in
                let before = try acceptance.store.incarnation(first.incarnation)?.lastSeq ?? 0
                let answer = try acceptance.take(batch, from: Self.author(of: device))
                try acceptance.flush()
                if case .gap = answer.chain {
                    try acceptance.park(
                        ParkedSection(
                            node: device.node, incarnation: first.incarnation, first: first.seq,
                            last: last.seq, since: now, frame: section))
                }
                let after = try acceptance.store.incarnation(first.incarnation)?.lastSeq ?? 0
                return (answer, before, after)
            }
        }
        switch answer.chain {
        case .gap(let expected):
            result.waiting += Int(last.seq - first.seq + 1)
            result.missing = min(result.missing ?? expected, expected)
        case .fork(let seq):
            result.fork = seq
            try note(refusalOf: batch, from: device, Self.forkRefused)
        case .follows:
            result.repeated += Int(max(0, min(before, last.seq) - first.seq + 1))
            try count(first.incarnation, after: before, through: after, into: &result)
            return nil
        }
        return ReplyChain(incarnation: first.incarnation, answer: answer.chain)
    }

    private func count(
        _ incarnation: IncarnationID, after before: Int64, through last: Int64,
        into result: inout BundleImport
    ) throws {
        guard before < last else { return }
        let answers = try store.read { try $0.answers(incarnation, (before + 1)...last) }
        for answer in answers {
            if case .accepted = answer.outcome {
                result.accepted += 1
            } else {
                result.quarantined += 1
            }
        }
    }

    static func author(of device: DeviceRow) -> Acceptance.Author {
        Acceptance.Author(
            node: device.node, scope: device.scope, holder: device.holder,
            isRevoked: device.revokedAt != nil)
    }

    /// Remembers where the device stands, and which files it asks about, for
    /// the bundles that go back.
    ///
    /// A part of a bundle that has files alone says nothing of where it stands.
    private func note(
        _ request: ReceivedRequest?, of device: DeviceRow, _ contents: BundleContents
    ) throws {
        let files = contents.files.files.map(\.name)
        guard let request else {
            try store.write { view in
                guard var statement = try view.statement(of: device.node) else { return }
                statement.files = Array(
                    Set(statement.files).union(files).sorted().prefix(CarriedFiles.Limit.files))
                try view.put(statement)
            }
            return
        }
        var origins: [ChangesetIdentity] = []
        for section in contents.exchanges {
            guard let first = try ExchangeCodec.decodeRequest(section).batch?.identities.first,
                !origins.contains(where: { $0.incarnation == first.incarnation })
            else { continue }
            origins.append(first)
        }
        if origins.isEmpty {
            let next = (request.sealed ?? 0) + 1
            origins = [ChangesetIdentity(incarnation: request.incarnation, seq: next)]
        }
        var stated = ExchangeRequest(
            schema: request.schema, epoch: request.epoch, positions: request.positions,
            incarnation: request.incarnation, sealed: request.sealed ?? 0, held: request.held,
            batch: nil)
        stated.pulls = request.stands.pulls
        stated.audit = request.audit
        let frame = ExchangeCodec.encode(stated) { _ in nil }
        let statement = NodeStatement(
            node: device.node, origins: origins, frame: frame, files: files)
        try store.write { view in
            try view.put(statement)
            try view.put(standings)
        }
        standings = [:]
    }
}

/// What is wrong with the order of what a bundle brought.
struct ReplyChain: Hashable {
    var incarnation: IncarnationID
    var answer: ChainAnswer
}
