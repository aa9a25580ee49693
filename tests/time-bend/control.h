// Where does fake time stand? The control file's layout and its arithmetic, shared by the preload and the command line.
//
// All processes of a run map the same file. It holds one straight line of fake time,
//     fake monotonic = fake_base + (real monotonic - real_base) * rate        fake wall = fake monotonic + wall_offset
// so that every process reads the same clocks. A writer replaces the line under a sequence lock; lines are joined
// without a gap, so fake monotonic time neither jumps nor goes back. All times are nanoseconds.
#ifndef TIME_BEND_CONTROL_H
#define TIME_BEND_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define CONTROL_VARIABLE "TIME_BEND_CTL"   // path of the control file
#define SKEW_VARIABLE "TIME_BEND_SKEW"     // seconds added to the wall clock of this process tree, may be negative
#define CONTROL_MAGIC "timbend1"           // eight bytes; the digit is the layout's version
#define CONTROL_SIZE 4096                  // one page, so that a short file can never fault a reader
#define NANOS INT64_C(1000000000)
#define RATE_ONE (UINT64_C(1) << 32)       // rates are fixed-point numbers with 32 binary places
#define RATE_MIN 0.01
#define RATE_MAX 1000.0

struct control {
    char magic[8];
    _Atomic uint64_t sequence;             // odd while a writer is at work
    _Atomic int64_t real_base;
    _Atomic int64_t fake_base;
    _Atomic int64_t wall_offset;
    _Atomic uint64_t rate;
};

// A private copy of the line.
struct line {
    int64_t real_base, fake_base, wall_offset;
    uint64_t rate;
};

// Copies the line that holds now, and returns the real time that belongs to it. The clock is read inside the lock: a
// reader that paused between line and clock would otherwise carry an old, steeper line past the writer's joint.
static inline int64_t control_read(const struct control *control, struct line *line, int64_t (*real_now)(void)) {
    for (;;) {
        uint64_t before = atomic_load_explicit(&control->sequence, memory_order_acquire);
        line->real_base = atomic_load_explicit(&control->real_base, memory_order_relaxed);
        line->fake_base = atomic_load_explicit(&control->fake_base, memory_order_relaxed);
        line->wall_offset = atomic_load_explicit(&control->wall_offset, memory_order_relaxed);
        line->rate = atomic_load_explicit(&control->rate, memory_order_relaxed);
        int64_t now = real_now();
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && before == atomic_load_explicit(&control->sequence, memory_order_relaxed)) return now;
    }
}

// A length of fake time from a length of real time; exact to the nanosecond, and never falling as `real` grows.
static inline int64_t real_to_fake(uint64_t rate, int64_t real) {
    return (int64_t)(((__int128)real * (__int128)rate) >> 32);
}

// A length of real time from a length of fake time, rounded up: a wait never ends early. Saturates.
static inline int64_t fake_to_real(uint64_t rate, int64_t fake) {
    __int128 real = (((__int128)fake << 32) + (__int128)rate - 1) / (__int128)rate;
    return real > INT64_MAX ? INT64_MAX : (int64_t)real;
}

static inline int64_t line_monotonic(const struct line *line, int64_t real) {
    return line->fake_base + real_to_fake(line->rate, real - line->real_base);
}

static inline int64_t line_wall(const struct line *line, int64_t real) {
    return line_monotonic(line, real) + line->wall_offset;
}

static inline struct timespec from_nanos(int64_t nanos) {
    int64_t seconds = nanos / NANOS - (nanos % NANOS < 0);
    return (struct timespec){.tv_sec = seconds, .tv_nsec = nanos - seconds * NANOS};
}

#endif
