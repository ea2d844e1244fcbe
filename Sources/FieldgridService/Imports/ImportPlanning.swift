import FieldgridModel

extension RecordService {
    func answer(_ request: ImportRequest) throws -> ServiceReply {
        switch request {
        case .plan(let type, let headers, let mapName, let map):
            let plan = try plan(try self.type(type), headers: headers, mapName: mapName, map: map)
            return ServiceReply(try JSONBridge.document(of: plan), notes: plan.notes)
        case .rows(let batch):
            var importer = try Importer(service: self, plan: batch.plan, scope: batch.scope)
            let outcomes = try importer.run(batch.rows, dryRun: batch.dryRun)
            return ServiceReply(try JSONBridge.document(of: outcomes))
        }
    }

    private func plan(
        _ type: RecordType, headers: [String], mapName: String?, map: ImportMap?
    ) throws(ServiceError) -> ImportPlan {
        try checkWritable(type)
        if let map { return try plan(type, headers: headers, map: map) }
        if let mapName {
            guard let map = schema.imports.first(where: { $0.name == mapName }) else {
                let names = schema.imports.map(\.name)
                throw ServiceError(
                    "import.map-unknown", "There is no import map “\(mapName)”.",
                    hint: "The schema has: \(names.joined(separator: ", ")). A map of your own is "
                        + "given as a file: --map FILE.yaml.")
            }
            return try plan(type, headers: headers, map: map)
        }
        let names = Set(headers.map(FieldInput.trim))
        let fitting = schema.imports.first { map in
            map.type == type.name && Set(map.columns.map(\.header)) == names
        }
        if let fitting { return try plan(type, headers: headers, map: fitting) }
        return try ownPlan(type, headers: headers)
    }

    private func plan(
        _ type: RecordType, headers: [String], map: ImportMap
    ) throws(ServiceError) -> ImportPlan {
        guard map.type == type.name else {
            throw ServiceError(
                "import.map-type",
                "The import map “\(map.name)” is for \(map.type), not \(type.name).",
                hint: "Use `fieldgrid record import \(map.type) …`.")
        }
        let plan = ImportPlan(
            type: type.name, headers: headers, map: map, mapName: map.name, notes: [])
        _ = try bound(plan)
        return plan
    }

    func bound(_ plan: ImportPlan) throws(ServiceError) -> ImportTable {
        do {
            return try ImportTable.bind(plan.map, header: plan.headers, schema: schema)
        } catch {
            throw ServiceError(error.violations)
        }
    }

    /// The headers are the names or the labels of fields.
    private func ownPlan(
        _ type: RecordType, headers: [String]
    ) throws(ServiceError) -> ImportPlan {
        var map = ImportMap(
            name: type.name, type: type.name, label: type.label, columns: [], emptyTexts: [])
        var plan = ImportPlan(
            type: type.name, headers: headers, map: map, mapName: nil, notes: [])
        for (place, header) in headers.map(FieldInput.trim).enumerated() {
            switch header {
            case "id", "标识": plan.idPlace = place
            case "scope", "网格": plan.scopePlace = place
            default:
                let field = try column(header, of: type)
                let isStamped = field.stamp != nil || isHubOnly(field)
                if isStamped {
                    plan.notes.append("column “\(header)” is written by the program; left out")
                }
                map.columns.append(
                    ImportColumn(header: header, field: isStamped ? nil : field.name))
                continue
            }
            map.columns.append(ImportColumn(header: header, field: nil))
        }
        plan.map = map
        _ = try bound(plan)
        return plan
    }

    private func isHubOnly(_ field: Field) -> Bool { self.place == .node && field.policy == .hub }

    private func column(_ header: String, of type: RecordType) throws(ServiceError) -> Field {
        do {
            return try field(header, of: type)
        } catch {
            let maps = schema.imports.filter { $0.type == type.name }.map(\.name)
            let offer =
                maps.isEmpty
                ? "" : " Maps of other programs' tables: \(maps.joined(separator: ", "))."
            throw ServiceError(
                "import.column",
                "The column “\(Nearest.short(header))” is no field of \(type.name).",
                hint: (error.hint ?? "") + " Columns are named as the fields or their labels, or "
                    + "by a map with --map." + offer)
        }
    }
}
