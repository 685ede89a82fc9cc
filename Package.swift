// swift-tools-version: 6.2
import PackageDescription

/// The modules, from the ground up. An arrow points from a module to what it is built on, and one way only:
/// `nlptool → ModelExchange → TextModels → Training → NeuralNetworks, ModelFiles → Tensors → CKernels, COpenBLAS`, and beside them
/// `TextModels → ModelBundles → VocabularyStore → TextProcessing → CICU, CTextKernels`. `BagModels` stands beside
/// `TextModels` on the same ground, without networks, and `ImageModels → Training, ImageData` without text. `ImageData →
/// Tensors, CImageCodecs` links what reads images, for those who use it.
let package = Package(
  name: "nlptool",
  products: [
    .library(name: "TextProcessing", targets: ["TextProcessing"]),
    .library(name: "VocabularyStore", targets: ["VocabularyStore"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "NeuralNetworks", targets: ["NeuralNetworks"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "ImageData", targets: ["ImageData"]),
    .library(name: "TextModels", targets: ["TextModels"]),
    .library(name: "BagModels", targets: ["BagModels"]),
    .library(name: "ImageModels", targets: ["ImageModels"]),
    .library(name: "ModelExchange", targets: ["ModelExchange"]),
    .executable(name: "nlptool", targets: ["nlptool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // System libraries and C: kernels, and shims over C libraries that Swift cannot call safely.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "CICU", linkerSettings: [.linkedLibrary("icuuc"), .linkedLibrary("icui18n")]),
    .target(name: "CKernels"),
    .target(name: "CTextKernels"),
    .target(name: "CCompression"),
    .target(name: "CFileSystem"),
    .target(name: "CImageCodecs", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg")]),

    // Text: no tensor, no database below VocabularyStore.
    .target(name: "TextProcessing", dependencies: ["CICU", "CTextKernels", "CCompression"]),
    .target(
      name: "VocabularyStore",
      dependencies: ["TextProcessing", .product(name: "GRDB", package: "GRDB.swift")]),

    // Numbers: no text.
    .target(name: "Tensors", dependencies: ["CKernels", "COpenBLAS"]),
    .target(name: "NeuralNetworks", dependencies: ["Tensors"]),
    .target(name: "ModelFiles", dependencies: ["Tensors", "CFileSystem"]),
    .target(name: "Training", dependencies: ["NeuralNetworks", "ModelFiles"]),

    // Images: no text.
    .target(name: "ImageData", dependencies: ["Tensors", "CImageCodecs", "CCompression"]),
    .target(name: "ImageModels", dependencies: ["Training", "ImageData"]),

    // Where text and tensors meet.
    .target(name: "ModelBundles", dependencies: ["ModelFiles", "VocabularyStore"]),
    .target(name: "TextModels", dependencies: ["Training", "ModelBundles"]),
    .target(name: "BagModels", dependencies: ["CKernels", "Tensors", "ModelBundles"]),

    // Models leave, and those of others come in: the only room with protobuf.
    .target(
      name: "ModelExchange",
      dependencies: [
        "CKernels", "Tensors", "ModelFiles", "TextModels", "BagModels", "ImageModels",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["ONNX/Messages/onnx.proto", "CoreML/Messages/coreml.proto"]),

    .executableTarget(
      name: "nlptool",
      dependencies: [
        "TextModels", "BagModels", "ImageModels", "ModelExchange", "ModelBundles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(
      name: "TextProcessingTests", dependencies: ["TextProcessing", "CICU", "CTextKernels"],
      resources: [.copy("Subwords/Fixtures")]),
    .testTarget(
      name: "VocabularyStoreTests",
      dependencies: ["VocabularyStore", "TextProcessing", .product(name: "GRDB", package: "GRDB.swift")]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"]),
    .testTarget(
      name: "NeuralNetworksTests", dependencies: ["NeuralNetworks", "ModelFiles"], resources: [.copy("Fixtures")]),
    .testTarget(name: "ModelFilesTests", dependencies: ["ModelFiles"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "NeuralNetworks"]),
    .testTarget(name: "ImageDataTests", dependencies: ["ImageData", "Tensors"], resources: [.copy("Fixtures")]),
    .testTarget(name: "TextModelsTests", dependencies: ["TextModels"], resources: [.copy("Fixtures")]),
    .testTarget(name: "BagModelsTests", dependencies: ["BagModels"]),
    .testTarget(
      name: "ImageModelsTests", dependencies: ["ImageModels", "ImageData", "ModelFiles"],
      resources: [.copy("Fixtures")]),
    .testTarget(name: "ModelExchangeTests", dependencies: ["ModelExchange"], resources: [.copy("Fixtures")]),
    .testTarget(name: "ExamplesTests", dependencies: ["TextModels", "BagModels"]),
    .testTarget(name: "nlptoolTests", dependencies: ["nlptool", "ImageData"], exclude: ["Help"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
