/// What the checks of all kernels share: random numbers and shapes, memory of the very size, a comparison.
#ifndef BONAFIDE_CHECKS_H
#define BONAFIDE_CHECKS_H

#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t next(void);
size_t from(size_t least, size_t most);
/// From -1 to 1.
float value(void);

void *memory(size_t count, size_t size);
float *floats(size_t count);
/// Random ones.
float *values(size_t count);
/// Random ones from -5 to 5.
float *activations(size_t count);

/// `shape` names the sizes.
void check(const char *kernel, double got, double wanted, double tolerance, const char *shape);

extern char shape[128];
#define SHAPE(...) snprintf(shape, sizeof shape, __VA_ARGS__)

/// Of features.c.
void logarithms(void);
void transforms(void);
void spectra(void);
void window_pairs(void);
void band_energies(void);
void scaled_features(void);
void envelopes(void);

/// Of network.c.
void convolutions(enum kernels_set set);
void vectors(void);
void products(void);
void biases(void);
void moments(void);
void finiteness(void);
void norms(void);
void heads(void);

/// Of bytes.c.
void byte_matrices(void);
void codes(void);
void byte_products(void);
void byte_convolutions(void);

#endif
