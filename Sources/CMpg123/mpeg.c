#define _GNU_SOURCE

#include "mpeg.h"

#include <dlfcn.h>
#include <mpg123.h>
#include <pthread.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdlib.h>

/* libmpg123 comes with libsndfile and is not linked, so that there is no second one beside it. */
static struct {
  __typeof__(&mpg123_init) init;
  __typeof__(&mpg123_new) new;
  __typeof__(&mpg123_delete) delete;
  __typeof__(&mpg123_param2) param;
  __typeof__(&mpg123_replace_reader_handle) replace_reader;
  __typeof__(&mpg123_open_handle) open;
  __typeof__(&mpg123_close) close;
  __typeof__(&mpg123_getformat) get_format;
  __typeof__(&mpg123_format) set_format;
  __typeof__(&mpg123_length) length;
  __typeof__(&mpg123_scan) scan;
  __typeof__(&mpg123_info2) info;
  __typeof__(&mpg123_read) read;
  __typeof__(&mpg123_strerror) message;
  int is_available;
} library;

static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  // Where libraries are bundled, libmpg123 may have another name: it is found as what libsndfile has loaded.
  Dl_info sndfile;
  void *handle = dladdr((const void *)(uintptr_t)sf_open_fd, &sndfile) ? dlopen(sndfile.dli_fname, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (handle && !dlsym(handle, "mpg123_init")) {
    dlclose(handle);
    handle = NULL;
  }
  if (!handle) handle = dlopen("libmpg123.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  library.init = dlsym(handle, "mpg123_init");
  library.new = dlsym(handle, "mpg123_new");
  library.delete = dlsym(handle, "mpg123_delete");
  library.param = dlsym(handle, "mpg123_param2");
  library.replace_reader = dlsym(handle, "mpg123_replace_reader_handle");
  library.open = dlsym(handle, "mpg123_open_handle");
  library.close = dlsym(handle, "mpg123_close");
  library.get_format = dlsym(handle, "mpg123_getformat");
  library.set_format = dlsym(handle, "mpg123_format");
  library.length = dlsym(handle, "mpg123_length");
  library.scan = dlsym(handle, "mpg123_scan");
  library.info = dlsym(handle, "mpg123_info2");
  library.read = dlsym(handle, "mpg123_read");
  library.message = dlsym(handle, "mpg123_strerror");
  library.is_available = library.init && library.new && library.delete && library.param && library.replace_reader && library.open &&
    library.close && library.get_format && library.set_format && library.length && library.scan && library.info && library.read &&
    library.message && library.init() == MPG123_OK;
}

struct mpeg_file {
  mpg123_handle *handle;
  int channels;
  int has_failed;
};

int mpeg_is_available(void) {
  pthread_once(&loading, load);
  return library.is_available;
}

static int describe(mpg123_handle *handle, mpeg_format *format) {
  long rate;
  int channels, encoding;
  struct mpg123_frameinfo2 info;
  if (library.get_format(handle, &rate, &channels, &encoding) != MPG123_OK) return 0;
  off_t length = library.length(handle);
  if (length <= 0) {
    if (library.scan(handle) != MPG123_OK) return 0;
    length = library.length(handle);
  }
  if (encoding != MPG123_ENC_FLOAT_32 && library.set_format(handle, rate, channels, MPG123_ENC_FLOAT_32) != MPG123_OK) return 0;
  if (library.info(handle, &info) != MPG123_OK) return 0;
  *format = (mpeg_format){.sample_rate = (int)rate, .channels = channels, .layer = info.layer, .frames = length < 0 ? -1 : length};
  return channels > 0;
}

mpeg_file *mpeg_open(ssize_t (*read)(void *, void *, size_t), off_t (*seek)(void *, off_t, int), void *context, mpeg_format *format) {
  if (!mpeg_is_available()) return NULL;
  mpeg_file *file = calloc(1, sizeof *file);
  if (!file) return NULL;
  file->handle = library.new(NULL, NULL);
  if (file->handle) {
    /* What else is set is what libsndfile sets. */
    library.param(file->handle, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 1);
    library.param(file->handle, MPG123_ADD_FLAGS, MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS | MPG123_NO_FRANKENSTEIN, 1);
    if (
      library.replace_reader(file->handle, read, seek, NULL) == MPG123_OK && library.open(file->handle, context) == MPG123_OK &&
      describe(file->handle, format)) {
      file->channels = format->channels;
      return file;
    }
  }
  mpeg_close(file);
  return NULL;
}

int64_t mpeg_read(mpeg_file *file, float *samples, int64_t frames) {
  size_t done = 0, frame = (size_t)file->channels * sizeof(float);
  int status = library.read(file->handle, samples, (size_t)frames * frame, &done);
  if (status != MPG123_OK && status != MPG123_DONE) {
    file->has_failed = 1;
    return 0;
  }
  return (int64_t)(done / frame);
}

const char *mpeg_failure(const mpeg_file *file) { return file->has_failed ? library.message(file->handle) : NULL; }

void mpeg_close(mpeg_file *file) {
  if (file->handle) {
    library.close(file->handle);
    library.delete(file->handle);
  }
  free(file);
}
