/// bfloat16: the upper half of a float.
#ifndef BONAFIDE_HALVES_H
#define BONAFIDE_HALVES_H

#include <stdint.h>
#include <string.h>

/// To the nearest, ties to even.
static inline uint16_t half_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float float_of(uint16_t half) {
  const uint32_t bits = (uint32_t)half << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

#endif
