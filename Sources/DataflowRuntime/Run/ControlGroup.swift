/// What this process's control group and those around it allow.
enum ControlGroup {
  /// The smallest limit of memory on the way from the process's group to the root, in bytes, or nil where there
  /// is none.
  ///
  /// - Parameter read: gives a file's text, or nil where there is none.
  static func memory(reading read: (String) -> String?) -> Double? {
    limit(of: "memory", reading: read) { folder, isUnified in
      let file = isUnified ? "\(folder)/memory.max" : "/memory\(folder)/memory.limit_in_bytes"
      return read("/sys/fs/cgroup\(file)").flatMap { Double($0.filter { !$0.isWhitespace }) }
    }
  }

  /// The smallest quota on the way from the process's group to the root, in processors, or nil
  /// where there is none.
  ///
  /// - Parameter read: gives a file's text, or nil where there is none.
  static func quota(reading read: (String) -> String?) -> Double? {
    limit(of: "cpu", reading: read) { folder, isUnified in
      if isUnified { return unified(read("/sys/fs/cgroup\(folder)/cpu.max")) }
      return legacy(
        quota: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_quota_us"),
        period: read("/sys/fs/cgroup/cpu\(folder)/cpu.cfs_period_us"))
    }
  }

  /// The smallest of the limits in all folders of a controller.
  ///
  /// - Parameter limit: what a folder says; whether it is of version 2, where all controllers share one.
  private static func limit(
    of controller: Substring, reading read: (String) -> String?,
    _ limit: (_ folder: String, _ isUnified: Bool) -> Double?
  ) -> Double? {
    let lines = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    return lines.compactMap { line -> Double? in
      // A line is `number:controllers:path`.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return nil }
      let isUnified = fields[1].isEmpty
      guard isUnified || fields[1].split(separator: ",").contains(controller) else { return nil }
      return smallest(from: fields[2]) { limit($0, isUnified) }
    }.min()
  }

  /// The smallest limit of a group and its parents; inside a container the path may name groups
  /// that cannot be seen, and the root is the container's.
  private static func smallest(from path: Substring, _ limit: (String) -> Double?) -> Double? {
    let names = path.split(separator: "/")
    let folders = (0...names.count).map { names.prefix($0).map { "/" + $0 }.joined() }
    return folders.compactMap(limit).min()
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
