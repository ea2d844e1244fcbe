import FieldgridSchema
import FieldgridSync
import Foundation
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The hub on the network and on its folder's socket, until it is told to
/// stop.
///
/// - The caller holds the folder's lock before and during ``run()``.
/// - The socket answers before the network does, so whoever saw the
///   `listening on` line can use either.
/// - A signal ends it within ``Configuration/shutdownMax``.
package struct HubServer: Service {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0 takes a free one.
        package var port = 8470
        /// Nil listens on the network only.
        package var socketPath: String?
        /// Requests that run when the signal comes get so long to end.
        package var shutdownMax: Duration = .seconds(6)
        package var tickEvery: Duration = .seconds(60)
        package var connectionsMax = 4096

        package init() {}

        /// Reads `HOST:PORT`, `[IPv6]:PORT`, or `:PORT` for every address.
        package mutating func listen(on text: String) throws {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count >= 2, let port = parts.last.flatMap({ UInt16($0) }) else {
                throw HubError(
                    code: "listen.malformed",
                    message: "“\(text)” is no address to listen on.",
                    hint: "Give HOST:PORT, such as 127.0.0.1:8470; port 0 takes a free one.")
            }
            let host = parts.dropLast().joined(separator: ":")
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
            self.host = isBracketed ? String(host.dropFirst().dropLast()) : host
            if self.host.isEmpty { self.host = "0.0.0.0" }
            self.port = Int(port)
        }
    }

    /// Clients in villages pause for long; those that hold a connection open
    /// without a word are let go.
    private static let idleSeconds: Int64 = 60

    private let hub: any HubOperations
    private let configuration: Configuration
    private let logger: Logger
    private let onListening: @Sendable (_ url: String) -> Void

    /// `onListening` is called once, when both answer, with the address on
    /// the network.
    package init(
        hub: any HubOperations, configuration: Configuration, logger: Logger,
        onListening: @escaping @Sendable (_ url: String) -> Void
    ) {
        self.hub = hub
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until SIGTERM, SIGINT or a graceful shutdown of the task.
    ///
    /// - Throws: ``HubError`` of the code `listen.failed` when an address
    ///   cannot be had.
    package func run() async throws {
        let lane = BlockingLane(name: "hub-operations")
        defer { lane.close(waitingUpTo: 2) }
        let files = BlockingLane(name: "hub-files", waitingMax: 64)
        defer { files.close(waitingUpTo: 2) }
        let bell = Bell()
        let door = FrontDoor(hub: hub, lane: lane, bell: bell, files: files, logger: logger)
        var services: [any Service] = []
        let (folderAnswers, folderIsReady) = AsyncStream.makeStream(of: Never.self)
        if let path = configuration.socketPath {
            services.append(
                application(door, origin: .folder, address: .unixDomainSocket(path: path)) { _ in
                    folderIsReady.finish()
                })
        } else {
            folderIsReady.finish()
        }
        let address = BindAddress.hostname(configuration.host, port: configuration.port)
        let network = application(door, origin: .network, address: address) { [self] channel in
            onListening(url(of: channel))
        }
        services.append(Following(folderAnswers, network))
        services.append(
            Ticker(every: configuration.tickEvery, clock: ContinuousClock()) { [hub, logger] in
                do {
                    try await door.change { try hub.tick() }
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("what is due could not be done", metadata: ["error": "\(error)"])
                }
            })
        // Told to stop first, so that nobody who waits holds the others up.
        services.append(BellService(bell: bell))
        try await serve(services)
    }

    private func serve(_ services: [any Service]) async throws {
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.shutdownMax
        do {
            try await ServiceGroup(configuration: group).run()
        } catch is CancellationError {
            // Requests that did not end in time were cut off. Their changes
            // are whole or not there, and the devices send again.
            logger.warning("stopped with requests still running")
        } catch let error as IOError {
            throw unavailable(
                FolderError.systemText(error.errnoCode),
                error.errnoCode == EADDRINUSE
                    ? "Is another hub running there? Choose another with --listen HOST:PORT."
                    : "Choose an address of this machine with --listen HOST:PORT.")
        } catch is SocketAddressError.UnknownHost {
            throw unavailable(
                "nobody of that name is known",
                "Choose an address of this machine with --listen HOST:PORT.")
        }
    }

    private func unavailable(_ reason: String, _ hint: String) -> HubError {
        HubError(
            code: "listen.failed",
            message: "\(configuration.host):\(configuration.port) cannot be listened on: \(reason)",
            hint: hint)
    }

    /// What becomes of requests, the front door logs; the folder's socket, which is ended when the
    /// network cannot be had, would only log that.
    private func application(
        _ door: FrontDoor, origin: RequestOrigin, address: BindAddress,
        isReady: @escaping @Sendable (any Channel) -> Void
    ) -> Application<HubResponder> {
        let logger =
            origin == .network
            ? logger : Logger(label: logger.label) { _ in SwiftLogNoOpLogHandler() }
        return Application(
            responder: HubResponder(door: door, origin: origin),
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(Self.idleSeconds),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10,
                        maxHeaderFieldCount: 64))),
            configuration: ApplicationConfiguration(
                address: address, serverName: "fieldgrid",
                availableConnectionsDelegate: .maximum(
                    configuration.connectionsMax, logger: logger)),
            onServerRunning: { isReady($0) }, logger: logger)
    }

    private func url(of channel: any Channel) -> String {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        return "http://\(host):\(channel.localAddress?.port ?? configuration.port)"
    }
}
