import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation

/// What became of files in one synchronisation.
package struct AttachmentReport: Hashable, Sendable {
    /// Files that the hub acknowledged as whole.
    package var sent = 0
    /// Files that still wait.
    package var waiting = 0
    package var bytes = 0
    /// Why it stopped early, for people; the data went before and is safe.
    package var note: String?

    package init() {}
}

/// Sends and fetches files in ranges, never more bytes than it may.
///
/// - A file counts as sent when the hub, under its signature, says that it
///   has the whole of it and that it is right.
/// - After an end at any byte both go on there.
struct AttachmentExchange {
    /// Bytes of one request: little enough to get through a bad link.
    static let rangeBytes = 128 << 10

    let files: AttachmentFolder
    let client: HubClient
    /// Bytes that this run may still send or fetch.
    var budget: Int
    /// What became of files so far.
    private(set) var report = AttachmentReport()
    /// Files that were not taken, and are not offered again in this run.
    private(set) var passedOver: Set<String> = []

    /// Whether more would have been sent if it might.
    var hasUsedItsBudget: Bool { budget <= 0 && report.bytes > 0 && report.waiting > 0 }

    /// Sends what waits; a second time, what has come since.
    ///
    /// - throws: `HubFailure.interrupted` when the end was asked for; every other failure is said
    ///   in the report, for the data went before.
    mutating func sendAll() throws(HubFailure) -> AttachmentReport {
        let before = budget
        for name in files.outgoing() where !passedOver.contains(name) {
            guard budget > 0 else { break }
            do {
                if try send(name) { report.sent += 1 }
            } catch HubFailure.interrupted {
                throw .interrupted
            } catch HubFailure.refused(let refusal) {
                // One that the hub does not take keeps no other back.
                passOver(
                    name,
                    AttachmentObstacle(
                        code: refusal.code, message: refusal.message, hint: refusal.hint))
                report.note = "a file waits: \(refusal.message)"
            } catch let failure as SyncFailure {
                passOver(
                    name,
                    AttachmentObstacle(
                        code: failure.code, message: failure.message, hint: failure.hint))
                report.note = "a file waits: \(failure.message) \(failure.hint)"
            } catch {
                report.note = "files wait for the next synchronisation: \(error)"
                break
            }
        }
        report.waiting = files.outgoing().count
        report.bytes += before - budget
        return report
    }

    private mutating func passOver(_ name: String, _ obstacle: AttachmentObstacle) {
        passedOver.insert(name)
        files.keep(obstacle, to: name)
    }

    /// False when the budget ended first.
    private mutating func send(_ name: String) throws -> Bool {
        guard let size = files.size(of: name) else {
            // Somebody removed the file: there is nothing to send.
            files.acknowledge(name)
            return false
        }
        // What no hub can take is not sent over and over again.
        guard files.isIntact(name) else { throw SyncFailure.damagedHere(name) }
        let path = RangedFile.attachmentPath + "/" + name
        var progress = try said(client.send([], to: path, at: 0, of: size))
        while !progress.complete {
            let count = min(Self.rangeBytes, budget)
            guard count > 0, progress.have < size,
                let range = files.read(name, from: progress.have, atMost: count)
            else { return false }
            budget -= range.count
            let before = progress.have
            progress = try said(client.send(range, to: path, at: before, of: size))
            guard progress.complete || progress.have != before else { return false }
        }
        files.acknowledge(name)
        return true
    }

    private func said(_ bytes: [UInt8]) throws -> AttachmentProgress {
        do {
            return try JSONDecoder().decode(AttachmentProgress.self, from: Data(bytes))
        } catch {
            throw SyncFailure.unreadable("it says nothing of the file")
        }
    }

    /// Fetches a file; false when the budget ended first.
    mutating func fetch(_ name: String) throws -> Bool {
        guard AttachmentName.isValid(name) else { throw SyncFailure.noAttachment(name) }
        if files.size(of: name) != nil { return true }
        let path = RangedFile.attachmentPath + "/" + name
        while true {
            let offset = files.arrived(of: name)
            let asked = min(budget, Self.rangeBytes)
            guard asked > 0 else { return false }
            let range = try client.range(path, from: offset, length: asked)
            budget -= range.count
            // The hub's answer says nothing of the size: a short range is the last.
            let isLast = range.count < asked
            let size = isLast ? offset + range.count : AttachmentFolder.bytesMax
            guard size > 0 else { throw SyncFailure.noAttachment(name) }
            _ = try files.append(range, to: name, at: offset, of: size)
            if isLast { return files.size(of: name) != nil }
        }
    }
}

extension SyncFailure {
    static func damagedHere(_ name: String) -> SyncFailure {
        SyncFailure(
            code: "attachment.damaged",
            message: "The file \(name) on this device is not any more what was added.",
            hint: "Add the photo again; look for errors of the disk (`dmesg`).")
    }

    static func noAttachment(_ name: String) -> SyncFailure {
        SyncFailure(
            code: "attachment.unknown", message: "There is no file \(name).",
            hint: "A file is called by the 64 digits that `record show` has in the field.")
    }
}
