// swift-tools-version: 6.2
import PackageDescription

/// One list for every target, so that no target is built under softer rules.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

/// Targets without C interoperation are also built with strict memory safety.
let safeSettings = settings + [.strictMemorySafety()]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "fieldgrid",
    products: [
        .library(name: "Fieldgrid", targets: ["Fieldgrid"]),
        .executable(name: "fieldgrid", targets: ["FieldgridCommand"]),
        .executable(name: "fieldgrid-bench", targets: ["FieldgridBench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Below 2.100 unbounded HTTP/1 headers crash a server before any of our code runs
        // (CVE-2026-28980).
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd"),
        .systemLibrary(name: "CQrencode", pkgConfig: "libqrencode"),
        .systemLibrary(name: "CXlsxwriter", pkgConfig: "xlsxwriter"),
        .target(name: "FieldgridModel", swiftSettings: safeSettings),
        .target(
            name: "FieldgridSync", dependencies: ["FieldgridModel", "CZstd", crypto],
            swiftSettings: settings),
        .target(
            name: "FieldgridSchema",
            dependencies: ["FieldgridModel", .product(name: "Yams", package: "Yams")],
            swiftSettings: safeSettings),
        .target(
            name: "FieldgridReplica",
            dependencies: ["FieldgridModel", "FieldgridSync", grdb, sqlite],
            swiftSettings: settings),
        .target(
            name: "FieldgridService",
            dependencies: ["FieldgridModel", "FieldgridSync", "FieldgridSchema"],
            swiftSettings: settings),
        .target(
            name: "FieldgridHub",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", grdb, sqlite, crypto,
                hummingbird, logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: settings),
        .target(
            name: "FieldgridNode",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica", "CCurl",
                crypto,
            ],
            swiftSettings: settings),
        .target(
            name: "Fieldgrid",
            dependencies: [
                "FieldgridModel", "FieldgridSync", "FieldgridSchema", "FieldgridReplica",
                "FieldgridService", "FieldgridNode",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "FieldgridCommand",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
                "FieldgridService", "FieldgridHub", "FieldgridNode", "CQrencode", "CXlsxwriter",
                "CCurl", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        // The engine's side of `make bench`; the floors beside it are C programs.
        .executableTarget(
            name: "FieldgridBench",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
                "FieldgridService", "FieldgridHub", "FieldgridNode", crypto, grdb, logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Benchmarks/Engine", swiftSettings: settings),
        // What tests of several targets use: connections on loopback, threads.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "FieldgridModelTests", dependencies: ["FieldgridModel"],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridSyncTests",
            dependencies: [
                "FieldgridModel", "FieldgridSync", "FieldgridSchema", "FieldgridService", crypto,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridSchemaTests", dependencies: ["FieldgridModel", "FieldgridSchema"],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridReplicaTests",
            dependencies: ["FieldgridModel", "FieldgridSync", "FieldgridReplica", grdb],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridServiceTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridService",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridHubTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridHub",
                "FieldgridReplica", "FieldgridNode", "FieldgridService", "TestSupport", grdb,
                logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridNodeTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
                "FieldgridNode", "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridCommandTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridService",
                "FieldgridHub", "FieldgridNode", "FieldgridCommand",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FieldgridTests",
            dependencies: [
                "Fieldgrid", "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridHub",
                "FieldgridNode", "FieldgridService", "VillageClinicExample", "TestSupport", grdb,
            ],
            swiftSettings: settings),
        // The example under Examples/, which is a package of its own, once more as a target of
        // this one: so that the tests build it with what they build anyway, and run it.
        .executableTarget(
            name: "VillageClinicExample", dependencies: ["Fieldgrid"],
            path: "Examples/VillageClinic/Sources/VillageClinic", swiftSettings: settings),
        // A file system in memory for SQLite, with crashes and failures: the simulator's disks.
        .target(
            name: "CSimulationVFS", dependencies: [sqlite], path: "Tests/SimulationVFS",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridReplica",
                "FieldgridService", "FieldgridHub", "FieldgridNode", "CSimulationVFS", grdb,
            ],
            path: "Tests/Simulation", exclude: ["Plans"], swiftSettings: settings),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "FieldgridModel", "FieldgridSchema", "FieldgridSync", "FieldgridService",
            ],
            path: "Tests/Fuzz", swiftSettings: settings),
        .testTarget(name: "TidyTests", path: "Tests/Tidy", swiftSettings: settings),
        .testTarget(
            name: "SystemTests",
            dependencies: ["Fieldgrid", "VillageClinicExample", "TestSupport"],
            path: "Tests/System", exclude: ["Python"],
            swiftSettings: settings),
    ]
)
