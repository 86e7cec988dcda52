/* Many streams, several threads, long calls. */
#include "test.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void test_many_streams(int streams) {
  bonafide_detector *detector = make_detector();
  const uint8_t packet[160] = {0};
  for (int i = 0; i < streams; i++) {
    bonafide_stream *stream = make_stream(detector, 8000);
    CHECK_OK(bonafide_stream_append_mulaw(stream, packet, sizeof packet));
    CHECK_OK(bonafide_stream_destroy(stream));
  }
  CHECK_OK(bonafide_detector_destroy(detector));
}

struct job {
  const bonafide_detector *detector;
  bonafide_stream *shared;
  const uint8_t *bytes;
  size_t count;
  double llr;
  int failed, busy, refused;
};

static void *screen(void *argument) {
  struct job *job = (struct job *)argument;
  bonafide_stream *stream = NULL;
  bonafide_result *result = NULL;
  bonafide_party party;
  job->failed = bonafide_stream_create(job->detector, 8000, &stream) != BONAFIDE_OK;
  for (size_t start = 0; start + 160 <= job->count; start += 160) {
    if (bonafide_stream_append_mulaw(stream, job->bytes + start, 160) != BONAFIDE_OK) job->failed = 1;
    /* One that others use too, against the rules, and that somebody destroys. */
    switch (bonafide_stream_append_mulaw(job->shared, job->bytes, 160)) {
      case BONAFIDE_OK: break;
      case BONAFIDE_BUSY: job->busy++; break;
      case BONAFIDE_BAD_HANDLE: job->refused++; break;
      default: job->failed = 1;
    }
    if (start / 160 == 100) bonafide_stream_destroy(job->shared);
  }
  if (bonafide_stream_finish(stream, &result) != BONAFIDE_OK) job->failed = 1;
  if (bonafide_result_party(result, 0, &party, sizeof party) != BONAFIDE_OK) job->failed = 1;
  job->llr = party.llr;
  bonafide_result_destroy(result);
  bonafide_stream_destroy(stream);
  return NULL;
}

static void test_threads(void) {
  enum { jobs = 4 };
  struct job job[jobs];
  pthread_t threads[jobs];
  pthread_attr_t attributes;
  bonafide_detector *detector = make_detector();
  bonafide_stream *shared = make_stream(detector, 8000);
  size_t count;
  uint8_t *bytes = read_g711("genuine-en.ulaw.wav", &count);
  const size_t most = fast ? 20000 : 40000;
  if (count > most) count = most;
  memset(job, 0, sizeof job);
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, 240 * 1024) == 0); /* as telephone switches give */
  for (int i = 0; i < jobs; i++) {
    job[i].detector = detector;
    job[i].shared = shared;
    job[i].bytes = bytes;
    job[i].count = count;
    CHECK(pthread_create(&threads[i], &attributes, screen, &job[i]) == 0);
  }
  for (int i = 0; i < jobs; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int i = 0; i < jobs; i++) CHECK(!job[i].failed && job[i].refused > 0 && job[i].llr == job[0].llr);
  pthread_attr_destroy(&attributes);
  free(bytes);
  CHECK_STATUS(bonafide_stream_destroy(shared), BONAFIDE_BAD_HANDLE);
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_long(void) {
  const size_t count = 1000000000;
  void *zeros = mmap(NULL, count, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(zeros != MAP_FAILED);
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = make_stream(detector, 192000);
  bonafide_update update;
  CHECK_OK(bonafide_stream_append_alaw(stream, (const uint8_t *)zeros, count));
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(fabs(update.time_s - count / 192000.0) < 1e-6);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
  munmap(zeros, count);
}

static size_t allocated(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/* Memory grows by the stretches found, 40 bytes each, and by turns until there are 1,000; up to two windows of four seconds
 * are kept for the second stage. */
static void test_hours(void) {
  const size_t packet = 160, hour = 3600 * 8000, windows = 2 * 4 * 8000 * sizeof(float);
  size_t count, after_an_hour = 0;
  uint8_t *call = read_g711("synthetic-hts.ulaw.wav", &count);
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = make_stream(detector, 8000);
  for (size_t sent = 0; sent < 4 * hour; sent += packet) {
    if (sent == hour) after_an_hour = allocated();
    if (bonafide_stream_append_mulaw(stream, call + sent % (count / packet * packet), packet)) break;
  }
  bonafide_update update;
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(fabs(update.time_s - 14400) < 1e-6 && update.speech_s > 4000);
  CHECK(allocated() < after_an_hour + windows + 40 * 1000 + 2 * 40 * update.segment_count);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
  free(call);
}

void tests_of_load(int streams) {
  test_many_streams(streams);
  test_threads();
  if (getenv("BONAFIDE_TEST_LONG")) {
    test_long();
    test_hours();
  }
}
