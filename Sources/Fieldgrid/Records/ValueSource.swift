import FieldgridModel

/// How a value was learnt.
///
/// Where a field's policy is `precedence`, it decides which of two concurrent values
/// shows; in every case it is kept with the value.
///
/// Later versions may add more: one that this version does not know has its code in
/// ``rawValue``, is in no constant, and cannot be saved with.
public struct ValueSource: RawRepresentable, Hashable, Sendable, CaseIterable {
    /// Its code, such as `on_site`.
    public let rawValue: String

    /// A source by its code, whether this version knows it or not.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// From an official register.
    public static let registry = ValueSource(rawValue: "registry")
    /// From a licence or certificate.
    public static let licence = ValueSource(rawValue: "licence")
    /// Seen or asked on site.
    public static let onSite = ValueSource(rawValue: "on_site")
    /// Told by those whom the record is about.
    public static let selfReport = ValueSource(rawValue: "self_report")
    /// From a table.
    public static let `import` = ValueSource(rawValue: "import")
    /// Written by the hub itself; no device saves with it.
    public static let hub = ValueSource(rawValue: "hub")

    /// Those that this version knows.
    public static let allCases: [ValueSource] = [
        .registry, .licence, .onSite, .selfReport, .import, .hub,
    ]

    /// As an app may save with it.
    ///
    /// - throws: ``FieldgridError`` where it is the hub's, or this version does not know it.
    func base() throws -> FieldgridModel.ValueSource {
        guard let base = FieldgridModel.ValueSource(rawValue: rawValue), base != .hub else {
            let known = Self.allCases.filter { $0 != .hub }.map(\.rawValue)
            throw FieldgridError(
                "source.unknown", "“\(rawValue)” is no source that a device can save with.",
                hint: "Use one of " + known.joined(separator: ", ") + ".")
        }
        return base
    }
}
