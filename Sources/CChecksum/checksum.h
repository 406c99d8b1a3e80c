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

// The states of three runs of bytes that follow each other, `count` bytes each, a multiple of 8. An instruction
// takes three cycles but a new one begins in each, so three states at a time cost no more than one.
__attribute__((target("sse4.2"))) static inline void crc32c_instruction_three(
    uint32_t states[3], const void *bytes, size_t count) {
  const unsigned char *byte = (const unsigned char *)bytes;
  uint64_t a = states[0], b = states[1], c = states[2];
  for (size_t place = 0; place < count; place += 8) {
    uint64_t words[3];
    memcpy(&words[0], byte + place, 8);
    memcpy(&words[1], byte + count + place, 8);
    memcpy(&words[2], byte + 2 * count + place, 8);
    a = __builtin_ia32_crc32di(a, words[0]);
    b = __builtin_ia32_crc32di(b, words[1]);
    c = __builtin_ia32_crc32di(c, words[2]);
  }
  states[0] = (uint32_t)a, states[1] = (uint32_t)b, states[2] = (uint32_t)c;
}
#else
static inline int crc32c_instruction_exists(void) { return 0; }

static inline uint32_t crc32c_instruction(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes, (void)count;
  return crc;
}

static inline void crc32c_instruction_three(
    uint32_t states[3], const void *bytes, size_t count) {
  (void)states, (void)bytes, (void)count;
}
#endif
