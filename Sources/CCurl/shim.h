// Swift cannot call C variadic functions: one typed wrapper per argument kind.
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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
typedef int (*fieldgrid_curl_socket_callback)(void *context, curl_socket_t socket, curlsocktype purpose);
static inline CURLcode fieldgrid_curl_set_socket_callback(CURL *handle, fieldgrid_curl_socket_callback value) {
    return curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, value);
}
// Where a socket has no such option, as one of a folder has not, it does without.
static inline void fieldgrid_socket_give_up_after(curl_socket_t socket, int milliseconds) {
#ifdef TCP_USER_TIMEOUT
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
#endif
}
static inline void fieldgrid_socket_limit_segments(curl_socket_t socket, int bytes) {
    setsockopt(socket, IPPROTO_TCP, TCP_MAXSEG, &bytes, sizeof bytes);
}
