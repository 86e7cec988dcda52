#include "ogg_opus.h"

#include <dlfcn.h>
#include <ogg/ogg.h>
#include <opus/opus.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Both come with libsndfile and are not linked, so that there are no others beside them. */
static struct {
  __typeof__(&opus_encoder_create) create;
  __typeof__(&opus_encoder_destroy) destroy;
  __typeof__(&opus_encoder_ctl) control;
  __typeof__(&opus_encode_float) encode;
  __typeof__(&opus_get_version_string) version;
  __typeof__(&ogg_stream_init) begin;
  __typeof__(&ogg_stream_clear) clear;
  __typeof__(&ogg_stream_packetin) packet_in;
  __typeof__(&ogg_stream_flush) flush;
  int is_available;
} library;

static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  void *opus = dlopen("libopus.so.0", RTLD_NOW | RTLD_LOCAL), *ogg = dlopen("libogg.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!opus || !ogg) return;
  library.create = dlsym(opus, "opus_encoder_create");
  library.destroy = dlsym(opus, "opus_encoder_destroy");
  library.control = dlsym(opus, "opus_encoder_ctl");
  library.encode = dlsym(opus, "opus_encode_float");
  library.version = dlsym(opus, "opus_get_version_string");
  library.begin = dlsym(ogg, "ogg_stream_init");
  library.clear = dlsym(ogg, "ogg_stream_clear");
  library.packet_in = dlsym(ogg, "ogg_stream_packetin");
  library.flush = dlsym(ogg, "ogg_stream_flush");
  library.is_available = library.create && library.destroy && library.control && library.encode && library.version && library.begin &&
    library.clear && library.packet_in && library.flush;
}

/* Of a second: packets, all of which are on a page, and what granule positions count. */
enum { packets_per_second = 50, granules_per_second = 48000 };
/* How much the encoder tries, of 0 to 10. */
enum { complexity = 0 };
/* Bytes of a packet at most, as libopus recommends. */
enum { most_of_packet = 4000 };

struct ogg_opus {
  OpusEncoder *encoder;
  ogg_stream_state stream;
  int has_stream, has_failed;
  int rate, channels, frames_per_packet;
  opus_int32 lookahead;
  /* The packet that is being filled. */
  float *packet;
  int filled;
  int64_t frames, packets;
  uint8_t *bytes;
  size_t count, capacity;
};

static void append(ogg_opus *file, const void *bytes, size_t count) {
  if (file->count + count > file->capacity) {
    size_t capacity = 2 * (file->count + count);
    uint8_t *grown = realloc(file->bytes, capacity);
    if (!grown) {
      file->has_failed = 1;
      return;
    }
    file->bytes = grown;
    file->capacity = capacity;
  }
  memcpy(file->bytes + file->count, bytes, count);
  file->count += count;
}

static void end_page(ogg_opus *file) {
  ogg_page page;
  while (library.flush(&file->stream, &page)) {
    append(file, page.header, (size_t)page.header_len);
    append(file, page.body, (size_t)page.body_len);
  }
}

static void add_packet(ogg_opus *file, unsigned char *bytes, long count, int64_t granule, int is_last) {
  ogg_packet packet = {
    .packet = bytes, .bytes = count, .b_o_s = file->packets == -2, .e_o_s = is_last, .granulepos = granule, .packetno = file->packets + 2};
  if (library.packet_in(&file->stream, &packet)) file->has_failed = 1;
  file->packets++;
}

/* The two packets before the audio, each on a page: RFC 7845. */
static void add_headers(ogg_opus *file) {
  int skip = file->lookahead * (granules_per_second / file->rate);
  unsigned char head[19] = "OpusHead\1";
  head[9] = (unsigned char)file->channels;
  for (int byte = 0; byte < 2; byte++) head[10 + byte] = (unsigned char)(skip >> 8 * byte);
  for (int byte = 0; byte < 4; byte++) head[12 + byte] = (unsigned char)(file->rate >> 8 * byte);
  unsigned char tags[256] = "OpusTags";
  size_t length = strlen(library.version());
  if (length > sizeof tags - 16) length = sizeof tags - 16;
  tags[8] = (unsigned char)length;
  memcpy(tags + 12, library.version(), length);
  file->packets = -2;
  add_packet(file, head, sizeof head, 0, 0);
  end_page(file);
  add_packet(file, tags, (long)(16 + length), 0, 0);
  end_page(file);
}

ogg_opus *ogg_opus_open(int sample_rate, int channels, int bits_per_second) {
  pthread_once(&loading, load);
  if (!library.is_available) return NULL;
  ogg_opus *file = calloc(1, sizeof *file);
  if (!file) return NULL;
  *file = (ogg_opus){.rate = sample_rate, .channels = channels, .frames_per_packet = sample_rate / packets_per_second};
  file->packet = calloc((size_t)(file->frames_per_packet * channels), sizeof *file->packet);
  /* Without delay: by transform alone. What is made for speech at lower rates takes twice as long. */
  file->encoder = library.create(sample_rate, channels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, NULL);
  file->has_stream = library.begin(&file->stream, 1) == 0;
  if (
    !file->packet || !file->encoder || !file->has_stream || library.control(file->encoder, OPUS_SET_BITRATE(bits_per_second)) != OPUS_OK ||
    library.control(file->encoder, OPUS_SET_COMPLEXITY(complexity)) != OPUS_OK ||
    library.control(file->encoder, OPUS_GET_LOOKAHEAD(&file->lookahead)) != OPUS_OK) {
    ogg_opus_close(file);
    return NULL;
  }
  add_headers(file);
  return file;
}

static void encode(ogg_opus *file, int is_last) {
  unsigned char bytes[most_of_packet];
  opus_int32 count = library.encode(file->encoder, file->packet, file->frames_per_packet, bytes, sizeof bytes);
  file->filled = 0;
  if (count < 0) {
    file->has_failed = 1;
    return;
  }
  int64_t per_frame = granules_per_second / file->rate;
  /* The end of the last packet is no audio. */
  int64_t granule = is_last ? (file->frames + file->lookahead) * per_frame : (file->packets + 1) * file->frames_per_packet * per_frame;
  add_packet(file, bytes, count, granule, is_last);
  if (is_last || file->packets % packets_per_second == 0) end_page(file);
}

void ogg_opus_write(ogg_opus *file, const float *samples, size_t frames) {
  file->frames += (int64_t)frames;
  while (frames > 0 && !file->has_failed) {
    size_t space = (size_t)(file->frames_per_packet - file->filled), count = frames < space ? frames : space;
    memcpy(file->packet + file->filled * file->channels, samples, count * (size_t)file->channels * sizeof *samples);
    file->filled += (int)count;
    samples += count * (size_t)file->channels;
    frames -= count;
    if (file->filled == file->frames_per_packet) encode(file, 0);
  }
}

const uint8_t *ogg_opus_finish(ogg_opus *file, size_t *count) {
  /* Silence brings the last samples out of the encoder. */
  int left = file->filled + file->lookahead;
  while (left > 0 && !file->has_failed) {
    int space = file->frames_per_packet - file->filled;
    memset(file->packet + file->filled * file->channels, 0, (size_t)(space * file->channels) * sizeof *file->packet);
    left -= file->frames_per_packet;
    encode(file, left <= 0);
  }
  *count = file->count;
  return file->has_failed ? NULL : file->bytes;
}

void ogg_opus_close(ogg_opus *file) {
  if (!file) return;
  if (file->encoder) library.destroy(file->encoder);
  if (file->has_stream) library.clear(&file->stream);
  free(file->packet);
  free(file->bytes);
  free(file);
}
