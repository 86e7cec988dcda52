/* What is said of models, recordings and parties. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
  CHECK(told[0] > 10 && fabs(told[0] - file.duration_s) < 0.01);
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
  /* Of some seconds of speech an offset counts for a little less than of an hour. */
  CHECK(fabs(llrs[1] - llrs[0] - 0.5) < 0.05);
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
  CHECK(party_of(result).speech_s > 1);
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
    CHECK(i == 2 ? isnan(party.coded) : party.coded >= 0 && party.coded <= 1);
    CHECK_OK(bonafide_result_destroy(result));
    CHECK_OK(bonafide_stream_destroy(stream));
    CHECK_OK(bonafide_detector_destroy(detector));
  }
  /* The first stage by itself says what a detector without the second says. */
  CHECK(firsts[0] == llrs[2] && firsts[1] == llrs[2] && isnan(firsts[2]));
  CHECK(llrs[0] == llrs[1] && fabs(llrs[1] - llrs[2]) > 0.01);
  free(speech);
}

void tests_of_results(void) {
  test_model();
  test_models();
  test_scan_and_stream();
  test_progress();
  test_profile();
  test_second_stage();
  test_bytes_of_names();
}
