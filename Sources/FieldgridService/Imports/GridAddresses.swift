import FieldgridModel
import FieldgridSchema

/// The grids of a store, for finding the one that an address names.
struct GridAddresses {
    private let matcher: GridMatcher
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
        top = grids.filter { $0.parent == nil }.map { ScopeCode($0.code) }.min()
    }

    func scope(for address: String) -> ScopeCode? { matcher.scope(for: address) }
}
