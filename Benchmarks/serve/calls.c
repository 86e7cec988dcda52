// Calls for `bonafide serve`, in real time: N parties of one call each, 20 ms of audio a packet, over AudioSocket or as Twilio's Media
// Streams. What becomes late is told by the host itself (load.py); here it is told how far this program was behind its own clock.
//
//     calls audiosocket|twilio PORT PARTIES SECONDS FILE.ulaw
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { packet = 160 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  perror(what);
  exit(2);
}

static int connected(int port) {
  int handle = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (handle < 0 || connect(handle, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return handle;
}

// All of it, or the program ends: a host that takes nothing more has failed.
static void put(int handle, const void *bytes, size_t count) {
  const char *from = bytes;
  while (count > 0) {
    ssize_t sent = send(handle, from, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail("send");
    from += sent;
    count -= sent;
  }
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
static void put_text(int handle, const char *text, size_t count) {
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
  put(handle, frame, head + count);
}

static void begin(int handle, int is_twilio, int number) {
  char text[512];
  if (!is_twilio) {
    uint8_t frame[19] = {1, 0, 16};
    memcpy(frame + 3, &number, sizeof number);
    put(handle, frame, sizeof frame);
    return;
  }
  static const char request[] =
    "GET /twilio HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  put(handle, request, sizeof request - 1);
  ssize_t count = recv(handle, text, sizeof text - 1, 0);
  if (count < 12 || strncmp(text, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "no WebSocket: %.*s\n", count > 0 ? (int)count : 0, text);
    exit(2);
  }
  count = snprintf(
    text, sizeof text,
    "{\"event\":\"start\",\"start\":{\"callSid\":\"CA%d\",\"mediaFormat\":{\"encoding\":\"audio/"
    "x-mulaw\",\"sampleRate\":8000,\"channels\":1}},"
    "\"streamSid\":\"MZ%d\"}",
    number, number);
  put_text(handle, text, count);
}

static void talk(int handle, int is_twilio, int number, const uint8_t *audio) {
  if (!is_twilio) {
    uint8_t frame[3 + 2 * packet] = {0x10, 2 * packet >> 8, 2 * packet & 255};
    for (int i = 0; i < packet; i++) {
      int16_t sample = linear(audio[i]);
      frame[3 + 2 * i] = sample & 255;
      frame[4 + 2 * i] = sample >> 8 & 255;
    }
    put(handle, frame, sizeof frame);
    return;
  }
  char text[512], payload[256];
  size_t length = base64(audio, packet, payload);
  int count = snprintf(
    text, sizeof text,
    "{\"event\":\"media\",\"sequenceNumber\":\"%d\",\"media\":{\"track\":\"inbound\",\"chunk\":\"%d\",\"timestamp\":\"%d\",\"payload\":\"%."
    "*s\"},"
    "\"streamSid\":\"MZ18ad3ab5a668481ce02b83e7395059f0\"}",
    number + 1, number, number * 20, (int)length, payload);
  put_text(handle, text, count);
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "usage: calls audiosocket|twilio PORT PARTIES SECONDS FILE.ulaw\n");
    return 64;
  }
  int is_twilio = !strcmp(arguments[1], "twilio"), port = atoi(arguments[2]), parties = atoi(arguments[3]), seconds = atoi(arguments[4]);
  FILE *file = fopen(arguments[5], "rb");
  static uint8_t audio[1 << 20];
  size_t length = file ? fread(audio, 1, sizeof audio, file) / packet : 0;
  if (!length || parties < 1) fail(arguments[5]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int *handles = calloc(parties, sizeof *handles);
  for (int i = 0; i < parties; i++) {
    handles[i] = connected(port);
    begin(handles[i], is_twilio, i);
  }
  double start = now(), latest = 0;
  for (int number = 1; number <= seconds * 50; number++) {
    for (int i = 0; i < parties; i++) {
      // Parties take turns in each 20 ms, as calls that began at any time do.
      double due = start + number * 0.02 + 0.02 * i / parties, wait = due - now();
      if (wait > 0.0005) {
        struct timespec pause = {0, wait * 1e9};
        nanosleep(&pause, NULL);
      }
      if (-wait > latest) latest = -wait;
      talk(handles[i], is_twilio, number, audio + packet * ((number + 37 * i) % length));
    }
  }
  printf("%.0f ms behind its clock at most\n", latest * 1000);
  // The host is asked while the calls are there.
  fflush(stdout);
  sleep(2);
  return 0;
}
