import Dataflow
import DataflowAccelerators
import Testing

/// The device that tests run on: a GPU where there is one, else the first of OpenCL's, which may be a
/// processor.
public enum TestDevice {
  public static let catalog = AcceleratorCatalog.ofThisMachine()

  public static let device: Accelerator? = (try? catalog.gpu()) ?? (try? catalog.openCL())

  public static var isPresent: Bool { device != nil }

  /// Why tests are skipped.
  public static let absence: Comment = "no device: \(catalog.missing.joined(separator: "; "))"

  /// Everything that the device can compute is computed there.
  public static var placement: Placement {
    var placement = Placement()
    placement.devices.append(device!)
    placement.defaultDevice = device!.name
    return placement
  }
}
