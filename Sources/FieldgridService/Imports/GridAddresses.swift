import FieldgridModel
import FieldgridSchema

/// The grids of a store, for finding the township that an address names.
///
/// An address that names a village says no more than the township for
/// certain: registers write the village a lane was once part of. The township
/// office, which knows, moves the record on.
struct GridAddresses {
    private let matcher: GridMatcher
    private let parents: [String: String]
    /// The grid above all others.
    let top: ScopeCode?

    init(service: RecordService) throws {
        let type = try service.type(SystemTypes.Grid.name)
        typealias Names = SystemTypes.Grid
        var grids: [GridMatcher.Grid] = []
        try service.store.forEachRecord(of: type, where: []) { stored in
            let value = { (name: String) in
                type.field(named: name).flatMap { stored.values[$0.number] } ?? .null
            }
            guard let code = value(Names.code).text, let name = value(Names.title).text else {
                return true
            }
            grids.append(
                (
                    code: code, name: name, parent: value(Names.parent).text,
                    level: Int(value(Names.level).integer ?? 1)
                ))
            return true
        }
        matcher = GridMatcher(grids: grids)
        parents = Dictionary(
            grids.compactMap { grid in grid.parent.map { (grid.code, $0) } },
            uniquingKeysWith: { first, _ in first })
        top = grids.filter { $0.parent == nil }.map { ScopeCode($0.code) }.min()
    }

    /// The grid directly below the top in which the address lies; nil when
    /// it names none, or more than one.
    func township(for address: String) -> ScopeCode? {
        guard var code = matcher.scope(for: address)?.text else { return nil }
        while let parent = parents[code], parents[parent] != nil { code = parent }
        return ScopeCode(code)
    }
}
