/* How far the scores of a stream are behind its samples: packets of 20 ms at several rates, milliseconds of audio. A minute of them,
 * so that both models have their turn. */
#include "bonafide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { packets_per_second = 50, seconds = 60, heard_before = 2 * packets_per_second };

/* A pulsing tone in noise: what is said of it does not matter, only when. */
static float sample(long index, int rate) {
  double time = (double)index / rate;
  double noise = rand() / (double)RAND_MAX - 0.5;
  return (float)(0.1 * sin(754 * time) * (1 + sin(19 * time)) + 0.01 * noise);
}

/* Prints a row; 0 where the library refuses. */
static int measure(const bonafide_detector *detector, int rate, float *packet) {
  bonafide_stream *stream = NULL;
  if (bonafide_stream_create(detector, rate, &stream)) return 0;
  int size = rate / packets_per_second, is_good = 1;
  double least = INFINITY, most = 0;
  long index = 0;
  for (int count = 0; is_good && count < seconds * packets_per_second; count++) {
    for (int i = 0; i < size; i++) packet[i] = sample(index++, rate);
    bonafide_update update;
    is_good = !bonafide_stream_append_float(stream, packet, (size_t)size) && !bonafide_stream_update(stream, &update, sizeof update);
    if (!is_good || count < heard_before) continue;
    least = fmin(least, update.time_s - update.scored_s);
    most = fmax(most, update.time_s - update.scored_s);
  }
  if (is_good) printf("%6d Hz  %3.0f to %3.0f ms\n", rate, 1000 * least, 1000 * most);
  bonafide_stream_destroy(stream);
  return is_good;
}

int main(void) {
  static const int rates[] = {6000, 8000, 11025, 12000, 16000, 24000, 44100, 48000, 96000, 192000};
  static float packet[192000 / packets_per_second];
  bonafide_detector *detector = NULL;
  int is_good = !bonafide_detector_create(NULL, &detector);
  for (size_t i = 0; is_good && i < sizeof rates / sizeof *rates; i++) is_good = measure(detector, rates[i], packet);
  if (!is_good) fprintf(stderr, "behind: %s\n", bonafide_message());
  bonafide_detector_destroy(detector);
  return !is_good;
}
