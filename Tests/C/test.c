/* Tests of bonafide.h as a host sees it; C11 and C++17. All files of this folder are one program.
 *
 *   test SAMPLES [STREAMS]
 *
 * STREAMS is how many are created and destroyed (1000). With BONAFIDE_TEST_FAST set, most tests leave the second stage out. With
 * BONAFIDE_TEST_LONG set, a thousand million samples are screened at once, and four hours of speech in packets. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *samples_folder;
int fast;

static int checks, failures;

void check(int holds, const char *text, const char *file, int line) {
  checks++;
  if (holds) return;
  failures++;
  fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

void check_status(bonafide_status status, bonafide_status wanted, const char *text, const char *file, int line) {
  checks++;
  if (status == wanted && (status == BONAFIDE_OK || strlen(bonafide_message()) > 10)) return;
  failures++;
  fprintf(stderr, "%s:%d: %s gave %d, not %d (%s)\n", file, line, text, (int)status, (int)wanted, bonafide_message());
}

const char *sample(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", samples_folder, name);
  return path;
}

uint8_t *read_g711(const char *name, size_t *count) {
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

bonafide_detector *make_detector(void) {
  bonafide_options options;
  bonafide_detector *detector = NULL;
  CHECK_OK(bonafide_options_init(&options, sizeof options));
  options.fast = fast;
  CHECK_OK(bonafide_detector_create(&options, &detector));
  return detector;
}

bonafide_detector *make_logging_detector(bonafide_log log, void *context) {
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

bonafide_stream *make_stream(const bonafide_detector *detector, int32_t rate) {
  bonafide_stream *stream = NULL;
  CHECK_OK(bonafide_stream_create(detector, rate, &stream));
  return stream;
}

bonafide_party party_of(const bonafide_result *result) {
  bonafide_party party;
  memset(&party, 0, sizeof party);
  CHECK_OK(bonafide_result_party(result, 0, &party, sizeof party));
  return party;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  samples_folder = argv[1];
  fast = getenv("BONAFIDE_TEST_FAST") != NULL;
  tests_of_arguments();
  tests_of_log();
  tests_of_results();
  tests_of_load(argc > 2 ? atoi(argv[2]) : 1000);
  printf("%d checks, %d failed\n", checks, failures);
  return failures > 0;
}
