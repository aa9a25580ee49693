// What time is it? Every libc function that reads a clock.
#include "bent.h"

#include <sys/time.h>

EXPORT int clock_gettime(clockid_t clock, struct timespec *out) {
    if (!bent() || !clock_is_bent(clock)) return real.clock_gettime(clock, out);
    *out = from_nanos(fake_now(clock));
    return 0;
}

static struct timespec wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

EXPORT int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now = wall();
    if (zone != NULL) *(struct timezone *)zone = (struct timezone){0};
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

EXPORT time_t time(time_t *out) {
    time_t now = wall().tv_sec;
    if (out != NULL) *out = now;
    return now;
}

EXPORT int timespec_get(struct timespec *out, int base) {
    if (base != TIME_UTC) return 0;
    *out = wall();
    return base;
}
