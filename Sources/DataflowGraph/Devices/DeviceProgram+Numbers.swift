import Tensors

extension DeviceProgram {
  /// Elements as another type, as `Cast` describes it.
  static func cast(from source: ElementType, to target: ElementType) -> DeviceProgram {
    let (from, to) = (DeviceDialect.name(of: source), DeviceDialect.name(of: target))
    let computed = DeviceDialect.computed(source)
    let text = """
      KERNEL(convert)(BUFFER(\(from), x), BUFFER(\(to), y), INDEX count) {
        OPEN(\(from), x)
        OPEN(\(to), y)
        FOR_EACH(i, count) {
          const \(DeviceDialect.name(of: computed)) v = \(DeviceDialect.element("x", "i", source));
          y[i] = \(conversion(from: computed, to: target));
        }
      }

      """
    return DeviceProgram(source: text, types: [source, target]) { sizes in
      let count = sizes.inputs[0].elementCount
      guard count > 0 else { return DeviceSchedule([]) }
      return DeviceSchedule([
        DeviceLaunch("convert", items: count, [.input(0), .output(0), .index(count)])
      ])
    }
  }

  private static func conversion(from source: ElementType, to target: ElementType) -> String {
    let name = DeviceDialect.name(of: target)
    if target == .bool { return "v != 0" }
    if source == .bool { return "(\(name))(v != 0)" }
    guard source.isFloatingPoint, !target.isFloatingPoint else { return "(\(name))v" }
    // The lowest number for what does not fit; of bytes, the lowest bits of a longer number stay.
    let whole: ElementType = target == .int32 ? .int32 : .int64
    let limit = DeviceDialect.literal(whole == .int32 ? 0x1p31 : 0x1p63, source)
    let least = DeviceDialect.extreme(whole, isHighest: false)
    let number = "(v >= -\(limit) && v < \(limit) ? (\(DeviceDialect.name(of: whole)))v : \(least))"
    return "(\(name))\(number)"
  }

  /// Some whole numbers that depend on sizes alone.
  ///
  /// - Parameter numbers: `count` of them.
  /// - Returns: nil where a kernel has not so many parameters.
  static func numbers(
    _ type: ElementType, count: Int, _ numbers: @escaping @Sendable (KernelSizes) -> [Int]
  ) -> DeviceProgram? {
    guard count <= DeviceDialect.mostParameters else { return nil }
    let name = DeviceDialect.name(of: type)
    let parameters = (0..<count).map { ", INDEX v\($0)" }.joined()
    let stores = (0..<count).map { "y[\($0)] = (\(name))v\($0);" }.joined(separator: " ")
    let text = """
      KERNEL(store)(BUFFER(\(name), y)\(parameters)) {
        OPEN(\(name), y)
        if (GROUP == 0 && THREAD == 0) { \(stores) }
      }

      """
    return DeviceProgram(source: text, types: [type]) { sizes in
      let values = numbers(sizes)
      for value in values { try type.expectHolding(value) }
      guard !values.isEmpty else { return DeviceSchedule([]) }
      return DeviceSchedule([
        DeviceLaunch("store", groups: 1, [.output(0)] + values.map { .index($0) })
      ])
    }
  }

  /// Whole numbers that are `delta` apart.
  ///
  /// - Parameter start: the first one.
  static func range(_ type: ElementType, start: Dimension, delta: Int) -> DeviceProgram {
    let name = DeviceDialect.name(of: type)
    let source = """
      KERNEL(count)(BUFFER(\(name), y), INDEX count, INDEX start, INDEX delta) {
        OPEN(\(name), y)
        FOR_EACH(i, count) { y[i] = (\(name))(Int64)((UInt64)start + (UInt64)i * (UInt64)delta); }
      }

      """
    return DeviceProgram(source: source, types: [type]) { sizes in
      let (count, first) = (sizes.outputs[0].elementCount, try sizes.value(start))
      try type.expectHolding(count, numbersFrom: first, by: delta)
      guard count > 0 else { return DeviceSchedule([]) }
      return DeviceSchedule([
        DeviceLaunch(
          "count", items: count, [.output(0), .index(count), .index(first), .index(delta)])
      ])
    }
  }
}
