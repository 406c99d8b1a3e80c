import Dataflow

/// The kernels for devices that compute descriptors and what an energy changes with the displacements.
///
/// What every atom sees is put in order first: neighbours within the angular cutoff by species, then the others by
/// species. A thread then sums up a radial component; a group the angular components of one atom and two species,
/// by tiles of pairs of neighbours whose factors all its threads have computed together. Derivatives are
/// contracted by teams of threads, each for one neighbour with all others, and added up in the team's order, so
/// that nothing depends on which thread is first and no pair of neighbours needs memory.
struct DescriptorText {
  let settings: DescriptorSettings
  let type: ElementType
  let angular: AngularText

  /// The numbers that are kept for each neighbour.
  private static let columnCount = 8

  /// - Returns: nil where the factors of a pair are more than a group has memory for.
  init?(_ settings: DescriptorSettings, _ type: ElementType) {
    (self.settings, self.type) = (settings, type)
    switch settings {
    case .modified(let parameters): angular = .modified(parameters, type)
    case .behlerParrinello(let parameters): angular = .behlerParrinello(parameters, type)
    }
    guard tilePairs > 0 else { return nil }
  }

  var name: String { DeviceDialect.name(of: type) }
  var species: Int { settings.species.count }
  var size: Int { settings.size }

  /// Components of one species' radial block.
  var radialBlock: Int {
    switch settings {
    case .modified(let parameters): parameters.radialCount
    case .behlerParrinello(let parameters): parameters.radialBlock
    }
  }

  /// Components of the angular block of two species.
  var angularBlock: Int { angular.centreCount * angular.angleCount }

  private var cutoffs: (radial: Double, angular: Double) {
    switch settings {
    case .modified(let parameters): (parameters.radialCutoff, parameters.angularCutoff)
    case .behlerParrinello(let parameters): (parameters.radialCutoff, parameters.angularCutoff)
    }
  }

  private var radialTables: (etas: [Double], centres: [Double]) {
    switch settings {
    case .modified(let p): (p.radialEtas, p.radialCentres)
    case .behlerParrinello(let p):
      (
        p.radialEtas.flatMap { Array(repeating: $0, count: p.radialCentres.count) },
        p.radialEtas.flatMap { _ in p.radialCentres }
      )
    }
  }

  /// Pairs of neighbours whose factors a group keeps at a time; 0 where it cannot.
  var tilePairs: Int {
    let columns = angular.angleCount + angular.centreCount
    return [64, 32, 16, 8, 4].first { columns * ($0 + 1) * type.size <= 16 << 10 } ?? 0
  }

  func literal(_ value: Double) -> String { DeviceDialect.literal(value, type) }

  /// `const T name[n] = { … };`
  func table(_ name: String, _ numbers: [Double]) -> String {
    "const \(self.name) \(name)[\(numbers.count)] = {\(numbers.map(literal).joined(separator: ", "))};"
  }

  // MARK: The order of neighbours

  /// Kernels that give every neighbour a key, -1 for those that count nothing, and put them in their order.
  private var order: String {
    let (radial, angular) = cutoffs
    let groups = 2 * species + 1
    return """
      KERNEL(keys)(BUFFER(\(name), d), BUFFER(int, species), BUFFER(int, keys), INDEX pairs,
          BUFFER(int, fault)) {
        OPEN(\(name), d)
        OPEN(int, species)
        OPEN(int, keys)
        OPEN(int, fault)
        FOR_EACH(e, pairs) {
          const \(name) x = d[3 * e], y = d[3 * e + 1], z = d[3 * e + 2];
          const \(name) squared = x * x + y * y + z * z;
          const int kind = species[e];
          const int isWrong = kind < 0 || kind >= \(species);
          if (isWrong) REPORT(e)
          int key = -1;
          if (!isWrong && squared < \(literal(max(radial, angular) * max(radial, angular)))
              && squared > \(literal(1e-16)))
            key = sqrt(squared) < \(literal(angular)) ? kind : \(species) + kind;
          keys[e] = key;
        }
      }
      KERNEL(order)(BUFFER(\(name), d), BUFFER(int, starts), BUFFER(int, keys), BUFFER(int, kinds),
          BUFFER(int, entries), BUFFER(int, bounds), BUFFER(\(name), columns), INDEX rows,
          INDEX pairs, BUFFER(int, fault)) {
        OPEN(\(name), d)
        OPEN(int, starts)
        OPEN(int, keys)
        OPEN(int, kinds)
        OPEN(int, entries)
        OPEN(int, bounds)
        OPEN(\(name), columns)
        OPEN(int, fault)
        for (INDEX row = GROUP; row < rows; row += GROUPS) {
          const int isWrong = starts[row] < 0 || starts[row + 1] < starts[row] ||
            starts[row + 1] > pairs || (row == 0 && starts[0] != 0) ||
            (row == rows - 1 && starts[rows] != pairs);
          if (isWrong && THREAD == 0) REPORT(pairs + row)
          const INDEX first = isWrong ? 0 : starts[row];
          const INDEX end = isWrong ? 0 : starts[row + 1];
          for (INDEX k = THREAD; k < \(groups); k += GROUP_SIZE) {
            INDEX place = first;
            for (INDEX e = first; e < end; e++) place += keys[e] >= 0 && keys[e] < k;
            bounds[row * \(groups) + k] = (int)place;
          }
          for (INDEX e = first + THREAD; e < end; e += GROUP_SIZE) {
            const int key = keys[e];
            if (key >= 0) {
              INDEX place = first;
              for (INDEX o = first; o < end; o++)
                place += keys[o] >= 0 && (keys[o] < key || (keys[o] == key && o < e));
              const \(name) x = d[3 * e], y = d[3 * e + 1], z = d[3 * e + 2];
              const \(name) r = sqrt(x * x + y * y + z * z);
              const \(name) a = r * \(literal(.pi / angular)), b = r * \(literal(.pi / radial));
              const int isNear = r < \(literal(angular)), isInside = r < \(literal(radial));
              kinds[place] = key % \(species);
              entries[place] = (int)e;
              columns[place] = r;
              columns[pairs + place] = x / r;
              columns[2 * pairs + place] = y / r;
              columns[3 * pairs + place] = z / r;
              columns[4 * pairs + place] = isNear ? \(cutoff("a")) : 0;
              columns[5 * pairs + place] = isNear ? \(cutoffSlope("a", angular)) : 0;
              columns[6 * pairs + place] = isInside ? \(cutoff("b")) : 0;
              columns[7 * pairs + place] = isInside ? \(cutoffSlope("b", radial)) : 0;
            }
          }
        }
      }

      """
  }

  /// The cutoff function (1 + cos φ) / 2 of `π r / Rc`, and its derivative by r.
  private func cutoff(_ phase: String) -> String {
    "\(literal(0.5)) + \(literal(0.5)) * cos(\(phase))"
  }

  private func cutoffSlope(_ phase: String, _ cutoff: Double) -> String {
    "\(literal(-0.5 * .pi / cutoff)) * sin(\(phase))"
  }

  // MARK: Values

  /// Descriptors `[atoms, g]`.
  var values: DeviceProgram {
    let groups = 2 * species + 1
    let radial = """
      KERNEL(radial)(BUFFER(int, bounds), BUFFER(\(name), columns), BUFFER(\(name), y), INDEX rows,
          INDEX pairs) {
        OPEN(int, bounds)
        OPEN(\(name), columns)
        OPEN(\(name), y)
        \(table("etas", radialTables.etas))
        \(table("centres", radialTables.centres))
        FOR_EACH(i, rows * \(species * radialBlock)) {
          const INDEX row = i / \(species * radialBlock), component = i % \(species * radialBlock);
          const INDEX kind = component / \(radialBlock), p = component % \(radialBlock);
          const \(name) eta = etas[p], centre = centres[p];
          \(name) total = 0;
          for (INDEX part = kind; part < \(2 * species); part += \(species)) {
            const INDEX end = bounds[row * \(groups) + part + 1];
            for (INDEX m = bounds[row * \(groups) + part]; m < end; m++) {
              const \(name) distance = columns[m] - centre;
              total += exp(-eta * distance * distance) * columns[6 * pairs + m];
            }
          }
          y[row * \(size) + component] = total;
        }
      }

      """
    return program(order + radial + angularValues) { sizes, memory in
      let (rows, output) = (sizes.rows, DeviceArgument.output(0))
      let counts: [DeviceArgument] = [.index(rows), .index(sizes.pairs)]
      return memory.order(displacements: 0) + [
        DeviceLaunch(
          "radial", items: rows * species * radialBlock,
          [memory.bounds, memory.columns, output] + counts),
        DeviceLaunch(
          "angular", groups: min(rows * species * (species + 1) / 2, 1 << 16),
          [memory.bounds, memory.columns, output] + counts),
      ]
    }
  }

  /// The components of one atom and two species by a group.
  private var angularValues: String {
    let (groups, tile, block) = (2 * species + 1, tilePairs, angularBlock)
    let columns = angular.angleCount + angular.centreCount
    let span = min(block, DeviceDialect.groupSize)
    let chunks = (block + span - 1) / span
    let blocks = species * (species + 1) / 2
    return """
      KERNEL(angular)(BUFFER(int, bounds), BUFFER(\(name), columns), BUFFER(\(name), y), INDEX rows,
          INDEX pairs) {
        OPEN(int, bounds)
        OPEN(\(name), columns)
        OPEN(\(name), y)
        SHARED \(name) tile[\(columns)][\(tile + 1)];
        SHARED \(name) sums[GROUP_SIZE];
        \(angular.tables.map(table).joined(separator: "\n  "))
        const INDEX team = THREAD / \(span), member = THREAD % \(span);
        for (INDEX i = GROUP; i < rows * \(blocks); i += GROUPS) {
          const INDEX row = i / \(blocks);
          INDEX one = 0, other = i % \(blocks);
          while (other >= \(species) - one) {
            other -= \(species) - one;
            one++;
          }
          other += one;
          const INDEX firstOne = bounds[row * \(groups) + one];
          const INDEX countOne = bounds[row * \(groups) + one + 1] - firstOne;
          const INDEX firstOther = bounds[row * \(groups) + other];
          const INDEX countOther = bounds[row * \(groups) + other + 1] - firstOther;
          const INDEX count =
            one == other ? countOne * (countOne - 1) / 2 : countOne * countOther;
          \(name) totals[\(chunks)];
          for (int chunk = 0; chunk < \(chunks); chunk++) totals[chunk] = 0;
          for (INDEX start = 0; start < count; start += \(tile)) {
            const INDEX length = count - start < \(tile) ? count - start : \(tile);
            for (INDEX l = THREAD; l < \(tile * columns); l += GROUP_SIZE) {
              const INDEX t = l % \(tile), column = l / \(tile), q = start + t;
              if (t < length) {
                INDEX j = one == other ? q % countOne : q / countOther;
                INDEX k = one == other ? j + 1 + q / countOne : q % countOther;
                if (one == other && k >= countOne) k -= countOne;
                j += firstOne;
                k += firstOther;
                \(angular.geometry(indent: 10))
                if (column < \(angular.angleCount)) {
                  const int a = (int)column;
                  \(angular.factor(indent: 12, hasSlope: false))
                  tile[column][t] = factor;
                } else {
                  const int p = (int)column - \(angular.angleCount);
                  \(angular.gauss(indent: 12))
                  tile[column][t] = gauss * weight;
                }
              }
            }
            SYNC;
            for (int chunk = 0; chunk < \(chunks); chunk++) {
              const INDEX c = chunk * \(span) + member;
              if (team < \(DeviceDialect.groupSize / span) && c < \(block)) {
                const INDEX p = \(angular.angleCount) + c / \(angular.angleCount);
                const INDEX a = c % \(angular.angleCount);
                \(name) total = totals[chunk];
                for (INDEX t = team; t < length; t += \(DeviceDialect.groupSize / span))
                  total += tile[a][t] * tile[p][t];
                totals[chunk] = total;
              }
            }
            SYNC;
          }
          for (int chunk = 0; chunk < \(chunks); chunk++) {
            const INDEX c = chunk * \(span) + member;
            sums[THREAD] = totals[chunk];
            SYNC;
            if (team == 0 && c < \(block)) {
              \(name) total = sums[member];
              for (int k = 1; k < \(DeviceDialect.groupSize / span); k++)
                total += sums[k * \(span) + member];
              y[row * \(size) + \(species * radialBlock) + i % \(blocks) * \(block) + c] = total;
            }
            SYNC;
          }
        }
      }

      """
  }

  // MARK: Derivatives

  /// The derivative by the displacements `[pairs, 3]`.
  var contraction: DeviceProgram {
    program(order + clear + pull) { sizes, memory in
      let counts: [DeviceArgument] = [.index(sizes.rows), .index(sizes.pairs)]
      let clear = DeviceLaunch(
        "clear", items: 3 * sizes.pairs, [.output(0), .index(3 * sizes.pairs)])
      let pull = DeviceLaunch(
        "pull", groups: min(sizes.rows, 1 << 16),
        [.input(0), memory.bounds, memory.kinds, memory.entries, memory.columns, .output(0)]
          + counts)
      return memory.order(displacements: 1) + [clear, pull]
    }
  }

  private var clear: String {
    """
    KERNEL(clear)(BUFFER(\(name), y), INDEX count) {
      OPEN(\(name), y)
      FOR_EACH(i, count) { y[i] = 0; }
    }

    """
  }

  /// A team of sixteen threads takes a neighbour and all others.
  private var pull: String {
    let (groups, radials) = (2 * species + 1, species * radialBlock)
    let (centres, angles) = (angular.centreCount, angular.angleCount)
    return """
      KERNEL(pull)(BUFFER(\(name), g), BUFFER(int, bounds), BUFFER(int, kinds), BUFFER(int, entries),
          BUFFER(\(name), columns), BUFFER(\(name), y), INDEX rows, INDEX pairs) {
        OPEN(\(name), g)
        OPEN(int, bounds)
        OPEN(int, kinds)
        OPEN(int, entries)
        OPEN(\(name), columns)
        OPEN(\(name), y)
        SHARED \(name) sums[3][GROUP_SIZE];
        \(table("radialEtas", radialTables.etas))
        \(table("radialCentres", radialTables.centres))
        \(angular.tables.map(table).joined(separator: "\n  "))
        const INDEX lane = THREAD % 16, team = THREAD / 16;
        for (INDEX row = GROUP; row < rows; row += GROUPS) {
          const INDEX first = bounds[row * \(groups)], near = bounds[row * \(groups) + \(species)];
          const INDEX end = bounds[row * \(groups) + \(2 * species)];
          for (INDEX base = first; base < end; base += GROUP_SIZE / 16) {
            const INDEX j = base + team;
            \(name) pullX = 0, pullY = 0, pullZ = 0;
            if (j < end) {
              const INDEX kind = kinds[j];
              const \(name) rj = columns[j];
              const \(name) xj = columns[pairs + j], yj = columns[2 * pairs + j];
              const \(name) zj = columns[3 * pairs + j];
              \(name) along = 0;
              for (INDEX p = lane; p < \(radialBlock); p += 16) {
                const \(name) distance = rj - radialCentres[p];
                along += g[row * \(size) + kind * \(radialBlock) + p]
                  * exp(-radialEtas[p] * distance * distance)
                  * (columns[7 * pairs + j] - 2 * radialEtas[p] * distance * columns[6 * pairs + j]);
              }
              pullX = along * xj;
              pullY = along * yj;
              pullZ = along * zj;
              for (INDEX k = first + lane; k < (j < near ? near : first); k += 16) {
                if (k != j) {
                  const INDEX low = kind < kinds[k] ? kind : kinds[k];
                  const INDEX high = kind < kinds[k] ? kinds[k] : kind;
                  const INDEX weights = row * \(size) + \(radials) + \(centres * angles)
                    * (low * \(species) - low * (low + 1) / 2 + high);
                  \(angular.geometry(indent: 12))
                  \(name) turns[\(centres)], values[\(centres)];
                  for (int p = 0; p < \(centres); p++) values[p] = turns[p] = 0;
                  for (int a = 0; a < \(angles); a++) {
                    \(angular.factor(indent: 14, hasSlope: true))
                    for (int p = 0; p < \(centres); p++) {
                      const \(name) own = g[weights + p * \(angles) + a];
                      values[p] += factor * own;
                      turns[p] += slope * own;
                    }
                  }
                  \(name) value = 0, byLength = 0, byCosine = 0;
                  for (int p = 0; p < \(centres); p++) {
                    \(angular.gauss(indent: 14))
                    value += values[p] * gauss;
                    byLength += values[p] * gauss * gaussSlope;
                    byCosine += turns[p] * gauss;
                  }
                  \(angular.pull(indent: 12))
                }
              }
            }
            sums[0][THREAD] = pullX;
            sums[1][THREAD] = pullY;
            sums[2][THREAD] = pullZ;
            SYNC;
            if (lane < 3 && j < end) {
              \(name) total = 0;
              for (INDEX k = 0; k < 16; k++) total += sums[lane][team * 16 + k];
              y[3 * (INDEX)entries[j] + lane] = total;
            }
            SYNC;
          }
        }
      }

      """
  }

  // MARK: Launches

  private struct Sizes {
    let rows: Int
    let pairs: Int
  }

  /// Where in the scratch memory what is put in order.
  private struct Memory {
    let sizes: Sizes
    let keys: DeviceArgument
    let kinds: DeviceArgument
    let entries: DeviceArgument
    let bounds: DeviceArgument
    let columns: DeviceArgument
    private(set) var byteCount = 0

    init(_ sizes: Sizes, species: Int, _ type: ElementType) {
      var bytes = 0
      func part(_ count: Int, _ size: Int) -> DeviceArgument {
        defer { bytes += (count * size).roundedUp(toMultipleOf: AlignedStorage.alignment) }
        return .scratch(bytes)
      }
      self.sizes = sizes
      keys = part(sizes.pairs, 4)
      kinds = part(sizes.pairs, 4)
      entries = part(sizes.pairs, 4)
      bounds = part(sizes.rows * (2 * species + 1), 4)
      columns = part(sizes.pairs * DescriptorText.columnCount, type.size)
      byteCount = bytes
    }

    /// - Parameter displacements: which input they are; species and row starts are the next two.
    func order(displacements: Int) -> [DeviceLaunch] {
      let counts: [DeviceArgument] = [.index(sizes.rows), .index(sizes.pairs)]
      return [
        DeviceLaunch(
          "keys", items: sizes.pairs,
          [
            .input(displacements), .input(displacements + 1), keys, .index(sizes.pairs), .fault,
          ]),
        DeviceLaunch(
          "order", groups: min(sizes.rows, 1 << 16),
          [.input(displacements), .input(displacements + 2), keys, kinds, entries, bounds, columns]
            + counts + [.fault]),
      ]
    }
  }

  private func program(
    _ source: String, _ launches: @escaping @Sendable (Sizes, Memory) -> [DeviceLaunch]
  ) -> DeviceProgram {
    let (species, type) = (species, type)
    return DeviceProgram(source: source, types: [type, .int32]) { shapes in
      let inputs = shapes.inputs.suffix(3)
      let starts = inputs[inputs.endIndex - 1]
      try checkNeighbourRows(
        displacements: inputs[inputs.startIndex], species: inputs[inputs.startIndex + 1],
        starts: starts)
      let sizes = Sizes(rows: starts[0] - 1, pairs: inputs[inputs.startIndex][0])
      guard sizes.rows > 0 || sizes.pairs == 0 else {
        throw GraphError(wrongStarts(0, sizes.pairs))
      }
      let memory = Memory(sizes, species: species, type)
      return DeviceSchedule(
        launches(sizes, memory).filter { $0.groups > 0 }, scratchBytes: memory.byteCount
      ) { number in
        number < sizes.pairs
          ? wrongSpecies(number, species) : wrongStarts(number - sizes.pairs, sizes.pairs)
      }
    }
  }
}
