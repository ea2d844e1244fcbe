import FieldgridModel

/// What the network is carrying.
struct Message {
    enum Content {
        case request([UInt8], Link)
        case reply([UInt8], Leg.Fault)
    }

    var node: Int
    /// The sender's life, and the number of its request.
    var life: UInt64
    var number: Int
    var content: Content
}

/// Messages by the time they arrive; of those that arrive together, the seed
/// says which is first.
struct EventQueue {
    private struct Event {
        var time: Int64
        var tie: UInt64
        var message: Message
    }

    private var events: [Event] = []
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed, for: "queue") }

    var isEmpty: Bool { events.isEmpty }

    mutating func add(_ message: Message, at time: Int64) {
        let event = Event(time: time, tie: random.next(), message: message)
        let place =
            events.firstIndex { ($0.time, $0.tie) > (event.time, event.tie) } ?? events.count
        events.insert(event, at: place)
    }

    /// The earliest message, if it arrives by then.
    mutating func next(by time: Int64) -> (time: Int64, message: Message)? {
        guard let first = events.first, first.time <= time else { return nil }
        events.removeFirst()
        return (first.time, first.message)
    }
}
