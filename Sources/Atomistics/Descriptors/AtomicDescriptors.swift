import Tensors

/// The descriptors of the paper: Behler and Parrinello's (equations 3 and 4) and their modification
/// (equations 3 and 5, note [63]).
///
/// For every atom, sums over its neighbours of Gaussians in the distance, and over pairs of neighbours of
/// Gaussians in the distances times a power that peaks at an angle. Values are in the order that the
/// parameters' `size` tells; each unordered pair counts once.
///
///     let descriptors = try AtomicDescriptors(parameters)
///     let described = try descriptors.describe(structure, includeDerivatives: true)
public struct AtomicDescriptors: Sendable {
  /// The species in the order of their indices.
  public let species: [String]
  /// The number of components, g.
  public let size: Int
  /// The larger cutoff in angstrom; a neighbour list may reach further.
  public let cutoff: Double
  /// Along which vectors of their cells structures may repeat at all.
  public let periodic: Periodicity
  private let centres: CentrePool

  /// Modified descriptors.
  ///
  /// - Throws: `AtomisticsError` for parameters that make no sense.
  public init(_ parameters: DescriptorParameters) throws {
    try self.init(.modified(parameters))
  }

  /// Behler and Parrinello's descriptors.
  ///
  /// - Throws: `AtomisticsError` for parameters that make no sense.
  public init(_ parameters: BehlerParrinelloParameters) throws {
    try self.init(.behlerParrinello(parameters))
  }

  /// Either kind.
  ///
  /// - Throws: `AtomisticsError` for parameters that make no sense.
  public init(_ settings: DescriptorSettings) throws {
    centres = try CentrePool(settings)
    (species, size) = (settings.species, settings.size)
    (cutoff, periodic) = (settings.cutoff, settings.periodic)
  }

  /// The descriptors of a whole structure, which repeats along none but `periodic`; forces and energy are
  /// taken over.
  ///
  /// - Throws: `AtomisticsError` for an unknown species, a position that is not finite, or two atoms at one
  ///   place.
  public func describe(
    _ structure: Structure, includeDerivatives: Bool = false,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws -> DescribedStructure {
    let structure = structure.limited(to: periodic)
    let species = try structure.speciesIndices(in: self.species)
    let values: [Float]
    var derivatives: DerivativeBlocks?
    if !includeDerivatives && structure.count > Self.fewAtoms {
      values = try valuesOfMany(structure, species, executor)
    } else {
      let neighbours = try NeighbourList(of: structure, cutoff: cutoff, executor: executor)
      try neighbours.checkDistances(structure)
      if includeDerivatives {
        (values, derivatives) = valuesAndDerivatives(
          species: species, neighbours: neighbours, executor: executor)
      } else {
        values = self.values(species: species, neighbours: neighbours, executor: executor)
      }
    }
    return DescribedStructure(
      name: structure.name, energy: Float(structure.energy ?? 0), species: species,
      descriptorSize: size, descriptors: values, derivatives: derivatives,
      forces: includeDerivatives
        ? structure.forces?.flatMap { [Float($0.x), Float($0.y), Float($0.z)] } : nil,
      perAtomQuantity: structure.perAtomQuantity.map { $0.map { Float($0) } })
  }

  /// The descriptors of many structures, several side by side.
  ///
  /// - Throws: the error of the first structure that has one, as `describe` of that alone.
  public func describe(
    _ structures: [Structure], includeDerivatives: Bool = false,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws -> [DescribedStructure] {
    try executor.map(shards: structures.count) { index in
      Result { try describe(structures[index], includeDerivatives: includeDerivatives) }
    }.map { try $0.get() }
  }

  /// The descriptors of all atoms, some at a time: the lists of their neighbours stay in the cache.
  private func valuesOfMany(
    _ structure: Structure, _ species: [Int32], _ executor: any ParallelExecutor
  ) throws -> [Float] {
    let search = try NeighbourSearch(
      positions: structure.positions, cell: structure.cell, cutoff: cutoff)
    let failure = Guarded<(first: Int, error: AtomisticsError)?>(nil)
    let values = [Float](filling: species.count * size) { output in
      executor.run(over: species.count, inRangesOf: shardSize(species.count)) { atoms in
        let (list, first) = (NeighbourList(search, of: atoms), atoms.lowerBound)
        do throws(AtomisticsError) {
          try list.checkDistances(structure, from: first)
        } catch {
          failure.withLock { known in
            if first < known?.first ?? .max { known = (first, error) }
          }
        }
        species.withUnsafeBufferPointer { species in
          list.withPointers { starts, neighbours, displacements in
            let input = DescriptorInput(
              species: species.baseAddress!, starts: starts, firstAtom: first,
              neighbours: neighbours, displacements: displacements, atomCount: species.count)
            write(atoms, input, to: output.baseAddress!)
          }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    return values
  }

  /// Values of some atoms, at their places.
  private func write<Scalar: DescriptorScalar>(
    _ atoms: Range<Int>, _ input: DescriptorInput, to output: UnsafeMutablePointer<Scalar>
  ) {
    let centre = centres.take()
    defer { centres.give(centre) }
    for i in atoms {
      centre.computeValues(i, input)
      Self.convert(centre.values, output + i * size, size)
    }
  }

  /// The descriptors of all atoms: n * g numbers.
  ///
  /// - Precondition: species are indices into the parameters' list; the list reaches to the cutoff.
  public func values<Scalar: DescriptorScalar>(
    _ type: Scalar.Type = Float.self, species: [Int32], neighbours: NeighbourList,
    executor: any ParallelExecutor = SerialExecutor()
  ) -> [Scalar] {
    Array(filling: species.count * size) { output in
      withInput(species, neighbours) { input in
        executor.run(over: species.count, inRangesOf: shardSize(species.count)) { atoms in
          write(atoms, input, to: output.baseAddress!)
        }
      }
    }
  }

  /// The same in double precision; other targets get it specialized.
  package func preciseValues(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor
  ) -> [Double] {
    values(Double.self, species: species, neighbours: neighbours, executor: executor)
  }

  /// The descriptors of all atoms and their derivatives.
  ///
  /// - Precondition: as for `values`.
  public func valuesAndDerivatives(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor = SerialExecutor()
  ) -> (values: [Float], derivatives: DerivativeBlocks) {
    let (values, layout, blocks) = evaluated(Float.self, species, neighbours, executor)
    return (
      values,
      DerivativeBlocks(
        rowStarts: layout.rowStarts, neighbours: layout.neighbours, values: blocks)
    )
  }

  /// The same in double precision; the blocks' layout is that of `DerivativeBlocks`.
  package func preciseValuesAndDerivatives(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor = SerialExecutor()
  ) -> (values: [Double], rowStarts: [Int32], neighbours: [Int32], blocks: [Double]) {
    let (values, layout, blocks) = evaluated(Double.self, species, neighbours, executor)
    return (values, layout.rowStarts, layout.neighbours, blocks)
  }

  /// Forces and virial from the derivative of the energy by every component, n * g numbers, without
  /// derivatives of the descriptors in memory.
  ///
  /// - Returns: the forces in units of the energy per angstrom, and the virial.
  /// - Precondition: as for `values`.
  public func contract<Scalar: DescriptorScalar>(
    energyGradient: [Scalar], species: [Int32], neighbours: NeighbourList,
    executor: any ParallelExecutor = SerialExecutor()
  ) -> (forces: [SIMD3<Double>], virial: Matrix3) {
    preciseContract(
      energyGradient: energyGradient.map { Double($0) }, species: species, neighbours: neighbours,
      executor: executor)
  }

  /// The same in double precision; other targets get it specialized.
  package func preciseContract(
    energyGradient gradient: [Double], species: [Int32], neighbours: NeighbourList,
    executor: any ParallelExecutor
  ) -> (forces: [SIMD3<Double>], virial: Matrix3) {
    precondition(gradient.count == species.count * size, "one number for each component")
    return withInput(species, neighbours) { input in
      let shard = shardSize(species.count)
      let forces = PairForces(neighbours, executor: executor, atomsPerShard: shard) {
        atoms, forces in
        let centre = centres.take()
        defer { centres.give(centre) }
        gradient.withUnsafeBufferPointer { gradient in
          for i in atoms {
            let own = gradient.baseAddress! + i * size
            centre.contract(i, input, gradient: own, forces: forces)
          }
        }
      }
      return forces.collected(neighbours)
    }
  }

  /// Forces and virial where every atom has an energy that depends on its own components alone, without
  /// components of other atoms or derivatives in memory.
  ///
  /// - Parameter makeGradient: makes for one piece of work what gets an atom and its components, notes its
  ///   energy and returns the energy's derivative by each component, valid until the next call.
  package func preciseForces(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor,
    makeGradient: () -> (Int, UnsafePointer<Double>) -> UnsafePointer<Double>
  ) -> (forces: [SIMD3<Double>], virial: Matrix3) {
    withInput(species, neighbours) { input in
      let shard = shardSize(species.count)
      let forces = PairForces(neighbours, executor: executor, atomsPerShard: shard) {
        atoms, forces in
        let (centre, gradient) = (centres.take(), makeGradient())
        defer { centres.give(centre) }
        for i in atoms {
          centre.contract(i, input, energyGradient: { gradient(i, $0) }, forces: forces)
        }
      }
      return forces.collected(neighbours)
    }
  }

  /// The atoms of one piece of work; by the number of atoms alone.
  private func shardSize(_ atoms: Int) -> Int { atoms <= Self.fewAtoms ? 4 : 16 }

  private static var fewAtoms: Int { 64 }

  private func withInput<R>(
    _ species: [Int32], _ list: NeighbourList, _ body: (DescriptorInput) -> R
  ) -> R {
    precondition(species.count == list.atomCount, "the list is of another structure")
    precondition(list.cutoff >= cutoff, "the list ends at \(list.cutoff), before \(cutoff)")
    precondition(
      species.allSatisfy { self.species.indices.contains(Int($0)) }, "an unknown species")
    return species.withUnsafeBufferPointer { species in
      list.withPointers { starts, neighbours, displacements in
        guard let first = species.baseAddress else {
          return body(
            DescriptorInput(
              species: UnsafePointer(neighbours), starts: starts, neighbours: neighbours,
              displacements: displacements, atomCount: 0))
        }
        return body(
          DescriptorInput(
            species: first, starts: starts, neighbours: neighbours,
            displacements: displacements, atomCount: species.count))
      }
    }
  }

  private static func convert<Scalar: DescriptorScalar>(
    _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int
  ) {
    for k in 0..<count { (target + k).initialize(to: Scalar(source[k])) }
  }

  private static func convert<Scalar: DescriptorScalar>(
    _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int,
    takingOff sum: UnsafeMutablePointer<Double>
  ) {
    for k in 0..<count {
      let number = source[k]
      sum[k] -= number
      (target + k).initialize(to: Scalar(number))
    }
  }

  private struct Layout {
    var rowStarts: [Int32]
    var neighbours: [Int32]
  }

  /// Which atoms every descriptor depends on.
  private func layout(_ list: NeighbourList) -> Layout {
    var layout = Layout(rowStarts: [0], neighbours: [])
    for i in 0..<list.atomCount {
      let rowStart = layout.neighbours.count
      var hasSelf = false
      for e in list.row(i) {
        let (k, d) = (list.neighbours[e], list.displacements[e])
        guard layout.neighbours.count == rowStart || layout.neighbours.last != k else { continue }
        let squared = dot(d, d)
        guard squared < cutoff * cutoff, squared > 1e-16 else { continue }
        if !hasSelf && k >= Int32(i) {
          hasSelf = true
          if k != Int32(i) { layout.neighbours.append(Int32(i)) }
        }
        layout.neighbours.append(k)
      }
      if !hasSelf && layout.neighbours.count > rowStart { layout.neighbours.append(Int32(i)) }
      layout.rowStarts.append(Int32(layout.neighbours.count))
    }
    return layout
  }

  private func evaluated<Scalar: DescriptorScalar>(
    _: Scalar.Type, _ species: [Int32], _ list: NeighbourList, _ executor: any ParallelExecutor
  ) -> (values: [Scalar], layout: Layout, blocks: [Scalar]) {
    let layout = layout(list)
    var values: [Scalar] = []
    let blocks = [Scalar](filling: layout.neighbours.count * 3 * size) { blocks in
      values = [Scalar](filling: species.count * size) { values in
        withInput(species, list) { input in
          executor.run(over: species.count, inRangesOf: shardSize(species.count)) { atoms in
            let centre = centres.take()
            defer { centres.give(centre) }
            for i in atoms {
              evaluate(i, input, layout, centre, values.baseAddress!, blocks.baseAddress)
            }
          }
        }
      }
    }
    return (values, layout, blocks)
  }

  /// Values and blocks of one atom.
  private func evaluate<Scalar: DescriptorScalar>(
    _ i: Int, _ input: DescriptorInput, _ layout: Layout, _ centre: any CentreCalculator,
    _ values: UnsafeMutablePointer<Scalar>, _ blocks: UnsafeMutablePointer<Scalar>?
  ) {
    centre.prepareDerivatives(i, input)
    Self.convert(centre.values, values + i * size, size)
    let (environment, block, sum, stride) = (
      centre.environment, centre.block, centre.sum, centre.stride
    )
    sum.update(repeating: 0, count: 2 * stride + size)
    var m = 0
    var own: Int?
    for p in Int(layout.rowStarts[i])..<Int(layout.rowStarts[i + 1]) {
      let k = Int(layout.neighbours[p])
      let first = m
      while m < environment.count && environment.atoms[m] == k { m += 1 }
      if k == i {
        // The atom's own images move with it: there are no derivatives by them.
        own = p
        continue
      }
      let target = blocks! + p * 3 * size
      var end = 0
      if m > first {
        centre.derivatives(by: first..<m, species: Int(input.species[k]))
        centre.forEachRange(species: Int(input.species[k])) { range in
          clear(target, end..<range.lowerBound)
          for c in 0..<3 {
            let (from, to) = (c * stride + range.lowerBound, c * size + range.lowerBound)
            Self.convert(block + from, target + to, range.count, takingOff: sum + from)
          }
          end = range.upperBound
        }
      }
      clear(target, end..<size)
    }
    if let own {
      for c in 0..<3 { Self.convert(sum + c * stride, blocks! + (own * 3 + c) * size, size) }
    }
  }

  private func clear<Scalar: DescriptorScalar>(
    _ target: UnsafeMutablePointer<Scalar>, _ range: Range<Int>
  ) {
    if range.isEmpty { return }
    for c in 0..<3 {
      (target + c * size + range.lowerBound).initialize(repeating: 0, count: range.count)
    }
  }
}
