// Does bent time hold for libc? Every kind of timed wait, the clocks, early start, fork, and changes in mid-wait.
//
// Started under `time-bend run`; changes the control file through the tool itself, as a test would. Prints one line a
// claim, "ok ..." or "FAILED ...". Real time comes from libc by name, past the preload.
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define RATE 30.0
#define WAIT 6.0   // fake seconds: 0.2 real ones

static double seconds(struct timespec time) { return (double)time.tv_sec + (double)time.tv_nsec / 1e9; }

static struct timespec spec(double length) {
    return (struct timespec){(time_t)length, (long)((length - floor(length)) * 1e9)};
}

static double fake(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return seconds(now);
}

static double actual(void) {
    static int (*read_clock)(clockid_t, struct timespec *);
    if (read_clock == NULL) *(void **)&read_clock = dlsym(dlopen("libc.so.6", RTLD_LAZY), "clock_gettime");
    struct timespec now;
    read_clock(CLOCK_MONOTONIC, &now);
    return seconds(now);
}

static struct timespec in(clockid_t clock, double length) { return spec(fake(clock) + length); }

__attribute__((format(printf, 2, 3))) static void claim(bool holds, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fputs(holds ? "ok C " : "FAILED C ", stdout);
    vprintf(format, list);
    puts("");
    fflush(stdout);
    va_end(list);
}

static void tool(const char *verb, const char *value) {
    char command[1024];
    const char *program = getenv("TIME_BEND_TOOL"), *file = getenv("TIME_BEND_CTL");
    snprintf(command, sizeof command, "'%s' %s '%s' %s", program, verb, file, value);
    if (system(command) != 0) claim(false, "the tool failed: %s", command);
}

// --- one function a kind of wait; each returns whether the call ended as it should ---

static bool w_nanosleep(double s) { struct timespec t = spec(s); return nanosleep(&t, NULL) == 0; }
static bool w_clock_nanosleep(double s) {
    struct timespec t = spec(s);
    return clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL) == 0;
}
static bool w_clock_nanosleep_until(double s) {
    struct timespec t = in(CLOCK_MONOTONIC, s);
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == 0;
}
static bool w_clock_nanosleep_wall(double s) {
    struct timespec t = in(CLOCK_REALTIME, s);
    return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL) == 0;
}
static bool w_usleep(double s) { return usleep((useconds_t)(s * 1e6)) == 0; }
static bool w_sleep(double s) { return sleep((unsigned)s) == 0; }
static bool w_thrd_sleep(double s) { struct timespec t = spec(s); return thrd_sleep(&t, NULL) == 0; }

static bool w_sigtimedwait(double s) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct timespec t = spec(s);
    return sigtimedwait(&set, NULL, &t) == -1 && errno == EAGAIN;
}

static int silent(void) { int ends[2]; return pipe(ends) == 0 ? ends[0] : -1; }
static bool w_poll(double s) { struct pollfd p = {silent(), POLLIN, 0}; return poll(&p, 1, (int)(s * 1000)) == 0; }
static bool w_ppoll(double s) {
    struct pollfd p = {silent(), POLLIN, 0};
    struct timespec t = spec(s);
    return ppoll(&p, 1, &t, NULL) == 0;
}
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
static bool w_poll_chk(double s) {
    struct pollfd p = {silent(), POLLIN, 0};
    return __poll_chk(&p, 1, (int)(s * 1000), sizeof p) == 0;
}

static bool w_select(double s) {
    int end = silent();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(end, &set);
    struct timeval t = {(time_t)s, 0};
    return select(end + 1, &set, NULL, NULL, &t) == 0 && t.tv_sec == 0 && !FD_ISSET(end, &set);
}
static bool w_pselect(double s) {
    int end = silent();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(end, &set);
    struct timespec t = spec(s);
    return pselect(end + 1, &set, NULL, NULL, &t, NULL) == 0;
}

static struct epoll_event events[1];
static bool w_epoll_wait(double s) { return epoll_wait(epoll_create1(0), events, 1, (int)(s * 1000)) == 0; }
static bool w_epoll_pwait(double s) { return epoll_pwait(epoll_create1(0), events, 1, (int)(s * 1000), NULL) == 0; }
static bool w_epoll_pwait2(double s) {
    struct timespec t = spec(s);
    return epoll_pwait2(epoll_create1(0), events, 1, &t, NULL) == 0;
}

// Waits as a correct program does: until the deadline is told, whatever wake-ups come before.
static bool cond_wait(clockid_t clock, double s, bool by_attribute) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_condattr_t attributes;
    pthread_cond_t condition;
    pthread_condattr_init(&attributes);
    if (by_attribute) pthread_condattr_setclock(&attributes, clock);
    pthread_cond_init(&condition, &attributes);
    struct timespec until = in(clock, s);
    pthread_mutex_lock(&mutex);
    int error;
    do {
        error = by_attribute ? pthread_cond_timedwait(&condition, &mutex, &until)
                             : pthread_cond_clockwait(&condition, &mutex, clock, &until);
    } while (error == 0);
    pthread_mutex_unlock(&mutex);
    return error == ETIMEDOUT;
}
static bool w_cond_wall(double s) { return cond_wait(CLOCK_REALTIME, s, true); }
static bool w_cond_monotonic(double s) { return cond_wait(CLOCK_MONOTONIC, s, true); }
static bool w_cond_clockwait(double s) { return cond_wait(CLOCK_MONOTONIC, s, false); }
static bool w_cnd(double s) {
    cnd_t condition;
    mtx_t mutex;
    cnd_init(&condition);
    mtx_init(&mutex, mtx_timed);
    mtx_lock(&mutex);
    struct timespec until = in(CLOCK_REALTIME, s);
    int result;
    while ((result = cnd_timedwait(&condition, &mutex, &until)) == thrd_success) {}
    return result == thrd_timedout;
}

static bool w_mutex_timed(double s) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec until = in(CLOCK_REALTIME, s);
    return pthread_mutex_lock(&mutex) == 0 && pthread_mutex_timedlock(&mutex, &until) == ETIMEDOUT;
}
static bool w_mutex_clock(double s) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec until = in(CLOCK_MONOTONIC, s);
    return pthread_mutex_lock(&mutex) == 0 && pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until) == ETIMEDOUT;
}
struct held { pthread_rwlock_t *lock; struct timespec until; int result; };
static void *read_wall(void *held_) {
    struct held *held = held_;
    held->result = pthread_rwlock_timedrdlock(held->lock, &held->until);
    return NULL;
}
static void *write_wall(void *held_) {
    struct held *held = held_;
    held->result = pthread_rwlock_timedwrlock(held->lock, &held->until);
    return NULL;
}
static bool rwlock_wait(double s, void *(*take)(void *)) {   // from another thread: one's own would be a deadlock error
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_wrlock(&lock);
    struct held held = {&lock, in(CLOCK_REALTIME, s), 0};
    pthread_t thread;
    pthread_create(&thread, NULL, take, &held);
    pthread_join(thread, NULL);
    return held.result == ETIMEDOUT;
}
static bool w_rwlock_read(double s) { return rwlock_wait(s, read_wall); }
static bool w_rwlock_write(double s) { return rwlock_wait(s, write_wall); }
static bool w_sem_timed(double s) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    struct timespec until = in(CLOCK_REALTIME, s);
    return sem_timedwait(&semaphore, &until) == -1 && errno == ETIMEDOUT;
}
static bool w_sem_clock(double s) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    struct timespec until = in(CLOCK_MONOTONIC, s);
    return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until) == -1 && errno == ETIMEDOUT;
}
static void *for_ever(void *unused) { pause(); return unused; }
static bool w_timedjoin(double s) {
    pthread_t thread;
    pthread_create(&thread, NULL, for_ever, NULL);
    struct timespec until = in(CLOCK_REALTIME, s);
    bool right = pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT;
    pthread_cancel(thread);
    return right && pthread_join(thread, NULL) == 0;
}

static bool w_futex(double s) {
    int word = 0;
    struct timespec t = spec(s);
    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0) == -1 && errno == ETIMEDOUT;
}
static bool w_futex_bitset(double s) {
    int word = 0;
    struct timespec until = in(CLOCK_MONOTONIC, s);
    return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, ~0) == -1 && errno == ETIMEDOUT;
}
static bool w_futex_wall(double s) {
    int word = 0;
    struct timespec until = in(CLOCK_REALTIME, s);
    int operation = FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME;
    return syscall(SYS_futex, &word, operation, 0, &until, NULL, ~0) == -1 && errno == ETIMEDOUT;
}
static bool w_raw_nanosleep(double s) {
    struct timespec t = spec(s);
    return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL) == 0;
}

static bool timer(clockid_t clock, int flags, struct timespec first) {
    int descriptor = timerfd_create(clock, 0);
    struct itimerspec setting = {.it_value = first}, now;
    uint64_t fired;
    return timerfd_settime(descriptor, flags, &setting, NULL) == 0 && timerfd_gettime(descriptor, &now) == 0 &&
           seconds(now.it_value) > WAIT / 2 && read(descriptor, &fired, sizeof fired) == sizeof fired && fired == 1;
}
static bool w_timerfd(double s) { return timer(CLOCK_MONOTONIC, 0, spec(s)); }
static bool w_timerfd_until(double s) { return timer(CLOCK_MONOTONIC, TFD_TIMER_ABSTIME, in(CLOCK_MONOTONIC, s)); }
static bool w_timerfd_wall(double s) { return timer(CLOCK_REALTIME, TFD_TIMER_ABSTIME, in(CLOCK_REALTIME, s)); }
static bool w_socket(double s) {
    int ends[2];
    char byte;
    struct timeval t = {(time_t)s, 0}, told = {0};
    socklen_t size = sizeof told;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
           setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) == 0 &&
           getsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &told, &size) == 0 && labs(told.tv_sec - t.tv_sec) <= 1 &&
           read(ends[0], &byte, 1) == -1 && errno == EAGAIN;
}

static const struct kind {
    const char *name;
    bool (*wait)(double fake_seconds);
    bool by_kernel;   // armed in real time: a later change of the rate does not reach it
} KINDS[] = {
    {"nanosleep", w_nanosleep, 0}, {"clock_nanosleep", w_clock_nanosleep, 0},
    {"clock_nanosleep until", w_clock_nanosleep_until, 0}, {"clock_nanosleep until wall", w_clock_nanosleep_wall, 0},
    {"usleep", w_usleep, 0}, {"sleep", w_sleep, 0}, {"thrd_sleep", w_thrd_sleep, 0},
    {"sigtimedwait", w_sigtimedwait, 0}, {"poll", w_poll, 0}, {"ppoll", w_ppoll, 0}, {"__poll_chk", w_poll_chk, 0},
    {"select", w_select, 0}, {"pselect", w_pselect, 0}, {"epoll_wait", w_epoll_wait, 0},
    {"epoll_pwait", w_epoll_pwait, 0}, {"epoll_pwait2", w_epoll_pwait2, 0}, {"cond_timedwait wall", w_cond_wall, 0},
    {"cond_timedwait monotonic", w_cond_monotonic, 0}, {"cond_clockwait", w_cond_clockwait, 0},
    {"cnd_timedwait", w_cnd, 0}, {"mutex_timedlock", w_mutex_timed, 0}, {"mutex_clocklock", w_mutex_clock, 0},
    {"rwlock_timedrdlock", w_rwlock_read, 0}, {"rwlock_timedwrlock", w_rwlock_write, 0},
    {"sem_timedwait", w_sem_timed, 0}, {"sem_clockwait", w_sem_clock, 0}, {"timedjoin", w_timedjoin, 0},
    {"futex wait", w_futex, 0}, {"futex wait_bitset", w_futex_bitset, 0}, {"futex wait_bitset wall", w_futex_wall, 0},
    {"syscall clock_nanosleep", w_raw_nanosleep, 0}, {"timerfd", w_timerfd, 1}, {"timerfd until", w_timerfd_until, 1},
    {"timerfd until wall", w_timerfd_wall, 1}, {"SO_RCVTIMEO read", w_socket, 1},
};
enum { COUNT = sizeof KINDS / sizeof *KINDS };

// One wait of one kind in a thread of its own, timed on all three clocks.
struct trial { const struct kind *kind; double wait, wall, monotonic, real; bool ended; pthread_t thread; };

static void *timed(void *trial_) {
    struct trial *trial = trial_;
    double wall = fake(CLOCK_REALTIME), monotonic = fake(CLOCK_MONOTONIC), real = actual();
    trial->ended = trial->kind->wait(trial->wait);
    trial->real = actual() - real;
    trial->monotonic = fake(CLOCK_MONOTONIC) - monotonic;
    trial->wall = fake(CLOCK_REALTIME) - wall;
    return NULL;
}

// Every kind at once, `wait` fake seconds each; `during` runs in the middle. The real length must lie in the bounds.
static void all_kinds(const char *what, double wait, bool kernel_too, void (*during)(void), double least, double most) {
    struct trial trials[COUNT];
    for (int i = 0; i < COUNT; i++) {
        trials[i] = (struct trial){.kind = &KINDS[i], .wait = wait};
        if (kernel_too || !KINDS[i].by_kernel) pthread_create(&trials[i].thread, NULL, timed, &trials[i]);
    }
    if (during != NULL) during();
    for (int i = 0; i < COUNT; i++) {
        struct trial *t = &trials[i];
        if (t->kind->by_kernel && !kernel_too) continue;
        pthread_join(t->thread, NULL);
        claim(t->ended && t->real >= least && t->real <= most && t->monotonic >= wait - 0.2 &&
                  fabs(t->wall - t->monotonic) < 5,
              "%s, %s: %.1f s fake took %.3f s real (%.2f to %.2f), fake clocks say %.2f and %.2f%s", what,
              t->kind->name, wait, t->real, least, most, t->monotonic, t->wall, t->ended ? "" : ", wrong result");
    }
}

static void real_pause(double length) {
    double until = actual() + length;
    while (actual() < until) {
        struct timespec t = {0, 1000000};
        nanosleep(&t, NULL);
    }
}

static void faster(void) { real_pause(0.3); tool("rate", "30"); }
static void slower(void) { real_pause(0.25); tool("rate", "2"); }

// --- early start: calls before any constructor, the preload's own included, must not spoil what follows ---

static bool early_calls_work;
static void early(void) { early_calls_work = fake(CLOCK_REALTIME) > 0 && usleep(1) == 0; }
__attribute__((section(".preinit_array"), used)) static void (*const early_entry)(void) = early;

// --- clocks ---

static atomic_bool stop;
static _Atomic int64_t newest;
static _Atomic long backward;

// Time read by anyone is never older than time that anyone has read before.
static void *watch(void *unused) {
    while (!stop) {
        int64_t known = newest;
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t time = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
        if (time < known) backward++;
        while (known < time && !atomic_compare_exchange_weak(&newest, &known, time)) {}
    }
    return unused;
}

static void clocks_agree(void) {
    static const clockid_t walls[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI};
    static const clockid_t machine[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    double wall = fake(CLOCK_REALTIME), monotonic = fake(CLOCK_MONOTONIC), worst = 0;
    for (size_t i = 0; i < 3; i++) worst = fmax(worst, fabs(fake(walls[i]) - wall));
    for (size_t i = 0; i < 4; i++) worst = fmax(worst, fabs(fake(machine[i]) - monotonic));
    struct timeval day;
    struct timespec standard, raw;
    gettimeofday(&day, NULL);
    timespec_get(&standard, TIME_UTC);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &raw);
    worst = fmax(worst, fabs((double)day.tv_sec + (double)day.tv_usec / 1e6 - wall));
    worst = fmax(worst, fabs(seconds(standard) - wall));
    worst = fmax(worst, fabs(seconds(raw) - wall));
    worst = fmax(worst, fabs((double)time(NULL) + 0.5 - wall));
    claim(worst < 15, "all ways to read a clock agree within 15 s at rate 30: %.3f s", worst);
    claim(early_calls_work && wall > 1.9e9, "calls before all constructors work, and the process is bent afterwards");
}

static void time_never_goes_back(void) {
    pthread_t watchers[2];
    for (int i = 0; i < 2; i++) pthread_create(&watchers[i], NULL, watch, NULL);
    for (int i = 0; i < 20; i++) tool("rate", i % 2 ? "1" : "300");
    stop = true;
    for (int i = 0; i < 2; i++) pthread_join(watchers[i], NULL);
    claim(backward == 0, "monotonic time went back %ld times in 20 changes of the rate, seen by two threads",
          (long)backward);
    tool("rate", "30");
}

static void a_clock_is_cheap(void) {
    double best = 1;
    struct timespec now;
    for (int round = 0; round < 10; round++) {
        double start = actual();
        for (int i = 0; i < 100000; i++) clock_gettime(CLOCK_REALTIME, &now);
        best = fmin(best, (actual() - start) / 100000);
    }
    claim(best < 1e-6, "a clock read costs %.0f ns (at most 1000)", best * 1e9);
}

static double slept_until_wall;
static void *sleep_a_day(void *unused) { w_clock_nanosleep_wall(86400); slept_until_wall = actual(); return unused; }

static void step_moves_the_wall_only(void) {
    pthread_t sleeper;
    pthread_create(&sleeper, NULL, sleep_a_day, NULL);
    real_pause(0.05);
    double wall = fake(CLOCK_REALTIME), monotonic = fake(CLOCK_MONOTONIC), real = actual();
    tool("step", "+86400");
    double moved = fake(CLOCK_REALTIME) - wall, passed = fake(CLOCK_MONOTONIC) - monotonic;
    claim(fabs(moved - passed - 86400) < 15 && passed < 60,
          "a step of a day moved the wall by %.1f s, monotonic time by %.1f s", moved, passed);
    pthread_join(sleeper, NULL);
    claim(slept_until_wall - real < 3, "a sleep until tomorrow ended %.3f s after the step", slept_until_wall - real);
}

static void children_are_bent(void) {
    double start = actual();
    pid_t child = fork();
    if (child == 0) _exit(w_nanosleep(WAIT) && fabs(actual() - start - WAIT / RATE) < 1 ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    claim(status == 0, "a forked child sleeps in bent time");
    start = actual();
    int result = system("sleep 6");
    double real = actual() - start;
    claim(result == 0 && real > WAIT / RATE * 0.5 && real < WAIT / RATE * 3 + 0.5,
          "an executed child sleeps in bent time: %.3f s", real);
}

static void libc_manners_hold(void) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec past = {1, 0};
    pthread_mutex_lock(&mutex);
    claim(pthread_cond_timedwait(&condition, &mutex, &past) == ETIMEDOUT, "a deadline in the past times out at once");
    pthread_mutex_unlock(&mutex);
    struct timespec wrong = {0, 2000000000};
    claim(nanosleep(&wrong, NULL) == -1 && errno == EINVAL, "an illegal timeout is refused as libc does");
    errno = 77;
    sem_t free;
    sem_init(&free, 0, 1);
    struct timespec until = in(CLOCK_REALTIME, 1);
    claim(sem_timedwait(&free, &until) == 0 && errno == 77, "a wait that succeeds leaves errno alone");
}

static void caught(int signal) { (void)signal; }

static void a_signal_interrupts_a_sleep(void) {
    struct sigaction action = {.sa_handler = caught};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval alarm = {.it_value = {0, 150000}};   // real time, and not at the end of a slice
    struct timespec wanted = spec(60), rest = {0};
    setitimer(ITIMER_REAL, &alarm, NULL);
    bool cut = nanosleep(&wanted, &rest) == -1 && errno == EINTR;
    claim(cut && seconds(rest) > 1 && seconds(rest) < 58, "a signal cuts a sleep of 60 s short, with %.1f s left",
          seconds(rest));
}

int main(int count, char **argument) {
    if (count == 2 && strcmp(argument[1], "monotonic") == 0) {
        printf("%.6f\n", fake(CLOCK_MONOTONIC));
        return 0;
    }
    all_kinds("rate raised in mid-wait", 30, false, faster, 0.3 + 15 / RATE, 0.5 + 3 * 1.3);
    all_kinds("steady rate", WAIT, true, NULL, WAIT / RATE * 0.5, WAIT / RATE * 3 + 0.5);
    tool("rate", "10");
    all_kinds("rate lowered in mid-wait", 8, false, slower, 1.5, 8);
    tool("rate", "30");
    clocks_agree();
    time_never_goes_back();
    a_clock_is_cheap();
    step_moves_the_wall_only();
    children_are_bent();
    libc_manners_hold();
    a_signal_interrupts_a_sleep();
    return 0;
}
