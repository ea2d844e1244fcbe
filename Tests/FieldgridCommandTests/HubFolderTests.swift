import FieldgridHub
import FieldgridSchema
import FieldgridService
import Foundation
import Testing

@testable import FieldgridCommand

@Suite struct HubFolderTests {
    /// A folder that is gone after the test.
    private final class Place {
        let path = FileManager.default.temporaryDirectory.path + "/fieldgrid-hub-\(UUID())"
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let place = Place()

    /// Whoever waited for the lock would be told `folder.busy`, after 30 s.
    @Test func aFolderThatIsInUseIsNotWaitedForToSayThatItIsAHubs() throws {
        let folder = HubFolder(path: place.path)
        _ = try folder.create(schemaFolder: nil, seedFolder: nil)
        let lock = try FolderLock(folder: folder.path, command: "hub serve")
        defer { lock.release() }
        let error = #expect(throws: HubError.self) {
            try folder.create(schemaFolder: nil, seedFolder: nil)
        }
        #expect(error?.code == "hub.exists")
        #expect(error?.message.contains("already, in use by process") == true)
        #expect(error?.message.contains("(hub serve)") == true)
    }

    @Test func theHealthOfAHubNamesItsSQLite() throws {
        let folder = HubFolder(path: place.path)
        _ = try folder.create(schemaFolder: nil, seedFolder: nil)
        let open = try folder.open()
        defer { try? open.store.close() }
        let health = ServedHub(open, folder: folder, snapshotFrom: 1).health
        #expect(health.sqliteVersion.split(separator: ".").compactMap { Int($0) }.first == 3)
    }
}
