// How long does a thread sleep? The sleeps, and the wait for a signal.
#include "bent.h"

#include <errno.h>
#include <threads.h>
#include <unistd.h>

// Returns 0 or an error number. A relative sleep is told what is left of it when a signal cuts it short.
static int sleep_until(struct deadline end, struct timespec *rest) {
    for (;;) {
        struct timespec length = slice_length(end);
        int error = real.clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
        if (error == EINTR && rest != NULL) *rest = from_nanos(left(end));
        if (error != 0 || passed(end)) return error;
    }
}

EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    if (!bent() || !clock_is_bent(clock) || !timeout_is_valid(time)) {
        return real.clock_nanosleep(clock, flags, time, rest);
    }
    if (flags & TIMER_ABSTIME) return sleep_until(deadline_at(clock, time), NULL);
    return sleep_until(deadline_in(to_nanos(time)), rest);
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *rest) {
    if (!bent() || !timeout_is_valid(time)) return real.nanosleep(time, rest);
    int error = sleep_until(deadline_in(to_nanos(time)), rest);
    if (error == 0) return 0;
    errno = error;
    return -1;
}

EXPORT int usleep(useconds_t micros) {
    struct timespec time = from_nanos((int64_t)micros * 1000);
    return nanosleep(&time, NULL);
}

EXPORT unsigned sleep(unsigned seconds) {
    struct timespec time = {.tv_sec = seconds};
    return nanosleep(&time, &time) == 0 ? 0 : (unsigned)time.tv_sec;
}

EXPORT int thrd_sleep(const struct timespec *time, struct timespec *rest) {
    int error = clock_nanosleep(CLOCK_REALTIME, 0, time, rest);
    return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

EXPORT int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict time) {
    if (!bent() || !timeout_is_valid(time)) return real.sigtimedwait(set, info, time);
    struct deadline end = deadline_in(to_nanos(time));
    int saved = errno;
    for (;;) {
        struct timespec length = slice_length(end);
        int signal = real.sigtimedwait(set, info, &length);
        if (signal >= 0) errno = saved;
        if (signal >= 0 || errno != EAGAIN || passed(end)) return signal;
    }
}
