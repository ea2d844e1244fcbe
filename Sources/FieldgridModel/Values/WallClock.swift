/// What the wall clock says, injected wherever time matters.
package protocol WallClock: Sendable {
    /// UTC milliseconds since 1970.
    var milliseconds: Int64 { get }
}

/// A clock that stands where it was put.
package struct FixedClock: WallClock {
    package var milliseconds: Int64
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
}
