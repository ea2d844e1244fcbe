import ArgumentParser
import FieldgridHub
import FieldgridModel
import FieldgridService

struct HubQuarantine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Everything that the hub has set aside, why, and what lets it in.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub quarantine")
        try output.report(try desk.answer(.hub(ask: .quarantine))) { document in
            let entries = document.elements
            guard !entries.isEmpty else { return "Nothing is set aside." }
            return entries.map(QuarantineText.paragraph).joined(separator: "\n\n")
        }
    }
}

/// What the hub has set aside, for people.
enum QuarantineText {
    static func paragraph(_ entry: JSONValue) -> String {
        let records = entry["records"].elements.map { record in
            [record["type"].text ?? "of an unknown type", record["id"].text, record["name"].text]
                .compactMap { $0 }.joined(separator: " ")
        }
        let revoked = entry["revoked"].bool == true ? ", revoked" : ""
        return """
            \(entry["holder"].text ?? "a device unknown here") (\(entry["node"].text ?? "")\
            \(revoked)), changeset \(entry["seq"].integer ?? 0)
              record  \(records.joined(separator: "\n          "))
              reason  \(entry["code"].text ?? ""): \(entry["reason"].text ?? "")
              since   \(entry["since"].text.map(ShownTime.text) ?? "")
              let in  \(entry["released_by"].text ?? "")
            """
    }

    /// What has to come for a changeset to be accepted, as a sentence.
    static func release(_ entry: SetAside) -> String {
        if entry.waiting.code == .revoked {
            return "A clerk lets it in: fieldgrid hub review --let-through \(entry.waiting.node)."
        }
        guard entry.device?.revokedAt != nil else { return sentence(entry.waiting.code) }
        guard let event = obstacle(entry.waiting.code) else {
            return "Nothing any more: its device was revoked since. Record anew what is true of it."
        }
        return "Its device was revoked since, so that a clerk lets it in once \(event): "
            + "fieldgrid hub review --let-through \(entry.waiting.node)."
    }

    /// What has to happen first; nil where nothing but its author could help.
    private static func obstacle(_ code: QuarantineCode) -> String? {
        switch code {
        case .schema: "a schema that has it is published"
        case .reference: "the record that it refers to is there"
        case .scopeUnknown: "the grid is there"
        case .scopeForbidden: "the grid lies below that of the device"
        case .rule, .hubOnly, .author, .typeMismatch, .size, .superseded, .revoked: nil
        }
    }

    private static func sentence(_ code: QuarantineCode) -> String {
        switch code {
        case .rule: "Its author corrects the record on the device; the next exchange brings that."
        case .schema: "By itself, when a schema that has it is published: fieldgrid hub publish."
        case .reference: "By itself, when the record that it refers to comes."
        case .scopeUnknown:
            "By itself, when the grid comes; or its author moves the record to another grid."
        case .scopeForbidden:
            "Its author moves the record to a grid of the device, or somebody records it who is "
                + "enrolled for that grid."
        case .hubOnly: "Nothing: only the hub writes such records. Its author need do nothing."
        case .author:
            "Nothing: the device's holder saves it anew under the holder's own name."
        case .typeMismatch: "Nothing: its author records it anew, which gives it another id."
        case .size: "Nothing: its author saves the same again in smaller parts."
        case .superseded: "Nothing: its author edits the record instead, if it is still wrong."
        case .revoked: "A clerk lets it in: fieldgrid hub review --let-through NODE."
        }
    }
}
