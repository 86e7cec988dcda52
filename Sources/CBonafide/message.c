#include "host.h"
#include <string.h>

static _Thread_local char message[1024];

void bonafide_keep_message(const char *text) {
  size_t length = strnlen(text, sizeof message);
  if (length == sizeof message) {
    length--;
    // Not in the middle of a character.
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  }
  memcpy(message, text, length);
  message[length] = 0;
}

const char *bonafide_kept_message(void) { return message; }
