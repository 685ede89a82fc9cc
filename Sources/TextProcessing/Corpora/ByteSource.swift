#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's `read`, under a name that a method of that name does not hide.
private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = read

/// An open file.
final class FileBytes {
  let path: String
  private let descriptor: Int32
  private let closes: Bool
  /// Of a regular file; nil for pipes and terminals.
  let size: Int?

  /// Opens a file; `-` is standard input.
  init(path: String) throws(CorpusError) {
    self.path = path
    if path == "-" {
      descriptor = STDIN_FILENO
      closes = false
      size = nil
      return
    }
    // C would take a name with a NUL for a shorter one.
    guard !path.utf8.contains(0) else { throw .missingFile(path: path) }
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw Self.openingError(path: path) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      close(opened)
      throw .unreadable(path: path, reason: reason)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(opened)
      throw .isDirectory(path: path)
    }
    descriptor = opened
    closes = true
    size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  /// Reads from a descriptor that stays the caller's.
  init(descriptor: Int32, path: String) {
    self.path = path
    self.descriptor = descriptor
    closes = false
    size = nil
  }

  deinit {
    if closes { close(descriptor) }
  }

  /// Reads up to the size of the buffer; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    while true {
      let count = systemRead(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
    }
  }

  /// Whether a read would return at once.
  var isReady: Bool {
    if size != nil { return true }
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) != 0
  }

  /// Reads at an offset of a regular file without moving; fewer bytes where it ends or cannot be read.
  func sample(at offset: Int, count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
    bytes.removeLast(count - max(0, read))
    return bytes
  }

  private static func openingError(path: String) -> CorpusError {
    let code = errno
    if code == ENOENT || code == ENOTDIR { return .missingFile(path: path) }
    return .unreadable(path: path, reason: String(cString: strerror(code)))
  }
}

/// Where UTF-8 is read from: a file, decompressed and converted where it has to be.
final class ByteSource {
  /// Bytes that detection looks at.
  private static let detectionSize = 1 << 16

  let path: String
  /// The character set, and what was repaired.
  var report: TextEncodingReport {
    var report = found
    if let repair { (report.repairCount, report.firstRepair) = (repair.repairCount, repair.firstRepair) }
    return report
  }

  private let file: FileBytes
  private let encoding: TextEncoding
  /// nil until the first bytes were looked at.
  private var stage: (any ByteStage)?
  /// Whether the bytes of the file are given as they are.
  private var isPlain = false
  private var found = TextEncodingReport()
  private var repair: RepairStage?

  /// Opens a file; `-` is standard input.
  convenience init(path: String, encoding: TextEncoding = TextEncoding()) throws(CorpusError) {
    self.init(try FileBytes(path: path), encoding)
    // Where that waits for nobody, so that what the file is shows at once.
    if file.size != nil { _ = try open() }
  }

  /// Reads from a descriptor that stays the caller's.
  convenience init(descriptor: Int32, path: String, encoding: TextEncoding = TextEncoding()) {
    self.init(FileBytes(descriptor: descriptor, path: path), encoding)
  }

  private init(_ file: FileBytes, _ encoding: TextEncoding) {
    path = file.path
    self.file = file
    self.encoding = encoding
  }

  /// Bytes of a regular file that is read as it is; nil for others.
  var size: Int? { isPlain ? file.size : nil }

  /// Reads up to the size of the buffer; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(CorpusError) -> Int {
    if let stage { return try stage.read(into: buffer) }
    return try open().read(into: buffer)
  }

  /// Whether it is told what was mended.
  var keepsRepairs = false {
    didSet { repair?.keepsRepairs = keepsRepairs }
  }

  /// What was mended since the last call, if that is kept, by offsets from the begin of all that is read; some of it may lie ahead.
  func takeRepairs() -> [TextRepairs.Repair] { repair?.takeRepairs() ?? [] }

  /// All bytes that are left.
  func readAll() throws(CorpusError) -> [UInt8] {
    var bytes: [UInt8] = []
    let block = max(1 << 16, min((size ?? 0) + 1, 1 << 26))
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: block))
      let count = try bytes.fill(from: start) { bytes throws(CorpusError) in try read(into: bytes) }
      bytes.removeLast(block - count)
      if count == 0 { return bytes }
    }
  }

  /// Whether a read would return at once.
  var isReady: Bool { stage?.hasBytes ?? file.isReady }

  /// Reads at an offset of a file that is read as it is, without moving.
  func sample(at offset: Int, count: Int) -> [UInt8] { file.sample(at: offset, count: count) }

  /// Looks at the first bytes and puts the stages together.
  private func open() throws(CorpusError) -> any ByteStage {
    let start = PeekStage(FileStage(file))
    var stage: any ByteStage = start
    // No more than a mark needs is waited for: somebody may be typing.
    let first = try start.peek(6) { bytes in !Self.marks.contains { $0.count > bytes.count && $0.starts(with: bytes) } }
    var head = first
    if let format = DecompressionStage.Format(first) {
      let decompressed = PeekStage(try DecompressionStage(start, format, path: path))
      head = try decompressed.peek(encoding.characterSet == .detected ? Self.detectionSize : 4)
      stage = decompressed
    } else if encoding.characterSet == .detected {
      head = try start.peek(Self.detectionSize)
    }
    if let charset = try charset(head) {
      if case .named = encoding.characterSet {} else { found.characterSet = charset }
      stage = try ConversionStage(stage, charset: charset, invalid: encoding.invalidBytes, path: path)
    } else if encoding.invalidBytes != .error {
      let repair = RepairStage(stage, replaces: encoding.invalidBytes == .replace)
      repair.keepsRepairs = keepsRepairs
      self.repair = repair
      stage = repair
    }
    isPlain = stage === start
    self.stage = stage
    return stage
  }

  /// Whether a name is UTF-8's; as ICU compares names, by their letters and digits.
  private static func isUTF8(_ name: String) -> Bool {
    name.uppercased().filter { $0.isLetter || $0.isNumber } == "UTF8"
  }

  /// What files of other kinds than plain UTF-8 begin with.
  private static let marks: [[UInt8]] = [
    [0x1F, 0x8B], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], [0x28, 0xB5, 0x2F, 0xFD], [0xFF, 0xFE, 0x00, 0x00],
    [0xFE, 0xFF], [0x00, 0x00, 0xFE, 0xFF],
  ]

  /// The character set of a text that begins with some bytes; nil for UTF-8.
  private func charset(_ head: [UInt8]) throws(CorpusError) -> String? {
    switch encoding.characterSet {
    case .named(let name): return Self.isUTF8(name) ? nil : name
    case .unicode, .detected:
      if head.starts(with: [0xFF, 0xFE, 0x00, 0x00]) || head.starts(with: [0x00, 0x00, 0xFE, 0xFF]) {
        return "UTF-32"
      }
      if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
      guard encoding.characterSet == .detected else { return nil }
      let guess: CharsetGuess?
      do { guess = try CharsetDetection(head: head, isCut: head.count == Self.detectionSize).guess() } catch {
        throw .unreadable(path: path, reason: "\(error)")
      }
      guard let guess else { return nil }
      found.confidence = guess.confidence
      return guess.name
    }
  }
}

/// What folders are asked about.
enum FileSystem {
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether something is there that is no folder.
  static func isFile(_ path: String) -> Bool {
    var status = stat()
    return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
  }

  /// Names in a folder that do not begin with a dot, sorted by their bytes: the same order on every machine.
  static func visibleNames(in path: String) throws(CorpusError) -> [String] {
    guard let directory = opendir(path) else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
