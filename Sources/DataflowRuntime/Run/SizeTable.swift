import DataflowGraph
import Tensors

/// The sizes in one plan, each evaluated once however many shapes have it.
struct SizeTable {
  /// Different sizes, and what they are now.
  private var dimensions: [Dimension] = []
  private var sizes: [Int] = []
  /// Of each value the places of its sizes.
  private var placesOfValue: [[Int]] = []
  /// Of each view the place of the number of elements that it shows.
  private var countOfRoot: [Int?] = []
  /// Of each buffer in planned memory the place of its bytes.
  private var bytesOfBuffer: [Int?] = []
  /// The places that each epoch needs.
  private var placesOfEpoch: [[Int]] = []

  init(_ plan: Plan) {
    var known: [Dimension: Int] = [:]
    func place(_ dimension: Dimension) -> Int {
      if let place = known[dimension] { return place }
      known[dimension] = known.count
      dimensions.append(dimension)
      return known.count - 1
    }
    placesOfValue = plan.values.map { $0.spec.shape.dimensions.map(place) }
    countOfRoot = plan.values.map { value in
      let root = plan.values[value.root]
      return root.name == value.name ? nil : place(root.spec.shape.elementCount)
    }
    bytesOfBuffer = plan.buffers.map { buffer in
      if case .arena = buffer.home { place(buffer.byteCount) } else { nil }
    }
    sizes = Array(repeating: 0, count: dimensions.count)
    placesOfEpoch = plan.epochs.map { epoch in
      let ofValues = epoch.values.flatMap {
        placesOfValue[$0] + [countOfRoot[$0]].compactMap { $0 }
      }
      return Set(ofValues + epoch.buffers.compactMap { bytesOfBuffer[$0] }).sorted()
    }
  }

  /// - Throws: `GraphError` for a symbol without size, and for a negative size.
  mutating func evaluate(epoch: Int, with symbols: [String: Int]) throws {
    for place in placesOfEpoch[epoch] {
      sizes[place] = try dimensions[place].evaluated(with: symbols)
    }
  }

  func shape(ofValue value: Int) -> Shape { Shape(placesOfValue[value].map { sizes[$0] }) }

  /// The elements of what a value shows; nil for one that is no view.
  func rootCount(ofValue value: Int) -> Int? { countOfRoot[value].map { sizes[$0] } }

  /// The bytes of a buffer, 0 outside planned memory.
  func byteCount(ofBuffer buffer: Int) -> Int { bytesOfBuffer[buffer].map { sizes[$0] } ?? 0 }
}
