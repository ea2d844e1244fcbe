/// One place that breaks a rule, told with what to do about it.
struct Violation: Hashable, CustomStringConvertible {
    let path: String
    let line: Int
    let rule: Rule
    let what: String
    let instead: String

    var description: String { "\(path):\(line): \(rule.rawValue) — \(what) — \(instead)" }
}

/// A file that may break one rule, and why it must.
///
/// The list starts empty and may only shrink: an entry that excuses nothing
/// any more fails the test until it is removed.
struct Allowance {
    let path: String
    let rule: Rule
    let reason: String

    static let all: [Allowance] = []
}

extension Violation {
    func isExcused(by allowance: Allowance) -> Bool {
        path == allowance.path && rule == allowance.rule
    }
}
