#pragma once
#include <stddef.h>
#include <stdint.h>

/// `Models/narrowband.safetensors`, as it was when the library was compiled.
const uint8_t *_Nonnull bonafide_default_weights(void);
size_t bonafide_default_weights_size(void);

/// `Models/narrowband.json`; not terminated by a zero byte.
const uint8_t *_Nonnull bonafide_default_card(void);
size_t bonafide_default_card_size(void);
