/// What the first bytes of a file say it is.
enum ImageFormat: Equatable {
  case png
  case jpeg
  /// A kind that is known but not read, with its article: "a GIF".
  case unsupported(String)
  case unknown

  /// Bytes that are enough to tell.
  static let headSize = 512

  private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let jpegSignature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// What files begin with that are images, but of other kinds.
  private static let others: [(offset: Int, bytes: [UInt8], name: String)] = [
    (0, Array("GIF8".utf8), "a GIF"),
    (8, Array("WEBP".utf8), "a WebP"),
    (0, [0x49, 0x49, 0x2A, 0x00], "a TIFF"),
    (0, [0x4D, 0x4D, 0x00, 0x2A], "a TIFF"),
    (0, [0x49, 0x49, 0x2B, 0x00], "a TIFF"),
    (0, [0x4D, 0x4D, 0x00, 0x2B], "a TIFF"),
    (4, Array("ftypavif".utf8), "an AVIF"),
    (4, Array("ftypavis".utf8), "an AVIF"),
    (4, Array("ftyphei".utf8), "a HEIC"),
    (4, Array("ftyphev".utf8), "a HEIC"),
    (4, Array("ftypmif1".utf8), "a HEIC"),
    (4, Array("ftypmsf1".utf8), "a HEIC"),
    (4, Array("jP  \r\n".utf8), "a JPEG 2000"),
    (0, [0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000"),
    (4, Array("JXL \r\n".utf8), "a JPEG XL"),
    (0, [0xFF, 0x0A], "a JPEG XL"),
    (0, [0x00, 0x00, 0x01, 0x00], "an icon file"),
    (0, Array("8BPS".utf8), "a Photoshop file"),
    (0, Array("qoif".utf8), "a QOI"),
    (0, Array("DDS ".utf8), "a DDS"),
    (0, [0x76, 0x2F, 0x31, 0x01], "an OpenEXR"),
    (0, Array("#?RADIANCE".utf8), "a Radiance HDR"),
    (0, Array("%PDF".utf8), "a PDF"),
    (0, Array("<svg".utf8), "an SVG"),
  ]

  init(_ head: UnsafeRawBufferPointer) {
    if head.starts(with: Self.pngSignature) || Self.isCutShort(head, Self.pngSignature) {
      self = .png
    } else if head.starts(with: Self.jpegSignature) || Self.isCutShort(head, Self.jpegSignature) {
      self = .jpeg
    } else if let other = Self.others.first(where: { head.dropFirst($0.offset).starts(with: $0.bytes) }) {
      self = .unsupported(other.name)
    } else if Self.isBitmap(head) {
      self = .unsupported("a BMP")
    } else if Self.isNetpbm(head) {
      self = .unsupported("a Netpbm file")
    } else if head.starts(with: Array("<?xml".utf8)), Self.contains(head, Array("<svg".utf8)) {
      self = .unsupported("an SVG")
    } else {
      self = .unknown
    }
  }

  /// A file that ends within the signature.
  private static func isCutShort(_ head: UnsafeRawBufferPointer, _ signature: [UInt8]) -> Bool {
    !head.isEmpty && head.count < signature.count && signature.starts(with: head)
  }

  /// Two letters are too few to tell: the sizes of the headers that there are count too.
  private static func isBitmap(_ head: UnsafeRawBufferPointer) -> Bool {
    head.count >= 18 && head.starts(with: Array("BM".utf8)) && [12, 40, 52, 56, 64, 108, 124].contains(head[14])
      && head[15] == 0
  }

  private static func isNetpbm(_ head: UnsafeRawBufferPointer) -> Bool {
    head.count >= 3 && head[0] == UInt8(ascii: "P") && (0x31...0x37).contains(head[1])
      && [0x20, 0x09, 0x0A, 0x0D].contains(head[2])
  }

  private static func contains(_ head: UnsafeRawBufferPointer, _ text: [UInt8]) -> Bool {
    head.indices.contains { head[$0...].starts(with: text) }
  }
}
