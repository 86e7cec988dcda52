/// The exponential function.
#ifndef BONAFIDE_EXPONENTIAL_H
#define BONAFIDE_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/// e^x for x of -87 to 87, within 2 units in the last place: the single-precision polynomial of Cephes (`expf.c`, S. Moshier). Free of
/// branches and calls, so that a loop over it becomes vector code.
static inline float exponential(float x) {
  x = x < -87 ? -87 : x > 87 ? 87 : x;
  const float magic = 12582912;  // 1.5 · 2^23: adding it rounds to a whole number
  const float whole = x * 1.44269504088896341f + magic - magic;
  // ln 2 in two parts, the first exact in few bits, keeps the product exact.
  x = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * x + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  p = p * x * x + x + 1;
  const int32_t bits = ((int32_t)whole + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

#endif
