import Fieldgrid
import Foundation

/// Two village health workers survey clinics without a network, disagree, and come to terms.
///
/// Usage: `VillageClinic HUB CODE CODE CODE FOLDER`, with three codes of one hub and a folder for
/// the devices.
@main
struct VillageClinic {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 5 else {
            print("usage: VillageClinic HUB CODE CODE CODE FOLDER")
            exit(64)
        }
        do {
            let survey = try await Survey(
                hub: arguments[0], codes: [arguments[1], arguments[2]], folder: arguments[4])
            try await survey.run()
            try await tenLines(
                hub: arguments[0], code: arguments[3], folder: arguments[4] + "/third")
        } catch let error as FieldgridError {
            print("\(error.code): \(error)")
            exit(error.isTemporary ? 75 : 1)
        } catch {
            print("failed: \(error)")
            exit(1)
        }
    }
}
