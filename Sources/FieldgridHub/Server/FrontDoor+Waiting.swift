import FieldgridSync

/// Long-poll: an exchange that has nothing to say waits until it has.
extension FrontDoor {
    /// The longest that a request waits.
    static let waitSecondsMax = 30

    /// Runs work that may change something, and rings for those it concerns, whether or not
    /// the caller is still there.
    func change<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await lane.run { [hub, bell] in
            let result = try work()
            bell.ring(hub.takeChanged(among: bell.scopes))
            return result
        }
    }

    /// `wait=SECONDS`; 0 where it is not given.
    func waitSeconds(in query: String) throws -> Int {
        guard !query.isEmpty else { return 0 }
        guard query.hasPrefix("wait="), let seconds = Int(query.dropFirst(5)), seconds >= 0 else {
            throw HubError.malformed(
                "The query must be wait=SECONDS.",
                hint: "A hub waits at most \(Self.waitSecondsMax) seconds.")
        }
        return min(seconds, Self.waitSecondsMax)
    }

    func exchange(
        _ body: [UInt8], _ device: EnrolledDevice, waitingUpTo seconds: Int
    ) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let ticket = seconds > 0 ? bell.enter(device.scope) : nil
        defer { ticket.map { bell.leave($0) } }
        var reply = try await change { [hub] in try hub.exchange(body, device: device) }
        guard let ticket else { return reply }
        while Self.isIdle(reply), await bell.wait(ticket, until: deadline) {
            // What came for one came for many: those who waited are not turned away now.
            reply = try await lane.run(isAdmitted: true) { [hub] in
                try hub.exchange(body, device: device)
            }
        }
        return reply
    }

    /// Whether a device would learn nothing from it.
    private static func isIdle(_ frame: [UInt8]) -> Bool {
        guard frame.count < 1 << 16, let reply = try? ExchangeCodec.decodeReply(frame) else {
            return false
        }
        return reply.records.isEmpty && reply.receipts.isEmpty && reply.released.isEmpty
            && reply.chain == .follows && !reply.hasMore && reply.schemaDocument == nil
            && !reply.positions.isEmpty
    }
}
