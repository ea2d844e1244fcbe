import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// A device's folder, opened: its records, and its way to the hub.
///
/// Everything about records works without a network. A save is on the disk when the
/// function returns, survives a power cut, and is sent by the next
/// ``sync(attachmentBytes:waitSeconds:progress:)``.
///
/// A node may be used from any thread and task; it does one thing at a time, and what
/// waits for the network keeps nothing else waiting. One process has a folder open:
/// another one that tries is told who has it.
///
/// ## Topics
/// ### Opening
/// - ``join(folder:hub:code:deviceName:environment:)``
/// - ``init(folder:environment:)``
/// - ``close()``
/// ### Reading
/// - ``schema``
/// - ``records(of:where:skip:limit:)``
/// - ``record(_:of:)``
/// - ``history(of:)``
/// - ``tasks(period:includingDone:)``
/// - ``changes()``
/// - ``status()``
/// - ``refusedSaves()``
/// ### Saving
/// - ``problems(creating:_:)``
/// - ``problems(editing:_:)``
/// - ``create(_:_:in:source:)``
/// - ``edit(_:_:source:)``
/// - ``append(_:to:of:source:)``
/// - ``confirm(_:on:)``
/// - ``move(_:to:)``
/// - ``delete(_:)``
/// ### Exchanging
/// - ``sync(attachmentBytes:waitSeconds:progress:)``
/// - ``isHubReachable()``
/// - ``exportBundle(attachmentBytes:after:)``
/// - ``importBundle(_:)``
/// ### Conflicts
/// - ``conflicts(includingDecided:)``
/// - ``conflict(_:)``
/// - ``settle(_:_:note:source:)``
/// - ``undo(_:note:)``
/// ### Files
/// - ``addAttachment(_:)``
/// - ``attachment(_:maxBytes:)``
/// - ``waitingAttachments()``
public final class FieldNode: Sendable {
    /// The path of its folder.
    public let folder: String
    let sources: Sources
    /// One conversation, or one bundle, at a time.
    let conversation = Turns()
    let listeners = Listeners()
    private let opened: OpenedFolder

    private init(
        _ folder: String, sources: Sources, open: (NodeFolder) throws -> (NodeSession, FolderLock)
    ) throws {
        self.folder = folder
        self.sources = sources
        let (session, lock) = try translated { try open(NodeFolder(folder)) }
        opened = OpenedFolder(session, lock)
    }

    deinit { finish() }

    /// Opens a folder that has joined a hub.
    ///
    /// What other programs edited in the folder's SQLite file since is taken over first, as
    /// edits by nobody in particular.
    ///
    /// - throws: ``FieldgridError`` with the code `folder.not-joined`, `folder.busy` when
    ///   another process has it open, or `replica.damaged`, `replica.storage-full`, ….
    public convenience init(
        folder: String, environment: NodeEnvironment = .system
    ) throws {
        let sources = Sources(environment)
        try self.init(folder, sources: sources) { folder in
            // Before the lock, which would leave its file in a folder that is nobody's.
            _ = try folder.document()
            let lock = try FolderLock(folder: folder.path, command: "an app")
            return (try NodeSession(folder, sources: sources.node), lock)
        }
    }

    /// Enrols this device at a hub with a one-time code, and fetches what it needs to work
    /// alone: schema, code lists, the grid tree and the records of its grids.
    ///
    /// There are three ends. It returns: the device works without a network from now on. It
    /// throws `join.unsynchronised`: the device has joined, its code is used up, and only the
    /// first exchange failed, for the reason in ``FieldgridError/cause``; open the folder with
    /// ``init(folder:environment:)`` and synchronise when that can work. It throws anything else:
    /// the device has not joined. A refusal leaves nothing behind; after a broken link, or when
    /// the task was cancelled, call it again with the same folder and code: it goes on where it
    /// was, also where only the hub's answer was lost.
    ///
    /// - Parameter folder: A path that does not exist yet, or an empty folder.
    /// - Parameter hub: Where the hub is, `http://HOST:PORT` or `https://HOST`.
    /// - Parameter code: What `fieldgrid hub enrol` printed, in any case, with or without
    ///   hyphens. It carries the fingerprint of the hub's key, so nobody else can answer.
    /// - Parameter deviceName: What the hub's list of devices calls it.
    /// - Parameter environment: Clock, randomness, and the way to the hub.
    /// - throws: ``FieldgridError``: `hub.address-malformed`, `enrol.code-malformed`,
    ///   `folder.already-joined`, `hub.unreachable`, `hub.wrong-key`, or the hub's refusal, where
    ///   it has not joined; `join.unsynchronised` where it has. `CancellationError` where it was
    ///   cancelled before it had joined.
    public static func join(
        folder: String, hub: String, code: String, deviceName: String,
        environment: NodeEnvironment = .system
    ) async throws -> FieldNode {
        guard let address = HubAddress(hub) else {
            throw FieldgridError(
                "hub.address-malformed", "“\(hub)” is not the address of a hub.",
                hint: "Write it as http://HOST:PORT or https://HOST.")
        }
        guard let enrolment = EnrolmentCode(code) else {
            throw FieldgridError(
                "enrol.code-malformed", "“\(code)” is not an enrolment code.",
                hint: "A code has 32 letters and digits in groups of four; check for a missing one."
            )
        }
        let joining = NodeJoining(
            hub: address, code: enrolment, deviceName: deviceName, platform: platform)
        let sources = Sources(environment)
        let node = try await sources.interruptibly {
            try FieldNode(folder, sources: sources) { folder in
                try sources.baton.hold {
                    try joining.join(
                        folder, command: "an app", waitingUpTo: .zero, sources: sources.node)
                }
            }
        }
        do {
            _ = try await node.sync(attachmentBytes: 0)
        } catch {
            // So that the folder can be opened at once.
            await node.close()
            throw FieldgridError.joinedUnsynchronised(folder, because: error)
        }
        return node
    }

    private static var platform: String {
        #if os(Linux)
            "linux"
        #elseif os(macOS)
            "macos"
        #elseif os(iOS)
            "ios"
        #elseif os(Android)
            "android"
        #else
            "other"
        #endif
    }

    /// Gives the folder back; every other call fails with `node.closed` afterwards.
    ///
    /// A synchronisation under way ends with `node.closed` as soon as what has arrived is
    /// applied; nothing is lost. A node that nobody holds any more is closed by itself.
    public func close() async {
        sources.end.close()
        _ = try? await sources.inTurn(conversation) { [self] in finish() }
    }

    private func finish() {
        sources.baton.hold { opened.close() }
        listeners.finish()
    }

    /// What the hub has published, as far as it was heard: types, fields, code lists.
    ///
    /// - throws: ``FieldgridError`` with the code `node.closed`.
    public var schema: Schema { get throws { try use { Schema($0.replica.schema) } } }
}

extension FieldNode {
    /// Uses the session while nobody else does.
    func use<Answer>(_ body: (NodeSession) throws -> Answer) throws -> Answer {
        try translated {
            try sources.baton.hold {
                guard let session = opened.session else { throw FieldgridError.closed }
                return try body(session)
            }
        }
    }

    /// Asks the record service, the one door for records, conflicts and tasks.
    func ask(
        _ request: ServiceRequest, of session: NodeSession, editing record: Record? = nil
    ) throws -> JSONValue {
        let replica = session.replica
        var service = try RecordService(
            store: replica, place: .node, author: session.document.holder, clock: sources.clock,
            settledHere: try replica.settledLocally(), newID: sources.mint)
        if let record {
            service.loadedAt = try session.context(of: record)
            service.shownCounters = session.counters(of: record)
        }
        service.hubClockOffset = session.hubClockOffset
        guard let reply = try service.answer(request) else { throw FieldgridError.closed }
        return reply.document
    }

    /// The same, for a request that saves: whoever listens is told afterwards, and an exchange
    /// that waits for news sends it.
    func save<Answer>(_ body: (NodeSession) throws -> Answer) throws -> Answer {
        let answer = try use(body)
        sources.end.endWait()
        listeners.tell()
        return answer
    }

    /// Has a thread of its own for what talks to the hub or moves bundles, one at a time.
    ///
    /// An exchange that only waits for news makes way, unless `endingWaits` is false.
    func converse<Answer: Sendable>(
        endingWaits: Bool = true, _ body: @escaping @Sendable (NodeSession) throws -> Answer
    ) async throws -> Answer {
        try await sources.interruptibly(turns: conversation, endsWaits: endingWaits) { [self] in
            do {
                return try use(body)
            } catch let error as FieldgridError where error.code == HubFailure.interrupted.code {
                throw sources.end.isClosing ? FieldgridError.closed : error
            }
        }
    }
}

extension Sources {
    /// Runs what talks to the hub on a thread of its own, in its turn; a cancelled task leaves
    /// the queue, or ends the request under way.
    ///
    /// - Parameter turns: The queue of those of whom one may run at a time.
    /// - Parameter endsWaits: Whether an exchange that only waits for news makes way for it. Two
    ///   that both wait would otherwise chase each other for ever.
    func interruptibly<Answer: Sendable>(
        turns: Turns = Turns(), endsWaits: Bool = true,
        _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        try Task.checkCancellation()
        let cancelled = Cancellation()
        return try await withTaskCancellationHandler {
            try await inTurn(turns, cancelled, endsWaits: endsWaits) {
                end.follow(cancelled)
                defer { end.follow(nil) }
                do {
                    return try body()
                } catch {
                    if cancelled.isCancelled { throw CancellationError() }
                    throw error
                }
            }
        } onCancel: {
            end.cancel(cancelled)
            turns.leave(cancelled)
        }
    }

    /// The same, to the end once its turn has come.
    func inTurn<Answer: Sendable>(
        _ turns: Turns, _ cancellation: Cancellation = Cancellation(), endsWaits: Bool = true,
        _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        do {
            if endsWaits { end.want() }
            defer { if endsWaits { end.stopWanting() } }
            try await turns.take(unless: cancellation, isForNews: !endsWaits)
        }
        return try await Waiting.onThread {
            defer { turns.giveBack() }
            return try body()
        }
    }
}

/// A session and the right to its folder, until it is closed.
// The lock that protects it is the node's baton: nobody else's hands reach it.
private final class OpenedFolder: @unchecked Sendable {
    private(set) var session: NodeSession?
    private let lock: FolderLock

    init(_ session: NodeSession, _ lock: FolderLock) {
        self.session = session
        self.lock = lock
    }

    func close() {
        guard let session else { return }
        try? session.close()
        lock.release()
        self.session = nil
    }
}
