// How is time bent from outside? The command line: makes, changes and shows a control file, and starts programs in it.
#include "control.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: time-bend create FILE [--rate R] [--wall RFC3339 | --wall +SECONDS]   make a control file\n"
    "       time-bend rate FILE R                                   fake seconds per real second, from now on\n"
    "       time-bend step FILE SECONDS                             move everybody's wall clock, e.g. +86400\n"
    "       time-bend show FILE                                     the clocks as one line of JSON\n"
    "       time-bend run FILE [--skew SECONDS] -- COMMAND...       run a program in bent time\n"
    "R is 0.01 to 1000. --skew moves the wall clock of this program and its children only; without it they keep the\n"
    "skew that they inherit. Exit status: 1 failed, 2 wrong usage, 126 or 127 the program could not be started.\n";

static _Noreturn void fail(int status, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fputs("time-bend: ", stderr);
    vfprintf(stderr, format, list);
    fputs("\n", stderr);
    va_end(list);
    exit(status);
}

static _Noreturn void misused(void) {
    fputs(USAGE, stderr);
    exit(2);
}

// This tool may itself run in bent time, started by a test program: it takes the clock from libc by name, so that no
// preload comes between.
static int64_t real_time(clockid_t clock) {
    static int (*read_clock)(clockid_t, struct timespec *);
    if (read_clock == NULL) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY);
        if (libc != NULL) *(void **)&read_clock = dlsym(libc, "clock_gettime");
        if (read_clock == NULL) fail(1, "this libc has no clock_gettime: %s", dlerror());
    }
    struct timespec now;
    read_clock(clock, &now);
    return now.tv_sec * NANOS + now.tv_nsec;
}

static int64_t real_monotonic(void) {
    return real_time(CLOCK_MONOTONIC);
}

static double parse_number(const char *text, const char *what) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number)) fail(2, "%s must be a number, not '%s'", what, text);
    return number;
}

static int64_t parse_seconds(const char *text, const char *what) {
    double seconds = parse_number(text, what);
    if (fabs(seconds) > 4e9) fail(2, "%s must lie within 4e9 seconds, '%s' does not", what, text);
    return llround(seconds * 1e9);
}

static uint64_t parse_rate(const char *text) {
    double rate = parse_number(text, "the rate");
    if (rate < RATE_MIN || rate > RATE_MAX) fail(2, "the rate must be %g to %g, not '%s'", RATE_MIN, RATE_MAX, text);
    return (uint64_t)llround(rate * (double)RATE_ONE);
}

// RFC 3339 (seconds may have a fraction), or seconds from the real time.
static int64_t parse_wall(const char *text) {
    if (*text == '+' || *text == '-') return real_time(CLOCK_REALTIME) + parse_seconds(text, "--wall");
    struct tm date = {0};
    int used = 0, hours = 0, minutes = 0;
    double seconds = 0, offset = 0;
    bool right = sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%n", &date.tm_year, &date.tm_mon, &date.tm_mday,
                        &date.tm_hour, &date.tm_min, &used) == 5 && used == 17;
    if (right) {
        char *end;
        seconds = strtod(text + used, &end);
        if (*end == '+' || *end == '-') {
            int length = 0;
            right = sscanf(end + 1, "%2d:%2d%n", &hours, &minutes, &length) == 2 && length == 5 && end[6] == '\0';
            offset = (*end == '-' ? -60 : 60) * (hours * 60 + minutes);
        } else {
            right = (*end == 'Z' || *end == 'z') && end[1] == '\0' && end >= text + used + 2;
        }
    }
    right = right && date.tm_mon >= 1 && date.tm_mon <= 12 && date.tm_mday >= 1 && date.tm_mday <= 31 &&
            date.tm_hour <= 23 && date.tm_min <= 59 && seconds >= 0 && seconds < 61;
    if (!right) fail(2, "--wall must be like 2031-05-01T12:00:00Z, +SECONDS or -SECONDS, not '%s'", text);
    date.tm_year -= 1900;
    date.tm_mon -= 1;
    return (int64_t)timegm(&date) * NANOS + llround((seconds - offset) * 1e9);
}

static const char *format_wall(int64_t nanos, char out[40]) {
    struct timespec time = from_nanos(nanos);
    struct tm date;
    size_t length = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", gmtime_r(&time.tv_sec, &date));
    snprintf(out + length, 40 - length, ".%06ldZ", time.tv_nsec / 1000);
    return out;
}

static void create(const char *path, uint64_t rate, int64_t wall) {
    union { struct control control; char page[CONTROL_SIZE]; } file = {0};
    int64_t now = real_monotonic();
    memcpy(file.control.magic, CONTROL_MAGIC, sizeof file.control.magic);
    file.control.real_base = now;
    file.control.fake_base = now;
    file.control.wall_offset = wall - now;
    file.control.rate = rate;
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0 && errno == EEXIST) {
        fail(1, "%s exists already; change it with 'rate' or 'step', or remove it once no program uses it", path);
    }
    if (out < 0) fail(1, "cannot make %s: %s", path, strerror(errno));
    if (write(out, &file, sizeof file) != (ssize_t)sizeof file || close(out) < 0) {
        int error = errno;
        unlink(path);
        fail(1, "cannot write %s: %s", path, strerror(error));
    }
}

// Maps the control file. A writer also gets the file's lock, which its exit gives back.
static struct control *open_control(const char *path, bool writes) {
    int file = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (file < 0) fail(1, "cannot open the control file %s: %s", path, strerror(errno));
    if (writes && flock(file, LOCK_EX) < 0) fail(1, "cannot lock %s: %s", path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) < 0) fail(1, "cannot look at %s: %s", path, strerror(errno));
    struct control *control = MAP_FAILED;
    if (status.st_size >= CONTROL_SIZE) {
        control = mmap(NULL, CONTROL_SIZE, PROT_READ | (writes ? PROT_WRITE : 0), MAP_SHARED, file, 0);
        if (control == MAP_FAILED) fail(1, "cannot map %s: %s", path, strerror(errno));
    }
    if (control == MAP_FAILED || memcmp(control->magic, CONTROL_MAGIC, sizeof control->magic) != 0) {
        fail(1, "%s is no control file of this version; make one with 'time-bend create'", path);
    }
    return control;
}

// Joins a new line to the one that holds: `rate` (0: as it is) and the wall clock moved by `step`.
static void change(const char *path, uint64_t rate, int64_t step) {
    struct control *control = open_control(path, true);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);   // a writer stopped half-way would stop every reader
    struct line line = {control->real_base, control->fake_base, control->wall_offset, control->rate};
    uint64_t sequence = control->sequence & ~UINT64_C(1);
    atomic_store(&control->sequence, sequence + 1);
    int64_t now = real_monotonic();
    atomic_store(&control->fake_base, line_monotonic(&line, now));
    atomic_store(&control->real_base, now);
    atomic_store(&control->wall_offset, line.wall_offset + step);
    atomic_store(&control->rate, rate == 0 ? line.rate : rate);
    atomic_store(&control->sequence, sequence + 2);
}

static void show(const char *path) {
    struct line line;
    int64_t now = control_read(open_control(path, false), &line, real_monotonic);
    char fake[40], actual[40];
    printf("{\"rate\":%.9g,\"wall\":\"%s\",\"wall_seconds\":%.6f,\"monotonic_seconds\":%.6f,"
           "\"real_wall\":\"%s\",\"real_monotonic_seconds\":%.6f}\n",
           (double)line.rate / (double)RATE_ONE, format_wall(line_wall(&line, now), fake),
           (double)line_wall(&line, now) / 1e9, (double)line_monotonic(&line, now) / 1e9,
           format_wall(real_time(CLOCK_REALTIME), actual), (double)now / 1e9);
}

static void add_preload(void) {
    char library[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", library, sizeof library - 32);
    char *name = length > 0 ? strrchr(library, '/') : NULL;
    if (name == NULL) fail(1, "cannot tell where this program lies: %s", strerror(errno));
    strcpy(name + 1, "libtime_bend.so");
    if (access(library, R_OK) < 0) {
        fail(1, "cannot read %s, which belongs beside this program: %s", library, strerror(errno));
    }
    const char *others = getenv("LD_PRELOAD");
    if (others == NULL || *others == '\0') {
        setenv("LD_PRELOAD", library, 1);
    } else if (strstr(others, library) == NULL) {
        char *both;
        if (asprintf(&both, "%s:%s", library, others) < 0) fail(1, "no memory");
        setenv("LD_PRELOAD", both, 1);
    }
}

static _Noreturn void run(const char *path, const char *skew, char **command) {
    open_control(path, false);
    char *whole = realpath(path, NULL);
    if (whole == NULL) fail(1, "cannot find %s: %s", path, strerror(errno));
    add_preload();
    setenv(CONTROL_VARIABLE, whole, 1);
    if (skew != NULL) {
        parse_seconds(skew, "--skew");
        setenv(SKEW_VARIABLE, skew, 1);
    }
    execvp(command[0], command);
    int error = errno;
    fail(error == ENOENT ? 127 : 126, "cannot start %s: %s", command[0], strerror(error));
}

int main(int count, char **arg) {
    if (count < 3) misused();
    const char *verb = arg[1], *path = arg[2];
    if (strcmp(verb, "create") == 0) {
        uint64_t rate = RATE_ONE;
        int64_t wall = real_time(CLOCK_REALTIME);
        for (int i = 3; i < count; i += 2) {
            if (i + 1 == count) misused();
            if (strcmp(arg[i], "--rate") == 0) rate = parse_rate(arg[i + 1]);
            else if (strcmp(arg[i], "--wall") == 0) wall = parse_wall(arg[i + 1]);
            else misused();
        }
        create(path, rate, wall);
    } else if (strcmp(verb, "rate") == 0 && count == 4) {
        change(path, parse_rate(arg[3]), 0);
    } else if (strcmp(verb, "step") == 0 && count == 4) {
        change(path, 0, parse_seconds(arg[3], "the step"));
    } else if (strcmp(verb, "show") == 0 && count == 3) {
        show(path);
    } else if (strcmp(verb, "run") == 0 && count > 4) {
        const char *skew = NULL;
        int next = 3;
        if (strcmp(arg[next], "--skew") == 0) {
            skew = arg[next + 1];
            next += 2;
        }
        if (next + 1 >= count || strcmp(arg[next], "--") != 0) misused();
        run(path, skew, arg + next + 1);
    } else {
        misused();
    }
    return 0;
}
