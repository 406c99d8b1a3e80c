import DataflowGraph
import Tensors

/// The sizes in one plan, each evaluated once however many shapes have it.
///
/// A class, since using a structure that is part of one copies all that it refers to. Its plan's runs take turns,
/// and it is asked for every size of every step: nothing looks whether someone else does at the same time.
final class SizeTable {
  /// Some of a plan's symbols, a bit for each.
  typealias Symbols = UInt64

  /// A size as a polynomial in symbols by their numbers.
  private struct Polynomial {
    let dimension: Dimension
    let terms: [(coefficient: Int, symbols: [Int])]
  }

  /// The symbols' names, and what they are now.
  private var names: [String] = []
  @exclusivity(unchecked) private var values: [Int] = []
  /// Different sizes, and what they are now.
  @exclusivity(unchecked) private var polynomials: [Polynomial] = []
  @exclusivity(unchecked) private var sizes: [Int] = []
  /// The places of all values' sizes, one value after the other, and where each one's begin; one more is the end.
  @exclusivity(unchecked) private var places: [Int] = []
  @exclusivity(unchecked) private var firstPlace: [Int] = [0]
  /// Of each view the place of the number of elements that it shows.
  private let countOfRoot: [Int?]
  /// Of each buffer in planned memory the place of its bytes.
  private let bytesOfBuffer: [Int?]
  /// The places that each epoch needs.
  private let placesOfEpoch: [[Int]]
  /// The symbols that each value's sizes depend on, and those that each step's do.
  @exclusivity(unchecked) private var symbolsOfValue: [Symbols] = []
  @exclusivity(unchecked) private var symbolsOfStep: [Symbols] = []

  init(_ plan: Plan) {
    var known: [Dimension: Int] = [:]
    var dimensions: [Dimension] = []
    func place(_ dimension: Dimension) -> Int {
      if let place = known[dimension] { return place }
      known[dimension] = known.count
      dimensions.append(dimension)
      return known.count - 1
    }
    let placesOfValue = plan.values.map { $0.spec.shape.dimensions.map(place) }
    let countOfRoot = plan.values.map { value -> Int? in
      let root = plan.values[value.root]
      return root.name == value.name ? nil : place(root.spec.shape.elementCount)
    }
    let bytesOfBuffer = plan.buffers.map { buffer -> Int? in
      if case .arena = buffer.home { place(buffer.byteCount) } else { nil }
    }
    placesOfEpoch = plan.epochs.map { epoch in
      let ofValues = epoch.values.flatMap {
        placesOfValue[$0] + [countOfRoot[$0]].compactMap { $0 }
      }
      return Set(ofValues + epoch.buffers.compactMap { bytesOfBuffer[$0] }).sorted()
    }
    (self.countOfRoot, self.bytesOfBuffer) = (countOfRoot, bytesOfBuffer)
    for ofValue in placesOfValue {
      places += ofValue
      firstPlace.append(places.count)
    }
    sizes = Array(repeating: 0, count: dimensions.count)
    numberSymbols(dimensions, plan)
  }

  private func numberSymbols(_ dimensions: [Dimension], _ plan: Plan) {
    var numbers: [String: Int] = [:]
    func number(_ name: String) -> Int {
      if let number = numbers[name] { return number }
      numbers[name] = numbers.count
      return numbers.count - 1
    }
    // Those for which no bit is left share the last one.
    func bits(_ names: some Sequence<String>) -> Symbols {
      names.reduce(0) { $0 | 1 << min(number($1), Symbols.bitWidth - 1) }
    }
    func bits(_ shape: SymbolicShape) -> Symbols {
      shape.dimensions.reduce(0) { $0 | bits($1.symbols) }
    }
    polynomials = dimensions.map { dimension in
      Polynomial(
        dimension: dimension,
        terms: dimension.sortedTerms.map { ($0.coefficient, $0.symbols.map(number)) })
    }
    let ofShapes = plan.values.map { bits($0.spec.shape) }
    symbolsOfValue = plan.values.indices.map { ofShapes[$0] | ofShapes[plan.values[$0].root] }
    symbolsOfStep = plan.steps.map { step in
      (step.inputs + step.outputs).reduce(bits(step.node.symbols)) { $0 | ofShapes[$1] }
    }
    names = numbers.sorted { $0.value < $1.value }.map(\.key)
    values = Array(repeating: 0, count: names.count)
  }

  /// The symbols that differ between two runs; all where nothing is known of the earlier one.
  func changes(from old: [String: Int]?, to new: [String: Int]) -> Symbols {
    guard let old else { return .max }
    var changed: Symbols = 0
    for (number, name) in names.enumerated() where old[name] != new[name] {
      changed |= 1 << min(number, Symbols.bitWidth - 1)
    }
    return changed
  }

  /// Whether a value's shape may differ when those symbols do.
  func isConcerned(value: Int, by changed: Symbols) -> Bool {
    changed == .max || symbolsOfValue[value] & changed != 0
  }

  /// Whether what a step's kernel prepares may differ when those symbols do.
  func isConcerned(step: Int, by changed: Symbols) -> Bool {
    changed == .max || symbolsOfStep[step] & changed != 0
  }

  /// - Throws: `GraphError` for a symbol without size, and for a negative size.
  func evaluate(epoch: Int, with symbols: [String: Int]) throws {
    for (number, name) in names.enumerated() { values[number] = symbols[name] ?? -1 }
    for place in placesOfEpoch[epoch] {
      if let size = value(of: polynomials[place]) {
        sizes[place] = size
      } else {
        sizes[place] = try polynomials[place].dimension.evaluated(with: symbols)
      }
    }
  }

  /// The size; nil where it is none, or there may be no room for it.
  private func value(of polynomial: Polynomial) -> Int? {
    var total = 0
    for term in polynomial.terms {
      var product = term.coefficient
      for symbol in term.symbols {
        guard values[symbol] >= 0 else { return nil }
        let (next, isTooLarge) = product.multipliedReportingOverflow(by: values[symbol])
        if isTooLarge { return nil }
        product = next
      }
      let (next, isTooLarge) = total.addingReportingOverflow(product)
      if isTooLarge { return nil }
      total = next
    }
    return (0..<1 << 56).contains(total) ? total : nil
  }

  /// Makes `shape` that of a value, in place where the rank is the same.
  func setShape(ofValue value: Int, _ shape: inout Shape) {
    let (first, end) = (firstPlace[value], firstPlace[value + 1])
    guard shape.rank == end - first else {
      shape = Shape(places[first..<end].map { sizes[$0] })
      return
    }
    for axis in 0..<end - first {
      let size = sizes[places[first + axis]]
      if shape[axis] != size { shape[axis] = size }
    }
  }

  /// Makes `shapes` those of values, in place where ranks are the same.
  func setShapes(ofValues values: ArraySlice<Int>, _ shapes: inout [Shape]) {
    for (position, value) in values.enumerated() {
      setShape(ofValue: value, &shapes[position])
    }
  }

  /// The elements of what a value shows; nil for one that is no view.
  func rootCount(ofValue value: Int) -> Int? { countOfRoot[value].map { sizes[$0] } }

  /// The bytes of a buffer, 0 outside planned memory.
  func byteCount(ofBuffer buffer: Int) -> Int { bytesOfBuffer[buffer].map { sizes[$0] } ?? 0 }
}
