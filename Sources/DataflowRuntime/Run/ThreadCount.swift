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
  private static func contents(ofFile path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The processor quota of this process's control group and of those around it.
enum ControlGroup {
  /// The smallest quota on the way from the process's group to the root, in processors, or nil
  /// where there is none.
  ///
  /// - Parameter read: gives a file's text, or nil where there is none.
  static func quota(reading read: (String) -> String?) -> Double? {
    let lines = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    return lines.compactMap { line in quota(membership: line, reading: read) }.min()
  }

  /// The quota by one line `number:controllers:path` of `/proc/self/cgroup`.
  private static func quota(membership line: Substring, reading read: (String) -> String?)
    -> Double?
  {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return nil }
    if fields[1].isEmpty {
      return smallest(from: fields[2]) { unified(read("/sys/fs/cgroup\($0)/cpu.max")) }
    }
    guard fields[1].split(separator: ",").contains("cpu") else { return nil }
    return smallest(from: fields[2]) { folder in
      legacy(
        quota: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_quota_us"),
        period: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_period_us"))
    }
  }

  /// The smallest quota of a group and its parents; inside a container the path may name groups
  /// that cannot be seen, and the root is the container's.
  private static func smallest(from path: Substring, _ quota: (String) -> Double?) -> Double? {
    let names = path.split(separator: "/")
    let folders = (0...names.count).map { names.prefix($0).map { "/" + $0 }.joined() }
    return folders.compactMap(quota).min()
  }

  /// `cpu.max` of version 2: quota, or `max`, and period in microseconds.
  private static func unified(_ text: String?) -> Double? {
    let fields = (text ?? "").split(whereSeparator: \.isWhitespace)
    guard fields.count == 2 else { return nil }
    return ratio(String(fields[0]), String(fields[1]))
  }

  /// The two files of version 1; a quota of -1 is none.
  private static func legacy(quota: String?, period: String?) -> Double? {
    guard let quota, let period else { return nil }
    return ratio(
      String(quota.filter { !$0.isWhitespace }), String(period.filter { !$0.isWhitespace }))
  }

  private static func ratio(_ quota: String, _ period: String) -> Double? {
    guard let quota = Double(quota), let period = Double(period), quota > 0, period > 0 else {
      return nil
    }
    return quota / period
  }
}
