#include "post.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* The header has macros of some of these names, which look at the kinds of arguments. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
  __typeof__(&curl_global_init) init;
  __typeof__(&curl_easy_init) new;
  __typeof__(&curl_easy_cleanup) delete;
  __typeof__(&curl_easy_setopt) set;
  __typeof__(&curl_easy_getinfo) get;
  __typeof__(&curl_easy_perform) perform;
  __typeof__(&curl_easy_strerror) message;
  __typeof__(&curl_slist_append) append;
  __typeof__(&curl_slist_free_all) free_all;
  int is_available;
} library;

static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load(void) {
  void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  library.init = dlsym(handle, "curl_global_init");
  library.new = dlsym(handle, "curl_easy_init");
  library.delete = dlsym(handle, "curl_easy_cleanup");
  library.set = dlsym(handle, "curl_easy_setopt");
  library.get = dlsym(handle, "curl_easy_getinfo");
  library.perform = dlsym(handle, "curl_easy_perform");
  library.message = dlsym(handle, "curl_easy_strerror");
  library.append = dlsym(handle, "curl_slist_append");
  library.free_all = dlsym(handle, "curl_slist_free_all");
  library.is_available = library.init && library.new && library.delete && library.set && library.get && library.perform &&
    library.message && library.append && library.free_all && library.init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct curl_post {
  CURL *handle;
  char error[CURL_ERROR_SIZE];
};

static size_t drop(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

curl_post *curl_post_open(const char *agent) {
  pthread_once(&loading, load);
  if (!library.is_available) return NULL;
  curl_post *post = calloc(1, sizeof *post);
  if (!post) return NULL;
  post->handle = library.new();
  /* A library that does not know one of these is too old to be trusted with the rest. */
  if (
    !post->handle || library.set(post->handle, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
    library.set(post->handle, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
    library.set(post->handle, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK ||
    library.set(post->handle, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK || library.set(post->handle, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
    library.set(post->handle, CURLOPT_WRITEFUNCTION, drop) != CURLE_OK ||
    library.set(post->handle, CURLOPT_ERRORBUFFER, post->error) != CURLE_OK ||
    library.set(post->handle, CURLOPT_USERAGENT, agent) != CURLE_OK) {
    curl_post_close(post);
    return NULL;
  }
  return post;
}

void curl_post_send(
  curl_post *post, const char *url, const char *const *headers, size_t count, const void *body, size_t size, long connect_ms, long total_ms,
  curl_answer *answer) {
  *answer = (curl_answer){0};
  post->error[0] = 0;
  /* Without `Expect`, libcurl would ask first whether a large body is welcome, and wait. */
  struct curl_slist *list = library.append(NULL, "Expect:");
  for (size_t index = 0; list && index < count; index++) {
    struct curl_slist *longer = library.append(list, headers[index]);
    if (!longer) library.free_all(list);
    list = longer;
  }
  CURLcode code = list ? CURLE_OK : CURLE_OUT_OF_MEMORY;
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_URL, url);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_HTTPHEADER, list);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_POST, 1L);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_POSTFIELDS, body);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  if (code == CURLE_OK) code = library.set(post->handle, CURLOPT_TIMEOUT_MS, total_ms);
  if (code == CURLE_OK) code = library.perform(post->handle);
  if (code == CURLE_OK) {
    curl_off_t wait = 0;
    library.get(post->handle, CURLINFO_RESPONSE_CODE, &answer->status);
    if (library.get(post->handle, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0) answer->retry_after_s = (long)wait;
  } else {
    snprintf(answer->message, sizeof answer->message, "%s", post->error[0] ? post->error : library.message(code));
  }
  /* They are the caller's, and last no longer. */
  library.set(post->handle, CURLOPT_HTTPHEADER, NULL);
  library.set(post->handle, CURLOPT_POSTFIELDS, NULL);
  library.free_all(list);
}

void curl_post_close(curl_post *post) {
  if (post->handle) library.delete(post->handle);
  free(post);
}
