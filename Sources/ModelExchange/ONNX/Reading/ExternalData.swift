import ModelFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files beside a model that hold its numbers. Only what lies in the model's own folder is read, whatever a path in the
/// model says.
struct ExternalData {
  /// The folder of the model; `nil` for one that is not in a file.
  private let folder: String?
  private var files: [String: MappedFile] = [:]

  init(folder: String?) { self.folder = folder }

  /// The bytes that the entries of a tensor name.
  mutating func bytes<R>(
    _ entries: [ONNXEntry], _ body: (UnsafeRawBufferPointer) throws(OperatorFault) -> R
  ) throws(OperatorFault) -> R {
    var fields: [String: String] = [:]
    for entry in entries { fields[entry.key] = entry.value }
    guard let location = fields["location"], !location.isEmpty else { throw .wrong("external_data has no location") }
    let file = try file(location)
    func number(_ key: String) throws(OperatorFault) -> Int? {
      guard let text = fields[key] else { return nil }
      guard let number = Int(text), number >= 0 else { throw .wrong("external_data: \(key) is \"\(text.prefix(40))\"") }
      return number
    }
    let offset = try number("offset") ?? 0
    guard offset <= file.count else {
      throw .wrong("external_data: offset \(offset) in a file of \(file.count) bytes")
    }
    let length = try number("length") ?? (file.count - offset)
    guard length <= file.count - offset else {
      throw .wrong("external_data: \(length) bytes from \(offset) in a file of \(file.count)")
    }
    return try body(file.bytes(offset..<offset + length))
  }

  private mutating func file(_ location: String) throws(OperatorFault) -> MappedFile {
    if let file = files[location] { return file }
    guard let folder else { throw .unsupported("external data of a model that is not in a file") }
    let shown = location.prefix(200)
    guard !location.hasPrefix("/"), !location.split(separator: "/").contains(".."), !location.utf8.contains(0) else {
      throw .wrong("external_data: location \"\(shown)\" leaves the model's folder")
    }
    guard let root = resolved(folder.isEmpty ? "." : folder) else { throw .wrong("the model's folder cannot be found") }
    guard let path = resolved(root + "/" + location) else {
      throw .wrong("external_data: location \"\(shown)\" cannot be found in the model's folder")
    }
    // A symbolic link may lead out of the folder.
    guard path.hasPrefix(root == "/" ? root : root + "/") else {
      throw .wrong("external_data: location \"\(shown)\" leaves the model's folder")
    }
    do throws(FileError) {
      let file = try MappedFile(path: path)
      files[location] = file
      return file
    } catch {
      throw .wrong("external_data: \(error)")
    }
  }

  private func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
