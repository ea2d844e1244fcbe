import FieldgridModel
package import FieldgridSync

/// What a reading of the audit logs from end to end came to.
package struct AuditReport: Hashable, Sendable {
    package var heads: [AuditHead] = []
    package var leaves: Int64 = 0
    /// The first thing that does not fit, if anything.
    package var finding: AuditFinding?
}

/// The first leaf that is not as it should be.
package struct AuditFinding: Hashable, Sendable, CustomStringConvertible {
    package var log: AuditLog
    /// Nil where it is not one leaf's.
    package var leaf: Int64?
    package var what: String

    package var description: String {
        let place = leaf.map { "leaf \($0) of " } ?? ""
        return "\(place)the log of \(log): \(what)"
    }
}

/// Recomputes every root from the leaves, and looks up in the hub's own
/// tables what each leaf speaks of; then looks the other way round for what
/// has no leaf, and for records that are not what their history says.
///
/// Memory grows by a bit for each changeset.
struct AuditReview {
    let view: any HubReading
    let now: Int64
    private let index: SchemaIndex
    private var books: AuditBooks

    init(_ view: any HubReading, _ index: SchemaIndex, now: Int64) throws {
        self.view = view
        self.index = index
        self.now = now
        books = try AuditBooks(view)
    }

    /// Reads the logs, and with `all` also what should be in them.
    mutating func run(_ logs: [AuditLog], all: Bool) throws -> AuditReport {
        var report = AuditReport()
        report.heads = try view.auditHeads(of: logs, at: now)
        for head in report.heads {
            report.finding = try read(head, into: &report)
            if report.finding != nil { return report }
        }
        if all {
            report.finding =
                try books.missing(in: view)
                ?? PresentReview(view: view, index: index).finding()
        }
        return report
    }

    private mutating func read(
        _ head: AuditHead, into report: inout AuditReport
    ) throws -> AuditFinding? {
        var edge = MerkleEdge()
        var finding: AuditFinding?
        func wrong(_ what: String, at leaf: Int64?) -> Bool {
            finding = AuditFinding(log: head.log, leaf: leaf, what: what)
            return false
        }
        try view.forEachLeaf(of: head.log, from: 0) { leaf in
            guard leaf.index == edge.size else {
                return wrong("it is missing", at: edge.size)
            }
            guard MerkleTree.leaf(leaf.bytes) == leaf.hash else {
                return wrong("its content does not have the hash that is stored", at: leaf.index)
            }
            guard let entry = try? AuditEntry(leaf: leaf.bytes) else {
                return wrong("it cannot be read", at: leaf.index)
            }
            if let life = head.lives.last(where: { $0.start <= leaf.index }),
                life.epoch != entry.epoch
            {
                return wrong("it is not of the epoch in which it was written", at: leaf.index)
            }
            if let what = try books.check(entry, in: head.log, view) {
                return wrong(what, at: leaf.index)
            }
            report.leaves += 1
            return try append(leaf, to: &edge, of: head.log).map { wrong($0, at: leaf.index) }
                ?? true
        }
        guard finding == nil else { return finding }
        if edge.size != head.size {
            return AuditFinding(
                log: head.log, leaf: min(edge.size, head.size),
                what: "there are \(edge.size) leaves, and its head says \(head.size)")
        }
        let isWhole = try edge.root == head.root && view.auditEdge(head.log) == edge
        return isWhole
            ? nil
            : AuditFinding(
                log: head.log, leaf: nil,
                what: "the root computed from its leaves is \(edge.root), and \(head.root) is "
                    + "stored")
    }

    /// Grows the tree by a leaf; tells where a stored root of a subtree is
    /// another one.
    private func append(
        _ leaf: StoredLeaf, to edge: inout MerkleEdge, of log: AuditLog
    ) throws -> String? {
        var complete: [(level: Int, index: Int64, hash: ContentDigest)] = []
        edge.append(leaf.hash) { level, index, hash in
            if level % 8 == 0 { complete.append((level, index, hash)) }
        }
        for subtree in complete {
            let stored = try? view.auditSubtree(log, level: subtree.level, index: subtree.index)
            guard stored == subtree.hash else {
                return "the root of the \(1 << subtree.level) leaves that it ends is not the "
                    + "stored one"
            }
        }
        return nil
    }
}

extension Hub {
    /// Verifies the logs, all of them or that of one scope.
    package func reviewAudit(only log: AuditLog? = nil) throws -> AuditReport {
        try store.read { view in
            var review = try AuditReview(view, index, now: now)
            guard let log else { return try review.run(view.auditLogs(), all: true) }
            guard try view.auditLogs().contains(log) else { throw HubError.noLog(log) }
            return try review.run([log], all: false)
        }
    }

    /// Hands over a log's leaves from one on, until `body` returns false.
    package func forEachAuditEntry(
        of log: AuditLog, from index: Int64, _ body: (Int64, AuditEntry) throws -> Bool
    ) throws {
        try store.read { view in
            try view.forEachLeaf(of: log, from: index) { leaf in
                try body(leaf.index, AuditEntry(leaf: leaf.bytes))
            }
        }
    }

    package func auditLogs() throws -> [AuditLog] { try store.read { try $0.auditLogs() } }

    /// Compares heads that somebody kept with the logs as they are now.
    ///
    /// - Returns: what was found of each, in their order.
    package func compare(
        _ witnessed: [SignedHead], signedBy key: DeviceKey
    ) throws -> [(head: AuditHead, AuditJudgement)] {
        try store.read { view in
            try witnessed.map { signed in
                let old = signed.head
                guard signed.isSigned(by: key.publicKey) else { return (old, .alarm(.unsigned)) }
                let present = try view.auditHeads(of: [old.log], at: now)[0]
                let offered = ProvedHead(
                    present.signed(by: key), from: old.size,
                    proof: try view.proof(of: old.log, from: old.size, to: present.size))
                return (old, .of(offered, kept: signed, hub: key.publicKey))
            }
        }
    }
}

extension HubError {
    fileprivate static func noLog(_ log: AuditLog) -> HubError {
        HubError(
            code: "audit.no-log", message: "there is no audit log of \(log)",
            hint: "`fieldgrid hub audit` lists the logs there are")
    }
}
