import FieldgridModel
import FieldgridSync

/// The hub's own tables, as its audit logs speak of them: each leaf must be
/// true of them, and nothing in them may be without a leaf, or have two.
struct AuditBooks {
    private var decided: [IncarnationID: SequenceSet] = [:]
    private var released: [IncarnationID: SequenceSet] = [:]
    private var refusals: Set<AuditRefusal> = []
    private var issued: Set<[UInt8]> = []
    private var enrolled: Set<NodeID> = []
    private var revoked: Set<NodeID> = []
    private var begun: [EpochID] = []
    private var schemas: Set<ContentDigest> = []
    private var schema: ContentDigest?
    private var trailed: Int64 = 0
    private let devices: [NodeID: DeviceRow]
    private let enrolments: [[UInt8]: EnrolmentRow]
    private let epochs: [EpochRow]

    init(_ view: any HubReading) throws {
        devices = try Dictionary(view.devices().map { ($0.node, $0) }) { first, _ in first }
        enrolments = try Dictionary(view.enrolments().map { ($0.lookup, $0) }) { first, _ in
            first
        }
        epochs = try view.epochs()
    }

    /// What of a leaf is not so; nil when all of it is.
    mutating func check(
        _ entry: AuditEntry, in log: AuditLog, _ view: any HubReading
    ) throws -> String? {
        switch entry.content {
        case .decision(let identity, let digest, let decision):
            return try check(identity, digest, decision, in: log, view)
                ?? check(decision, of: identity, at: entry.time, view)
        case .release(let release, let trail):
            guard log == .scope(release.scope) else { return Self.elsewhere }
            guard try view.releases(of: [release.identity]) == [release] else {
                return
                    "it says that \(release.identity.name) was accepted after all, and no answer "
                    + "says so"
            }
            guard
                released[release.identity.incarnation, default: .init()]
                    .insert(release.identity.seq)
            else { return "\(release.identity.name) has a leaf for this already" }
            return try check(trail, of: release.identity, at: entry.time, view)
        case .refusal(let refusal):
            guard try view.refusedAt(refusal) == entry.time else {
                return "it says that a batch was refused, and nothing else does"
            }
            return refusals.insert(refusal).inserted ? nil : "the refusal has a leaf already"
        case .act(let act):
            guard log == .administration else { return Self.elsewhere }
            return try check(act, entry, view)
        }
    }

    private static let elsewhere = "it belongs into another log"

    private mutating func check(
        _ identity: ChangesetIdentity, _ digest: ContentDigest, _ decision: AuditEntry.Decision,
        in log: AuditLog, _ view: any HubReading
    ) throws -> String? {
        let answers = try view.answers(identity.incarnation, identity.seq...identity.seq)
        guard let answer = answers.first else {
            return "it speaks of \(identity.name), which the hub has no answer for"
        }
        guard answer.digest == digest else {
            return "the answer for \(identity.name) is of another content"
        }
        guard decided[identity.incarnation, default: .init()].insert(identity.seq) else {
            return "\(identity.name) has a leaf already"
        }
        let isSame =
            switch (decision, answer.outcome) {
            case (
                .accepted(let scope, let position, _, let isTimeMoved),
                .accepted(let answered, let at)
            ):
                scope == answered && position == at && isTimeMoved == answer.isTimeMoved
            case (.quarantined(let code, let isTimeMoved), .quarantined(let answered, _)):
                code == answered && isTimeMoved == answer.isTimeMoved
            case (.accepted, .quarantined), (.quarantined, .accepted): false
            }
        guard isSame else { return "the answer for \(identity.name) is another one" }
        guard case .accepted(let scope, _, _, _) = decision, log != .scope(scope) else {
            return nil
        }
        return Self.elsewhere
    }

    private mutating func check(
        _ decision: AuditEntry.Decision, of identity: ChangesetIdentity, at time: Int64,
        _ view: any HubReading
    ) throws -> String? {
        guard case .accepted(_, _, let trail, _) = decision else { return nil }
        return try check(trail, of: identity, at: time, view)
    }

    /// The rows of the history that a changeset left.
    private mutating func check(
        _ trail: AuditTrail, of identity: ChangesetIdentity, at time: Int64,
        _ view: any HubReading
    ) throws -> String? {
        var bytes: [UInt8] = []
        var rows: Int64 = 0
        for run in trail.runs {
            for body in try view.historyBodies(run) {
                bytes += body
                rows += 1
                guard let row = try? HistoryCodec.decode(body),
                    row.offer.identity == identity, row.acceptedAt == time
                else { return "the history does not have it, or not at that time" }
            }
        }
        trailed += rows
        let isSame =
            rows == trail.runs.reduce(0) { $0 + $1.count }
            && ContentDigest.of(bytes) == trail.digest
        return isSame ? nil : "the history of what it speaks of was changed"
    }

    private mutating func check(
        _ act: AuditAct, _ entry: AuditEntry, _ view: any HubReading
    ) throws -> String? {
        switch act {
        case .epochBegun(let cause):
            begun.append(entry.epoch)
            let row = epochs.first { $0.id == entry.epoch }
            let isSame = row?.cause.rawValue == cause && row?.beganAt == entry.time
            return isSame ? nil : "the hub knows nothing of this epoch's beginning"
        case .schemaPublished(let digest):
            schemas.insert(digest)
            schema = digest
            return try view.schemaDocument(SchemaTag(of: digest)).map(ContentDigest.of) == digest
                ? nil : "the schema that was published is not here"
        case .codeIssued(let lookup, let scope, let holder, let role, let expiresAt):
            guard issued.insert(lookup).inserted else { return "the code has a leaf already" }
            let row = enrolments[lookup]
            let isSame =
                row?.scope == scope && row?.holder == holder && row?.role == role
                && row?.expiresAt == expiresAt
            return isSame ? nil : "the enrolment code that was issued is not here as it was"
        case .deviceEnrolled(let node, let key, let lookup):
            guard enrolled.insert(node).inserted else {
                return "the device \(node) has a leaf already"
            }
            guard let device = devices[node], let code = enrolments[lookup] else {
                return "the device \(node) is not here"
            }
            let isSame =
                device.publicKey == key.bytes && code.usedBy == node
                && device.scope == code.scope && device.role == code.role
                && device.holder == code.holder && device.enrolledAt == entry.time
            return isSame ? nil : "the device \(node) is not as it was enrolled"
        case .deviceRevoked(let node):
            guard revoked.insert(node).inserted else {
                return "the revocation of \(node) has a leaf already"
            }
            return devices[node]?.revokedAt == entry.time
                ? nil : "the device \(node) was not revoked then"
        case .campaignOpened(let text), .campaignClosed(let text):
            guard let period = RefreshPeriod(text),
                try view.records([.campaign(period)]).count == 1
            else { return "there is no refresh of \(text)" }
            return nil
        case .backupNoted, .backupVerified: return nil
        }
    }

    /// Whatever the tables have and no leaf speaks of.
    func missing(in view: any HubReading) throws -> AuditFinding? {
        func without(_ what: String) -> AuditFinding {
            AuditFinding(log: .administration, leaf: nil, what: "\(what) has no leaf")
        }
        for (incarnation, head) in try view.incarnations() {
            let leaves = decided[incarnation] ?? .init()
            if let seq = leaves.firstMissing(through: head.lastSeq) {
                let identity = ChangesetIdentity(incarnation: incarnation, seq: seq)
                return AuditFinding(
                    log: .administration, leaf: nil,
                    what: "no log has a leaf for \(identity.name), which was answered")
            }
            if let identity = try unreleased(incarnation, through: head.lastSeq, view) {
                return without("the acceptance of \(identity.name) after its quarantine")
            }
        }
        if try view.refusalCount() != Int64(refusals.count) { return without("a refused batch") }
        if try view.historyCount() != trailed { return without("a row of the history") }
        for (lookup, row) in enrolments where !issued.contains(lookup) {
            return without("the enrolment code for \(row.holder)")
        }
        for (node, device) in devices {
            if !enrolled.contains(node) { return without("the device \(node)") }
            if device.revokedAt != nil, !revoked.contains(node) {
                return without("the revocation of \(node)")
            }
        }
        if begun != epochs.map(\.id) { return without("an epoch") }
        for tag in try view.schemaTags()
        where !schemas.contains(where: { SchemaTag(of: $0) == tag }) {
            return without("the schema \(String(tag.value, radix: 16))")
        }
        let present = try view.setting(.schemaTag).flatMap { UInt64($0, radix: 16) }
        return schema.map { SchemaTag(of: $0).value } == present
            ? nil : without("the publication of the present schema")
    }

    private func unreleased(
        _ incarnation: IncarnationID, through last: Int64, _ view: any HubReading
    ) throws -> ChangesetIdentity? {
        let pageAnswers: Int64 = 4_096
        var first: Int64 = 1
        while first <= last {
            let answers = try view.answers(incarnation, first...min(last, first + pageAnswers - 1))
            let quarantined = answers.filter {
                if case .quarantined = $0.outcome { true } else { false }
            }.map { ChangesetIdentity(incarnation: incarnation, seq: $0.seq) }
            for release in try view.releases(of: quarantined)
            where released[incarnation]?.contains(release.identity.seq) != true {
                return release.identity
            }
            first += pageAnswers
        }
        return nil
    }
}

/// Sequences that start at 1, a bit for each.
struct SequenceSet {
    private var words: [UInt64] = []

    /// False when it was there already.
    mutating func insert(_ seq: Int64) -> Bool {
        let (word, bit) = (Int(seq >> 6), UInt64(1) << UInt64(seq & 63))
        if word >= words.count { words += Array(repeating: 0, count: word + 1 - words.count) }
        defer { words[word] |= bit }
        return words[word] & bit == 0
    }

    func contains(_ seq: Int64) -> Bool {
        let word = Int(seq >> 6)
        return word < words.count && words[word] >> UInt64(seq & 63) & 1 == 1
    }

    func firstMissing(through last: Int64) -> Int64? {
        guard last > 0 else { return nil }
        return (1...last).first { !contains($0) }
    }
}

extension SchemaTag {
    /// The tag of the schema whose canonical JSON has this digest.
    fileprivate init(of digest: ContentDigest) {
        self.init(digest.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

extension ChangesetIdentity {
    fileprivate var name: String { "changeset \(seq) of \(incarnation)" }
}
