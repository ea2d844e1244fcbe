extension Outcome {
    /// What a person needs to see a failure again, the trace last.
    var report: String {
        var lines: [String] = []
        if let violation {
            lines += trace.tail.suffix(12)
            lines.append("violation \(violation)")
        }
        let names = marks.map(\.rawValue).sorted().joined(separator: " ")
        lines.append("nodes \(plan.nodes.map(String.init).joined(separator: " ")), step \(step)")
        lines.append("reached \(names)")
        lines.append("again: make simulate SEED=\(plan.seed) TIER=\(tier)")
        lines.append("trace \(trace.text)")
        return lines.joined(separator: "\n") + "\n"
    }
}
