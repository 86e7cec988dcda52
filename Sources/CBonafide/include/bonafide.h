/* Bonafide for C: says whether the voice of a party of a call is bona fide or synthetic. See docs/c.md.
 *
 * Handles     Detectors, streams and results are handles, not addresses: never dereferenced, and never used twice. A call
 *             with a handle that was destroyed, or that never was one, does nothing and returns BONAFIDE_BAD_HANDLE.
 *             What a create, scan, score or finish call gives is the caller's, who destroys it once. The order does not
 *             matter: streams and results outlive their detector.
 * Threads     Any call may be made from any thread. Detectors and results never change, and serve many threads at once. A
 *             stream serves one at a time; a second call that comes meanwhile does nothing and returns BONAFIDE_BUSY.
 *             What is destroyed while another thread works with it goes when that work is done. Only scans start threads
 *             (options.threads) and processes (ffmpeg). A fork may go on only if no other thread was in a call.
 * Units       Times are in seconds from the first sample, rates in Hz, counts in samples. LLRs are log-likelihood ratios,
 *             natural log, positive for bona fide. What is not known is NAN.
 * Text        UTF-8, ending in a zero byte. Pointers that are given to a call need to last only as long as the call.
 * Growth      Structs may get members at their end in later versions. Calls that fill or read one take its size, and go by
 *             the smaller of theirs and the library's; members that the library does not know are filled with zeros.
 * Errors      A call that fails returns what is wrong, says it in words in bonafide_message(), and leaves its outputs as they
 *             were, but for handles, which are NULL then. No input ends the process; only memory that has run out can.
 */
#ifndef BONAFIDE_H
#define BONAFIDE_H

#include <stddef.h>
#include <stdint.h>

/* Of this header; bonafide_version() is that of the library. */
#define BONAFIDE_VERSION "0.1.0"
#define BONAFIDE_VERSION_MAJOR 0
#define BONAFIDE_VERSION_MINOR 1
#define BONAFIDE_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bonafide_detector bonafide_detector;
typedef struct bonafide_stream bonafide_stream;
typedef struct bonafide_result bonafide_result;

typedef enum bonafide_status {
  BONAFIDE_OK = 0,
  BONAFIDE_NULL_POINTER = 1, /* a pointer that must not be NULL is */
  BONAFIDE_BAD_HANDLE = 2,   /* a handle that was destroyed, or never was */
  BONAFIDE_BAD_ARGUMENT = 3, /* an option, size, index, count or alignment that makes no sense */
  BONAFIDE_BAD_RATE = 4,     /* a sample rate outside 6000 to 192000 Hz */
  BONAFIDE_BAD_MODEL = 5,    /* a model that cannot be loaded */
  BONAFIDE_BAD_AUDIO = 6,    /* a recording that cannot be read */
  BONAFIDE_FINISHED = 7,     /* samples for a stream that has been finished */
  BONAFIDE_BUSY = 8,         /* a stream that another call works with, maybe one further up this thread */
  BONAFIDE_FAILED = 9,       /* anything else, such as buffers that could not be had */
  BONAFIDE_CANCELLED = 10,   /* a scan that its progress function gave up */
  BONAFIDE_BAD_PROFILE = 11  /* a profile that cannot be read, or is of other models */
} bonafide_status;

typedef enum bonafide_verdict {
  BONAFIDE_VERDICT_INCONCLUSIVE = 0,
  BONAFIDE_VERDICT_BONAFIDE = 1,
  BONAFIDE_VERDICT_SYNTHETIC = 2
} bonafide_verdict;

/* Why a verdict is inconclusive. */
typedef enum bonafide_reason {
  BONAFIDE_REASON_NONE = 0,    /* it is not */
  BONAFIDE_REASON_NO_SPEECH = 1,
  BONAFIDE_REASON_TOO_LITTLE_SPEECH = 2, /* less than a second */
  BONAFIDE_REASON_TOO_NOISY = 3,
  BONAFIDE_REASON_AMBIGUOUS = 4, /* between the points at which verdicts change, or part of it flagged, which is not enough */
  BONAFIDE_REASON_INCOMPLETE = 5, /* there is audio in the recording that was not heard */
  BONAFIDE_REASON_TOO_DISTORTED = 6 /* clipped so much that a synthetic voice could pass */
} bonafide_reason;

typedef enum bonafide_level { BONAFIDE_LEVEL_INFO = 0, BONAFIDE_LEVEL_WARNING = 1, BONAFIDE_LEVEL_ERROR = 2 } bonafide_level;

/* Takes a line without its end: the models that were loaded, what is odd in audio, calls that fail. Is called on the thread of the
 * call that it is about, maybe on several at once, and before that call returns; may make any call itself. A C++ exception
 * ends here and is dropped; it must not leave by longjmp or by ending the thread. */
typedef void (*bonafide_log)(void *context, bonafide_level level, const char *line);

/* Takes the seconds of audio that a scan has screened; gives 0 to go on, anything else to give the scan up. Is called on the thread of
 * the scan, about once per second of audio. A C++ exception ends here, and gives the scan up. */
typedef int32_t (*bonafide_progress)(void *context, double seconds);

typedef struct bonafide_options {
  size_t size;         /* of the struct, in bytes; set by bonafide_options_init */
  const char *model;   /* path of a .safetensors file, its card beside it; NULL: the built-in models */
  double prior;        /* share of parties that are synthetic, greater than 0, less than 1; 0.05; moves probabilities alone */
  double alarm_llr;    /* at or below which a party is synthetic; NAN: the model's */
  double clear_llr;    /* at or above which it is bona fide, greater than alarm_llr; NAN: the model's */
  const char *raw;     /* scan headerless samples, such as "ulaw:8000", "alaw:8000:2"; NULL: recordings with headers */
  int32_t mix;         /* not 0: scan the mean of all channels as one party */
  int32_t timeline;    /* not 0: keep scores along the party; memory then grows by 8 bytes per 40 ms */
  int32_t threads;     /* that channels, and pieces of them for the second stage, are scanned on, 1 to 1024; 1 */
  bonafide_log log;    /* for the detector and all that comes of it; NULL: none */
  void *log_context;   /* handed to log; must last as long as the detector, its streams and calls */
  const char *profile; /* path of what `bonafide calibrate` wrote of a site's genuine calls; NULL: none */
  int32_t fast;        /* not 0: leave out the second stage: less sure, and several times as fast */
  int32_t precise;     /* not 0: single precision throughout: the same scores on every machine to 1e-4, in more time */
} bonafide_options;

typedef struct bonafide_model {
  const char *name, *version, *sha256; /* last as long as the detector; the digest of the weights in hexadecimal digits */
  double alarm_llr, clear_llr;         /* points of the model's card, whatever the options say */
  int32_t sample_rate_hz;              /* to which audio is resampled */
} bonafide_model;

typedef struct bonafide_second_stage { /* what hears the speech once more; all NULL where options.fast has left it out */
  const char *name, *version, *sha256;  /* last as long as the detector; the digest of the weights in hexadecimal digits */
} bonafide_second_stage;

typedef struct bonafide_segment { /* a stretch that sounds synthetic; this struct does not grow */
  double start_s, end_s;
  double llr, synthetic_probability; /* of the speech inside */
} bonafide_segment;

typedef struct bonafide_update { /* how the evidence of a stream stands */
  double time_s;                 /* heard, missing samples included */
  double scored_s;               /* of which the rest speaks: 0.1 to 0.3 s behind time_s, in silence up to 0.9 s */
  double speech_s;               /* of which speech */
  double llr, synthetic_probability;   /* of all speech so far; NAN without */
  bonafide_verdict verdict;            /* if the party ended here */
  bonafide_reason reason;
  size_t segment_count;                /* stretches that are closed and cannot change: see bonafide_stream_segment */
  bonafide_segment open;               /* the stretch that may still grow, or go again; all 0 where there is none */
  uint64_t non_numbers;                /* samples so far that were NAN or infinite */
  int32_t revision;                    /* grows where all stretches are told anew, as the band and so the model became another */
  uint64_t out_of_range;               /* samples so far that were beyond 4 times full scale, and were cut to that */
} bonafide_update;

typedef struct bonafide_party { /* what is said of one side of a call */
  int32_t channel;              /* of the recording, from 1 */
  int32_t same_as;              /* earlier channel with the very same samples; 0: none */
  bonafide_verdict verdict;
  bonafide_reason reason;
  double speech_s;
  double llr, synthetic_probability; /* NAN without speech */
  size_t segment_count;              /* in order, not overlapping */
  int32_t track, track_channel;      /* track of the recording and channel of it, from 1; 0 for a mix, a buffer or a stream */
  const char *model;                 /* name of the model that judged it; lasts as long as the result */
  double echo_s;                     /* of speech on the channel that is another channel's echo, and was not counted */
  double clipped;                    /* share of the samples of loud speech that are clipped, estimated; NAN: too little speech */
  uint64_t non_numbers, out_of_range; /* samples of a buffer or a stream that were NAN or infinite; beyond 4 times full scale */
  double snr_db;                     /* how far the speech stands out of the noise in its pauses, at most 60; NAN: no speech */
  double first_llr;             /* by the first stage alone; NAN: options.fast, or no speech */
  double second_score;          /* by the second alone, not calibrated, higher for bona fide; NAN: it has heard nothing */
  double coded;                 /* how strongly the speech is coded, by what the second hears, 0 to 1; NAN: it has heard nothing */
} bonafide_party;

typedef struct bonafide_file {   /* what is said of a recording, a buffer or a stream */
  bonafide_verdict verdict;      /* synthetic if any party is, else inconclusive if any is, else bona fide */
  int32_t sample_rate_hz;
  double duration_s;
  double bandwidth_hz;           /* highest frequency with energy; recordings only */
  const char *format;            /* such as "WAV/ULAW"; lasts as long as the result; recordings only, NULL else */
  size_t party_count, warning_count;
  double heard_s, unheard_s;     /* of duration_s, of which there was audio; known to be there and not heard; recordings only */
} bonafide_file;

typedef struct bonafide_timeline { /* smoothed scores along a party */
  double hop_s;                    /* score i stands for i * hop_s to (i + 1) * hop_s */
  size_t count;
  const float *llr;                /* NAN where nobody speaks; lasts as long as the result; NULL where count is 0 */
} bonafide_timeline;

const char *bonafide_version(void); /* such as "0.1.0"; lasts */
const char *bonafide_message(void); /* of the last call on this thread that failed; lasts until the next that fails */

/* Fills all of `size` bytes with what options are by themselves: give sizeof(bonafide_options). */
bonafide_status bonafide_options_init(bonafide_options *options, size_t size);

/* Detectors. Options may be NULL. Detectors share the built-in models, one for the telephone's band, of which bonafide_model_info
 * speaks, and one for wider ones: more detectors, with other options, cost little. */
bonafide_status bonafide_detector_create(const bonafide_options *options, bonafide_detector **detector);
bonafide_status bonafide_detector_destroy(bonafide_detector *detector); /* destroying NULL does nothing, here and below */
bonafide_status bonafide_model_info(const bonafide_detector *detector, bonafide_model *model, size_t size);
/* Model 0 is that of bonafide_model_info; model 1 judges wider bands, and is there but where options.model is given. */
bonafide_status bonafide_detector_model(const bonafide_detector *detector, size_t index, bonafide_model *model, size_t size);

/* Says which second stage the detector has, if any. */
bonafide_status bonafide_detector_second_stage(const bonafide_detector *detector, bonafide_second_stage *stage, size_t size);

/* Screens a recording of any kind (path, or "-" for standard input), or mono samples of full scale 1. */
bonafide_status bonafide_scan(const bonafide_detector *detector, const char *path, bonafide_result **result);
bonafide_status bonafide_score(
  const bonafide_detector *detector, const float *samples, size_t count, int32_t sample_rate_hz, bonafide_result **result);

/* As bonafide_scan; tells how far it is, and ends with BONAFIDE_CANCELLED where progress, which may be NULL, does not give 0. */
bonafide_status bonafide_scan_with_progress(
  const bonafide_detector *detector, const char *path, bonafide_progress progress, void *context, bonafide_result **result);

/* Streams: one per party, packets of any length. Samples may be NULL where count is 0, and must be aligned for their type. Those
 * that are not finite are taken as 0, those beyond 4 times full scale as that. An append of any length is worked on before
 * it returns, about a millisecond per second of audio, and 25 to 50 at the end of each four seconds with speech for the
 * second stage, which options.fast leaves out. */
bonafide_status bonafide_stream_create(const bonafide_detector *detector, int32_t sample_rate_hz, bonafide_stream **stream);
bonafide_status bonafide_stream_destroy(bonafide_stream *stream);
bonafide_status bonafide_stream_append_float(bonafide_stream *stream, const float *samples, size_t count);   /* full scale 1 */
bonafide_status bonafide_stream_append_int16(bonafide_stream *stream, const int16_t *samples, size_t count); /* 32768 */
bonafide_status bonafide_stream_append_mulaw(bonafide_stream *stream, const uint8_t *samples, size_t count); /* G.711 */
bonafide_status bonafide_stream_append_alaw(bonafide_stream *stream, const uint8_t *samples, size_t count);  /* G.711 */
/* Samples that were lost, or not sent in silence: up to a week of them. Cost no more than four seconds of samples,
 * and with a timeline 4 bytes per 40 ms. */
bonafide_status bonafide_stream_append_missing(bonafide_stream *stream, size_t count);
bonafide_status bonafide_stream_update(bonafide_stream *stream, bonafide_update *update, size_t size);
bonafide_status bonafide_stream_segment(bonafide_stream *stream, size_t index, bonafide_segment *segment); /* closed ones */
/* Ends the party. Update and segment go on telling what was said last; append and finish return BONAFIDE_FINISHED. */
bonafide_status bonafide_stream_finish(bonafide_stream *stream, bonafide_result **result);
bonafide_status bonafide_stream_reset(bonafide_stream *stream); /* for another party, finished or not, rate and options kept */

/* Results. */
bonafide_status bonafide_result_destroy(bonafide_result *result);
bonafide_status bonafide_result_file(const bonafide_result *result, bonafide_file *file, size_t size);
bonafide_status bonafide_result_party(const bonafide_result *result, size_t party, bonafide_party *value, size_t size);
bonafide_status bonafide_result_segment(const bonafide_result *result, size_t party, size_t index, bonafide_segment *segment);
bonafide_status bonafide_result_timeline(const bonafide_result *result, size_t party, bonafide_timeline *timeline, size_t size);
/* The text lasts as long as the result. */
bonafide_status bonafide_result_warning(const bonafide_result *result, size_t index, const char **text);

#ifdef __cplusplus
}
#endif

#endif
