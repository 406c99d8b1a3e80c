import DataflowGraph

/// What CUDA C++ lacks of the dialect.
enum CUDAPrelude {
  static func text(isWide: Bool) -> String {
    """
    typedef long long Int64;
    typedef unsigned char UInt8;
    typedef unsigned short UInt16;
    typedef unsigned int UInt32;
    typedef unsigned long long UInt64;
    typedef \(isWide ? "long long" : "int") INDEX;
    #ifndef INFINITY
    #define INFINITY __int_as_float(0x7f800000)
    #endif
    #ifndef NAN
    #define NAN __int_as_float(0x7fffffff)
    #endif
    #define GROUP_SIZE \(DeviceDialect.groupSize)
    #define DEVICE static __device__
    #define KERNEL(name) extern "C" __global__ void __launch_bounds__(GROUP_SIZE) name
    #define BUFFER(T, x) char *x##_base, long long x##_offset
    #define OPEN(T, x) T *x = (T *)(x##_base + x##_offset);
    #define SHARED __shared__
    #define SYNC __syncthreads()
    #define THREAD ((INDEX)threadIdx.x)
    #define GROUP ((INDEX)blockIdx.x)
    #define GROUPS ((INDEX)gridDim.x)
    #define FOR_EACH(i, count) \\
      for (INDEX i = GROUP * GROUP_SIZE + THREAD; i < (count); i += GROUPS * GROUP_SIZE)
    DEVICE float numberOfHalf(UInt16 bits) {
      float number;
      asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(bits));
      return number;
    }
    #define HALF(x, i) numberOfHalf((x)[i])
    #define ATOMIC_ADD(place, value) atomicAdd(place, value)
    #define ATOMIC_MIN(place, value) atomicMin(place, value)
    #define REPORT(number) { \\
      ATOMIC_MIN(fault, (int)((number) < 2147483646 ? (number) : 2147483646)); }

    """
  }
}
