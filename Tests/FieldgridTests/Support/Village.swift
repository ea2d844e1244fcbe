import Fieldgrid

/// A hub in this process and the devices that joined it.
struct Village {
    let folder: Folder
    let hub: HubHere

    init() throws {
        folder = try Folder()
        hub = try HubHere(folder)
    }

    var environment: NodeEnvironment { NodeEnvironment(now: HubHere.now, transport: hub) }

    func join(_ name: String = "first", scope: String = "990101100") async throws -> FieldNode {
        try await FieldNode.join(
            folder: folder.path(name), hub: HubHere.address, code: hub.code(scope: scope),
            deviceName: name, environment: environment)
    }
}

extension FieldgridError {
    /// The error that a call throws; nil when it throws none.
    static func of(_ body: () throws -> some Any) -> FieldgridError? {
        do { _ = try body() } catch { return error as? FieldgridError }
        return nil
    }

    static func of(_ body: () async throws -> some Any) async -> FieldgridError? {
        do { _ = try await body() } catch { return error as? FieldgridError }
        return nil
    }
}
