import FoundationEssentials
import ModelFiles
import SwiftProtobuf

extension ONNXModel {
  /// Reads the message of a file.
  init(contentsOf path: String) throws(ExchangeError) {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path) } catch { throw .file(error) }
    try self.init(file.bytes(0..<file.count), path: path)
    withExtendedLifetime(file) {}
  }

  /// Reads a message.
  ///
  /// - Parameter path: what errors call it.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ExchangeError) {
    if let refusal = MessageCount.refusal(of: bytes) {
      throw .malformed(path: path, field: "the file", reason: refusal)
    }
    do {
      var options = BinaryDecodingOptions()
      options.discardUnknownFields = true
      guard let start = bytes.baseAddress else { throw BinaryDecodingError.truncated }
      let data = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
      try self.init(serializedBytes: data, options: options)
    } catch {
      throw .malformed(path: path, field: "the file", reason: "the bytes are no ONNX model")
    }
  }

  /// The folder of a file, in which its numbers may lie in other files.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
  }

  /// Free text by name.
  var metadata: [String: String] { metadataProps.reduce(into: [:]) { $0[$1.key] = $1.value } }

  /// The program that wrote it, with its version; empty where it does not say.
  var producer: String { producerName + (producerVersion.isEmpty ? "" : " \(producerVersion)") }

  /// The version of ONNX's own operators; `nil` where none is said.
  var standardOpset: Int64? {
    opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version
  }
}
