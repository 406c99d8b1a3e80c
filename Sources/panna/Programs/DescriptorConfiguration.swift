import Atomistics
import Foundation

enum DescriptorConfiguration {
  static func parameters(in f: URL) throws -> DescriptorParameters { fatalError() }
}
