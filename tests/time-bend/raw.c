// Which system calls by number are bent? Those that programs make through libc's syscall(): the futex above all, on
// which Rust's standard library builds its locks, channels and parked threads.
#include "bent.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define FUTEX_LOCK_PI_ON_ITS_CLOCK 13   // FUTEX_LOCK_PI2, which older kernel headers do not name

int epoll_pwait2(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

// Waiting on after a slice is safe here: the kernel compares the word anew each time.
static long futex_until(struct deadline deadline, const long *arg, long operation, long bits) {
    int saved = errno;
    for (;;) {
        struct timespec end = slice_end(deadline);
        long result = real.syscall(SYS_futex, arg[0], operation, arg[2], &end, arg[4], bits);
        if (result >= 0) errno = saved;
        if (result >= 0 || errno != ETIMEDOUT || passed(deadline)) return result;
    }
}

static long futex(const long *arg) {
    const struct timespec *time = (const struct timespec *)arg[3];
    long private = arg[1] & FUTEX_PRIVATE_FLAG;
    clockid_t clock = arg[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    // Other operations carry a number where these have their timeout: it must not be followed.
    switch (arg[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:                    // a length of time
        if (!timeout_is_valid(time)) break;
        return futex_until(deadline_in(to_nanos(time)), arg, FUTEX_WAIT_BITSET | private, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:             // a moment
        if (!timeout_is_valid(time)) break;
        return futex_until(deadline_at(clock, time), arg, FUTEX_WAIT_BITSET | private, arg[5]);
    case FUTEX_LOCK_PI:                 // a moment, always of the wall clock
        clock = CLOCK_REALTIME;
        // fall through
    case FUTEX_LOCK_PI_ON_ITS_CLOCK:
        if (!timeout_is_valid(time)) break;
        return futex_until(deadline_at(clock, time), arg, FUTEX_LOCK_PI_ON_ITS_CLOCK | private, arg[5]);
    }
    return real.syscall(SYS_futex, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static long as_result(int error) {
    if (error == 0) return 0;
    errno = error;
    return -1;
}

static int pselect_raw(const long *arg) {
    const struct { const sigset_t *mask; size_t size; } *last = (const void *)arg[5];
    return pselect((int)arg[0], (fd_set *)arg[1], (fd_set *)arg[2], (fd_set *)arg[3], (const struct timespec *)arg[4],
                   last == NULL ? NULL : last->mask);
}

static long bent_syscall(long number, const long *arg) {
    switch (number) {
    case SYS_futex: return futex(arg);
    case SYS_clock_gettime: return clock_gettime((clockid_t)arg[0], (struct timespec *)arg[1]);
    case SYS_gettimeofday: return gettimeofday((struct timeval *)arg[0], (void *)arg[1]);
    case SYS_nanosleep: return nanosleep((const struct timespec *)arg[0], (struct timespec *)arg[1]);
    case SYS_clock_nanosleep:
        return as_result(clock_nanosleep((clockid_t)arg[0], (int)arg[1], (const struct timespec *)arg[2],
                                         (struct timespec *)arg[3]));
    case SYS_ppoll:
        return ppoll((struct pollfd *)arg[0], (nfds_t)arg[1], (const struct timespec *)arg[2],
                     (const sigset_t *)arg[3]);
    case SYS_pselect6: return pselect_raw(arg);
    case SYS_epoll_pwait:
        return epoll_pwait((int)arg[0], (struct epoll_event *)arg[1], (int)arg[2], (int)arg[3],
                           (const sigset_t *)arg[4]);
    case SYS_epoll_pwait2:
        return epoll_pwait2((int)arg[0], (struct epoll_event *)arg[1], (int)arg[2], (const struct timespec *)arg[3],
                            (const sigset_t *)arg[4]);
    case SYS_rt_sigtimedwait:
        return sigtimedwait((const sigset_t *)arg[0], (siginfo_t *)arg[1], (const struct timespec *)arg[2]);
    case SYS_timerfd_settime:
        return timerfd_settime((int)arg[0], (int)arg[1], (const struct itimerspec *)arg[2],
                               (struct itimerspec *)arg[3]);
    case SYS_timerfd_gettime: return timerfd_gettime((int)arg[0], (struct itimerspec *)arg[1]);
    case SYS_setsockopt:
        return setsockopt((int)arg[0], (int)arg[1], (int)arg[2], (const void *)arg[3], (socklen_t)arg[4]);
    case SYS_getsockopt:
        return getsockopt((int)arg[0], (int)arg[1], (int)arg[2], (void *)arg[3], (socklen_t *)arg[4]);
#ifdef SYS_poll   // the calls that only the older architectures have
    case SYS_time: return time((time_t *)arg[0]);
    case SYS_poll: return poll((struct pollfd *)arg[0], (nfds_t)arg[1], (int)arg[2]);
    case SYS_select:
        return select((int)arg[0], (fd_set *)arg[1], (fd_set *)arg[2], (fd_set *)arg[3], (struct timeval *)arg[4]);
    case SYS_epoll_wait: return epoll_wait((int)arg[0], (struct epoll_event *)arg[1], (int)arg[2], (int)arg[3]);
#endif
    default: return real.syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
    }
}

// Reads six arguments whatever the call has, as libc's own does.
EXPORT long syscall(long number, ...) {
    long arg[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) arg[i] = va_arg(list, long);
    va_end(list);
    if (!bent()) return real.syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
    return bent_syscall(number, arg);
}
