import Dataflow
import DataflowAccelerators
import ProgramSupport

/// Lists what this machine can compute on.
enum Devices: Program {
  static let name = "devices"
  static let summary = "lists the processor and the GPUs, and what of them is missing"
  static let options = CommandLineOptions([])
  static let details = """
    One paragraph for each device, under the name by which --device and the key device of
    [PARALLELIZATION] ask for it: its memory and capability, the versions of its driver and libraries,
    and why it cannot be used where it cannot.

      cpu        the processor
      gpu:N      NVIDIA's devices by way of CUDA (libcuda, NVRTC and, where it is found, cuBLAS), then
                 other GPUs by way of OpenCL
      opencl:N   all devices of OpenCL, processors too

    train takes several, with commas between them, and gpus, all that there are.

    Libraries are searched where the system searches, LD_LIBRARY_PATH with it, then in the toolkits that
    CUDA_HOME and CUDA_PATH name, in /usr/local/cuda and in the wheels of PyPI.
    """
  static let example = "  panna devices"

  static func run(_ arguments: ParsedArguments) throws {
    say("cpu: the processor, threads: \(ThreadCount.explanation)\n  \(BLAS.description)")
    let catalog = AcceleratorCatalog.ofThisMachine()
    var number = 0
    for entry in catalog.gpus {
      say(describe(entry, entry.obstacle == nil ? "gpu:\(number)" : "a GPU that cannot be used"))
      if entry.obstacle == nil { number += 1 }
    }
    for (index, entry) in catalog.openCL.enumerated() { say(describe(entry, "opencl:\(index)")) }
    for line in catalog.missing { say("not found: \(line)") }
  }

  private static func describe(_ entry: AcceleratorCatalog.Entry, _ name: String) -> String {
    let device = entry.properties
    let kind = device.isProcessor ? ", a processor" : ""
    var lines = [
      "\(name): \(device.name)\(kind)",
      "  \(device.interface), \(device.capability), driver \(device.driverVersion)",
      "  \(device.memory >> 20) MiB, at most \(device.largestBlock >> 20) MiB at a time,"
        + " \(device.multiprocessors) multiprocessors,"
        + " \(device.hasDouble ? "single and double" : "single") precision",
    ]
    lines += device.libraries.map { "  \($0)" }
    if let obstacle = entry.obstacle { lines.append("  cannot be used: \(obstacle)") }
    return lines.joined(separator: "\n")
  }
}
