import Synchronization

/// Workspaces of a tokenizer that threads borrow.
package final class WorkspacePool: Sendable {
  /// A workspace belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private struct Loan: @unchecked Sendable {
    let workspace: TokenizerWorkspace
  }

  private let tokenizer: Tokenizer
  private let free = Mutex<[Loan]>([])

  /// A pool without any workspace yet.
  package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// Calls `body` with a workspace that nobody else has until it returns.
  package func withWorkspace<R>(_ body: (TokenizerWorkspace) -> R) -> R {
    let loan = free.withLock { $0.popLast() } ?? Loan(workspace: tokenizer.makeWorkspace())
    defer { free.withLock { $0.append(loan) } }
    return body(loan.workspace)
  }
}
