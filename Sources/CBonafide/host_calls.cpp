#include "host.h"

void bonafide_call_log(bonafide_log log, void *context, bonafide_level level, const char *line) {
  try {
    log(context, level, line);
  } catch (...) {
    // A host that cannot take a line has nobody to tell.
  }
}

int32_t bonafide_call_progress(bonafide_progress progress, void *context, double seconds) {
  try {
    return progress(context, seconds);
  } catch (...) {
    return 1;
  }
}
