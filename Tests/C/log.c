/* What is told line by line. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

void tests_of_log(void) {
  test_log();
  test_out_of_range();
}
