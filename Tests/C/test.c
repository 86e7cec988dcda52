/* Tests of bonafide.h as a host sees it; C11 and C++17.
 *
 *   test SAMPLES [STREAMS]
 *
 * STREAMS is how many are created and destroyed (1000). With BONAFIDE_TEST_FAST set, most tests leave the second stage out. With BONAFIDE_TEST_LONG set, a thousand million samples are screened at
 * once, and ten hours of speech in packets. */
#include "bonafide.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int checks, failures;

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define CHECK_STATUS(call, status) check_status((call), (status), #call, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(call, BONAFIDE_OK)

static void check(int holds, const char *text, int line) {
  checks++;
  if (holds) return;
  failures++;
  fprintf(stderr, "test.c:%d: %s\n", line, text);
}

static void check_status(bonafide_status status, bonafide_status wanted, const char *text, int line) {
  checks++;
  if (status == wanted && (status == BONAFIDE_OK || strlen(bonafide_message()) > 10)) return;
  failures++;
  fprintf(stderr, "test.c:%d: %s gave %d, not %d (%s)\n", line, text, (int)status, (int)wanted, bonafide_message());
}

static const char *samples_folder;

static const char *sample(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", samples_folder, name);
  return path;
}

/* The samples of a mono WAV file of G.711; the caller frees them. */
static uint8_t *read_g711(const char *name, size_t *count) {
  FILE *file = fopen(sample(name), "rb");
  if (!file) exit(2);
  uint8_t *bytes = (uint8_t *)malloc(1 << 22);
  size_t size = fread(bytes, 1, 1 << 22, file), data = 0;
  fclose(file);
  while (data + 8 < size && memcmp(bytes + data, "data", 4) != 0) data++;
  *count = size - data - 8;
  memmove(bytes, bytes + data + 8, *count);
  return bytes;
}

static int fast; /* without the second stage, but where that is what is tested */

static bonafide_detector *make_detector(void) {
  bonafide_options options;
  bonafide_detector *detector = NULL;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.fast = fast;
  CHECK_OK(bonafide_detector_create(&options, &detector));
  return detector;
}

static bonafide_stream *make_stream(const bonafide_detector *detector, int32_t rate) {
  bonafide_stream *stream = NULL;
  CHECK_OK(bonafide_stream_create(detector, rate, &stream));
  return stream;
}

static bonafide_party party_of(const bonafide_result *result) {
  bonafide_party party;
  memset(&party, 0, sizeof party);
  CHECK_OK(bonafide_result_party(result, 0, &party, sizeof party));
  return party;
}

static void test_options(void) {
  bonafide_options options;
  bonafide_detector *detector = NULL;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  CHECK(options.size == sizeof options && options.prior == 0.05 && isnan(options.alarm_llr) && options.threads == 1);
  CHECK_STATUS(bonafide_options_init(NULL, sizeof options), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_options_init(&options, 0), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_options_init(&options, SIZE_MAX), BONAFIDE_BAD_ARGUMENT);

  const double bad_priors[] = {0, 1, -1, NAN, INFINITY};
  for (size_t i = 0; i < sizeof bad_priors / sizeof *bad_priors; i++) {
    CHECK_OK(bonafide_options_init(&options, sizeof options));
    options.prior = bad_priors[i];
    CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_ARGUMENT);
    CHECK(detector == NULL);
  }
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.threads = 0;
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_ARGUMENT);
  options.threads = 1;
  options.alarm_llr = INFINITY;
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_ARGUMENT);
  options.alarm_llr = 1e9;
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_ARGUMENT);
  options.alarm_llr = NAN;
  options.raw = "mulaw";
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_ARGUMENT);
  options.raw = NULL;
  options.model = "/nowhere/model.safetensors";
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_MODEL);
  options.model = "\xff\xfe";
  CHECK_STATUS(bonafide_detector_create(&options, &detector), BONAFIDE_BAD_MODEL);

  /* Hosts that were compiled against another version. */
  struct {
    bonafide_options options;
    double later;
  } grown;
  CHECK_OK(bonafide_options_init(&grown.options, sizeof grown));
  CHECK(grown.later == 0);
  CHECK_OK(bonafide_detector_create(&grown.options, &detector));
  CHECK_OK(bonafide_detector_destroy(detector));
  grown.later = 1;
  CHECK_STATUS(bonafide_detector_create(&grown.options, &detector), BONAFIDE_BAD_ARGUMENT);
  CHECK_OK(bonafide_options_init(&options, offsetof(bonafide_options, threads)));
  options.threads = -1; /* not of the older struct */
  CHECK_OK(bonafide_detector_create(&options, &detector));
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_model(void) {
  bonafide_detector *detector = make_detector();
  bonafide_model model;
  CHECK_OK(bonafide_model_info(detector, &model, sizeof model));
  CHECK(strlen(model.name) > 0 && strlen(model.version) > 0 && strlen(model.sha256) == 64);
  CHECK(model.alarm_llr < model.clear_llr && model.sample_rate_hz == 8000);
  CHECK(strlen(bonafide_version()) >= 5);
  CHECK_STATUS(bonafide_model_info(detector, NULL, sizeof model), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_model_info(NULL, &model, sizeof model), BONAFIDE_NULL_POINTER);
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_models(void) {
  bonafide_detector *detector = make_detector();
  bonafide_model first, second;
  CHECK_OK(bonafide_detector_model(detector, 0, &first, sizeof first));
  CHECK_OK(bonafide_detector_model(detector, 1, &second, sizeof second));
  CHECK(strcmp(first.name, "narrowband") == 0 && first.sample_rate_hz == 8000);
  CHECK(strcmp(second.name, "wideband") == 0 && second.sample_rate_hz == 16000);
  CHECK(strlen(second.sha256) == 64 && strcmp(first.sha256, second.sha256) != 0);
  CHECK_STATUS(bonafide_detector_model(detector, 2, &second, sizeof second), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_detector_model(detector, SIZE_MAX, &second, sizeof second), BONAFIDE_BAD_ARGUMENT);
  CHECK(strcmp(BONAFIDE_VERSION, bonafide_version()) == 0);
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_null_pointers(void) {
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = make_stream(detector, 8000);
  bonafide_result *result = NULL;
  CHECK_STATUS(bonafide_detector_create(NULL, NULL), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_scan(NULL, "x", &result), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_scan(detector, NULL, &result), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_scan(detector, "x", NULL), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_score(detector, NULL, 1, 8000, &result), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_score(detector, NULL, 0, 8000, NULL), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_create(detector, 8000, NULL), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_create(NULL, 8000, &stream), BONAFIDE_NULL_POINTER);
  stream = make_stream(detector, 8000);
  CHECK_STATUS(bonafide_stream_append_float(stream, NULL, 1), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_append_int16(stream, NULL, 1), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_append_mulaw(stream, NULL, 1), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_append_alaw(stream, NULL, 1), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_append_mulaw(NULL, (const uint8_t *)"x", 1), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_update(stream, NULL, sizeof(bonafide_update)), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_segment(stream, 0, NULL), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_finish(stream, NULL), BONAFIDE_NULL_POINTER);
  result = (bonafide_result *)&result; /* a handle that was not given is NULL */
  CHECK_STATUS(bonafide_stream_finish(NULL, &result), BONAFIDE_NULL_POINTER);
  CHECK(!result);
  CHECK_OK(bonafide_stream_finish(stream, &result)); /* which was not finished by that */
  CHECK_STATUS(bonafide_result_file(result, NULL, sizeof(bonafide_file)), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_result_party(result, 0, NULL, sizeof(bonafide_party)), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_result_file(NULL, NULL, 0), BONAFIDE_NULL_POINTER);
  CHECK_STATUS(bonafide_stream_reset(NULL), BONAFIDE_NULL_POINTER);
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
  CHECK_OK(bonafide_detector_destroy(NULL));
  CHECK_OK(bonafide_stream_destroy(NULL));
  CHECK_OK(bonafide_result_destroy(NULL));
}

static void test_bad_handles(void) {
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = make_stream(detector, 8000);
  bonafide_result *result = NULL;
  bonafide_file file;
  CHECK_OK(bonafide_score(detector, NULL, 0, 8000, &result));
  CHECK_STATUS(bonafide_stream_reset((bonafide_stream *)detector), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_stream_destroy((bonafide_stream *)result), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_stream_destroy((bonafide_stream *)&file), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_stream_destroy((bonafide_stream *)-1), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_stream_destroy((bonafide_stream *)1), BONAFIDE_BAD_HANDLE);

  CHECK_OK(bonafide_detector_destroy(detector));
  CHECK_STATUS(bonafide_detector_destroy(detector), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_scan(detector, "x", &result), BONAFIDE_BAD_HANDLE);
  CHECK(result == NULL);
  /* The stream lives on, and its slot's next stream has another handle. */
  CHECK_OK(bonafide_stream_append_missing(stream, 1));
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_STATUS(bonafide_stream_destroy(stream), BONAFIDE_BAD_HANDLE);
  detector = make_detector();
  bonafide_stream *next = make_stream(detector, 8000);
  CHECK(next != stream);
  CHECK_STATUS(bonafide_stream_append_missing(stream, 1), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_stream_destroy(stream), BONAFIDE_BAD_HANDLE);
  CHECK_OK(bonafide_stream_destroy(next));

  CHECK_OK(bonafide_score(detector, NULL, 0, 8000, &result));
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_STATUS(bonafide_result_destroy(result), BONAFIDE_BAD_HANDLE);
  CHECK_STATUS(bonafide_result_file(result, &file, sizeof file), BONAFIDE_BAD_HANDLE);
  CHECK_OK(bonafide_detector_destroy(detector));
}

struct lines {
  int count[3];
  char last[512];
  bonafide_stream *stream; /* to call back with */
  bonafide_status called_back;
};

static void take_line(void *context, bonafide_level level, const char *line) {
  struct lines *lines = (struct lines *)context;
  lines->count[level]++;
  snprintf(lines->last, sizeof lines->last, "%s", line);
  if (lines->stream) lines->called_back = bonafide_stream_append_missing(lines->stream, 160);
}

#ifdef __cplusplus
static void throw_line(void *, bonafide_level, const char *line) { throw line; }
#endif

static bonafide_detector *make_logging_detector(bonafide_log log, void *context) {
  bonafide_options options;
  bonafide_detector *detector = NULL;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.log = log;
  options.log_context = context;
  options.timeline = 1;
  options.fast = fast;
  CHECK_OK(bonafide_detector_create(&options, &detector));
  return detector;
}

static void test_log(void) {
  struct lines lines;
  memset(&lines, 0, sizeof lines);
  bonafide_detector *detector = make_logging_detector(take_line, &lines);
  CHECK(lines.count[BONAFIDE_LEVEL_INFO] == (fast ? 2 : 3));
  bonafide_result *result = NULL;
  CHECK_STATUS(bonafide_scan(detector, "/nowhere.wav", &result), BONAFIDE_BAD_AUDIO);
  CHECK(lines.count[BONAFIDE_LEVEL_ERROR] == 1 && strcmp(lines.last, bonafide_message()) == 0);
  CHECK(strstr(lines.last, "/nowhere.wav") != NULL);

  /* A line about a stream may call the stream. */
  const float odd[] = {0, NAN, INFINITY, -INFINITY, 1e30f};
  bonafide_update update;
  bonafide_stream *stream = make_stream(detector, 8000);
  lines.stream = stream;
  lines.called_back = BONAFIDE_FAILED;
  CHECK_OK(bonafide_stream_append_float(stream, odd, 5));
  /* One of what is no number, one of what is out of range. */
  CHECK(lines.count[BONAFIDE_LEVEL_WARNING] == 2 && lines.called_back == BONAFIDE_OK);
  lines.stream = NULL;
  CHECK_OK(bonafide_stream_append_float(stream, odd, 5));
  CHECK(lines.count[BONAFIDE_LEVEL_WARNING] == 2);
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(update.non_numbers == 6 && update.out_of_range == 2 && fabs(update.time_s - 330 / 8000.0) < 1e-9);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));

#ifdef __cplusplus
  detector = make_logging_detector(throw_line, NULL);
  CHECK_STATUS(bonafide_scan(detector, "/nowhere.wav", &result), BONAFIDE_BAD_AUDIO);
  CHECK_OK(bonafide_scan(detector, sample("synthetic-espeak.gsm.wav"), &result));
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_OK(bonafide_detector_destroy(detector));
#endif
}

static void test_rates_and_counts(void) {
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = NULL;
  bonafide_result *result = NULL;
  const int32_t bad[] = {0, -1, -8000, 5999, 192001, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_STATUS(bonafide_stream_create(detector, bad[i], &stream), BONAFIDE_BAD_RATE);
    CHECK_STATUS(bonafide_score(detector, NULL, 0, bad[i], &result), BONAFIDE_BAD_RATE);
    CHECK(stream == NULL && result == NULL);
  }
  CHECK_OK(bonafide_score(detector, NULL, 0, 8000, &result));
  bonafide_party party = party_of(result);
  CHECK(party.verdict == BONAFIDE_VERDICT_INCONCLUSIVE && party.reason == BONAFIDE_REASON_NO_SPEECH && isnan(party.llr));
  CHECK_OK(bonafide_result_destroy(result));

  const float nans[4] = {NAN, NAN, NAN, NAN};
  CHECK_OK(bonafide_score(detector, nans, 4, 192000, &result));
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_STATUS(bonafide_score(detector, nans, SIZE_MAX, 8000, &result), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_score(detector, nans, SIZE_MAX / 8 + 1, 8000, &result), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_score(detector, nans, (size_t)1 << 50, 8000, &result), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_score(detector, (const float *)((const char *)nans + 1), 1, 8000, &result), BONAFIDE_BAD_ARGUMENT);

  stream = make_stream(detector, 8000);
  CHECK_OK(bonafide_stream_append_float(stream, NULL, 0));
  CHECK_OK(bonafide_stream_append_mulaw(stream, NULL, 0));
  CHECK_STATUS(bonafide_stream_append_int16(stream, (const int16_t *)((const char *)nans + 1), 1), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_stream_append_alaw(stream, (const uint8_t *)nans, SIZE_MAX), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_stream_append_missing(stream, SIZE_MAX), BONAFIDE_BAD_ARGUMENT);
  CHECK_OK(bonafide_stream_append_missing(stream, 1000000000));
  bonafide_update update;
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(update.time_s == 125000 && update.verdict == BONAFIDE_VERDICT_INCONCLUSIVE && update.segment_count == 0);
  CHECK_STATUS(bonafide_stream_update(stream, &update, 0), BONAFIDE_BAD_ARGUMENT);
  bonafide_segment segment;
  CHECK_STATUS(bonafide_stream_segment(stream, 0, &segment), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_stream_segment(stream, SIZE_MAX, &segment), BONAFIDE_BAD_ARGUMENT);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_finish(void) {
  bonafide_detector *detector = make_detector();
  bonafide_stream *stream = make_stream(detector, 16000);
  bonafide_result *result = NULL, *second = NULL;
  bonafide_update update;
  const int16_t silence[320] = {0};
  CHECK_OK(bonafide_stream_append_int16(stream, silence, 320));
  CHECK_OK(bonafide_stream_finish(stream, &result));
  CHECK_STATUS(bonafide_stream_append_int16(stream, silence, 320), BONAFIDE_FINISHED);
  CHECK_STATUS(bonafide_stream_append_missing(stream, 320), BONAFIDE_FINISHED);
  CHECK_STATUS(bonafide_stream_finish(stream, &second), BONAFIDE_FINISHED);
  CHECK(second == NULL);
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(update.time_s == 0.02);
  CHECK_OK(bonafide_stream_reset(stream));
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(update.time_s == 0);
  CHECK_OK(bonafide_stream_append_int16(stream, silence, 320));
  CHECK_OK(bonafide_stream_finish(stream, &second));
  CHECK_OK(bonafide_stream_destroy(stream));
  bonafide_file file;
  CHECK_OK(bonafide_result_file(result, &file, sizeof file)); /* outlives its stream */
  CHECK(file.sample_rate_hz == 16000 && file.duration_s == 0.02 && file.party_count == 1 && file.format == NULL);
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_OK(bonafide_result_destroy(second));
  CHECK_OK(bonafide_detector_destroy(detector));
}

static void test_scan_and_stream(void) {
  bonafide_detector *detector = make_logging_detector(NULL, NULL);
  bonafide_result *scanned = NULL, *streamed = NULL;
  bonafide_file file;
  CHECK_OK(bonafide_scan(detector, sample("synthetic-hts.ulaw.wav"), &scanned));
  CHECK_OK(bonafide_result_file(scanned, &file, sizeof file));
  CHECK(file.sample_rate_hz == 8000 && file.party_count == 1 && strcmp(file.format, "WAV/ULAW") == 0);
  CHECK(file.bandwidth_hz > 1000 && file.bandwidth_hz <= 4000);

  size_t count;
  uint8_t *bytes = read_g711("synthetic-hts.ulaw.wav", &count);
  CHECK(fabs(file.duration_s - count / 8000.0) < 0.01);
  bonafide_stream *stream = make_stream(detector, 8000);
  bonafide_update update;
  for (size_t start = 0; start < count; start += 160) {
    CHECK_OK(bonafide_stream_append_mulaw(stream, bytes + start, count - start < 160 ? count - start : 160));
  }
  free(bytes);
  CHECK_OK(bonafide_stream_finish(stream, &streamed));
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));

  bonafide_party a = party_of(scanned), b = party_of(streamed);
  CHECK(a.verdict == b.verdict && a.segment_count == b.segment_count && update.verdict == b.verdict);
  CHECK(fabs(a.llr - b.llr) < 1e-3 && fabs(a.speech_s - b.speech_s) < 1e-3 && a.speech_s > 1);
  for (size_t i = 0; i < a.segment_count; i++) {
    bonafide_segment s, t;
    CHECK_OK(bonafide_result_segment(scanned, 0, i, &s));
    CHECK_OK(bonafide_result_segment(streamed, 0, i, &t));
    CHECK(s.start_s == t.start_s && s.end_s == t.end_s && fabs(s.llr - t.llr) < 1e-3);
  }
  for (size_t i = 0; i < update.segment_count; i++) {
    bonafide_segment segment;
    CHECK_OK(bonafide_stream_segment(stream, i, &segment));
    CHECK(segment.end_s > segment.start_s);
  }
  bonafide_segment segment;
  CHECK_STATUS(bonafide_result_segment(scanned, 0, a.segment_count, &segment), BONAFIDE_BAD_ARGUMENT);
  CHECK_STATUS(bonafide_result_segment(scanned, 1, 0, &segment), BONAFIDE_BAD_ARGUMENT);
  bonafide_timeline timeline;
  CHECK_OK(bonafide_result_timeline(scanned, 0, &timeline, sizeof timeline));
  CHECK(timeline.hop_s == 0.04 && fabs(timeline.count * timeline.hop_s - file.duration_s) < 0.1);
  const char *text;
  CHECK_STATUS(bonafide_result_warning(scanned, file.warning_count, &text), BONAFIDE_BAD_ARGUMENT);
  CHECK_OK(bonafide_result_destroy(scanned));
  CHECK_OK(bonafide_result_destroy(streamed));
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
}

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
  for (size_t sent = 0; sent < 10 * hour; sent += packet) {
    if (sent == hour) after_an_hour = allocated();
    if (bonafide_stream_append_mulaw(stream, call + sent % (count / packet * packet), packet)) break;
  }
  bonafide_update update;
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(fabs(update.time_s - 36000) < 1e-6 && update.speech_s > 10000);
  CHECK(allocated() < after_an_hour + windows + 40 * 1000 + 2 * 40 * update.segment_count);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
  free(call);
}

static int32_t give_up_after(void *context, double seconds) {
  double *told = (double *)context;
  if (seconds < told[0]) CHECK(0);
  told[0] = seconds;
  return seconds >= told[1];
}

static void test_progress(void) {
  bonafide_detector *detector = make_detector();
  bonafide_result *result = NULL;
  double told[] = {0, 1e9};
  CHECK_OK(bonafide_scan_with_progress(detector, sample("genuine-es.gsm.wav"), give_up_after, told, &result));
  bonafide_file file;
  CHECK_OK(bonafide_result_file(result, &file, sizeof file));
  CHECK(told[0] > 20 && fabs(told[0] - file.duration_s) < 0.01);
  CHECK_OK(bonafide_result_destroy(result));
  told[0] = 0, told[1] = 3;
  CHECK_STATUS(bonafide_scan_with_progress(detector, sample("genuine-es.gsm.wav"), give_up_after, told, &result), BONAFIDE_CANCELLED);
  CHECK(result == NULL && told[0] == 3);
  CHECK_OK(bonafide_scan_with_progress(detector, sample("synthetic-hts.ulaw.wav"), NULL, NULL, &result));
  bonafide_party party;
  CHECK_OK(bonafide_result_party(result, 0, &party, sizeof party));
  CHECK(strcmp(party.model, "narrowband") == 0 && party.echo_s == 0 && party.clipped < 0.07);
  CHECK_OK(bonafide_result_destroy(result));
  CHECK_OK(bonafide_detector_destroy(detector));
}

/* What genuine calls of a site make of a detector. */
static void test_profile(void) {
  char weights[4096];
  snprintf(weights, sizeof weights, "%s/../Models/narrowband.safetensors", samples_folder);
  bonafide_options options;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.model = weights;
  bonafide_detector *detector = NULL, *moved = NULL;
  CHECK_OK(bonafide_detector_create(&options, &detector));
  bonafide_model model;
  CHECK_OK(bonafide_model_info(detector, &model, sizeof model));
  char path[] = "/tmp/bonafide-profile-XXXXXX";
  int descriptor = mkstemp(path);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
  if (!file) exit(2);
  fprintf(
    file,
    "{\"schema\":\"bonafide.profile/1\",\"adjustments\":[{\"model\":\"narrowband\",\"model_sha256\":\"%s\","
    "\"parties\":60,\"offset_llr\":0.5,\"alarm_llr\":-3.5}]}",
    model.sha256);
  fclose(file);
  options.profile = path;
  CHECK_OK(bonafide_detector_create(&options, &moved));
  CHECK_OK(bonafide_model_info(moved, &model, sizeof model));
  CHECK(model.alarm_llr == -3.5);
  bonafide_detector *detectors[] = {detector, moved};
  double llrs[2];
  for (int i = 0; i < 2; i++) {
    bonafide_result *result = NULL;
    bonafide_party party;
    CHECK_OK(bonafide_scan(detectors[i], sample("synthetic-hts.ulaw.wav"), &result));
    CHECK_OK(bonafide_result_party(result, 0, &party, sizeof party));
    llrs[i] = party.llr;
    CHECK_OK(bonafide_result_destroy(result));
  }
  CHECK(fabs(llrs[1] - llrs[0] - 0.5) < 0.01);
  CHECK_OK(bonafide_detector_destroy(moved));
  CHECK(remove(path) == 0);
  CHECK_STATUS(bonafide_detector_create(&options, &moved), BONAFIDE_BAD_PROFILE);
  CHECK(moved == NULL);
  CHECK_OK(bonafide_detector_destroy(detector));
}

/* A name that is not UTF-8, as old recorders give. */
static void test_bytes_of_names(void) {
  char target[4096], path[64];
  snprintf(path, sizeof path, "/tmp/bonafide-%ld-\xe9.wav", (long)getpid());
  bonafide_detector *detector = make_detector();
  bonafide_result *result = NULL;
  CHECK(realpath(sample("synthetic-hts.ulaw.wav"), target) && symlink(target, path) == 0);
  CHECK_OK(bonafide_scan(detector, path, &result));
  CHECK(party_of(result).speech_s > 5);
  CHECK_OK(bonafide_result_destroy(result));
  CHECK(unlink(path) == 0);
  CHECK_OK(bonafide_detector_destroy(detector));
}

/* The second stage, and the option that leaves it out. */
static void test_second_stage(void) {
  size_t count;
  uint8_t *speech = read_g711("synthetic-hts.ulaw.wav", &count);
  double llrs[3], firsts[3];
  if (fast) count = 12000; /* under memcheck a second takes minutes */
  for (int i = 0; i < 3; i++) { /* options at NULL, as they are by themselves, fast */
    bonafide_options options;
    CHECK_OK(bonafide_options_init(&options, sizeof options));
    CHECK(options.fast == 0 && options.precise == 0);
    options.fast = i == 2;
    bonafide_detector *detector = NULL;
    bonafide_stream *stream = NULL;
    bonafide_result *result = NULL;
    CHECK_OK(bonafide_detector_create(i ? &options : NULL, &detector));
    bonafide_second_stage stage;
    CHECK_OK(bonafide_detector_second_stage(detector, &stage, sizeof stage));
    if (i == 2) CHECK(!stage.name && !stage.version && !stage.sha256);
    else CHECK(strlen(stage.name) > 0 && strlen(stage.version) > 0 && strlen(stage.sha256) == 64);
    CHECK_STATUS(bonafide_detector_second_stage(detector, NULL, sizeof stage), BONAFIDE_NULL_POINTER);
    CHECK_STATUS(bonafide_detector_second_stage(detector, &stage, 0), BONAFIDE_BAD_ARGUMENT);
    CHECK_OK(bonafide_stream_create(detector, 8000, &stream));
    CHECK_OK(bonafide_stream_append_mulaw(stream, speech, count));
    CHECK_OK(bonafide_stream_finish(stream, &result));
    bonafide_party party = party_of(result);
    llrs[i] = party.llr, firsts[i] = party.first_llr;
    CHECK(isnan(party.second_score) == (i == 2));
    CHECK_OK(bonafide_result_destroy(result));
    CHECK_OK(bonafide_stream_destroy(stream));
    CHECK_OK(bonafide_detector_destroy(detector));
  }
  /* The first stage by itself says what a detector without the second says. */
  CHECK(firsts[0] == llrs[2] && firsts[1] == llrs[2] && isnan(firsts[2]));
  CHECK(llrs[0] == llrs[1] && fabs(llrs[1] - llrs[2]) > 0.01);
  free(speech);
}

static void count_warnings(void *context, bonafide_level level, const char *line) {
  (void)line;
  *(int *)context += level == BONAFIDE_LEVEL_WARNING;
}

/* 16-bit samples that were made floats, and not divided. */
static void test_out_of_range(void) {
  int told = 0;
  bonafide_options options;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.fast = fast;
  options.log = count_warnings;
  options.log_context = &told;
  bonafide_detector *detector = NULL;
  CHECK_OK(bonafide_detector_create(&options, &detector));
  float samples[8000];
  for (int i = 0; i < 8000; i++) samples[i] = (float)(1000 * sin(0.3 * i) + 2000 * sin(0.0371 * i));
  bonafide_result *result = NULL;
  CHECK_OK(bonafide_score(detector, samples, 8000, 8000, &result));
  bonafide_party party;
  bonafide_file file;
  CHECK_OK(bonafide_result_party(result, 0, &party, sizeof party));
  CHECK_OK(bonafide_result_file(result, &file, sizeof file));
  CHECK(party.out_of_range > 7000 && party.non_numbers == 0 && file.warning_count == 1 && told == 1);
  CHECK(party.verdict != BONAFIDE_VERDICT_BONAFIDE);
  CHECK_OK(bonafide_result_destroy(result));
  bonafide_stream *stream = NULL;
  CHECK_OK(bonafide_stream_create(detector, 8000, &stream));
  for (int i = 0; i < 3; i++) CHECK_OK(bonafide_stream_append_float(stream, samples, 8000));
  bonafide_update update;
  CHECK_OK(bonafide_stream_update(stream, &update, sizeof update));
  CHECK(update.out_of_range == 3 * party.out_of_range && told == 2);
  CHECK_OK(bonafide_stream_destroy(stream));
  CHECK_OK(bonafide_detector_destroy(detector));
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  samples_folder = argv[1];
  fast = getenv("BONAFIDE_TEST_FAST") != NULL;
  test_options();
  test_model();
  test_models();
  test_null_pointers();
  test_bad_handles();
  test_log();
  test_rates_and_counts();
  test_finish();
  test_scan_and_stream();
  test_progress();
  test_profile();
  test_out_of_range();
  test_second_stage();
  test_bytes_of_names();
  test_many_streams(argc > 2 ? atoi(argv[2]) : 1000);
  test_threads();
  if (getenv("BONAFIDE_TEST_LONG")) {
    test_long();
    test_hours();
  }
  printf("%d checks, %d failed\n", checks, failures);
  return failures > 0;
}
