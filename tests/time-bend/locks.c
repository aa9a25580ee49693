// How long does a thread wait for another? Condition variables, mutexes, read-write locks, semaphores, joins.
#include "bent.h"

#include <errno.h>
#include <threads.h>
#include <unistd.h>

static bool can_bend(clockid_t clock, const struct timespec *until) {
    return clock_is_bent(clock) && timeout_is_valid(until);
}

// Repeats `wait`, a call that ends at the real monotonic time `end` with ETIMEDOUT, until the deadline has passed.
#define UNTIL(deadline, wait) \
    ({ \
        int error; \
        do { \
            struct timespec end = slice_end(deadline); \
            error = (wait); \
        } while (error == ETIMEDOUT && !passed(deadline)); \
        error; \
    })

// A slice that ends before the deadline is told as a spurious wake-up, which every user of a condition variable must
// expect. Waiting on would lose a signal: one that came between the end of the slice and the next wait finds no waiter.
static int wait_slice(pthread_cond_t *condition, pthread_mutex_t *mutex, struct deadline deadline) {
    struct timespec end = slice_end(deadline);
    int error = real.pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &end);
    return error == ETIMEDOUT && !passed(deadline) ? 0 : error;
}

// The clock that pthread_condattr_setclock chose for this variable. glibc (since 2.25) keeps it in the variable itself,
// so no book-keeping is needed and variables that a static initialiser or another process made are known too.
static clockid_t clock_of(const pthread_cond_t *condition) {
    return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED) & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

// That layout is not promised to us: look once, and refuse to guess where it does not hold.
__attribute__((constructor)) static void check_clock_of(void) {
    pthread_condattr_t attributes;
    pthread_cond_t plain, monotonic;
    pthread_condattr_init(&attributes);
    pthread_cond_init(&plain, &attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&monotonic, &attributes);
    if (bent() && (clock_of(&plain) != CLOCK_REALTIME || clock_of(&monotonic) != CLOCK_MONOTONIC)) {
        static const char message[] = "time-bend: this libc keeps a condition variable's clock in a place unknown to "
                                      "clock_of() in locks.c\n";
        if (write(STDERR_FILENO, message, sizeof message - 1) >= 0) _exit(125);
        _exit(125);
    }
    pthread_cond_destroy(&plain);
    pthread_cond_destroy(&monotonic);
    pthread_condattr_destroy(&attributes);
}

EXPORT int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                  const struct timespec *restrict until) {
    if (!bent() || !timeout_is_valid(until)) return real.pthread_cond_timedwait(condition, mutex, until);
    return wait_slice(condition, mutex, deadline_at(clock_of(condition), until));
}

EXPORT int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                                  const struct timespec *restrict until) {
    if (!bent() || !can_bend(clock, until)) return real.pthread_cond_clockwait(condition, mutex, clock, until);
    return wait_slice(condition, mutex, deadline_at(clock, until));
}

EXPORT int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    int error = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

EXPORT int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until) {
    if (!bent() || !can_bend(clock, until)) return real.pthread_mutex_clocklock(mutex, clock, until);
    struct deadline deadline = deadline_at(clock, until);
    return UNTIL(deadline, real.pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &end));
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, until);
}

EXPORT int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
    int error = pthread_mutex_timedlock((pthread_mutex_t *)mutex, until);
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                                      const struct timespec *restrict until) {
    if (!bent() || !can_bend(clock, until)) return real.pthread_rwlock_clockrdlock(lock, clock, until);
    struct deadline deadline = deadline_at(clock, until);
    return UNTIL(deadline, real.pthread_rwlock_clockrdlock(lock, CLOCK_MONOTONIC, &end));
}

EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                                      const struct timespec *restrict until) {
    if (!bent() || !can_bend(clock, until)) return real.pthread_rwlock_clockwrlock(lock, clock, until);
    struct deadline deadline = deadline_at(clock, until);
    return UNTIL(deadline, real.pthread_rwlock_clockwrlock(lock, CLOCK_MONOTONIC, &end));
}

EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict until) {
    return pthread_rwlock_clockrdlock(lock, CLOCK_REALTIME, until);
}

EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict until) {
    return pthread_rwlock_clockwrlock(lock, CLOCK_REALTIME, until);
}

EXPORT int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict until) {
    if (!bent() || !can_bend(clock, until)) return real.sem_clockwait(semaphore, clock, until);
    struct deadline deadline = deadline_at(clock, until);
    int saved = errno;
    int error = UNTIL(deadline, real.sem_clockwait(semaphore, CLOCK_MONOTONIC, &end) == 0 ? 0 : errno);
    errno = error == 0 ? saved : error;
    return error == 0 ? 0 : -1;
}

EXPORT int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    return sem_clockwait(semaphore, CLOCK_REALTIME, until);
}

// NULL means no deadline here.
EXPORT int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *until) {
    if (!bent() || !can_bend(clock, until)) return real.pthread_clockjoin_np(thread, result, clock, until);
    struct deadline deadline = deadline_at(clock, until);
    return UNTIL(deadline, real.pthread_clockjoin_np(thread, result, CLOCK_MONOTONIC, &end));
}

EXPORT int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until) {
    return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, until);
}
