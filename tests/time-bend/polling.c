// When is a descriptor ready, or enough? poll, select and epoll with a timeout.
#include "bent.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>

// Only a wait that can end by its timeout is bent: a mere look at the descriptors goes straight through.
static bool can_time_out(const struct timespec *time) {
    return timeout_is_valid(time) && (time->tv_sec > 0 || time->tv_nsec > 0);
}

static struct timespec from_millis(int millis) {
    return from_nanos((int64_t)millis * 1000000);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask) {
    if (!bent() || !can_time_out(time)) return real.ppoll(fds, count, time, mask);
    struct deadline end = deadline_in(to_nanos(time));
    for (;;) {
        struct timespec length = slice_length(end);
        int ready = real.ppoll(fds, count, &length, mask);
        if (ready != 0 || passed(end)) return ready;
    }
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int millis) {
    if (!bent() || millis <= 0) return real.poll(fds, count, millis);
    struct timespec time = from_millis(millis);
    return ppoll(fds, count, &time, NULL);
}

// The names that programs built with _FORTIFY_SOURCE call. The check itself is left out.
EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int millis, size_t size) {
    (void)size;
    return poll(fds, count, millis);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask,
                       size_t size) {
    (void)size;
    return ppoll(fds, count, time, mask);
}

// A slice that times out has emptied the sets, so they are kept and put back. Sets larger than fd_set are waited for in
// one piece: there is no room to keep them, and this file never allocates.
static int select_until(int count, fd_set *sets[3], struct deadline end, const sigset_t *mask) {
    fd_set kept[3];
    size_t size = ((size_t)count + 63) / 64 * 8;
    bool whole = count > FD_SETSIZE;
    for (int i = 0; i < 3; i++) {
        if (sets[i] != NULL && !whole) memcpy(&kept[i], sets[i], size);
    }
    for (;;) {
        struct timespec length = whole ? from_nanos(fake_to_real(rate_now(), left(end))) : slice_length(end);
        int ready = real.pselect(count, sets[0], sets[1], sets[2], &length, mask);
        if (ready != 0 || whole || passed(end)) return ready;
        for (int i = 0; i < 3; i++) {
            if (sets[i] != NULL) memcpy(sets[i], &kept[i], size);
        }
    }
}

EXPORT int pselect(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict special,
                   const struct timespec *restrict time, const sigset_t *restrict mask) {
    if (!bent() || !can_time_out(time) || count < 0) {
        return real.pselect(count, readable, writable, special, time, mask);
    }
    fd_set *sets[3] = {readable, writable, special};
    return select_until(count, sets, deadline_in(to_nanos(time)), mask);
}

EXPORT int select(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict special,
                  struct timeval *restrict time) {
    bool active = bent();
    struct timespec wanted = {0};
    if (time != NULL) {   // Linux takes a million microseconds and more
        wanted = (struct timespec){time->tv_sec + time->tv_usec / 1000000, time->tv_usec % 1000000 * 1000};
    }
    if (!active || time == NULL || !can_time_out(&wanted) || count < 0) {
        return real.select(count, readable, writable, special, time);
    }
    fd_set *sets[3] = {readable, writable, special};
    struct deadline end = deadline_in(to_nanos(&wanted));
    int ready = select_until(count, sets, end, NULL);
    struct timespec rest = from_nanos(left(end));
    *time = (struct timeval){.tv_sec = rest.tv_sec, .tv_usec = rest.tv_nsec / 1000};   // as Linux does
    return ready;
}

// By number: glibc has had a function for it only since 2.35. A kernel before 5.11 gets milliseconds, rounded up; they
// are coarse, for at rate 30 one of them is 30 of the caller's.
static int epoll_real(int epoll, struct epoll_event *events, int room, const struct timespec *time,
                      const sigset_t *mask) {
    int saved = errno;
    int ready = (int)real.syscall(SYS_epoll_pwait2, epoll, events, room, time, mask, _NSIG / 8);
    if (ready >= 0 || errno != ENOSYS) return ready;
    errno = saved;
    int64_t millis = time == NULL ? -1 : (to_nanos(time) + 999999) / 1000000;
    return real.epoll_pwait(epoll, events, room, millis > INT_MAX ? INT_MAX : (int)millis, mask);
}

EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int room, const struct timespec *time,
                        const sigset_t *mask) {
    if (!bent() || !can_time_out(time)) return epoll_real(epoll, events, room, time, mask);
    struct deadline end = deadline_in(to_nanos(time));
    for (;;) {
        struct timespec length = slice_length(end);
        int ready = epoll_real(epoll, events, room, &length, mask);
        if (ready != 0 || passed(end)) return ready;
    }
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int room, int millis, const sigset_t *mask) {
    if (!bent() || millis <= 0) return real.epoll_pwait(epoll, events, room, millis, mask);
    struct timespec time = from_millis(millis);
    return epoll_pwait2(epoll, events, room, &time, mask);
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int room, int millis) {
    return epoll_pwait(epoll, events, room, millis, NULL);
}
