#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where CUDA's libraries may be: what the system searches (`LD_LIBRARY_PATH` with it), the toolkit that
/// `CUDA_HOME` or `CUDA_PATH` names, toolkits in their usual folders, and the wheels of PyPI.
struct CUDAFolders {
  let folders: [String]

  /// - Parameters:
  ///   - environment: the value of a variable, or nil.
  ///   - matches: the paths that a pattern with `*` stands for.
  init(environment: (String) -> String?, matches: (String) -> [String]) {
    let toolkits =
      ["CUDA_HOME", "CUDA_PATH"].compactMap(environment) + ["/usr/local/cuda", "/opt/cuda"]
      + matches("/usr/local/cuda-*").sorted().reversed()
    let inToolkits = toolkits.flatMap { ["\($0)/lib64", "\($0)/targets/x86_64-linux/lib"] }
    let environments =
      ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap(environment)
      + (environment("HOME").map { ["\($0)/.local"] } ?? []) + ["/usr/local", "/usr"]
    let inWheels = environments.flatMap { folder in
      ["site-packages", "dist-packages"].flatMap {
        matches("\(folder)/lib/python3*/\($0)/nvidia/*/lib")
      }
    }
    folders = inToolkits + inWheels
  }

  static func ofThisMachine() -> CUDAFolders {
    CUDAFolders(environment: environmentValue, matches: matches)
  }

  /// Names and paths of a library, the best first.
  ///
  /// - Parameter versions: of its interface, the best first.
  func paths(of library: String, versions: [Int]) -> [String] {
    let names = versions.map { "lib\(library).so.\($0)" } + ["lib\(library).so"]
    return names + folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
  }

  private static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }
  }
}
