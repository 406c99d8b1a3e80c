import Tensors

extension DeviceProgram {
  /// Vectors that are `on`, the second input, at the place that an index names and `off`, the third, elsewhere.
  ///
  /// - Parameter axis: the new dimension of the result.
  static func oneHot(_ type: ElementType, indices: ElementType, axis: Int) -> DeviceProgram {
    let (name, index) = (DeviceDialect.name(of: type), DeviceDialect.name(of: indices))
    let source = """
      KERNEL(spread)(BUFFER(\(index), indices), BUFFER(\(name), on), BUFFER(\(name), off),
          BUFFER(\(name), y), INDEX count, INDEX depth, INDEX inner) {
        OPEN(\(index), indices)
        OPEN(\(name), on)
        OPEN(\(name), off)
        OPEN(\(name), y)
        FOR_EACH(i, count) {
          const INDEX column = i % inner;
          const INDEX place = i / inner % depth;
          const INDEX row = i / inner / depth;
          y[i] = indices[row * inner + column] == place ? on[0] : off[0];
        }
      }

      """
    return DeviceProgram(source: source, types: [type, indices]) { sizes in
      let (shape, count) = (sizes.outputs[0], sizes.outputs[0].elementCount)
      guard count > 0 else { return DeviceSchedule([]) }
      let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
      return DeviceSchedule([
        DeviceLaunch(
          "spread", items: count,
          [
            .input(0), .input(1), .input(2), .output(0), .index(count), .index(shape[axis]),
            .index(inner),
          ])
      ])
    }
  }
}
