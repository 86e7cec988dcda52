#pragma once
#include <stddef.h>
#include <stdint.h>

/// A text in UTF-8, as it was when the library was compiled.
struct bonafide_openapi_text {
  /// Not terminated by a zero byte.
  const uint8_t *_Nonnull bytes;
  size_t size;
};

/// `docs/openapi.json`.
struct bonafide_openapi_text bonafide_openapi(void);
