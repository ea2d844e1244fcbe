/// Why a bundle is not taken, in words for the person with the stick.
///
/// When one is thrown nothing of the bundle was applied.
package struct BundleProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable, as those of every error.
    package var code: String
    package var message: String
    package var hint: String

    package init(_ code: String, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message) \(hint)" }
}

extension BundleProblem {
    package static let notABundle = BundleProblem(
        "bundle.not-a-bundle", "The file is not a bundle of Fieldgrid.",
        hint: "A bundle is what `fieldgrid node export` or `fieldgrid hub export` wrote.")

    package static func versionUnknown(_ version: UInt8) -> BundleProblem {
        BundleProblem(
            "bundle.version-unknown",
            "The bundle is of version \(version), and this program reads 1.",
            hint: "Use the same version of fieldgrid on both sides.")
    }

    package static func tooLarge(_ bytes: Int) -> BundleProblem {
        BundleProblem(
            "bundle.too-large",
            "The file has \(bytes) bytes; a bundle has at most \(SealedBundle.Limit.file).",
            hint: "Is it the right file? Nothing of it was read.")
    }

    /// Truncated, changed, or made to be larger than it says.
    package static func damaged(_ what: String) -> BundleProblem {
        BundleProblem(
            "bundle.damaged", "The bundle is not as it was made: \(what).",
            hint: "Nothing of it was applied. Copy it again, or export it anew.")
    }

    static func wrongWay(_ found: SealedBundle.Direction) -> BundleProblem {
        switch found {
        case .toHub:
            BundleProblem(
                "bundle.wrong-way", "The bundle is a device's, for the hub.",
                hint: "Take it to the hub: `fieldgrid hub import FILE`.")
        case .toNode:
            BundleProblem(
                "bundle.wrong-way", "The bundle is the hub's, for a device.",
                hint: "Take it to the device: `fieldgrid node import FILE`.")
        }
    }

    package static func foreignHub(found: DevicePublicKey) -> BundleProblem {
        BundleProblem(
            "bundle.foreign-hub", "The bundle belongs to another hub (\(found.keyID)).",
            hint: "Nothing of it was applied. Compare with the fingerprint in `fieldgrid hub "
                + "status`.")
    }

    package static let foreignDevice = BundleProblem(
        "bundle.foreign-device", "The bundle is meant for another device.",
        hint: "Nothing of it was applied. Take it to the device that it was exported for.")

    package static func signerUnknown(_ key: DevicePublicKey) -> BundleProblem {
        BundleProblem(
            "bundle.signer-unknown",
            "The bundle is signed by a device that is not enrolled here (\(key.keyID)).",
            hint: "Nothing of it was applied. Compare with `fieldgrid hub devices`.")
    }

    package static let otherIncarnation = BundleProblem(
        "bundle.other-incarnation",
        "The bundle answers an earlier life of this device's database.",
        hint: "Nothing of it was applied. Run `fieldgrid node export` again, take that to the hub, "
            + "and bring its answer.")
}
