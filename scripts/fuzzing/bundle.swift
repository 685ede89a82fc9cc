import BagModels
import Foundation
import ModelBundles
import TextModels

/// What `model.json` may say of weights and vocabulary that are whole: an error, or a model that answers. NLPTOOL_FUZZ_MODELS
/// is a folder with the models `network` and `bag`, copied to where files lie in memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  for folder in [network, bag] {
    guard let file = fopen("\(folder)/model.json", "wb") else { return 0 }
    fwrite(start, 1, count, file)
    fclose(file)
    _ = try? ModelBundle.task(in: folder)
  }
  if let classifier = try? BagClassifier(contentsOf: bag) { _ = classifier.predict(texts[0], top: 3) }
  if let model = try? TextModel(contentsOf: network) { _ = model.logits(texts) }
  return 0
}

private let texts = ["the film was good", "", "word"]
private let network = copied("network"), bag = copied("bag")

private func copied(_ name: String) -> String {
  let models = ProcessInfo.processInfo.environment["NLPTOOL_FUZZ_MODELS"] ?? ""
  let folder = "/dev/shm/nlptool-fuzz-\(getpid())-\(name)"
  do {
    try FileManager.default.copyItem(atPath: "\(models)/\(name)", toPath: folder)
  } catch {
    fatalError("NLPTOOL_FUZZ_MODELS: \(error)")
  }
  return folder
}
