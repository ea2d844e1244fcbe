import Foundation

/// Where the process that owns a folder answers the commands of this machine.
///
/// A socket's path has at most 107 bytes, so it is not in the folder but in a
/// short place derived from it, which only this user can enter.
package enum FolderSocket {
    /// The path for a folder that exists; its own folder is made and checked.
    ///
    /// - throws: ``FolderError`` when another user has taken the place.
    package static func path(for folder: String) throws -> String {
        let real = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        let place = "/tmp/fieldgrid-\(geteuid())"
        try makePrivate(place)
        return place + "/" + name(for: real) + ".sock"
    }

    /// FNV-1a of the path, 64 bits: enough to tell one user's folders apart.
    private static func name(for path: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Anybody can make a folder in `/tmp` first: what is there must be ours,
    /// closed to others, and not a link.
    private static func makePrivate(_ place: String) throws {
        if unsafe mkdir(place, 0o700) == 0 { return }
        let attributes = try? FileManager.default.attributesOfItem(atPath: place)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0o777
        let owner = (attributes?[.ownerAccountID] as? NSNumber)?.uint32Value
        let isFolder = attributes?[.type] as? FileAttributeType == .typeDirectory
        guard isFolder, owner == geteuid(), mode & 0o077 == 0 else {
            throw FolderError(
                code: "folder.socket-place",
                message: "\(place) is not a folder that only this user can enter.",
                hint: "Remove it, or let its owner do so, and try again.")
        }
    }
}
