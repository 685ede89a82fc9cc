import Tensors

/// A source of random numbers for each layer that is built, in their order.
final class RandomSources {
  private let random: RandomStream
  private var count = 0

  init(_ random: RandomStream) { self.random = random }

  func next() -> RandomStream {
    count += 1
    return random.split(count)
  }
}
