import FieldgridSync

/// Files by ranges: snapshots.
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
            let offset = try offset(in: request.target.query)
            return HubAnswer(
                range: try await files.run { [hub] in
                    try hub.snapshotRange(id, from: offset, device: device)
                })
        }
        return nil
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

    /// `from=N`; 0 where it is not given.
    private func offset(in query: String) throws -> Int {
        guard !query.isEmpty else { return 0 }
        guard query.hasPrefix("from="), let offset = Int(query.dropFirst(5)), offset >= 0 else {
            throw HubError.malformed(
                "The query must be from=N.", hint: "N is the number of bytes that are there.")
        }
        return offset
    }
}
