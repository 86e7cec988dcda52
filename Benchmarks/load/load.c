/* How many live parties this machine takes: packets of 20 ms of µ-law in real time, on a thread per core.
 *
 *   load [-f] [-n PARTIES] [-s SECONDS] [-t THREADS] [-l LIMIT_MS] CALL.wav
 *
 * CALL.wav is mono µ-law at 8 kHz; parties hear it over and over, each from another place. Each party's packet is due every
 * 20 ms, the parties spread evenly over that time; those that wait for their party's turn are appended at once, as a host does
 * that reads what its sockets hold. A packet is late by the time from when it was due to when the update behind it was there.
 * Without -n, finds the largest number of parties with a 99th percentile under LIMIT_MS (200): doubles, then
 * halves the interval to 2 %. With -f the first stage is alone. */
#define _GNU_SOURCE
#include "bonafide.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { packet_size = 160, steps_per_octave = 16, steps = 24 * steps_per_octave };
static const double packet_seconds = 0.02;

/* Times in steps of a sixteenth of an octave, from 1 µs. */
struct histogram {
  long counts[steps];
  long total;
  double max;
};

struct call {
  uint8_t *bytes;
  size_t count;
};

struct worker {
  pthread_t thread;
  const bonafide_detector *detector;
  struct call call;
  bonafide_stream **streams;
  int first, stride, parties;
  long packets;
  double start;
  struct histogram lateness;
  double busy;
};

struct outcome {
  double p50, p99, max, busy, bytes_per_stream;
};

static void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(2);
}

static void require(bonafide_status status) {
  if (status != BONAFIDE_OK) fail(bonafide_message());
}

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void sleep_until(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
  }
}

static void add(struct histogram *histogram, double seconds) {
  double step = seconds > 1e-6 ? log2(seconds * 1e6) * steps_per_octave : 0;
  histogram->counts[step < steps - 1 ? (int)step : steps - 1]++;
  histogram->total++;
  if (seconds > histogram->max) histogram->max = seconds;
}

/* The upper end of the step in which so many of all lie. */
static double percentile(const struct histogram *histogram, double share) {
  long seen = 0;
  for (int i = 0; i < steps; i++) {
    seen += histogram->counts[i];
    if (seen >= share * (double)histogram->total) return fmin(exp2((i + 1.0) / steps_per_octave) * 1e-6, histogram->max);
  }
  return histogram->max;
}

static size_t resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%*s %ld", &pages) != 1) fail("/proc/self/statm cannot be read");
  fclose(file);
  return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* When a packet is due. */
static double due(const struct worker *worker, int party, long packet) {
  return worker->start + packet_seconds * ((double)packet + (double)party / worker->parties);
}

/* Gives a party its packets from `packet` up to the first that is not due yet, and notes how late they were. */
static long give(struct worker *worker, int party, long packet) {
  const size_t places = worker->call.count / packet_size;
  size_t place = ((size_t)packet + (size_t)party * 37) % places;
  const double start = now(CLOCK_MONOTONIC);
  long end = packet + 1;
  while (end < worker->packets && place + (size_t)(end - packet) < places && due(worker, party, end) <= start) end++;
  bonafide_update update;
  bonafide_stream *stream = worker->streams[party];
  require(bonafide_stream_append_mulaw(stream, worker->call.bytes + place * packet_size, (size_t)(end - packet) * packet_size));
  require(bonafide_stream_update(stream, &update, sizeof update));
  const double done = now(CLOCK_MONOTONIC);
  for (; packet < end; packet++) add(&worker->lateness, done - due(worker, party, packet));
  return end;
}

/* Feeds every stride-th party, in turn. */
static void *feed(void *argument) {
  struct worker *worker = argument;
  const double cpu = now(CLOCK_THREAD_CPUTIME_ID);
  long *next = calloc((size_t)worker->parties, sizeof *next);
  if (!next) fail("memory has run out");
  for (bool feeding = true; feeding;) {
    feeding = false;
    for (int party = worker->first; party < worker->parties; party += worker->stride) {
      if (next[party] == worker->packets) continue;
      feeding = true;
      const double time = due(worker, party, next[party]);
      if (now(CLOCK_MONOTONIC) < time) sleep_until(time);
      // Again where the call begins anew, and packets of its start wait, too.
      do next[party] = give(worker, party, next[party]);
      while (next[party] < worker->packets && due(worker, party, next[party]) <= now(CLOCK_MONOTONIC));
    }
  }
  free(next);
  worker->busy = (now(CLOCK_THREAD_CPUTIME_ID) - cpu) / (packet_seconds * (double)worker->packets);
  return NULL;
}

static struct outcome run(const bonafide_detector *detector, struct call call, int parties, double seconds, int threads) {
  const size_t before = resident_bytes();
  bonafide_stream **streams = calloc((size_t)parties, sizeof *streams);
  struct worker *workers = calloc((size_t)threads, sizeof *workers);
  if (!streams || !workers) fail("memory has run out");
  for (int i = 0; i < parties; i++) require(bonafide_stream_create(detector, 8000, &streams[i]));

  const double start = now(CLOCK_MONOTONIC) + 0.05;
  for (int i = 0; i < threads; i++) {
    struct worker worker = {
      .detector = detector,
      .call = call,
      .streams = streams,
      .first = i,
      .stride = threads,
      .parties = parties,
      .packets = (long)(seconds / packet_seconds),
      .start = start};
    workers[i] = worker;
    if (pthread_create(&workers[i].thread, NULL, feed, &workers[i]) != 0) fail("a thread could not be started");
  }
  struct histogram all = {0};
  struct outcome outcome = {0};
  for (int i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    for (int j = 0; j < steps; j++) all.counts[j] += workers[i].lateness.counts[j];
    all.total += workers[i].lateness.total;
    all.max = fmax(all.max, workers[i].lateness.max);
    outcome.busy += workers[i].busy / threads;
  }
  outcome.bytes_per_stream = ((double)resident_bytes() - (double)before) / parties;
  for (int i = 0; i < parties; i++) require(bonafide_stream_destroy(streams[i]));
  free(streams);
  free(workers);
  outcome.p50 = percentile(&all, 0.5);
  outcome.p99 = percentile(&all, 0.99);
  outcome.max = all.max;
  printf(
    "%7d  %8.2f  %8.2f  %8.2f  %5.0f %%  %7.0f\n", parties, outcome.p50 * 1e3, outcome.p99 * 1e3, outcome.max * 1e3, outcome.busy * 100,
    outcome.bytes_per_stream / 1024);
  fflush(stdout);
  return outcome;
}

static struct call read_call(const char *path) {
  struct call call = {malloc(1 << 24), 0};
  FILE *file = fopen(path, "rb");
  if (!file || !call.bytes) fail("the call cannot be read");
  const size_t size = fread(call.bytes, 1, 1 << 24, file);
  fclose(file);
  size_t data = 0;
  while (data + 8 < size && memcmp(call.bytes + data, "data", 4) != 0) data++;
  if (data + 8 + packet_size > size) fail("the call is no WAV file");
  call.count = size - data - 8;
  memmove(call.bytes, call.bytes + data + 8, call.count);
  return call;
}

int main(int argc, char **argv) {
  int parties = 0, threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
  double seconds = 20, limit = 0.2;
  bonafide_options options;
  require(bonafide_options_init(&options, sizeof options));
  for (int option; (option = getopt(argc, argv, "fn:s:t:l:")) != -1;) {
    switch (option) {
      case 'f': options.fast = 1; break;
      case 'n': parties = atoi(optarg); break;
      case 's': seconds = atof(optarg); break;
      case 't': threads = atoi(optarg); break;
      case 'l': limit = atof(optarg) / 1e3; break;
      default: fail("options are -f for the first stage alone, -n parties, -s seconds, -t threads, -l limit in ms");
    }
  }
  if (optind + 1 != argc || parties < 0 || threads < 1 || seconds < 1 || limit <= 0) fail("name one call, and sensible numbers");

  const struct call call = read_call(argv[optind]);
  bonafide_detector *detector;
  require(bonafide_detector_create(&options, &detector));
  printf("%d threads, %.0f s, lateness in ms\n", threads, seconds);
  printf("parties       p50       p99       max     busy   kB per stream\n");
  if (parties > 0) {
    run(detector, call, parties, seconds, threads);
  } else {
    int good = 0, bad = 64;
    while (run(detector, call, bad, seconds, threads).p99 < limit) {
      good = bad;
      bad *= 2;
    }
    while (bad - good > good / 50 + 1) {
      const int middle = good + (bad - good) / 2;
      if (run(detector, call, middle, seconds, threads).p99 < limit) good = middle;
      else bad = middle;
    }
    printf("%d parties with a 99th percentile under %.0f ms\n", good, limit * 1e3);
  }
  free(call.bytes);
  return bonafide_detector_destroy(detector) != BONAFIDE_OK;
}
