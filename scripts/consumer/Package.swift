// swift-tools-version: 6.2
import PackageDescription

/// Uses the libraries as a package of somebody else does: one program that only tokenizes, one that classifies.
/// `scripts/check-consumer` builds and runs both.
let package = Package(
  name: "consumer",
  dependencies: [.package(name: "nlptool", path: "../..")],
  targets: [
    .executableTarget(name: "TokenizeOnly", dependencies: [.product(name: "TextProcessing", package: "nlptool")]),
    .executableTarget(name: "Classify", dependencies: [.product(name: "TextModels", package: "nlptool")]),
  ],
  swiftLanguageModes: [.v6]
)
