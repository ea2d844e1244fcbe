// Swift cannot call C variadic functions: one typed wrapper per argument kind.
#include <curl/curl.h>

static inline CURLcode fieldgrid_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode fieldgrid_curl_set_large(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode fieldgrid_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode fieldgrid_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode fieldgrid_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*fieldgrid_curl_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode fieldgrid_curl_set_callback(CURL *handle, CURLoption option, fieldgrid_curl_callback value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode fieldgrid_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
