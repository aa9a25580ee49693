// What do all wrappers share? The real functions below them, the bent clock, and deadlines waited for in slices.
//
// A wrapper passes straight through when time is not bent or the call has no timeout. Otherwise it states its deadline
// in fake time and waits for it in real slices of at most SLICE, reading the fake clock after each: so a change of the
// rate, or a step of the wall clock, reaches a wait that is already under way.
#ifndef TIME_BEND_BENT_H
#define TIME_BEND_BENT_H

#include "control.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#define EXPORT __attribute__((visibility("default")))
#define SLICE (NANOS / 10)

// Every function of libc that a wrapper calls, each found below this library by its name.
#define REAL_FUNCTIONS(X) \
    X(int, clock_gettime, clockid_t, struct timespec *) \
    X(int, clock_nanosleep, clockid_t, int, const struct timespec *, struct timespec *) \
    X(int, nanosleep, const struct timespec *, struct timespec *) \
    X(int, poll, struct pollfd *, nfds_t, int) \
    X(int, ppoll, struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) \
    X(int, select, int, fd_set *, fd_set *, fd_set *, struct timeval *) \
    X(int, pselect, int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *) \
    X(int, epoll_pwait, int, struct epoll_event *, int, int, const sigset_t *) \
    X(int, sigtimedwait, const sigset_t *, siginfo_t *, const struct timespec *) \
    X(int, pthread_cond_timedwait, pthread_cond_t *, pthread_mutex_t *, const struct timespec *) \
    X(int, pthread_cond_clockwait, pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *) \
    X(int, pthread_mutex_clocklock, pthread_mutex_t *, clockid_t, const struct timespec *) \
    X(int, pthread_rwlock_clockrdlock, pthread_rwlock_t *, clockid_t, const struct timespec *) \
    X(int, pthread_rwlock_clockwrlock, pthread_rwlock_t *, clockid_t, const struct timespec *) \
    X(int, pthread_clockjoin_np, pthread_t, void **, clockid_t, const struct timespec *) \
    X(int, sem_clockwait, sem_t *, clockid_t, const struct timespec *) \
    X(int, timerfd_settime, int, int, const struct itimerspec *, struct itimerspec *) \
    X(int, timerfd_gettime, int, struct itimerspec *) \
    X(int, setsockopt, int, int, int, const void *, socklen_t) \
    X(int, getsockopt, int, int, int, void *, socklen_t *) \
    X(long, syscall, long, ...)

struct real {
#define DECLARE(type, name, ...) type (*name)(__VA_ARGS__);
    REAL_FUNCTIONS(DECLARE)
#undef DECLARE
};

extern struct real real;
extern const struct control *bent_control;   // NULL: time is left alone
extern int64_t bent_skew;                    // nanoseconds on this process's wall clock
extern _Atomic bool bent_started;

// Finds the real functions and maps the control file. Runs as a constructor, or at the first call if one comes earlier.
void bent_start(void);

// Is time bent in this process? Also makes `real` usable, so every wrapper asks this first.
static inline bool bent(void) {
    if (__builtin_expect(!atomic_load_explicit(&bent_started, memory_order_acquire), 0)) bent_start();
    return bent_control != NULL;
}

static inline bool clock_is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI ||
           clock == CLOCK_REALTIME_ALARM;
}

// The clocks of processor time are not bent: work is as fast as it is.
static inline bool clock_is_bent(clockid_t clock) {
    return clock == CLOCK_MONOTONIC || clock_is_wall(clock) || clock == CLOCK_MONOTONIC_RAW ||
           clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME || clock == CLOCK_BOOTTIME_ALARM;
}

static inline int64_t real_now(void) {
    struct timespec now;
    real.clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NANOS + now.tv_nsec;
}

static inline int64_t fake_now(clockid_t clock) {
    struct line line;
    int64_t now = control_read(bent_control, &line, real_now);
    return clock_is_wall(clock) ? line_wall(&line, now) + bent_skew : line_monotonic(&line, now);
}

static inline uint64_t rate_now(void) {
    return atomic_load_explicit(&bent_control->rate, memory_order_relaxed);
}

// May this be bent? Anything else goes to libc as it is, for libc to refuse.
static inline bool timeout_is_valid(const struct timespec *time) {
    return time != NULL && time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < NANOS;
}

// Saturates: programs say "for ever" with the largest number at hand.
static inline int64_t to_nanos(const struct timespec *time) {
    return time->tv_sec >= INT64_MAX / NANOS ? INT64_MAX : time->tv_sec * NANOS + time->tv_nsec;
}

// A moment of fake time.
struct deadline {
    clockid_t clock;
    int64_t at;
};

static inline struct deadline deadline_at(clockid_t clock, const struct timespec *at) {
    return (struct deadline){clock, to_nanos(at)};
}

static inline struct deadline deadline_in(int64_t nanos) {
    int64_t now = fake_now(CLOCK_MONOTONIC);
    return (struct deadline){CLOCK_MONOTONIC, nanos > INT64_MAX - now ? INT64_MAX : now + nanos};
}

// Fake nanoseconds until the deadline, 0 once it has passed.
static inline int64_t left(struct deadline deadline) {
    int64_t now = fake_now(deadline.clock);
    return deadline.at > now ? deadline.at - now : 0;
}

static inline bool passed(struct deadline deadline) {
    return left(deadline) == 0;
}

// The real length of the next slice.
static inline int64_t slice(struct deadline deadline) {
    int64_t rest = fake_to_real(rate_now(), left(deadline));
    return rest < SLICE ? rest : SLICE;
}

static inline struct timespec slice_length(struct deadline deadline) {
    return from_nanos(slice(deadline));
}

// The end of the next slice on the real monotonic clock.
static inline struct timespec slice_end(struct deadline deadline) {
    return from_nanos(real_now() + slice(deadline));
}

#endif
