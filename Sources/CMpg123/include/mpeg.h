#ifndef CMPG123_MPEG_H
#define CMPG123_MPEG_H

#include <stdint.h>
#include <sys/types.h>

/* MPEG audio by libmpg123, which is told to be silent: libsndfile, which decodes by it too, leaves it to write of each damaged
   frame to standard error, without a name of the file. It is the very library that libsndfile has loaded. */

typedef struct mpeg_file mpeg_file;

typedef struct mpeg_format {
  int sample_rate; /* Hz */
  int channels;
  int layer;      /* 1 to 3 */
  int64_t frames; /* estimated; -1 where it is not known */
} mpeg_format;

/* Whether libmpg123 is there. */
int mpeg_is_available(void);

/* Opens what `read` and `seek`, which are as read(2) and lseek(2), give of `context`. NULL where that is no MPEG audio, or memory has
   run out. mpeg_close frees it. */
mpeg_file *mpeg_open(
  ssize_t (*read)(void *context, void *buffer, size_t count), off_t (*seek)(void *context, off_t offset, int origin), void *context,
  mpeg_format *format);

/* Reads up to `frames` frames of interleaved samples, full scale 1; 0 at the end, or where it goes no further. */
int64_t mpeg_read(mpeg_file *file, float *samples, int64_t frames);

/* Why it went no further; NULL where it ended. */
const char *mpeg_failure(const mpeg_file *file);

void mpeg_close(mpeg_file *file);

#endif
