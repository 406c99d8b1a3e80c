import Tensors

extension DeviceProgram {
  /// The place of the largest or the smallest element along one dimension, of equal ones the first. NaNs are
  /// passed over.
  static func place(
    _ type: ElementType, axis: Int, ofLargest: Bool, _ outputType: ElementType
  ) -> DeviceProgram {
    let (name, place) = (DeviceDialect.name(of: type), DeviceDialect.name(of: outputType))
    let sign = ofLargest ? ">" : "<"
    let source = """
      KERNEL(findEach)(BUFFER(\(name), x), BUFFER(\(place), y), INDEX results, INDEX length,
          INDEX inner) {
        OPEN(\(name), x)
        OPEN(\(place), y)
        FOR_EACH(i, results) {
          const INDEX first = i / inner * length * inner + i % inner;
          INDEX best = 0;
          for (INDEX k = 1; k < length; k++) {
            const \(name) next = x[first + k * inner], known = x[first + best * inner];
            if (next \(sign) known || (known != known && next == next)) best = k;
          }
          y[i] = (\(place))best;
        }
      }
      KERNEL(findTogether)(BUFFER(\(name), x), BUFFER(\(place), y), INDEX results, INDEX length,
          INDEX inner) {
        OPEN(\(name), x)
        OPEN(\(place), y)
        SHARED INDEX places[GROUP_SIZE];
        for (INDEX i = GROUP; i < results; i += GROUPS) {
          const INDEX first = i / inner * length * inner + i % inner;
          INDEX best = -1;
          for (INDEX k = THREAD; k < length; k += GROUP_SIZE) {
            const \(name) next = x[first + k * inner];
            if (next == next && (best < 0 || next \(sign) x[first + best * inner])) best = k;
          }
          places[THREAD] = best;
          SYNC;
          for (int span = GROUP_SIZE / 2; span > 0; span /= 2) {
            if (THREAD < span && places[THREAD + span] >= 0) {
              const INDEX own = places[THREAD], other = places[THREAD + span];
              if (own < 0) {
                places[THREAD] = other;
              } else {
                const \(name) a = x[first + own * inner], b = x[first + other * inner];
                if (b \(sign) a || (a == b && other < own)) places[THREAD] = other;
              }
            }
            SYNC;
          }
          if (THREAD == 0)
            y[i] = (\(place))(places[0] < 0 ? 0 : places[0]);
          SYNC;
        }
      }

      """
    return DeviceProgram(source: source, types: [type, outputType]) { sizes in
      let (shape, results) = (sizes.inputs[0], sizes.outputs[0].elementCount)
      guard results > 0 else { return DeviceSchedule([]) }
      guard shape[axis] > 0 else {
        throw GraphError("there is no element along axis \(axis) of \(shape)")
      }
      try outputType.expectHolding(shape[axis] - 1)
      let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
      let arguments: [DeviceArgument] = [
        .input(0), .output(0), .index(results), .index(shape[axis]), .index(inner),
      ]
      return DeviceSchedule([
        shape[axis] >= 1024 && results < 4096
          ? DeviceLaunch("findTogether", groups: results, arguments)
          : DeviceLaunch("findEach", items: results, arguments)
      ])
    }
  }
}
