// How does the preload start? It finds the real functions and the control file, once, before the first bent call.
#include "bent.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct real real;
const struct control *bent_control;
int64_t bent_skew;
_Atomic bool bent_started;

// A process that asked for bent time and would silently run on real time makes a test lie: it ends here instead.
static _Noreturn void refuse(const char *what, const char *subject, const char *why) {
    const char *parts[] = {"time-bend: ", what, " ", subject, ": ", why, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0) break;
    }
    _exit(125);
}

static void find_real_functions(void) {
#define FIND(type, name, ...) \
    *(void **)&real.name = dlsym(RTLD_NEXT, #name); \
    if (real.name == NULL) refuse("libc has no function", #name, "glibc 2.31 or newer is needed");
    REAL_FUNCTIONS(FIND)
#undef FIND
}

static const struct control *map_control(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) refuse("cannot open the control file", path, strerror(errno));
    struct stat status;
    if (fstat(file, &status) < 0 || status.st_size < CONTROL_SIZE) {
        refuse("cannot use the control file", path, "it is too short; make one with 'time-bend create'");
    }
    const struct control *control = mmap(NULL, CONTROL_SIZE, PROT_READ, MAP_SHARED, file, 0);
    if (control == MAP_FAILED) refuse("cannot map the control file", path, strerror(errno));
    close(file);
    if (memcmp(control->magic, CONTROL_MAGIC, sizeof control->magic) != 0) {
        refuse("cannot use the control file", path, "it is not one of this version; make one with 'time-bend create'");
    }
    return control;
}

static int64_t read_skew(const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || fabs(seconds) > 4e9) {
        refuse("cannot use " SKEW_VARIABLE, text, "a number of seconds is needed");
    }
    return (int64_t)(seconds * 1e9);
}

// A program's .preinit_array runs before libc knows its environment: such calls see real time, and the start comes
// later. Two threads may come here at once only before any constructor has run; both then store the same values.
__attribute__((constructor)) void bent_start(void) {
    if (atomic_load_explicit(&bent_started, memory_order_acquire)) return;
    int saved = errno;
    find_real_functions();
    if (environ == NULL) return;
    const char *path = getenv(CONTROL_VARIABLE), *skew = getenv(SKEW_VARIABLE);
    if (path != NULL && *path != '\0') {
        if (skew != NULL && *skew != '\0') bent_skew = read_skew(skew);
        bent_control = map_control(path);
    }
    errno = saved;
    atomic_store_explicit(&bent_started, true, memory_order_release);
}
