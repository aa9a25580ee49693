// How long does a blocking socket call last? SO_RCVTIMEO and SO_SNDTIMEO, set in real time for the rate of that moment.
//
// The kernel keeps the timeout, so a later change of the rate does not reach it until it is set again.
#include "bent.h"

#include <sys/time.h>

static bool is_timeout(int level, int name, socklen_t size) {
    return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO) && size >= sizeof(struct timeval);
}

EXPORT int setsockopt(int socket, int level, int name, const void *value, socklen_t size) {
    if (!bent() || !is_timeout(level, name, size)) return real.setsockopt(socket, level, name, value, size);
    const struct timeval *wanted = value;
    if (wanted->tv_sec < 0 || wanted->tv_usec < 0 || wanted->tv_usec >= 1000000) {
        return real.setsockopt(socket, level, name, value, size);
    }
    struct timespec time = {wanted->tv_sec, wanted->tv_usec * 1000};
    int64_t micros = (fake_to_real(rate_now(), to_nanos(&time)) + 999) / 1000;   // up: zero would mean for ever
    struct timeval setting = {micros / 1000000, micros % 1000000};
    return real.setsockopt(socket, level, name, &setting, sizeof setting);
}

EXPORT int getsockopt(int socket, int level, int name, void *restrict value, socklen_t *restrict size) {
    bool active = bent();
    int result = real.getsockopt(socket, level, name, value, size);
    if (!active || result != 0 || !is_timeout(level, name, *size)) return result;
    struct timeval *out = value;
    struct timespec time = from_nanos(real_to_fake(rate_now(), (out->tv_sec * 1000000 + out->tv_usec) * 1000));
    *out = (struct timeval){time.tv_sec, time.tv_nsec / 1000};
    return result;
}
