#ifndef COPUS_OGG_OPUS_H
#define COPUS_OGG_OPUS_H

#include <stddef.h>
#include <stdint.h>

/* Ogg Opus in memory, by libopus and libogg: those that libsndfile has loaded, which writes Opus, too, but has no setting for how much
   the encoder tries. At its own, 9 of 10, a clip takes longer than to screen it. */

typedef struct ogg_opus ogg_opus;

/* Begins a file of `channels`, 1 or 2, at `sample_rate`, one of 8000, 12000, 16000, 24000, 48000, with `bits_per_second` of all channels.
   NULL where the libraries are not there, or memory has run out. ogg_opus_close frees it. */
ogg_opus *ogg_opus_open(int sample_rate, int channels, int bits_per_second);

/* Takes the next `frames` of interleaved samples, full scale 1. */
void ogg_opus_write(ogg_opus *file, const float *samples, size_t frames);

/* The whole file, of `count` bytes, which belong to it. NULL where it could not be written. Nothing is taken after it. */
const uint8_t *ogg_opus_finish(ogg_opus *file, size_t *count);

void ogg_opus_close(ogg_opus *file);

#endif
