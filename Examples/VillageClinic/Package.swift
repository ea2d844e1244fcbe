// swift-tools-version: 6.2
import PackageDescription

// A package of its own, as yours would be: it knows nothing of Fieldgrid but its library. In your
// own, name the repository and a version instead of a path.
let package = Package(
    name: "village-clinic",
    dependencies: [.package(name: "fieldgrid", path: "../..")],
    targets: [
        .executableTarget(
            name: "VillageClinic",
            dependencies: [.product(name: "Fieldgrid", package: "fieldgrid")])
    ]
)
