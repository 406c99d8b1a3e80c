import DataflowGraph

/// The devices that OpenCL knows.
enum OpenCLCatalog {
  /// Every device, or why it is not usable.
  static func entries(
    _ library: OpenCLLibrary, cache: KernelCache?
  ) throws -> [AcceleratorCatalog.Entry] {
    try library.devices().map { device, platform in
      let handle = Handle(device)
      let properties = properties(of: device, platform, library)
      return AcceleratorCatalog.Entry(
        properties: properties, obstacle: obstacle(of: device, library)
      ) {
        try OpenCLDriver(library, handle.value, properties, cache: cache)
      }
    }
  }

  /// Any thread may use a device's handle.
  private struct Handle: @unchecked Sendable {
    let value: CLHandle
    init(_ value: CLHandle) { self.value = value }
  }

  private static func properties(
    of device: CLHandle, _ platform: String, _ library: OpenCLLibrary
  ) -> AcceleratorProperties {
    func text(_ key: UInt32) -> String { library.text(library.getDeviceInfo, device, key) }
    func number(_ key: UInt32) -> Int { Int(clamping: library.number(device, key)) }
    return AcceleratorProperties(
      interface: "OpenCL", name: text(0x102B), isProcessor: number(0x1000) & 2 != 0,
      memory: number(0x101F), largestBlock: number(0x1010), capability: text(0x102F),
      driverVersion: "\(platform) \(text(0x102D))", hasDouble: number(0x1032) != 0,
      multiprocessors: number(0x1002))
  }

  private static func obstacle(of device: CLHandle, _ library: OpenCLLibrary) -> String? {
    let (groups, compiler, available) = (
      library.number(device, 0x1004), library.number(device, 0x1028), library.number(device, 0x1027)
    )
    if available & 0xFFFF_FFFF == 0 { return "it is not available" }
    if compiler & 0xFFFF_FFFF == 0 { return "it has no compiler" }
    if groups < DeviceDialect.groupSize {
      return "its groups have at most \(groups) threads; \(DeviceDialect.groupSize) are needed"
    }
    return nil
  }
}
