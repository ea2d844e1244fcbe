import FieldgridService
import Foundation

/// What a data folder is; the folder knows.
enum FolderKind: Hashable {
    case hub, node

    /// - Throws: ``ServiceError`` saying what to run first.
    static func of(_ folder: String) throws(ServiceError) -> FolderKind {
        let exists = { (name: String) in
            FileManager.default.fileExists(atPath: folder + "/" + name)
        }
        if exists(HubFolder.fileName) { return .hub }
        if exists("node.json") { return .node }
        let isThere = FileManager.default.fileExists(atPath: folder)
        throw ServiceError(
            "folder.empty",
            isThere
                ? "The folder \(folder) is neither a hub's nor a node's."
                : "There is no folder \(folder).",
            hint: "At the hub, run `fieldgrid hub init --data DIR`; on a device, "
                + "`fieldgrid node join --data DIR --hub URL --code CODE`.")
    }
}
