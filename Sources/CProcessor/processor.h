// What the processor that is compiled for has instructions for, which Swift has no name for.

// Conversions from and to half precision.
static inline int processor_converts_half(void) {
#if defined(__F16C__) || defined(__aarch64__)
  return 1;
#else
  return 0;
#endif
}
