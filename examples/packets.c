/* Screens one party of a live call: µ-law, 8 kHz, in packets of 20 ms from standard input.
 *
 *   cc packets.c $(pkg-config --cflags --libs bonafide) -o packets
 *   ffmpeg -re -i call.wav -af pan=mono\|c0=c0 -f mulaw -ar 8000 - | ./packets
 */
#include <bonafide.h>
#include <math.h>
#include <stdio.h>

enum { packet_size = 160, packets_per_line = 50 };

static const char *const verdicts[] = {"inconclusive", "bonafide", "synthetic"};

static int fail(void) {
  fprintf(stderr, "packets: %s\n", bonafide_message());
  return 2;
}

static void print_line(double time, double speech, double llr, bonafide_verdict verdict) {
  printf("%7.2f s  speech %6.2f s  llr ", time, speech);
  if (isnan(llr)) printf("     -");
  else printf("%6.2f", llr);
  printf("  %s\n", verdicts[verdict]);
  fflush(stdout);
}

int main(void) {
  bonafide_detector *detector = NULL;
  bonafide_stream *stream = NULL;
  if (bonafide_detector_create(NULL, &detector) || bonafide_stream_create(detector, 8000, &stream)) return fail();

  uint8_t packet[packet_size];
  size_t size, told = 0;
  for (long packets = 1; (size = fread(packet, 1, sizeof packet, stdin)) > 0; packets++) {
    bonafide_update update;
    if (bonafide_stream_append_mulaw(stream, packet, size) || bonafide_stream_update(stream, &update, sizeof update)) {
      return fail();
    }
    for (; told < update.segment_count; told++) {
      bonafide_segment segment;
      if (bonafide_stream_segment(stream, told, &segment)) return fail();
      printf("          synthetic from %.2f to %.2f s\n", segment.start_s, segment.end_s);
    }
    if (packets % packets_per_line == 0) print_line(update.time_s, update.speech_s, update.llr, update.verdict);
  }

  bonafide_result *result = NULL;
  bonafide_file file;
  bonafide_party party;
  if (
    bonafide_stream_finish(stream, &result) || bonafide_result_file(result, &file, sizeof file) ||
    bonafide_result_party(result, 0, &party, sizeof party)) {
    return fail();
  }
  print_line(file.duration_s, party.speech_s, party.llr, party.verdict);
  bonafide_result_destroy(result);
  bonafide_stream_destroy(stream);
  bonafide_detector_destroy(detector);
  return party.verdict == BONAFIDE_VERDICT_SYNTHETIC;
}
