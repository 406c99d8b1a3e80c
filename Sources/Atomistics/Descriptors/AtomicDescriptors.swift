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
  /// Beyond which neighbours are in no angle, in angstrom.
  private let angularCutoff: Double
  /// How derivatives are cut, and how they would not be.
  private let (parts, whole): (DescriptorParts, DescriptorParts)
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
    angularCutoff = settings.angularCutoff
    (parts, whole) = (DescriptorParts(settings), DescriptorParts(settings, count: 1))
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

  /// The descriptors of all atoms and their derivatives, of descriptors in parts (`DescriptorSettings.derivativeParts`)
  /// where that saves memory.
  ///
  /// - Precondition: as for `values`.
  public func valuesAndDerivatives(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor = SerialExecutor()
  ) -> (values: [Float], derivatives: DerivativeBlocks) {
    let (values, rowStarts, atoms, blocks) = evaluated(
      Float.self, species, neighbours, parts: parts, executor)
    return (
      values,
      DerivativeBlocks(
        parts: parts.count, rowStarts: rowStarts, neighbours: atoms, values: blocks)
    )
  }

  /// The same in double precision; the blocks' layout is that of `DerivativeBlocks` of whole descriptors.
  package func preciseValuesAndDerivatives(
    species: [Int32], neighbours: NeighbourList, executor: any ParallelExecutor = SerialExecutor()
  ) -> (values: [Double], rowStarts: [Int32], neighbours: [Int32], blocks: [Double]) {
    evaluated(Double.self, species, neighbours, parts: whole, executor)
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

  /// - Parameters:
  ///   - sum: what the numbers are taken off.
  ///   - isZero: whether that is zero, whatever its memory holds.
  private static func convert<Scalar: DescriptorScalar>(
    _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Scalar>, _ count: Int,
    takingOff sum: UnsafeMutablePointer<Double>, isZero: Bool
  ) {
    typealias Eight = SIMD8<Double>
    var k = 0
    while k &+ 8 <= count {
      let numbers = UnsafeRawPointer(source + k).loadUnaligned(as: Eight.self)
      let place = UnsafeMutableRawPointer(sum + k)
      let known = isZero ? .zero : place.loadUnaligned(as: Eight.self)
      place.storeBytes(of: known - numbers, as: Eight.self)
      UnsafeMutableRawPointer(target + k).storeBytes(
        of: SIMD8<Scalar>(numbers), as: SIMD8<Scalar>.self)
      k &+= 8
    }
    while k < count {
      sum[k] = (isZero ? 0 : sum[k]) - source[k]
      (target + k).initialize(to: Scalar(source[k]))
      k &+= 1
    }
  }

  private func evaluated<Scalar: DescriptorScalar>(
    _: Scalar.Type, _ species: [Int32], _ list: NeighbourList, parts: DescriptorParts,
    _ executor: any ParallelExecutor
  ) -> (values: [Scalar], rowStarts: [Int32], neighbours: [Int32], blocks: [Scalar]) {
    let layout = BlockLayout(
      list, species: species, parts: parts, cutoff: cutoff, angularCutoff: angularCutoff)
    var (values, neighbours): ([Scalar], [Int32]) = ([], [])
    let blocks = [Scalar](filling: layout.blockCount * 3 * parts.width) { blocks in
      neighbours = [Int32](filling: layout.blockCount) { neighbours in
        values = [Scalar](filling: species.count * size) { values in
          withInput(species, list) { input in
            executor.run(over: species.count, inRangesOf: shardSize(species.count)) { atoms in
              let centre = centres.take()
              defer { centres.give(centre) }
              withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * parts.count) { places in
                for i in atoms {
                  evaluate(
                    i, input, layout, centre, places.baseAddress!, values.baseAddress!,
                    neighbours.baseAddress, blocks.baseAddress)
                }
              }
            }
          }
        }
      }
    }
    return (values, layout.rowStarts, neighbours, blocks)
  }

  /// Values and blocks of one atom.
  ///
  /// - Parameter places: room for two numbers of each part.
  private func evaluate<Scalar: DescriptorScalar>(
    _ i: Int, _ input: DescriptorInput, _ layout: BlockLayout,
    _ centre: any CentreCalculator, _ places: UnsafeMutablePointer<Int>,
    _ values: UnsafeMutablePointer<Scalar>, _ neighbours: UnsafeMutablePointer<Int32>?,
    _ blocks: UnsafeMutablePointer<Scalar>?
  ) {
    centre.prepareDerivatives(i, input)
    Self.convert(centre.values, values + i * size, size)
    let own = layout.starts[i]..<layout.starts[i + 1]
    guard let neighbours, let blocks, !own.isEmpty else { return }
    let parts = layout.parts
    let (count, width) = (parts.count, parts.width)
    let (environment, block, sum, stride) = (
      centre.environment, centre.block, centre.sum, centre.stride
    )
    // Where the next block of each part goes, and where its block of the atom itself does.
    let ownPlaces = places + count
    for part in 0..<count { places[part] = Int(layout.rowStarts[i * count + part]) }
    var (m, ownMask, taken) = (0, UInt64(0), UInt64(0))
    for place in own {
      let (k, mask) = (Int(layout.atoms[place]), layout.masks[place])
      let first = m
      while m < environment.count && environment.atoms[m] == k { m += 1 }
      if k == i {
        // The atom's own images move with it: there are no derivatives by them.
        ownMask = mask
        DescriptorParts.forEach(of: mask) { part in
          ownPlaces[part] = places[part]
          neighbours[places[part]] = Int32(i)
          places[part] += 1
        }
        continue
      }
      let species = Int(input.species[k])
      // A calculator writes its parts as a whole where each is of one species or pair, and only then.
      let written =
        parts.areAligned ? parts.mask(of: first..<m, species: species, in: environment) : 0
      clear(block, stride, parts, mask & ~written)
      centre.derivatives(by: first..<m, species: species)
      DescriptorParts.forEach(of: mask) { part in
        let (from, target) = (part &* width, blocks + places[part] &* 3 &* width)
        let isZero = taken >> UInt64(truncatingIfNeeded: part) & 1 == 0
        (neighbours + places[part]).initialize(to: Int32(k))
        places[part] += 1
        for c in 0..<3 {
          let from = from &+ c &* stride
          Self.convert(
            block + from, target + c &* width, width, takingOff: sum + from, isZero: isZero)
        }
      }
      taken |= mask
    }
    clear(sum, stride, parts, ownMask & ~taken)
    DescriptorParts.forEach(of: ownMask) { part in
      for c in 0..<3 {
        let from = part &* width &+ c &* stride
        Self.convert(sum + from, blocks + (ownPlaces[part] &* 3 &+ c) &* width, width)
      }
    }
  }

  /// Sets some parts of three columns to zero.
  @inline(__always)
  private func clear(
    _ columns: UnsafeMutablePointer<Double>, _ stride: Int, _ parts: DescriptorParts,
    _ mask: UInt64
  ) {
    DescriptorParts.forEach(of: mask) { part in
      for c in 0..<3 {
        (columns + (c &* stride &+ part &* parts.width)).update(repeating: 0, count: parts.width)
      }
    }
  }
}
