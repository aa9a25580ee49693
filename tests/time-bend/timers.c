// When does a timer descriptor fire? timerfd, armed in real time for the rate that holds when it is set.
//
// The kernel keeps the timer, so a later change of the rate does not reach one that is already armed.
#include "bent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The kernel says which clock a timer was made for: a line "clockid: N" in its fdinfo.
static clockid_t clock_of(int timer) {
    char path[40], text[256] = {0};
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", timer);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return CLOCK_MONOTONIC;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    const char *line = got > 0 ? strstr(text, "clockid:") : NULL;
    return line == NULL ? CLOCK_MONOTONIC : (clockid_t)strtol(line + strlen("clockid:"), NULL, 10);
}

static struct timespec arm(int64_t fake) {
    return from_nanos(fake_to_real(rate_now(), fake));
}

static void show(struct itimerspec *setting) {
    setting->it_value = from_nanos(real_to_fake(rate_now(), to_nanos(&setting->it_value)));
    setting->it_interval = from_nanos(real_to_fake(rate_now(), to_nanos(&setting->it_interval)));
}

EXPORT int timerfd_settime(int timer, int flags, const struct itimerspec *new, struct itimerspec *old) {
    if (!bent() || new == NULL || !timeout_is_valid(&new->it_value) || !timeout_is_valid(&new->it_interval)) {
        return real.timerfd_settime(timer, flags, new, old);
    }
    int64_t first = to_nanos(&new->it_value);
    if (first != 0 && (flags & TFD_TIMER_ABSTIME)) {
        int saved = errno;
        first = left(deadline_at(clock_of(timer), &new->it_value));
        errno = saved;
        if (first == 0) first = 1;   // a moment that has passed fires at once; zero would disarm
    }
    struct itimerspec setting = {.it_value = arm(first), .it_interval = arm(to_nanos(&new->it_interval))};
    int result = real.timerfd_settime(timer, 0, &setting, old);
    if (result == 0 && old != NULL) show(old);
    return result;
}

EXPORT int timerfd_gettime(int timer, struct itimerspec *out) {
    bool active = bent();
    int result = real.timerfd_gettime(timer, out);
    if (active && result == 0) show(out);
    return result;
}
