// Calls for `bonafide serve`, in real time: N parties of one call each, 20 ms of audio a packet, over AudioSocket, as Twilio's Media Streams or
// as RTP. What becomes late is told by the host itself (load.py); here it is told how far this program was behind its own clock. With LIFE
// a call hangs up after so many seconds, at a time of its own, and another one begins in its place; where the host takes none, or ends one,
// it is tried again a second later.
//
//     calls audiosocket|twilio|rtp PORT PARTIES SECONDS FILE.ulaw [LIFE]
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { packet = 160 };
enum form { audiosocket, twilio, rtp };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static int connected(enum form form, int port) {
  int handle = socket(AF_INET, form == rtp ? SOCK_DGRAM : SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (handle < 0 || connect(handle, (struct sockaddr *)&address, sizeof address)) fail("connect");
  if (form != rtp) setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return handle;
}

// All of it: whether the host took it.
static bool put(int handle, const void *bytes, size_t count) {
  const char *from = bytes;
  while (count > 0) {
    ssize_t sent = send(handle, from, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    from += sent;
    count -= sent;
  }
  return true;
}

static int16_t linear(uint8_t byte) {
  int code = (uint8_t)~byte, magnitude = ((((code & 15) << 3) + 132) << (code >> 4 & 7)) - 132;
  return code & 128 ? -magnitude : magnitude;
}

static size_t base64(const uint8_t *from, size_t count, char *to) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *start = to;
  for (size_t i = 0; i < count; i += 3) {
    uint32_t bits = from[i] << 16 | (i + 1 < count ? from[i + 1] << 8 : 0) | (i + 2 < count ? from[i + 2] : 0);
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = digits[bits >> shift & 63];
  }
  if (count % 3 == 1) to[-1] = to[-2] = '=';
  if (count % 3 == 2) to[-1] = '=';
  return to - start;
}

// A text frame with a mask of zeros.
static bool put_text(int handle, const char *text, size_t count) {
  uint8_t frame[1024] = {0x81};
  size_t head = 2;
  if (count < 126) {
    frame[1] = 0x80 | count;
  } else {
    frame[1] = 0x80 | 126;
    frame[2] = count >> 8;
    frame[3] = count & 255;
    head = 4;
  }
  head += 4;
  memcpy(frame + head, text, count);
  return put(handle, frame, head + count);
}

static bool begin(int handle, enum form form, int number) {
  char text[512];
  if (form == rtp) return true;
  if (form == audiosocket) {
    uint8_t frame[19] = {1, 0, 16};
    memcpy(frame + 3, &number, sizeof number);
    return put(handle, frame, sizeof frame);
  }
  static const char request[] =
    "GET /twilio HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (!put(handle, request, sizeof request - 1)) return false;
  ssize_t count = recv(handle, text, sizeof text - 1, 0);
  if (count < 12 || strncmp(text, "HTTP/1.1 101", 12)) return false;
  count = snprintf(
    text, sizeof text,
    "{\"event\":\"start\",\"start\":{\"callSid\":\"CA%d\",\"mediaFormat\":{\"encoding\":\"audio/"
    "x-mulaw\",\"sampleRate\":8000,\"channels\":1}},"
    "\"streamSid\":\"MZ%d\"}",
    number, number);
  return put_text(handle, text, count);
}

static void end(int handle, enum form form, int number) {
  if (form == audiosocket) put(handle, (uint8_t[]){0, 0, 0}, 3);
  if (form == twilio) put_text(handle, "{\"event\":\"stop\"}", 16);
  // RTCP: goodbye.
  uint8_t goodbye[8] = {0x81, 203, 0, 1, number >> 24, number >> 16, number >> 8, number};
  if (form == rtp) send(handle, goodbye, sizeof goodbye, 0);
  close(handle);
}

static bool talk(int handle, enum form form, int source, int number, const uint8_t *audio) {
  if (form == rtp) {
    uint32_t time = number * packet;
    uint8_t datagram[12 + packet] = {0x80,      0,    number >> 8,  number,       time >> 24,  time >> 16,
                                     time >> 8, time, source >> 24, source >> 16, source >> 8, source};
    memcpy(datagram + 12, audio, packet);
    return send(handle, datagram, sizeof datagram, 0) > 0;
  }
  if (form == audiosocket) {
    uint8_t frame[3 + 2 * packet] = {0x10, 2 * packet >> 8, 2 * packet & 255};
    for (int i = 0; i < packet; i++) {
      int16_t sample = linear(audio[i]);
      frame[3 + 2 * i] = sample & 255;
      frame[4 + 2 * i] = sample >> 8 & 255;
    }
    return put(handle, frame, sizeof frame);
  }
  char text[512], payload[256];
  size_t length = base64(audio, packet, payload);
  int count = snprintf(
    text, sizeof text,
    "{\"event\":\"media\",\"sequenceNumber\":\"%d\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%d\",\"timestamp\":\"%d\",\"payload\":\"%."
    "*s\"},"
    "\"streamSid\":\"MZ18ad3ab5a668481ce02b83e7395059f0\"}",
    number + 1, number, number * 20, (int)length, payload);
  return put_text(handle, text, count);
}

struct party {
  int handle;
  // Its call by number, and the packet before that call's first; later than now while it waits to be tried again.
  int call, began;
};

// Has a party say its next packet, in a call of its own: whether the host took it.
static bool go_on(struct party *party, enum form form, int port, int number, int *calls, const uint8_t *audio) {
  if (party->handle < 0) {
    party->handle = connected(form, port);
    party->call = ++*calls;
    if (!begin(party->handle, form, party->call)) return false;
  }
  return talk(party->handle, form, party->call, number - party->began, audio);
}

static void hang_up(struct party *party, enum form form, int number) {
  if (party->handle >= 0) end(party->handle, form, party->call);
  *party = (struct party){.handle = -1, .began = number - 1};
}

// Waits until a time on our clock.
static void wait_until(double due, double *latest) {
  double wait = due - now();
  if (wait > 0.0005) {
    struct timespec pause = {0, wait * 1e9};
    nanosleep(&pause, NULL);
  }
  if (-wait > *latest) *latest = -wait;
}

int main(int count, char **arguments) {
  if (count < 6 || count > 7) {
    fprintf(stderr, "usage: calls audiosocket|twilio|rtp PORT PARTIES SECONDS FILE.ulaw [LIFE]\n");
    return 64;
  }
  enum form form = !strcmp(arguments[1], "twilio") ? twilio : !strcmp(arguments[1], "rtp") ? rtp : audiosocket;
  int port = atoi(arguments[2]), parties = atoi(arguments[3]), seconds = atoi(arguments[4]), life = count > 6 ? 50 * atoi(arguments[6]) : 0;
  FILE *file = fopen(arguments[5], "rb");
  static uint8_t audio[1 << 20];
  size_t length = file ? fread(audio, 1, sizeof audio, file) / packet : 0;
  if (!length || parties < 1) fail(arguments[5]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct party *all = calloc(parties, sizeof *all);
  int calls = 0, lost = 0;
  for (int i = 0; i < parties; i++) {
    all[i] = (struct party){.handle = connected(form, port), .call = ++calls};
    if (!begin(all[i].handle, form, calls)) fail("begin");
  }
  double start = now(), latest = 0;
  for (int number = 1; number <= seconds * 50; number++) {
    for (int i = 0; i < parties; i++) {
      // Parties take turns in each 20 ms, as calls that began at any time do.
      wait_until(start + number * 0.02 + 0.02 * i / parties, &latest);
      if (life && (number + (long)life * i / parties) % life == 0) hang_up(&all[i], form, number);
      if (all[i].began >= number || go_on(&all[i], form, port, number, &calls, audio + packet * ((number + 37 * i) % length))) continue;
      if (!life) fail("send");
      lost++;
      close(all[i].handle);
      all[i] = (struct party){.handle = -1, .began = number + 50};
    }
  }
  printf("%.0f ms behind its clock at most, %d calls, %d not taken or ended by the host\n", latest * 1000, calls, lost);
  // The host is asked while the calls are there.
  fflush(stdout);
  sleep(2);
  return 0;
}
