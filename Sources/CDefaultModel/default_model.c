#include "default_model.h"

// Clang embeds in any C, and warns where it is older than C23.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t narrowband_weights[] = {
#embed "../../Models/narrowband.safetensors"
};

static const uint8_t narrowband_card[] = {
#embed "../../Models/narrowband.json"
};

static const uint8_t wideband_weights[] = {
#embed "../../Models/wideband.safetensors"
};

static const uint8_t wideband_card[] = {
#embed "../../Models/wideband.json"
};

static const uint8_t encoder_weights[] = {
#embed "../../Models/encoder.safetensors"
};

static const uint8_t spectra_weights[] = {
#embed "../../Models/spectra.safetensors"
};

static const uint8_t second_weights[] = {
#embed "../../Models/second.safetensors"
};

static const uint8_t second_card[] = {
#embed "../../Models/second.json"
};

struct bonafide_model_files bonafide_narrowband_model(void) {
  return (struct bonafide_model_files){narrowband_weights, sizeof narrowband_weights, narrowband_card, sizeof narrowband_card};
}

struct bonafide_model_files bonafide_wideband_model(void) {
  return (struct bonafide_model_files){wideband_weights, sizeof wideband_weights, wideband_card, sizeof wideband_card};
}

struct bonafide_model_files bonafide_speech_encoder(void) {
  return (struct bonafide_model_files){encoder_weights, sizeof encoder_weights, encoder_weights, 0};
}

struct bonafide_model_files bonafide_spectrum_encoder(void) {
  return (struct bonafide_model_files){spectra_weights, sizeof spectra_weights, spectra_weights, 0};
}

struct bonafide_model_files bonafide_second_stage_model(void) {
  return (struct bonafide_model_files){second_weights, sizeof second_weights, second_card, sizeof second_card};
}
