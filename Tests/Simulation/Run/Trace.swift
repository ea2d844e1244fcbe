/// A running digest of everything that happened, in order: two runs are the
/// same when it is.
struct Trace: Hashable {
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// The last lines, for a failure's report.
    private(set) var tail: [String] = []

    mutating func note(_ line: String) {
        mix(line.utf8)
        tail.append(line)
        if tail.count > 40 { tail.removeFirst(20) }
    }

    mutating func note(_ line: String, _ bytes: [UInt8]) {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        note("\(line) \(bytes.count) bytes \(String(digest, radix: 16))")
    }

    private mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ 0x0a) &* 0x0000_0100_0000_01b3
    }

    /// Sixteen hexadecimal digits.
    var text: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A promise that did not hold: which one, and what was found.
struct Violation: Error, Hashable, CustomStringConvertible {
    /// `I1` to `I19` of the contract, or a word of the simulator's own.
    var invariant: String
    var finding: String

    init(_ invariant: String, _ finding: String) {
        self.invariant = invariant
        self.finding = finding
    }

    var description: String { "\(invariant): \(finding)" }
}

/// States worth reaching: a suite that never saw one of them proves nothing
/// about it.
enum Mark: String, CaseIterable, Hashable, Codable {
    case conflict, decided, settled, settledAtNode, reopened
    case revival, inconsistent, deletion, move, quarantine, foreignEdit
    case crash, tornSectors, crashInExchange, hubCrash, diskFailure
    case portal, cutReply, lostReply, repeatedRequest, lateReply, wrongTime
    case clockBack, backlog, batch, outOfRight, hubEdit
    case refreshOpened, revoked, sides
    case auditHeads, auditBreak, auditAlarm
    case restored, machineRestored, cloned, fork, rewound, clockTurned
    case duplicate, joined, parted
    case undone, undoSuperseded, undoneAgain, settledApart
    case tagRemoved, counted, noted, lowered, fixedRefused, hubUnitRefused
    case exceptionToContext, oldEpochContext, followedMove, byNumber
    case hubRestored, hubRewound, epochBegan, salvaged
    case stick, stickRepeated, stickRefused, waitedForPredecessor
    case schemaPublished, oldProgram, olderSchema, regridded, firstCopy
    case damaged, madeWhole, repaired, rowReplaced, released, parked, strangeText, groupDisagrees
    case trimmed, rebased, severalReplies
}
