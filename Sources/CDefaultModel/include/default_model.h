#pragma once
#include <stddef.h>
#include <stdint.h>

/// Files of `Models/`, as they were when the library was compiled.
struct bonafide_model_files {
  const uint8_t *_Nonnull weights;
  size_t weights_size;
  /// Not terminated by a zero byte.
  const uint8_t *_Nonnull card;
  size_t card_size;
};

struct bonafide_model_files bonafide_narrowband_model(void);
struct bonafide_model_files bonafide_wideband_model(void);
/// Without a card.
struct bonafide_model_files bonafide_speech_encoder(void);
/// Without a card.
struct bonafide_model_files bonafide_spectrum_encoder(void);
struct bonafide_model_files bonafide_second_stage_model(void);
