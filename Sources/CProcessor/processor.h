// What processors have instructions for, which Swift has no name for: first the one that is compiled for.

// Conversions from and to half precision.
static inline int processor_converts_half(void) {
#if defined(__F16C__) || defined(__aarch64__)
  return 1;
#else
  return 0;
#endif
}

// The one that runs the program.
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
