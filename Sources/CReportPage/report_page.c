#include "report_page.h"

// Clang embeds in any C, and warns where it is older than C23.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t style[] = {
#embed "page/style.css"
};

static const uint8_t script[] = {
#embed "page/texts.js"
  ,
#embed "page/element.js"
  ,
#embed "page/report.js"
  ,
#embed "page/worklist.js"
  ,
#embed "page/pictures.js"
  ,
#embed "page/player.js"
  ,
#embed "page/decisions.js"
  ,
#embed "page/casefile.js"
  ,
#embed "page/call.js"
  ,
#embed "page/start.js"
};

struct bonafide_page_text bonafide_page_style(void) { return (struct bonafide_page_text){style, sizeof style}; }

struct bonafide_page_text bonafide_page_script(void) { return (struct bonafide_page_text){script, sizeof script}; }
