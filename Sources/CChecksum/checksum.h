// The processor's instructions for CRC32C, which Swift has no names for.
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

// Whether there are products without carries of eight pairs of 64-bit numbers at a time.
static inline int crc32c_folding_exists(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("vpclmulqdq");
}

// The state after some bytes. As a polynomial a state stays the same modulo the checksum's when 128 bits of it are
// multiplied with x to the power of their distance from later ones and added to those: so 256 bytes are folded into
// the next 256, and in the end all into 16, which the instruction for checksums takes. The two factors for a distance
// of D bits are x^(D+31) and x^(D-33), for the earlier and the later 64 bits, with their own bits reversed: the places
// of reversed factors make up the missing powers.
// Gopal et al., Fast CRC computation for generic polynomials using PCLMULQDQ instruction, Intel, 2009.
__attribute__((target("sse4.2,avx512f,vpclmulqdq"))) static inline uint32_t crc32c_folding(
    uint32_t crc, const void *bytes, size_t count) {
  typedef long long lanes __attribute__((vector_size(64)));
  const unsigned char *byte = (const unsigned char *)bytes;
  if (count >= 256) {
    const lanes far = {0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4, 0xb9e02b86,
                       0xdcb17aa4, 0xb9e02b86, 0xdcb17aa4, 0xb9e02b86};
    const lanes next = {0x740eef02, 0x9e4addf8, 0x740eef02, 0x9e4addf8,
                        0x740eef02, 0x9e4addf8, 0x740eef02, 0x9e4addf8};
    // The last 128 bits stay where they are.
    const lanes last = {0x1c291d04, 0xddc0152b, 0x3da6d0cb, 0xba4fc28e, 0xf20c0dfe, 0x493c7d27, 0, 0};
    lanes a, b, c, d, more;
#define CRC32C_LOAD(target, place) memcpy(&(target), byte + (place), 64)
#define CRC32C_FOLD(state, factors)                                                        \
  ((lanes)__builtin_ia32_pclmulqdq512((lanes)(state), factors, 0x00) ^                     \
   (lanes)__builtin_ia32_pclmulqdq512((lanes)(state), factors, 0x11))
    CRC32C_LOAD(a, 0);
    CRC32C_LOAD(b, 64);
    CRC32C_LOAD(c, 128);
    CRC32C_LOAD(d, 192);
    a ^= (lanes){crc, 0, 0, 0, 0, 0, 0, 0};
    for (byte += 256, count -= 256; count >= 256; byte += 256, count -= 256) {
      CRC32C_LOAD(more, 0);
      a = CRC32C_FOLD(a, far) ^ more;
      CRC32C_LOAD(more, 64);
      b = CRC32C_FOLD(b, far) ^ more;
      CRC32C_LOAD(more, 128);
      c = CRC32C_FOLD(c, far) ^ more;
      CRC32C_LOAD(more, 192);
      d = CRC32C_FOLD(d, far) ^ more;
    }
    b ^= CRC32C_FOLD(a, next);
    c ^= CRC32C_FOLD(b, next);
    d ^= CRC32C_FOLD(c, next);
    for (; count >= 64; byte += 64, count -= 64) {
      CRC32C_LOAD(more, 0);
      d = CRC32C_FOLD(d, next) ^ more;
    }
    a = CRC32C_FOLD(d, last);
#undef CRC32C_FOLD
#undef CRC32C_LOAD
    crc = (uint32_t)__builtin_ia32_crc32di(0, (uint64_t)(a[0] ^ a[2] ^ a[4] ^ d[6]));
    crc = (uint32_t)__builtin_ia32_crc32di(crc, (uint64_t)(a[1] ^ a[3] ^ a[5] ^ d[7]));
  }
  return crc32c_instruction(crc, byte, count);
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

static inline int crc32c_folding_exists(void) { return 0; }

static inline uint32_t crc32c_folding(uint32_t crc, const void *bytes, size_t count) {
  (void)bytes, (void)count;
  return crc;
}
#endif
