/* What a host gives that makes no sense, and when. */
#include "test.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

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

void tests_of_arguments(void) {
  test_options();
  test_null_pointers();
  test_bad_handles();
  test_rates_and_counts();
  test_finish();
}
