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
