#include "openapi.h"

// Clang embeds in any C, and warns where it is older than C23.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t document[] = {
#embed "../../docs/openapi.json"
};

struct bonafide_openapi_text bonafide_openapi(void) { return (struct bonafide_openapi_text){document, sizeof document}; }
