import FieldgridSync
import Foundation

/// Files by ranges: snapshots and attachments.
extension FrontDoor {
    /// Nil for what is none of these routes.
    func file(
        _ request: IncomingRequest, signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> HubAnswer? {
        let path = request.target.path
        if path == RangedFile.snapshotPath, request.target.method == "POST" {
            let device = try await sender(of: request, signature)
            return try HubAnswer(
                json: SnapshotAnswer(
                    snapshot: try await files.run { [hub] in try hub.snapshot(for: device) }))
        }
        if let id = name(in: path, under: RangedFile.snapshotPath),
            request.target.method == "GET"
        {
            let device = try await sender(of: request, signature)
            let (offset, length) = try place(in: request.target.query, "length")
            let range = try await files.run { [hub] in
                try hub.snapshotRange(id, from: offset, device: device)
            }
            return HubAnswer(range: Array(range.prefix(length)))
        }
        if let name = name(in: path, under: RangedFile.attachmentPath) {
            return try await attachment(name, request, signature)
        }
        return nil
    }

    private func attachment(
        _ name: String, _ request: IncomingRequest,
        _ signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> HubAnswer? {
        switch request.target.method {
        case "GET":
            let device = try await sender(of: request, signature)
            let (offset, length) = try place(in: request.target.query, "length")
            guard try await lane.run({ [hub] in try hub.mayFetch(name, device: device) }),
                let range = try await files.run({ [hub] in
                    try hub.attachmentRange(name, from: offset)
                })
            else { throw HubError.attachmentUnknown }
            return HubAnswer(range: Array(range.prefix(length)))
        case "POST":
            try checkLength(request, limit: RangedFile.rangeMax)
            _ = try checkMediaType(request, anyOf: [RangedFile.contentType])
            let signature = try signature.get()
            let device = try await device(behind: signature)
            let (offset, size) = try place(in: request.target.query, "size")
            let body = try await request.body(RangedFile.rangeMax)
            try signature.checkBody(body)
            guard try await lane.run({ [hub] in try hub.maySend(name, device: device) }) else {
                throw HubError.attachmentUnnamed
            }
            let progress = try await files.run { [hub] in
                try hub.store(body, of: name, at: offset, size: size)
            }
            return HubAnswer(range: Array(try JSONEncoder().encode(progress)))
        default: return nil
        }
    }

    /// `from=N&size=S`, or with another second word.
    private func place(
        in query: String, _ word: String
    ) throws -> (offset: Int, length: Int) {
        let parts = query.split(separator: "&").map { $0.split(separator: "=") }
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }), parts[0][0] == "from",
            parts[1][0] == word, let offset = Int(parts[0][1]), let size = Int(parts[1][1]),
            offset >= 0, size > 0
        else {
            throw HubError.malformed(
                "The query must be from=N&\(word)=M.", hint: "N and M are numbers of bytes.")
        }
        return (offset, size)
    }

    /// Who signed a request without a body.
    private func sender(
        of request: IncomingRequest, _ signature: Result<ReceivedSignature, SignatureProblem>
    ) async throws -> EnrolledDevice {
        try checkLength(request, limit: 0)
        let signature = try signature.get()
        let device = try await device(behind: signature)
        try signature.checkBody(try await request.body(0))
        return device
    }

    private func name(in path: String, under folder: String) -> String? {
        guard path.hasPrefix(folder + "/") else { return nil }
        let name = String(path.dropFirst(folder.count + 1))
        return RangedFile.isName(name) ? name : nil
    }
}

extension HubError {
    fileprivate static let attachmentUnknown = HubError(
        code: "attachment.unknown", message: "The hub has no such file for this device.",
        hint: "Whoever took it may not have sent it yet; try again after their next exchange.")
    fileprivate static let attachmentUnnamed = HubError(
        code: "attachment.unnamed",
        message: "No record that the hub has accepted from this device's grids names the file.",
        hint: "The file stays on the device and is sent when its record is accepted.")
}
