package import FieldgridModel
package import Foundation

/// A folder with a schema or seeds.
package enum SchemaFolder {
    /// Reads the schema of a folder: `*.yaml`, `codes/*.yaml` and
    /// `imports/*.yaml`.
    ///
    /// - throws: ``SchemaMistakes``.
    package static func schema(at folder: URL) throws(SchemaMistakes) -> Schema {
        try SchemaReader.read(
            files: files(at: folder, subfolders: ["", "codes", "imports"], suffix: ".yaml"))
    }

    /// The tables of a seed folder, for ``SeedReader``.
    package static func seeds(at folder: URL) throws(SchemaMistakes) -> [SchemaFile] {
        do throws(SchemaMistakes) {
            return try files(at: folder, subfolders: [""], suffix: ".csv")
        } catch {
            throw error.concerning(.seeds)
        }
    }

    /// The files of a folder by name, with paths relative to it.
    private static func files(
        at folder: URL, subfolders: [String], suffix: String
    ) throws(SchemaMistakes) -> [SchemaFile] {
        var files: [SchemaFile] = []
        var mistakes: [SchemaMistake] = []
        for subfolder in subfolders {
            let place = subfolder.isEmpty ? folder : folder.appending(path: subfolder)
            let names = try? FileManager.default.contentsOfDirectory(atPath: place.path)
            if names == nil, subfolder.isEmpty {
                mistakes.append(
                    SchemaMistake(
                        file: place.path, line: 1,
                        reason: "not a folder that can be read; give the folder of the files"))
            }
            for name in (names ?? []).sorted() where name.hasSuffix(suffix) {
                let path = subfolder.isEmpty ? name : "\(subfolder)/\(name)"
                guard let data = try? Data(contentsOf: place.appending(path: name)),
                    let text = String(validating: data, as: UTF8.self)
                else {
                    mistakes.append(
                        SchemaMistake(
                            file: path, line: 1, reason: "not a readable file of UTF-8 text"))
                    continue
                }
                files.append(SchemaFile(path: path, text: text))
            }
        }
        if files.isEmpty, mistakes.isEmpty {
            mistakes.append(
                SchemaMistake(file: folder.path, line: 1, reason: "there is no *\(suffix) in it"))
        }
        if !mistakes.isEmpty { throw SchemaMistakes(mistakes) }
        return files
    }
}
