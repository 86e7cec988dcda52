#pragma once
#include "bonafide.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Keeps `text` as what `bonafide_message` gives on this thread; cut where it is longer than a line should be.
void bonafide_keep_message(const char *_Nonnull text);
const char *_Nonnull bonafide_kept_message(void);

/// Calls a function of the host, whose exceptions must not pass through Swift.
void bonafide_call_log(bonafide_log _Nonnull log, void *_Nullable context, bonafide_level level, const char *_Nonnull line);

/// As `bonafide_call_log`; an exception is as if the scan were given up.
int32_t bonafide_call_progress(bonafide_progress _Nonnull progress, void *_Nullable context, double seconds);

#ifdef __cplusplus
}
#endif
