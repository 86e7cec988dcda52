#pragma once
#include <stddef.h>
#include <stdint.h>

/// A text of `page/`, UTF-8, as it was when the library was compiled.
struct bonafide_page_text {
  /// Not terminated by a zero byte.
  const uint8_t *_Nonnull bytes;
  size_t size;
};

/// The style sheet of all pages.
struct bonafide_page_text bonafide_page_style(void);
/// The script of a report of recordings: the files that `report_page.c` names, one after the other.
struct bonafide_page_text bonafide_page_script(void);
