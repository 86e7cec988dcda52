/* What the tests of bonafide.h share. */
#ifndef BONAFIDE_TEST_H
#define BONAFIDE_TEST_H

#include "bonafide.h"

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(call, status) check_status((call), (status), #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(call, BONAFIDE_OK)

void check(int holds, const char *text, const char *file, int line);
void check_status(bonafide_status status, bonafide_status wanted, const char *text, const char *file, int line);

extern const char *samples_folder;
extern int fast; /* without the second stage, but where that is what is tested */

/* The path of a sample, until the next call. */
const char *sample(const char *name);
/* The samples of a mono WAV file of G.711; the caller frees them. */
uint8_t *read_g711(const char *name, size_t *count);

bonafide_detector *make_detector(void);
/* With timelines, too. */
bonafide_detector *make_logging_detector(bonafide_log log, void *context);
bonafide_stream *make_stream(const bonafide_detector *detector, int32_t rate);
bonafide_party party_of(const bonafide_result *result);

/* A file of tests each. */
void tests_of_arguments(void);
void tests_of_log(void);
void tests_of_results(void);
void tests_of_load(int streams);

#endif
