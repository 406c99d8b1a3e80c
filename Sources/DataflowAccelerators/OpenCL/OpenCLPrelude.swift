import DataflowGraph

/// What OpenCL C lacks of the dialect.
enum OpenCLPrelude {
  static func text(isWide: Bool, hasDouble: Bool) -> String {
    """
    \(hasDouble ? "#pragma OPENCL EXTENSION cl_khr_fp64 : enable" : "")
    #pragma OPENCL FP_CONTRACT OFF
    typedef long Int64;
    typedef uchar UInt8;
    typedef ushort UInt16;
    typedef uint UInt32;
    typedef ulong UInt64;
    typedef \(isWide ? "long" : "int") INDEX;
    #define GROUP_SIZE \(DeviceDialect.groupSize)
    #define DEVICE static
    #define KERNEL(name) __kernel __attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1))) void name
    #define BUFFER(T, x) __global char *x##_base, long x##_offset
    #define OPEN(T, x) __global T *x = (__global T *)(x##_base + x##_offset);
    #define SHARED __local
    #define SYNC barrier(CLK_LOCAL_MEM_FENCE)
    #define THREAD ((INDEX)get_local_id(0))
    #define GROUP ((INDEX)get_group_id(0))
    #define GROUPS ((INDEX)get_num_groups(0))
    #define FOR_EACH(i, count) \\
      for (INDEX i = GROUP * GROUP_SIZE + THREAD; i < (count); i += GROUPS * GROUP_SIZE)
    #define HALF(x, i) vload_half(i, (const __global half *)(x))
    #define ATOMIC_ADD(place, value) atomic_add((volatile __global int *)(place), value)
    #define ATOMIC_MIN(place, value) atomic_min((volatile __global int *)(place), value)
    #define REPORT(number) { ATOMIC_MIN(fault, (int)min((long)(number), 2147483646L)); }

    """
  }
}
