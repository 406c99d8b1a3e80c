// What the processor that runs the program can do, and what it has instructions for that Swift has no name for.

// Conversions from half precision.
static inline int processor_converts_half(void) {
#if defined(__F16C__) || defined(__aarch64__)
  return 1;
#elif defined(__x86_64__)
  return __builtin_cpu_supports("f16c") != 0;
#else
  return 0;
#endif
}

typedef float processor_eight_singles __attribute__((ext_vector_type(8)));

// Eight numbers of half precision from anywhere in memory, in single precision; only where the processor converts them.
// Written out, since a compiler takes the instruction only for processors that all have it, whatever was asked before.
__attribute__((always_inline)) static inline processor_eight_singles processor_singles_of_halves(
    const void *halves) {
#if defined(__AVX__)
  processor_eight_singles singles;
  __asm__("vcvtph2ps %1, %0" : "=x"(singles) : "m"(*(const char(*)[16])halves));
  return singles;
#elif defined(__x86_64__)
  typedef float four_singles __attribute__((ext_vector_type(4)));
  four_singles low, high;
  __asm__("vcvtph2ps %1, %0" : "=x"(low) : "m"(((const char(*)[8])halves)[0]));
  __asm__("vcvtph2ps %1, %0" : "=x"(high) : "m"(((const char(*)[8])halves)[1]));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#elif defined(__aarch64__)
  typedef __fp16 eight_halves __attribute__((ext_vector_type(8)));
  eight_halves numbers;
  __builtin_memcpy(&numbers, halves, 16);
  return __builtin_convertvector(numbers, processor_eight_singles);
#else
  return (processor_eight_singles)0;
#endif
}

// Has what is at an address brought into the nearest cache meanwhile; any address may be given.
static inline void processor_prefetch(const void *address) { __builtin_prefetch(address); }

// Products and sums of eight numbers at a time.
static inline int processor_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

// With all that a server's first processors with AVX-512 had.
static inline int processor_has_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return processor_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}

// How the calling thread rounds, and whether it takes numbers below the least normal one for zero.
static inline unsigned long long processor_float_mode(void) {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr() & 0xffc0;
#elif defined(__aarch64__)
  unsigned long long mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

static inline void processor_set_float_mode(unsigned long long mode) {
#if defined(__x86_64__)
  // What has happened so far, the lowest bits, stays.
  __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & 0x3f) | (unsigned)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

// The same mode, with such numbers read and written as zero.
static inline unsigned long long processor_flushing_float_mode(unsigned long long mode) {
#if defined(__x86_64__)
  return mode | 0x8040;
#elif defined(__aarch64__)
  return mode | 1ull << 24;
#else
  return mode;
#endif
}
