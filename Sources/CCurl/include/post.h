#ifndef CCURL_POST_H
#define CCURL_POST_H

#include <stddef.h>

/* HTTP by libcurl. It is loaded when it is asked for first, so that a program that posts nothing has neither it nor the thirty libraries
   behind it in memory. */

/* Connections to one server, which are used again. One thread at a time. */
typedef struct curl_post curl_post;

typedef struct curl_answer {
  long status;        /* of HTTP; 0 where there was no answer */
  long retry_after_s; /* what the answer asks for; 0 where it asks for nothing */
  char message[256];  /* why there was no answer */
} curl_answer;

/* NULL where libcurl is not there, or memory has run out. curl_post_close frees it. */
curl_post *curl_post_open(const char *agent);

/* Posts `size` bytes to an address of http or https. Certificates are verified, and redirections are not followed; what the server sends
   back is not kept. `headers` are lines without an end, `count` of them. */
void curl_post_send(
  curl_post *post, const char *url, const char *const *headers, size_t count, const void *body, size_t size, long connect_ms, long total_ms,
  curl_answer *answer);

void curl_post_close(curl_post *post);

#endif
