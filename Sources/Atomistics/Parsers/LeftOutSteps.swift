/// Steps of a file that are left out for what is wrong with them, while others are good.
struct LeftOutSteps {
  private(set) var count = 0
  /// What the first of them is called, and what is wrong with it.
  private(set) var first: (name: String, error: AtomisticsError)?

  mutating func add(_ name: String, _ error: AtomisticsError) {
    count += 1
    first = first ?? (name, error)
  }

  /// Says how many there are, if any, and names the first.
  func tell(of total: Int, _ steps: String, _ remark: (String) -> Void) {
    guard let first else { return }
    remark(
      "\(count) of \(total) \(steps) are left out, since they cannot be read: \(first.name): \(first.error)"
    )
  }
}
