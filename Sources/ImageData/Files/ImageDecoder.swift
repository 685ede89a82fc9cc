import CImageCodecs

/// Reads PNG and JPEG files, by what is in them and not by their names.
///
/// As Pillow's `convert("RGB")`: palettes, CMYK and 16 bits a channel become 8 bits of RGB or gray, alpha is dropped, not
/// blended; gamma, colour profiles and the orientation that a camera notes are not applied. Of an animated PNG the first
/// picture is read. (16 bits of gray keep their upper 8, where Pillow clips.)
///
/// It keeps its buffers from one image to the next, so one decoder for many images is faster than one for each. For one
/// thread at a time.
public final class ImageDecoder {
  /// The largest image that is decoded unless another limit is set: pixels, as Pillow's guard against decompression bombs.
  public static let defaultPixelLimit = 178_956_970

  /// The longest side, that of a JPEG: changing the size of a longer strip would take many times its memory.
  static let sideLimit = 65_535

  /// Pixels above which an image is refused before memory is asked for.
  public let pixelLimit: Int
  private var codecs: OpaquePointer?
  /// The file at hand; more room than bytes.
  private var file: [UInt8] = []

  /// A decoder with a limit for width · height.
  public init(pixelLimit: Int = ImageDecoder.defaultPixelLimit) {
    self.pixelLimit = pixelLimit
  }

  deinit {
    cimage_close(codecs)
  }

  /// The image in a file.
  public func image(contentsOf path: String) throws(ImageError) -> Image {
    var image = Image()
    try read(contentsOf: path, into: &image)
    return image
  }

  /// The image in bytes; errors call it `name`.
  public func image(decoding bytes: [UInt8], name: String) throws(ImageError) -> Image {
    var image = Image()
    try decode(bytes, count: bytes.count, name: name, into: &image)
    return image
  }

  /// Reads a file into an image, whose memory is used again.
  func read(contentsOf path: String, into image: inout Image) throws(ImageError) {
    let count = try readFile(path, into: &file)
    // The buffer is lent and comes back, so that it is not copied.
    var bytes: [UInt8] = []
    swap(&bytes, &file)
    defer { swap(&bytes, &file) }
    try decode(bytes, count: count, name: path, into: &image)
  }

  private func decode(_ bytes: [UInt8], count: Int, name: String, into image: inout Image) throws(ImageError) {
    guard count > 0 else { throw .empty(name: name) }
    let format = bytes.withUnsafeBytes {
      ImageFormat(UnsafeRawBufferPointer(rebasing: $0.prefix(min(count, ImageFormat.headSize))))
    }
    switch format {
    case .png, .jpeg: break
    case .unsupported(let kind): throw .unsupportedFormat(name: name, format: kind)
    case .unknown: throw .notAnImage(name: name)
    }
    let codecs = try openCodecs(name)
    var header = cimage_header()
    try checked(name) { message, size in
      bytes.withUnsafeBufferPointer { bytes in
        guard let base = bytes.baseAddress else { return cimage_damaged }
        return format == .png
          ? cimage_png_header(base, count, &header, message, size)
          : cimage_jpeg_header(codecs, base, count, &header, message, size)
      }
    }
    let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
    guard width * height <= pixelLimit, max(width, height) <= Self.sideLimit else {
      throw .tooLarge(name: name, width: width, height: height, limit: pixelLimit)
    }
    image.reshape(width: width, height: height, channels: channels)
    try checked(name) { message, size in
      image.pixels.withUnsafeMutableBufferPointer { pixels in
        bytes.withUnsafeBufferPointer { bytes in
          guard let base = bytes.baseAddress, let pixels = pixels.baseAddress else { return cimage_damaged }
          return format == .png
            ? cimage_png_decode(base, count, &header, pixels, message, size)
            : cimage_jpeg_decode(codecs, base, count, &header, pixels, message, size)
        }
      }
    }
  }

  private func openCodecs(_ name: String) throws(ImageError) -> OpaquePointer {
    if let codecs { return codecs }
    guard let opened = cimage_open() else { throw .noMemory(name: name) }
    codecs = opened
    return opened
  }

  /// Calls a codec with room for its message.
  private func checked(
    _ name: String, _ body: (UnsafeMutablePointer<CChar>, Int) -> cimage_status
  ) throws(ImageError) {
    let (status, reason) = callCodec(body)
    switch status {
    case cimage_ok: return
    case cimage_no_memory: throw .noMemory(name: name)
    default: throw .damaged(name: name, reason: reason)
    }
  }
}

/// Calls a codec with room for its message, which is empty where all went well.
private func callCodec(
  _ body: (UnsafeMutablePointer<CChar>, Int) -> cimage_status
) -> (status: cimage_status, reason: String) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
    guard let base = message.baseAddress else { return (cimage_no_memory, "") }
    base[0] = 0
    let status = body(base, message.count)
    return (status, status == cimage_ok ? "" : String(cString: base))
  }
}

extension Image {
  /// The image in a PNG or JPEG file; see ``ImageDecoder`` for what is converted.
  ///
  /// - Parameter pixelLimit: width · height above which it is refused before memory is asked for.
  public init(contentsOf path: String, pixelLimit: Int = ImageDecoder.defaultPixelLimit) throws(ImageError) {
    self = try ImageDecoder(pixelLimit: pixelLimit).image(contentsOf: path)
  }

  /// The image in the bytes of a PNG or JPEG file; errors call it `name`.
  public init(
    decoding bytes: [UInt8], name: String = "image", pixelLimit: Int = ImageDecoder.defaultPixelLimit
  ) throws(ImageError) {
    self = try ImageDecoder(pixelLimit: pixelLimit).image(decoding: bytes, name: name)
  }

  /// The bytes of a PNG file of this image.
  public func encodedAsPNG() throws(ImageError) -> [UInt8] {
    guard let wide = UInt32(exactly: width), let high = UInt32(exactly: height) else {
      throw .invalidPixels(reason: "\(self) is too large for a PNG")
    }
    var header = cimage_header(width: wide, height: high, channels: Int32(channels))
    var encoded: UnsafeMutablePointer<UInt8>?
    var size = 0
    let (status, reason) = callCodec { message, messageSize in
      pixels.withUnsafeBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return cimage_damaged }
        return cimage_png_encode(base, &header, &encoded, &size, message, messageSize)
      }
    }
    defer { cimage_free(encoded) }
    guard status == cimage_ok, let encoded else {
      throw status == cimage_no_memory
        ? .noMemory(name: "\(self)") : .invalidPixels(reason: "\(self) cannot be encoded (\(reason))")
    }
    return Array(UnsafeBufferPointer(start: encoded, count: size))
  }
}
