/// One step of a Fourier transform, on numbers of type NUMBER: float, or vectors of it. Functions are called NAME(...).
///
/// From `factor` transforms of `parts` numbers each to one of factor · parts, `run` of them side by side. Imaginary parts lie `gap` numbers
/// behind the real ones. `twiddle` is the step's part of the table.

/// (a + bi) · w to y, at `t`.
#define PUT(y, a, b, w)                                  \
  do {                                                   \
    const NUMBER real_ = (a), imaginary_ = (b);          \
    (y)[t] = real_ * (w)[0] - imaginary_ * (w)[1];       \
    (y)[t + gap] = real_ * (w)[1] + imaginary_ * (w)[0]; \
  } while (0)

INLINE void NAME(step_2)(const NUMBER *from, NUMBER *to, size_t gap, size_t parts, size_t run, const float *twiddle) {
  for (size_t q = 0; q < parts; q++, twiddle += 2) {
    const NUMBER *a = from + q * run, *b = a + parts * run;
    NUMBER *x = to + 2 * q * run, *y = x + run;
    for (size_t t = 0; t < run; t++) {
      const NUMBER ar = a[t], ai = a[t + gap], br = b[t], bi = b[t + gap];
      x[t] = ar + br;
      x[t + gap] = ai + bi;
      PUT(y, ar - br, ai - bi, twiddle);
    }
  }
}

INLINE void NAME(step_4)(const NUMBER *from, NUMBER *to, size_t gap, size_t parts, size_t run, const float *twiddle) {
  for (size_t q = 0; q < parts; q++, twiddle += 6) {
    const NUMBER *a = from + q * run, *b = a + parts * run, *c = b + parts * run, *d = c + parts * run;
    NUMBER *w = to + 4 * q * run, *x = w + run, *y = x + run, *z = y + run;
    for (size_t t = 0; t < run; t++) {
      const NUMBER sr = a[t] + c[t], si = a[t + gap] + c[t + gap], dr = a[t] - c[t], di = a[t + gap] - c[t + gap];
      const NUMBER ur = b[t] + d[t], ui = b[t + gap] + d[t + gap], vr = b[t] - d[t], vi = b[t + gap] - d[t + gap];
      w[t] = sr + ur;
      w[t + gap] = si + ui;
      PUT(x, dr + vi, di - vr, twiddle);
      PUT(y, sr - ur, si - ui, twiddle + 2);
      PUT(z, dr - vi, di + vr, twiddle + 4);
    }
  }
}

/// An odd factor, by the definition.
INLINE void NAME(step_odd)(const NUMBER *from, NUMBER *to, size_t gap, size_t factor, size_t parts, size_t run, const float *twiddle) {
  const float *turns = twiddle + 2 * parts * (factor - 1);
  for (size_t q = 0; q < parts; q++)
    for (size_t k = 0; k < factor; k++) {
      NUMBER *y = to + (factor * q + k) * run;
      const float one[2] = {1, 0}, *w = k == 0 ? one : twiddle + 2 * (q * (factor - 1) + k - 1);
      for (size_t t = 0; t < run; t++) {
        NUMBER real = from[q * run + t], imaginary = from[q * run + t + gap];
        for (size_t j = 1; j < factor; j++) {
          const NUMBER *x = from + (q + j * parts) * run + t;
          const float *turn = turns + 2 * (j * k % factor);
          real += x[0] * turn[0] - x[gap] * turn[1];
          imaginary += x[0] * turn[1] + x[gap] * turn[0];
        }
        PUT(y, real, imaginary, w);
      }
    }
}

INLINE void NAME(step)(const NUMBER *from, NUMBER *to, size_t gap, size_t factor, size_t parts, size_t run, const float *twiddle) {
  if (factor == 4) NAME(step_4)(from, to, gap, parts, run, twiddle);
  else if (factor == 2) NAME(step_2)(from, to, gap, parts, run, twiddle);
  else NAME(step_odd)(from, to, gap, factor, parts, run, twiddle);
}

#undef PUT
