import Tensors

extension DeviceProgram {
  /// One kernel that changes variables' elements.
  ///
  /// - Parameters:
  ///   - names: the inputs' names in the texts, in order; those that are not tensors have one element,
  ///     which is a constant of the name.
  ///   - tensors: the inputs that have an element for each of the first one's.
  ///   - before: declarations in front of the loop.
  ///   - update: statements for element `i`; `real` is the type.
  static func update(
    _ type: ElementType, _ names: [String], tensors: Set<String>, before: String = "",
    _ update: String
  ) -> DeviceProgram {
    let buffers = names.map { "BUFFER(real, \(tensors.contains($0) ? $0 : "at_\($0)"))" }
    let opened = names.map { name in
      tensors.contains(name)
        ? "  OPEN(real, \(name))"
        : "  OPEN(real, at_\(name))\n  const real \(name) = at_\(name)[0];"
    }
    let text = """
      KERNEL(update)(\(buffers.joined(separator: ", ")), INDEX count) {
      \(opened.joined(separator: "\n"))
        \(before)
        FOR_EACH(i, count) {
          \(update)
        }
      }

      """
    let source = text.replacing("real", with: DeviceDialect.name(of: type))
    return DeviceProgram(source: source, types: [type]) { sizes in
      let count = sizes.inputs[0].elementCount
      guard count > 0 else { return DeviceSchedule([]) }
      return DeviceSchedule([
        DeviceLaunch(
          "update", items: count, names.indices.map { .input($0) } + [.index(count)])
      ])
    }.checkingShapes(of: names.indices.filter { tensors.contains(names[$0]) })
  }

  /// The same, for inputs that have the shape of the variable, the first one.
  func checkingShapes(of inputs: [Int]) -> DeviceProgram {
    DeviceProgram(source: source, types: types) { [schedule] sizes in
      try sizes.checkShapes(of: inputs)
      return try schedule(sizes)
    }
  }
}
