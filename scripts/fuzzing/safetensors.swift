import Foundation
import ModelFiles

/// Files of weights: an error, or tensors that can be read, as they are and as a bundle reads them. The file lies in memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let folder = "/dev/shm/nlptool-fuzz-bundle-\(getpid())"
  mkdir(folder, 0o700)
  let path = BundleFiles.weightsPath(in: folder)
  guard let file = fopen(path, "wb") else { return 0 }
  fwrite(start, 1, count, file)
  fclose(file)
  if let weights = try? SafeTensors(contentsOf: path) {
    for tensor in weights.tensors.values { _ = tensor.scalars.reduce(0, +) }
    _ = weights.checksum
  }
  // A bundle's checksum is that of the numbers as they are stored: without it nothing is made of them.
  if let stored = try? SafeTensors(contentsOf: path, keepingStored: Set(names(start, count))) {
    if let weights = try? BundleFiles.readWeights(in: folder, checksum: stored.checksum) {
      for tensor in weights.tensors.values { _ = tensor.scalars.reduce(0, +) }
    }
  }
  return 0
}

/// What stands in quotes in the header: names of tensors among it.
private func names(_ start: UnsafePointer<UInt8>, _ count: Int) -> [String] {
  let header = UnsafeBufferPointer(start: start, count: min(count, 4096)).dropFirst(8).prefix { $0 != 0 }
  return String(decoding: header, as: UTF8.self).split(separator: "\"").map(String.init)
}
