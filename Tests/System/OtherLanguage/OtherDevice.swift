import Foundation

/// A device that shares no code with the program: `Tests/System/Python`, which
/// was written from `schemas/wire/grammar.md` alone.
struct OtherDevice {
    let data: String

    /// The Python that has Debian's packages; another one on the path may not.
    static let interpreter = "/usr/bin/python3"

    /// Enrols a new device with a code of the hub's.
    init(joining district: District, _ name: String = "other") throws {
        data = district.folder.file(name)
        let code = try district.code(holder: "虚构" + name)
        _ = try run(["enrol", "--hub", district.url, "--code", code])
    }

    /// A device that goes on in a copy of its folder.
    init(copying device: OtherDevice, to path: String) throws {
        try FileManager.default.copyItem(atPath: device.data, toPath: path)
        data = path
    }

    /// The document that a command prints.
    @discardableResult
    func run(_ arguments: [String]) throws -> JSON {
        try Self.script("client.py", [data] + arguments)
    }

    /// What a record shows there.
    func record(_ id: String) throws -> JSON { try run(["show", id]) }

    /// - throws: when the script does not end with 0, with what it said.
    static func script(_ name: String, _ arguments: [String] = []) throws -> JSON {
        let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = folder.appendingPathComponent("Python/\(name)").path
        let result = try Fieldgrid.run(
            interpreter, [path] + arguments, environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        guard result.status == 0 else {
            throw ProcessError(
                "\(name) \(arguments.joined(separator: " ")) ended with \(result.status): "
                    + result.errors)
        }
        return try JSON(result.output)
    }
}
