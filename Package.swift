// swift-tools-version: 6.3
import PackageDescription

/// Of tests that take longer to optimise than to run.
let asWritten: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

let package = Package(
  name: "bonafide",
  products: [
    .library(name: "Bonafide", targets: ["Bonafide"]),
    // results as text, JSON, CSV, RTTM, Audacity labels
    .library(name: "BonafideReport", targets: ["BonafideReport"]),
    // objects of libbonafide, which Bindings/C links
    .library(name: "bonafide-c", type: .static, targets: ["BonafideC"]),
    .executable(name: "bonafide", targets: ["bonafide"]),
  ],
  traits: [
    .trait(name: "FFTW", description: "Fourier transforms by FFTW, which is under the GPL, and not by this package's own code"),
    .default(enabledTraits: ["FFTW"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: [
    .systemLibrary(name: "CSndfile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(name: "CSoxr", pkgConfig: "soxr", providers: [.apt(["libsoxr-dev"])]),
    .systemLibrary(name: "CFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),

    // MPEG audio by the libmpg123 that libsndfile has loaded
    .target(name: "CMpg123", dependencies: ["CSndfile"]),
    // Ogg Opus to memory, by the libopus and libogg that libsndfile has loaded
    .target(name: "COpus"),
    // audio: files and streams of any kind to blocks of float samples
    .target(name: "BonafideAudio", dependencies: ["CMpg123", "COpus", "CSndfile", "CSoxr"]),
    // inner loops of features and network, per instruction set
    .target(name: "CKernels"),
    // network: tensors, safetensors, layers
    .target(name: "BonafideNetwork", dependencies: ["CKernels", "COpenBLAS"]),
    // the default model, compiled in
    .target(name: "CDefaultModel"),
    // features, model, scores, segments, verdicts: the public API
    .target(
      name: "Bonafide",
      dependencies: [
        "BonafideAudio", "BonafideNetwork", .target(name: "CFFTW", condition: .when(traits: ["FFTW"])), "CKernels", "CDefaultModel",
      ]),
    // the C interface: bonafide.h, and what of it takes C
    .target(name: "CBonafide"),
    // the C interface over Bonafide
    .target(name: "BonafideC", dependencies: ["Bonafide", "BonafideAudio", "CBonafide"]),
    // evaluation: truth and scores to figures of merit
    .target(name: "BonafideEvaluation"),
    // style and script of pages, compiled in
    .target(name: "CReportPage", exclude: ["page"]),
    // report: results to text, JSON, CSV, RTTM, Audacity labels, a page; evaluations to text, JSON, a page
    .target(name: "BonafideReport", dependencies: ["Bonafide", "BonafideEvaluation", "CReportPage"]),
    // ledger: results on disk, and whose work a recording is
    .target(
      name: "BonafideLedger",
      dependencies: ["Bonafide", "BonafideAudio", "CCrypto", .product(name: "GRDB", package: "GRDB.swift")]),
    // HTTP by libcurl, loaded when something is posted
    .target(name: "CCurl"),
    // webhook: messages that are signed, and posted until they are taken
    .target(name: "BonafideWebhook", dependencies: ["CCrypto", "CCurl"]),
    // the document of the routes of serve, compiled in
    .target(name: "COpenAPI"),
    // serve: live calls from telephone systems to events
    .target(
      name: "BonafideServe",
      dependencies: [
        "Bonafide", "BonafideAudio", "BonafideReport", "CCrypto", "COpenAPI",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    // the command
    .executableTarget(
      name: "bonafide",
      dependencies: [
        "Bonafide", "BonafideAudio", "BonafideEvaluation", "BonafideLedger", "BonafideNetwork", "BonafideReport", "BonafideServe",
        "BonafideWebhook", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/BonafideCommand"),

    // times of a scan's steps, one by one
    .executableTarget(
      name: "bonafide-stages", dependencies: ["Bonafide", "BonafideAudio", "BonafideNetwork"], path: "Benchmarks/stages"),
    // a ledger of many recordings
    .executableTarget(
      name: "bonafide-ledger-load", dependencies: ["Bonafide", "BonafideLedger"], path: "Benchmarks/ledger", exclude: ["overhead.sh", "watch.py"]),
    // how often, and when, live alarms are raised
    .executableTarget(
      name: "bonafide-alarms", dependencies: ["Bonafide", "BonafideAudio", "BonafideServe"], path: "Benchmarks/alarms"),

    .testTarget(name: "BonafideAudioTests", dependencies: ["BonafideAudio"], swiftSettings: asWritten),
    .testTarget(name: "BonafideNetworkTests", dependencies: ["BonafideNetwork", "CKernels"], resources: [.copy("Golden")]),
    .testTarget(name: "BonafideTests", dependencies: ["Bonafide", "BonafideAudio", "BonafideNetwork"], resources: [.copy("Golden")]),
    .testTarget(name: "BonafideCTests", dependencies: ["BonafideC", "Bonafide", "CBonafide"], swiftSettings: asWritten),
    .testTarget(name: "BonafideEvaluationTests", dependencies: ["BonafideEvaluation"], resources: [.copy("Fixtures")], swiftSettings: asWritten),
    .testTarget(
      name: "BonafideLedgerTests",
      dependencies: ["BonafideLedger", "Bonafide", "BonafideAudio", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: asWritten),
    .testTarget(name: "BonafideWebhookTests", dependencies: ["BonafideWebhook"], swiftSettings: asWritten),
    .testTarget(
      name: "BonafideServeTests",
      dependencies: [
        "BonafideServe", "Bonafide", "BonafideReport", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: asWritten),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "bonafide", "Bonafide", "BonafideEvaluation", "BonafideLedger", "BonafideReport", "BonafideServe",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [.copy("Snapshots")], swiftSettings: asWritten),
  ],
  swiftLanguageModes: [.v6]
)
