import FieldgridModel
import FieldgridSchema
import FieldgridSync

/// What became of the files in a bundle.
package struct BundleFiles: Hashable, Sendable {
    /// Kept now.
    package var taken = 0
    /// Here already.
    package var known = 0
    /// Of records that are not accepted from this device's grids.
    package var unnamed = 0
    /// Why one could not be kept, for people.
    package var problem: String?
}

extension Hub {
    /// Takes the files of a bundle, by the rules of one that is sent: named by
    /// an accepted record of the sender's grids.
    ///
    /// The bundle was read whole before, and every content has its name.
    func take(
        _ carried: CarriedFiles, from device: DeviceRow, into folder: AttachmentFolder,
        _ result: inout BundleFiles
    ) throws {
        for file in carried.files where !file.content.isEmpty {
            guard try isWelcome(file.name, from: device.scope) else {
                result.unnamed += 1
                continue
            }
            guard folder.size(of: file.name) == nil else {
                result.known += 1
                continue
            }
            do {
                try folder.take(file.content, of: file.name)
                result.taken += 1
            } catch let error as FolderError {
                // The records are in; the file waits on the device as before.
                result.problem = "\(error.message) \(error.hint)"
            }
        }
    }

    /// Which of the files that a device asked about the hub has, and may say so.
    func fileReceipts(
        for device: DeviceRow, _ folder: AttachmentFolder
    ) throws -> FileReceipts {
        let asked = try store.read { try $0.statement(of: device.node)?.files } ?? []
        return FileReceipts(
            try asked.filter {
                try folder.size(of: $0) != nil && isWelcome($0, from: device.scope)
            })
    }
}
