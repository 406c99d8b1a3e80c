#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system's name of the calling thread, a number or an address: no other thread has it while this one lives, and
/// it is never 0.
package var threadIdentity: UInt {
  withUnsafeBytes(of: pthread_self()) { $0.load(as: UInt.self) }
}
