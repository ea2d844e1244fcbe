import FieldgridNode
import FieldgridReplica
import FieldgridSchema

extension FieldNode {
    /// Exchanges with the hub until nothing waits on either side.
    ///
    /// Each answer is applied whole before the next request, so an end in the middle, by a
    /// broken link or by cancelling the task, loses nothing and repeats nothing; a cancelled
    /// task ends the request under way. Records can be read and saved meanwhile. A second call
    /// waits its turn; one that is cancelled waits no longer.
    ///
    /// - Parameter attachmentBytes: How many bytes of files may go after the data. Why one waits
    ///   nevertheless is in ``waitingAttachments()``.
    /// - Parameter waitSeconds: When nothing is new and the files have gone, stay until something
    ///   is, at most so long: what others save and what the hub decides then arrives within a
    ///   second. What is saved here ends the wait, is sent at once, and the call returns; so does
    ///   a call that needs the way to the hub for something else than waiting, which goes next.
    ///   Where `attachmentBytes` are used up before the files are sent, the call returns at once.
    ///   A wait that fails after the data was exchanged only ends; the next call says why.
    /// - Parameter progress: Told after each exchange, on a thread of the node's; it may call
    ///   the node.
    /// - throws: `CancellationError`, or ``FieldgridError``: `hub.unreachable` and
    ///   `hub.not-fieldgrid`, which are ``FieldgridError/isTemporary``, `hub.wrong-key`, the hub's
    ///   refusal, `replica.storage-full`, or `node.closed` when the node was closed meanwhile.
    ///   What was applied before stays applied.
    @discardableResult
    public func sync(
        attachmentBytes: Int = 8 << 20, waitSeconds: Int = 0,
        progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws -> SyncReport {
        defer { listeners.tell() }
        return try await converse(endingWaits: waitSeconds <= 0) { [self] session in
            let report = try session.sync(
                attachmentBudget: max(0, attachmentBytes), waitSeconds: max(0, waitSeconds)
            ) { state in
                listeners.tell()
                sources.baton.putDown { progress(SyncProgress(state)) }
            }
            return SyncReport(report, quarantined: try session.replica.counts().quarantined)
        }
    }

    /// Whether the hub, and no other, answers: within five seconds once no other conversation is
    /// under way.
    ///
    /// Nothing depends on it: to know whether a synchronisation works, synchronise.
    public func isHubReachable() async -> Bool {
        (try? await converse { $0.isHubReachable() }) ?? false
    }

    /// Everything that waits for the hub, as a file for a stick.
    ///
    /// Nothing is taken off the outbox: that happens by a receipt only, by network or in the
    /// hub's bundle. `fieldgrid hub import FILE` takes it, any number of times and in any order.
    ///
    /// Files may need several parts, each a bundle of its own that can come in any order: ask
    /// for the next as long as ``ExportedBundle/attachmentsLeft`` is not 0.
    ///
    /// - Parameter attachmentBytes: How many bytes of files this part may hold.
    /// - Parameter after: ``ExportedBundle/lastAttachment`` of the part before.
    /// - throws: ``FieldgridError``.
    public func exportBundle(
        attachmentBytes: Int = 0, after: String? = nil
    ) async throws -> ExportedBundle {
        try await converse { session in
            let bundle = try session.exportBundle(
                attachmentBudget: max(0, attachmentBytes), after: after)
            return ExportedBundle(
                file: bundle.file, changesets: bundle.changesets, left: bundle.left,
                attachments: bundle.files.count, attachmentsLeft: bundle.files.left,
                lastAttachment: bundle.files.last)
        }
    }

    /// Takes what the hub wrote for this device with `fieldgrid hub export`.
    ///
    /// One that is imported again, or late, changes nothing.
    ///
    /// - throws: ``FieldgridError`` with a code of the family `bundle.`, and nothing of it is
    ///   applied; `reply.ahead` when an earlier one is missing.
    public func importBundle(_ file: [UInt8]) async throws -> ImportedBundle {
        defer { listeners.tell() }
        return try await converse { session in
            let result = try session.importBundle(file)
            return ImportedBundle(
                accepted: result.report.pushed, received: result.report.pulled,
                waiting: try session.replica.counts().outbox, isStale: result.isStale,
                hasMore: result.hasMore)
        }
    }

    /// Keeps a file beside the data, to be sent after it.
    ///
    /// - Parameter bytes: A JPEG, PNG or PDF of at most 10 MiB.
    /// - Returns: Its name, the SHA-256 of its content in 64 digits: the value of a field of
    ///   kind ``FieldKind/attachment``.
    /// - throws: ``FieldgridError``: `attachment.type`, `attachment.too-large`.
    public func addAttachment(_ bytes: [UInt8]) throws -> String {
        try save { try $0.attachments.add(bytes, toSend: true) }
    }

    /// The files that the hub has not acknowledged, in the order of their names, and why.
    ///
    /// One that is not among them is at the hub, or was never added here.
    ///
    /// - throws: ``FieldgridError`` with the code `node.closed`.
    public func waitingAttachments() throws -> [WaitingAttachment] {
        try use { session in
            let files = session.attachments
            return files.outgoing().map { name in
                WaitingAttachment(
                    id: name, bytes: files.size(of: name),
                    problem: files.obstacle(to: name).map(FieldgridError.init))
            }
        }
    }

    /// A file by its name, fetched from the hub where it is not here.
    ///
    /// - Parameter name: What ``addAttachment(_:)`` answered, and a record's field holds.
    /// - Parameter maxBytes: How many bytes may be fetched now.
    /// - Returns: The file; nil when the bytes did not suffice, and the next call goes on
    ///   where this one stopped.
    /// - throws: ``FieldgridError``: `attachment.unknown`, `hub.unreachable`.
    public func attachment(_ name: String, maxBytes: Int = 10 << 20) async throws -> [UInt8]? {
        if let bytes = try use({ $0.attachments.read(name) }) { return bytes }
        return try await converse { session in
            try session.fetch(name, budget: maxBytes) ? session.attachments.read(name) : nil
        }
    }
}
