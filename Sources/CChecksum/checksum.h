// The processor's CRC32C instruction, which Swift has no name for.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

static inline int crc32c_instruction_exists(void) {
  unsigned a, b, c = 0, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
}

__attribute__((target("sse4.2"))) static inline uint32_t crc32c_instruction(
    uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *byte = (const unsigned char *)bytes;
  uint64_t state = crc;
  for (; count >= 8; count -= 8, byte += 8) {
    uint64_t word;
    memcpy(&word, byte, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  for (; count; --count) state = __builtin_ia32_crc32qi((uint32_t)state, *byte++);
  return (uint32_t)state;
}
#else
static inline int crc32c_instruction_exists(void) { return 0; }

static inline uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes, (void)count;
  return crc;
}
#endif
