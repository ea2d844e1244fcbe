import FieldgridModel
import FieldgridNode
public import Foundation
import Synchronization

/// What a node takes from the world around it: a clock, randomness, and its way to the hub.
///
/// The defaults are the machine's own and libcurl. Tests give a clock that stands where
/// they put it and a seeded generator; an app on another platform gives its own transport.
public struct NodeEnvironment: Sendable {
    /// What time it is; read to the millisecond.
    ///
    /// A wrong clock costs nothing but evidence: times order nothing by themselves, and
    /// one that lies in the future never wins.
    public var now: @Sendable () -> Date
    /// Where keys, ids and nonces come from.
    ///
    /// Give a seeded one to tests only: keys are drawn from it.
    public var random: any RandomNumberGenerator & Sendable
    /// How hubs are reached; nil for libcurl.
    public var transport: (any HubTransport)?

    /// The machine's clock and randomness where nothing else is given.
    public init(
        now: (@Sendable () -> Date)? = nil,
        random: (any RandomNumberGenerator & Sendable)? = nil,
        transport: (any HubTransport)? = nil
    ) {
        let clock = SystemClock()
        self.now = now ?? { Moments.date(clock.milliseconds) }
        self.random = random ?? RandomSource.system
        self.transport = transport
    }

    /// The machine's own clock and randomness, and libcurl.
    public static var system: NodeEnvironment { NodeEnvironment() }
}

/// A node's sources made of what the embedder gave.
struct Sources: Sendable {
    let baton = Baton()
    let end = ConversationEnd()
    let clock: FunctionClock
    let random: RandomSource
    private let transport: (any HubTransport)?

    init(_ environment: NodeEnvironment) {
        clock = FunctionClock(now: environment.now)
        random = RandomSource(SharedRandom(environment.random))
        transport = environment.transport
    }

    var node: NodeSources {
        NodeSources(clock: clock, random: random) { [transport, baton, end] hub, limits in
            let inner: any InterruptibleTransport =
                transport.map {
                    ForeignTransport($0, address: hub.text, bounds: .init(limits))
                } ?? CurlTransport(hub: hub, limits: limits)
            return ConsiderateTransport(inner, baton, end)
        }
    }

    func mint() -> FieldgridModel.RecordID {
        var random = random
        return .init(.version7(milliseconds: clock.milliseconds, using: &random))
    }
}

struct FunctionClock: WallClock {
    let now: @Sendable () -> Date
    var milliseconds: Int64 { Moments.milliseconds(now()) }
}

/// One generator for everything that draws, so that copies do not draw the same.
final class SharedRandom: RandomNumberGenerator, Sendable {
    private let base: Mutex<any RandomNumberGenerator & Sendable>

    init(_ base: any RandomNumberGenerator & Sendable) { self.base = Mutex(base) }

    func next() -> UInt64 { base.withLock { $0.next() } }
}
