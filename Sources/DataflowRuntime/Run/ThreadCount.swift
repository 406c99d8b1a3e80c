#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How many threads this process may compute on.
public enum ThreadCount {
  /// The smallest of what the operating system, the control group and SLURM allow; at least 1.
  public static var available: Int { chosen.count }

  /// Which of the limits decided, to be printed: `2 (processor affinity)`.
  public static var explanation: String { "\(chosen.count) (\(chosen.reason))" }

  private static let chosen = choose(from: ThreadLimits.ofThisProcess())

  static func choose(from limits: ThreadLimits) -> (count: Int, reason: String) {
    var chosen = (count: max(limits.processors, 1), reason: "processor affinity")
    // A fraction of a processor is not worth a thread that waits for its share.
    if let quota = limits.quota, Int(quota) < chosen.count {
      chosen = (max(Int(quota), 1), "control group quota")
    }
    if let tasks = limits.slurm, tasks < chosen.count { chosen = (tasks, "SLURM_CPUS_PER_TASK") }
    return chosen
  }
}

/// What limits the number of threads.
struct ThreadLimits: Equatable {
  /// Processors that the operating system lets the process run on.
  var processors: Int
  /// Processor seconds per second that the control groups allow.
  var quota: Double?
  /// The processors per task of a SLURM job.
  var slurm: Int?
}

extension ThreadLimits {
  static func ofThisProcess() -> ThreadLimits {
    ThreadLimits(
      environment: { name in getenv(name).map { String(cString: $0) } },
      online: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), reading: contents(ofFile:))
  }

  /// - Parameters:
  ///   - environment: the value of a variable, or nil.
  ///   - online: how many processors there are, for systems that do not tell which are allowed.
  ///   - read: a file's text, or nil where there is none.
  init(environment: (String) -> String?, online: Int, reading read: (String) -> String?) {
    processors = Self.affinity(status: read("/proc/self/status") ?? "") ?? online
    quota = ControlGroup.quota(reading: read)
    slurm = environment("SLURM_CPUS_PER_TASK").flatMap(Self.positive)
  }

  /// A positive number, or nil for anything else.
  private static func positive(_ text: String) -> Int? {
    guard let count = Int(text), count > 0 else { return nil }
    return count
  }

  /// The number of processors in a line `Cpus_allowed_list: 0-3,8` of `/proc/self/status`.
  private static func affinity(status: String) -> Int? {
    let key = "Cpus_allowed_list:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else {
      return nil
    }
    var count = 0
    for range in line.dropFirst(key.count).split(separator: ",") {
      let ends = range.split(separator: "-").map { Int($0.filter { !$0.isWhitespace }) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
        return nil
      }
      count += last - first + 1
    }
    return count
  }

  /// A small file's text, or nil where it cannot be read.
  static func contents(ofFile path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
