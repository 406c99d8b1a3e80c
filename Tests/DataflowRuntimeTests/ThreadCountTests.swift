import Testing

@testable import DataflowRuntime

@Suite struct ThreadCountTests {
  private func limits(_ files: [String: String], slurm: String? = nil, online: Int = 64)
    -> ThreadLimits
  {
    ThreadLimits(
      environment: { $0 == "SLURM_CPUS_PER_TASK" ? slurm : nil }, online: online,
      reading: { files[$0] })
  }

  @Test(arguments: [
    ("0", 1), ("0-1", 2), ("0-3,8", 5), ("0,2,4-7,128-191", 70), ("3-1", 64), ("", 64), ("x", 64),
  ])
  func affinity(list: String, processors: Int) {
    let status = "Name:\tpanna\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\nThreads:\t1\n"
    #expect(limits(["/proc/self/status": status]).processors == processors)
  }

  @Test func withoutProcTheProcessorsOnlineCount() {
    #expect(limits([:]) == ThreadLimits(processors: 64, quota: nil, slurm: nil))
  }

  @Test(arguments: [
    ("150000 100000\n", 1.5), ("max 100000\n", nil), ("0 100000", nil), ("nonsense", nil),
  ])
  func unifiedQuota(text: String, quota: Double?) {
    let files = ["/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": text]
    #expect(limits(files).quota == quota)
  }

  @Test func theSmallestQuotaOnTheWayToTheRootCounts() {
    let files = [
      "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/cpu.max": "800000 100000",
      "/sys/fs/cgroup/a/cpu.max": "300000 100000", "/sys/fs/cgroup/cpu.max": "max 100000",
    ]
    #expect(limits(files).quota == 3)
  }

  @Test(arguments: [("250000\n", 2.5), ("-1\n", nil)])
  func legacyQuota(text: String, quota: Double?) {
    let files = [
      "/proc/self/cgroup": "4:memory:/m\n2:cpu,cpuacct:/job\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": text,
      "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
    ]
    #expect(limits(files).quota == quota)
  }

  /// In a container the path names a group of the host, and only the root can be seen.
  @Test func quotaOfAContainersRoot() {
    let files = [
      "/proc/self/cgroup": "0::/docker/0123\n", "/sys/fs/cgroup/cpu.max": "200000 100000",
    ]
    #expect(limits(files).quota == 2)
  }

  @Test(arguments: [("8", 8), ("0", nil), ("-3", nil), ("eight", nil), ("", nil)])
  func slurm(text: String, count: Int?) {
    #expect(limits([:], slurm: text).slurm == count)
  }

  @Test func theSmallestLimitDecides() {
    func choose(_ processors: Int, _ quota: Double?, _ slurm: Int?) -> (Int, String) {
      ThreadCount.choose(
        from: ThreadLimits(processors: processors, quota: quota, slurm: slurm))
    }
    #expect(choose(8, nil, nil) == (8, "processor affinity"))
    #expect(choose(8, 2.7, nil) == (2, "control group quota"))
    #expect(choose(8, 0.5, nil) == (1, "control group quota"))
    #expect(choose(8, 16, 4) == (4, "SLURM_CPUS_PER_TASK"))
    #expect(choose(2, 2, 4) == (2, "processor affinity"))
    #expect(choose(0, nil, nil) == (1, "processor affinity"))
  }

  @Test func thisProcessHasAtLeastOneThread() {
    #expect(ThreadCount.available >= 1)
    #expect(ThreadCount.explanation.hasPrefix("\(ThreadCount.available) ("))
  }
}
