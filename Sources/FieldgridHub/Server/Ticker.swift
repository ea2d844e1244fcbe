import ServiceLifecycle

/// Does something at the start and then at a steady pace, until shutdown.
struct Ticker<C: Clock>: Service where C.Duration == Duration {
    let pace: Duration
    let clock: C
    let action: @Sendable () async -> Void

    init(every pace: Duration, clock: C, action: @escaping @Sendable () async -> Void) {
        self.pace = pace
        self.clock = clock
        self.action = action
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await action()
                try? await clock.sleep(until: clock.now.advanced(by: pace), tolerance: nil)
            }
        }
    }
}

/// A service that begins when a stream ends.
struct Following<Following: Service>: Service {
    private let stream: AsyncStream<Never>
    private let service: Following

    init(_ stream: AsyncStream<Never>, _ service: Following) {
        self.stream = stream
        self.service = service
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in stream {}
        }
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
        try await service.run()
    }
}
