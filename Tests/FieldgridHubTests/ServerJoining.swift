import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridSync
import Foundation

@testable import FieldgridHub

/// What the command does, without a database.
@discardableResult
func joinFolder(_ path: String, url: String, code: EnrolmentCode) throws -> NodeDocument {
    guard let hub = HubAddress(url) else {
        throw HubError(code: "test", message: "no address: \(url)", hint: "")
    }
    let folder = NodeFolder(path)
    let isNew = try NodeJoining.makeFolder(folder)
    do {
        return try NodeJoining(hub: hub, code: code, deviceName: "tablet", platform: "Linux").run(
            in: folder, transport: CurlTransport(hub: hub),
            clock: FixedClock(milliseconds: FakeHub.now),
            random: RandomSource(SeededRandom(seed: 77)), prepare: { _ in })
    } catch {
        if isNew { NodeJoining.removeFolder(folder) }
        throw error
    }
}

/// The code of a folder's error, to be compared.
struct FolderErrorCode: Error, Equatable {
    let code: String

    init(_ code: String) { self.code = code }

    static func of(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as FolderError {
            throw FolderErrorCode(error.code)
        }
    }
}

extension Result {
    var failure: Failure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}
