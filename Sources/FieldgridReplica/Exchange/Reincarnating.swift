import FieldgridModel
import FieldgridSync
import GRDB

extension Replica {
    /// A name for a new life of this database.
    func mintIncarnation() -> IncarnationID {
        IncarnationID(.version7(milliseconds: world.clock.milliseconds, using: &random))
    }
}

extension ReplyApplication {
    /// Does what the hub says of how a batch fits what it has.
    mutating func applyChain(at now: Int64) throws {
        let asked = reply.incarnation ?? memory.state.incarnation
        switch reply.chain {
        case .follows:
            memory.state.resendFrom = nil
            if isOfOtherLife, asked == memory.state.incarnation {
                let first = try Outbox.firstWaiting(db) ?? memory.state.seq + 1
                try begin(.fork, after: first - 1, at: now)
                return
            }
            guard clockWasMoved else { return }
            // A clock that is monotone could never come back from the future.
            memory.state.clock = HybridClock(last: reply.time)
            try begin(.clock, after: memory.state.seq, at: now)
        case .gap(let expected):
            let number = memory.state.line.number(
                of: ChangesetIdentity(incarnation: asked, seq: expected))
            let next = try number.flatMap { try Outbox.firstKept(from: $0, db) }
            memory.state.resendFrom = next == number ? number : nil
            guard let next, next != number else { return }
            try begin(.lost, after: next - 1, at: now)
            // Some of what was sealed again had been let go of: those values must come back with
            // the pull, which an incarnation's own do not.
            try begin(.lost, after: memory.state.seq, at: now)
        case .fork(let seq):
            memory.state.resendFrom = nil
            let identity = ChangesetIdentity(incarnation: asked, seq: seq)
            guard let number = memory.state.line.number(of: identity) else { return }
            guard number <= memory.state.seq + 1 else { return }
            try begin(.fork, after: number - 1, at: now)
        }
    }

    /// Goes on under a new name; what was sealed after `number` belongs to it.
    mutating func begin(_ cause: Reincarnation, after number: Int64, at now: Int64) throws {
        try Incarnating.begin(
            nextIncarnation, after: number, cause: cause, at: now, &memory.state, db)
        result.reincarnated = cause
    }
}

/// Starts new lives of a database.
enum Incarnating {
    /// Begins an incarnation after a number of the outbox, and seals again
    /// what is above it: with its own time, context and author, under a new
    /// name (sync.md 9.5).
    static func begin(
        _ mint: () -> IncarnationID, after number: Int64, cause: Reincarnation, at now: Int64,
        _ state: inout ReplicaState, _ db: Database
    ) throws {
        state.line.begin(mint(), after: number, cause: cause, at: now)
        state.head = .start(after: state.line.current.parent)
        if let resend = state.resendFrom, resend > number { state.resendFrom = nil }
        var next = number + 1
        while let kept = try Outbox.firstKept(from: next, db) {
            if kept != next {
                // What lay between was acknowledged and is gone: sequences have no gaps, so yet
                // another life goes on after it.
                state.line.begin(mint(), after: kept - 1, cause: cause, at: now)
                state.head = .start(after: state.line.current.parent)
            }
            try sealAgain(kept, &state, db)
            next = kept + 1
        }
        try state.line.write(db)
    }

    private static func sealAgain(
        _ number: Int64, _ state: inout ReplicaState, _ db: Database
    ) throws {
        guard var changeset = try Outbox.entry(number, db)?.changeset else { return }
        changeset.identity = state.line.identity(of: number)
        let body = CanonicalEncoder.bytes(of: changeset, after: state.head)
        let digest = ContentDigest.of(body)
        try Outbox.replace(number, digest: digest, body: body, db)
        state.head = digest
    }
}
