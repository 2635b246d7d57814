/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage-history.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "record.h"

#define HISTORY_FILE "usage"
#define RATE_MIN_USEC 1000000

typedef struct Head {
        char magic[8];
        uint32_t sample_size, n_samples;
        uint64_t written; /* since it was made; the last one stands at (written - 1) % n_samples */
} Head;

static const Head new_head = { "nboxuse1", sizeof(UsageSample), USAGE_HISTORY_SAMPLES, 0 };

typedef struct History {
        Head head;
        UsageSample samples[USAGE_HISTORY_SAMPLES];
} History;

static bool read_whole(int fd, History *h) {
        struct stat st;

        return fstat(fd, &st) >= 0 && S_ISREG(st.st_mode) && st.st_size == sizeof(*h) && pread(fd, h, sizeof(*h), 0) == sizeof(*h) &&
               memcmp(&h->head, &new_head, offsetof(Head, written)) == 0;
}

/* An fd; a file that is none of this version's is made anew. */
static int open_for_writing(int dir, History *h) {
        _cleanup_close_ int fd = openat(dir, HISTORY_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644);

        if (fd < 0)
                return -errno;
        if (read_whole(fd, h))
                return TAKE_FD(fd);
        *h = (History){ .head = new_head };
        if (fchmod(fd, 0644) < 0 || ftruncate(fd, 0) < 0)
                return -errno;
        return pwrite(fd, h, sizeof(*h), 0) == sizeof(*h) ? TAKE_FD(fd) : -EIO;
}

/* The sample, and only then that it is there. */
int usage_history_add(int dir, const MachineUsage *u) {
        const UsageSample sample = { u->taken_usec, u->leader_start, u->cpu_usec, u->memory, u->tasks };
        _cleanup_close_ int fd = -1;
        uint64_t written;
        size_t at;
        History h;

        fd = open_for_writing(dir, &h);
        if (fd < 0)
                return fd;
        at = offsetof(History, samples) + h.head.written % USAGE_HISTORY_SAMPLES * sizeof(sample);
        if (pwrite(fd, &sample, sizeof(sample), (off_t) at) != sizeof(sample))
                return -EIO;
        written = h.head.written + 1;
        return pwrite(fd, &written, sizeof(written), offsetof(Head, written)) == sizeof(written) ? 0 : -EIO;
}

/* Backwards from the last, as long as each is older than the one behind it. */
static void take_samples(const History *h, UsageHistory *ret) {
        uint64_t there = h->head.written < USAGE_HISTORY_SAMPLES ? h->head.written : USAGE_HISTORY_SAMPLES;
        uint64_t behind = UINT64_MAX;
        size_t n = 0;

        for (uint64_t i = 0; i < there; i++) {
                const UsageSample *s = &h->samples[(h->head.written - 1 - i) % USAGE_HISTORY_SAMPLES];

                if (s->taken_usec >= behind)
                        break;
                behind = s->taken_usec;
                ret->samples[USAGE_HISTORY_SAMPLES - ++n] = *s;
        }
        memmove(ret->samples, ret->samples + USAGE_HISTORY_SAMPLES - n, n * sizeof(UsageSample));
        ret->n = n;
}

void usage_history_read_at(int dir, UsageHistory *ret) {
        _cleanup_close_ int fd = openat(dir, HISTORY_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        History h;

        ret->n = 0;
        if (fd >= 0 && read_whole(fd, &h))
                take_samples(&h, ret);
}

void usage_history_read(const char *machine, UsageHistory *ret) {
        _cleanup_free_ char *path = record_path(machine);
        _cleanup_close_ int dir = path ? open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

        ret->n = 0;
        if (dir >= 0)
                usage_history_read_at(dir, ret);
}

void usage_history_forget(int dir) {
        (void) unlinkat(dir, HISTORY_FILE, 0);
}

const UsageSample *usage_history_before(const UsageHistory *h, const MachineUsage *now) {
        for (size_t i = h->n; i > 0; i--) {
                const UsageSample *s = h->samples + i - 1;

                if (s->leader_start == now->leader_start && s->taken_usec + RATE_MIN_USEC <= now->taken_usec)
                        return s;
        }
        return NULL;
}

uint64_t usage_history_cpu_rate(const UsageSample *before, const MachineUsage *now) {
        const MachineUsage then = { .taken_usec = before->taken_usec, .leader_start = before->leader_start, .cpu_usec = before->cpu_usec };

        return usage_rates(&then, now).cpu;
}
