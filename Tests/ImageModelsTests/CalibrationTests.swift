import Foundation
import ImageData
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

@testable import ImageModels

@Suite("Networks for images in bytes")
struct CalibrationTests {
  @Test("each convolution and linear layer learns a range that holds all it saw, and zero")
  func ranges() throws {
    let model = try BundleTests.model(.resnet20CIFAR)
    let images = Quarters(side: 32, channels: 3, count: 24)
    let calibration = try model.calibration(on: images)
    #expect(calibration.imageCount == 24)
    let wanted = model.network.namedParameters.filter { $0.parameter.shape.count >= 2 }.map(\.name)
    #expect(Set(calibration.inputRanges.keys) == Set(wanted))
    #expect(calibration.inputRanges.values.allSatisfy { $0.contains(0) && $0.upperBound > $0.lowerBound })
    // What follows ReLU is not below zero, and the first layer sees the images themselves.
    #expect(calibration.inputRanges["layer1.0.conv2.weight"]?.lowerBound == 0)
    let pixels = try (0..<24).flatMap { try model.preparedImage(images.image(at: $0)).scalars }
    #expect(calibration.inputRanges["conv1.weight"] == min(0, pixels.min() ?? 0)...max(0, pixels.max() ?? 0))
    var options = CalibrationOptions()
    options.cutShare = 0.01
    let cut = try model.calibration(on: images, options)
    for (name, range) in cut.inputRanges {
      let whole = try #require(calibration.inputRanges[name])
      #expect(whole.lowerBound <= range.lowerBound && range.upperBound <= whole.upperBound && range.contains(0))
    }
    #expect(cut.inputRanges != calibration.inputRanges)
    options.images = 9
    #expect(try model.calibration(on: images, options).imageCount == 16)
  }

  @Test("a share of the numbers is cut off on both sides")
  func histogram() {
    let histogram = InputHistogram()
    let numbers = Tensor((0..<1000).map { Float($0) - 499 } + [5000, -6000])
    histogram.widen(numbers)
    histogram.count(numbers)
    #expect(histogram.range(cutting: 0) == -6000...5000)
    let range = histogram.range(cutting: 0.004)
    #expect(abs(range.lowerBound + 499) < 10 && abs(range.upperBound - 500) < 10)
  }

  @Test("the bundle keeps the ranges; the network gives nearly the same answers and trains as Float32")
  func bundle() throws {
    try withFolder { folder in
      let model = try BundleTests.model(.resnet20CIFAR)
      let images = Quarters(side: 32, channels: 3, count: 16)
      let calibration = try model.calibration(on: images)
      try model.write(to: folder + "/small", replacing: false, precision: .int8, calibration: calibration)
      let small = try ImageModel(contentsOf: folder + "/small")
      #expect(small.description.format == 2)
      // Written with other numbers it is as others are.
      try small.write(to: folder + "/whole", replacing: false)
      #expect(try ImageModel(contentsOf: folder + "/whole").description.format == 1)
      #expect(small.network.inputRanges == calibration.inputRanges)
      let x = try small.preparedImage(images.image(at: 3))
      let (before, after) = (model.logits(x).scalars, small.logits(x).scalars)
      let largest = before.map(abs).max() ?? 0
      #expect(zip(before, after).allSatisfy { abs($0 - $1) < 0.1 * largest } && before != after)
      // Written again, it is the same.
      try small.write(to: folder + "/again", replacing: false, precision: .int8)
      let again = try ImageModel(contentsOf: folder + "/again")
      #expect(again.network.inputRanges == calibration.inputRanges)
      _ = GradientTape.record { small.network.logits(of: x).main.sum() }
      #expect(small.network.inputRanges.isEmpty)
    }
  }

  @Test("a damaged range is an error that names the weight")
  func damage() throws {
    try withFolder { folder in
      let model = try BundleTests.model(.lenet5)
      let path = folder + "/model"
      for range in [
        Tensor([1, 2]), Tensor([-1, .nan]), Tensor([-.infinity, 0]), Tensor([0]), Tensor([-3e38, 3e38]),
      ] {
        let good = SafeTensors(weights: model.network.stateDictionary, precision: .int8)
        let name = try #require(good.stored.keys.sorted().first)
        let weights = SafeTensors(
          tensors: good.tensors.merging([name + "#input": range]) { $1 }, stored: good.stored)
        var description = model.description
        description.checksums.weights = weights.checksum
        try BundleFiles.write(to: path, replacing: true) { folder in
          try weights.write(to: BundleFiles.weightsPath(in: folder))
          try BundleFiles.write(description, in: folder)
        }
        #expect { try ImageModel(contentsOf: path) } throws: { "\($0)".contains(name) }
      }
    }
  }
}
