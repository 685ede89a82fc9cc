extension ImageCollection {
  /// The images at a path, to be looked at without their labels: an image, all of a folder at any depth, or those of an IDX
  /// or CIFAR file.
  public static func images(at path: String, skipBad: Bool = false) throws(ImageError) -> any ImageDataSet {
    guard PathKind(path) == .file else {
      if PathKind(path).isFolder { return try ImageFiles(unlabelledFolder: path, skipBad: skipBad) }
      return ImageFiles(unlabelled: [path])
    }
    let head: [UInt8]
    // A file that cannot be read is reported, or left out, when its turn comes.
    do throws(ImageError) { head = try firstBytes(of: path, ImageFormat.headSize) } catch {
      return ImageFiles(unlabelled: [path])
    }
    if case .unknown = head.withUnsafeBytes({ ImageFormat($0) }), !head.isEmpty {
      let (content, isCompressed) = try firstMaybeCompressedBytes(of: path, ImageFormat.headSize)
      if IDXImages.isIDX(content), content[3] != 1 { return try IDXImages(images: path, labels: nil) }
      let size = isCompressed ? try CIFARImages.readFile(path).count : try OpenFile(path: path).size ?? 0
      if CIFARImages.mayBeCIFAR(size: size, head: content) || path.hasSuffix(".bin") {
        return try CIFARImages([path])
      }
    }
    return ImageFiles(unlabelled: [path])
  }
}
