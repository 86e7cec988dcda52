#include "default_model.h"

// Clang embeds in any C, and warns where it is older than C23.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t weights[] = {
#embed "../../Models/narrowband.safetensors"
};

static const uint8_t card[] = {
#embed "../../Models/narrowband.json"
};

const uint8_t *bonafide_default_weights(void) { return weights; }
size_t bonafide_default_weights_size(void) { return sizeof weights; }
const uint8_t *bonafide_default_card(void) { return card; }
size_t bonafide_default_card_size(void) { return sizeof card; }
