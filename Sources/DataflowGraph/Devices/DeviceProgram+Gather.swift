import Tensors

extension DeviceProgram {
  /// Rows by their indices, those of a batch by its own; zeros for negative ones where these are allowed, and a fault
  /// for what is out of range.
  static func gather(
    _ type: ElementType, indices: ElementType, batch: Int, axis: Int, allowsNegative: Bool
  ) -> DeviceProgram {
    let (name, index) = (DeviceDialect.name(of: type), DeviceDialect.name(of: indices))
    let source = """
      KERNEL(gather)(BUFFER(\(name), x), BUFFER(\(index), indices), BUFFER(\(name), y), INDEX count,
          INDEX picked, INDEX middle, INDEX length, INDEX inner, BUFFER(int, fault)) {
        OPEN(\(name), x)
        OPEN(\(index), indices)
        OPEN(\(name), y)
        OPEN(int, fault)
        FOR_EACH(i, count) {
          const INDEX column = i % inner;
          const INDEX outer = i / inner / picked;
          const INDEX position = outer / middle * picked + i / inner % picked;
          const \(index) place = indices[position];
          const int isWrong = place >= length\(allowsNegative ? "" : " || place < 0");
          if (isWrong) REPORT(position)
          y[i] = isWrong || place < 0 ? 0 : x[(outer * length + (INDEX)place) * inner + column];
        }
      }

      """
    return DeviceProgram(source: source, types: [type, indices]) { sizes in
      let shape = sizes.inputs[0]
      let picked = sizes.inputs[1].dimensions.dropFirst(batch).reduce(1, *)
      let middle = shape.dimensions[batch..<axis].reduce(1, *)
      let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
      let (count, length) = (sizes.outputs[0].elementCount, shape[axis])
      guard count > 0 else { return DeviceSchedule([]) }
      let launch = DeviceLaunch(
        "gather", items: count,
        [
          .input(0), .input(1), .output(0), .index(count), .index(picked), .index(middle),
          .index(length), .index(inner), .fault,
        ])
      return DeviceSchedule([launch]) { outOfRange($0, length) }
    }
  }

  /// What is said of an index that names nothing.
  static func outOfRange(_ position: Int, _ bound: Int) -> String {
    "the index at position \(position) is outside 0..<\(bound)"
  }
}
