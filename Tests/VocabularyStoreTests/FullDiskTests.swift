import Foundation
import GRDB
import TextProcessing
import Testing

@testable import VocabularyStore

@Suite struct FullDiskTests {
  @Test("a disk that takes no more is an error, the old file stays, and nothing else does")
  func fileSizeLimit() async {
    // In a process of its own: the limit holds for all files of a process.
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let old = try vocabulary(of: "old")
      let large = try randomVocabulary(tokens: 5000, seed: 1)
      let path = scratch.file("v.sqlite")
      let text = scratch.file("v.tsv")
      try VocabularyStore.create(at: path, with: old, overwrite: false)

      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 64 << 10, rlim_max: 64 << 10)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let failure = #expect(throws: VocabularyError.self) {
        try VocabularyStore.create(at: path, with: large, overwrite: true)
      }
      guard case .writeFailed(path, _) = failure else { exit(1) }
      let textFailure = #expect(throws: VocabularyError.self) {
        try large.export(as: .tsv, to: text, overwrite: false)
      }
      guard case .writeFailed(text, _) = textFailure else { exit(2) }
      guard try scratch.names == ["v.sqlite"], try VocabularyStore.open(path).vocabulary() == old else { exit(3) }
    }
  }

  @Test("SQLite's codes become errors that say what to do")
  func codes() {
    func written(_ code: ResultCode) -> VocabularyError {
      DatabaseFailure.writing("v", DatabaseError(resultCode: code, message: "why"))
    }
    #expect(written(.SQLITE_FULL) == .writeFailed(path: "v", reason: "the disk is full"))
    #expect(written(.SQLITE_IOERR) == .writeFailed(path: "v", reason: "why"))
    #expect(
      written(.SQLITE_CANTOPEN) == .cannotCreate(path: "v", reason: "why; check that the folder is writable"))
    #expect(
      DatabaseFailure.reading("v", DatabaseError(resultCode: .SQLITE_BUSY))
        == .unreadable(path: "v", reason: "another process is writing to it; try again later"))
  }
}
