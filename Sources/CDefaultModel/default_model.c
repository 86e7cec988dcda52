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

struct bonafide_model_files bonafide_narrowband_model(void) {
  return (struct bonafide_model_files){narrowband_weights, sizeof narrowband_weights, narrowband_card, sizeof narrowband_card};
}

struct bonafide_model_files bonafide_wideband_model(void) {
  return (struct bonafide_model_files){wideband_weights, sizeof wideband_weights, wideband_card, sizeof wideband_card};
}
