/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init-look.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "fd.h"
#include "file.h"
#include "path.h"
#include "pidfd.h"
#include "tree.h"

/* An init's executable is small: sysvinit's has 50 kB, a static busybox 2 MB. */
#define EXECUTABLE_MAX (8 * 1024 * 1024)

InitKind init_kind_in_tree(int root, const char *path) {
        _cleanup_close_ int place = open_in_root(root, path, O_PATH, 0), fd = -1;
        _cleanup_free_ char *target = NULL, *content = NULL;
        InitKind kind;
        size_t size;

        if (place < 0 || fd_path(place, &target) < 0)
                return INIT_OTHER;
        kind = init_kind_of_name(target);
        if (kind == INIT_BUSYBOX) /* called by a link named init; or else it is no init */
                return init_kind_of_name(path) == INIT_AUTO ? INIT_BUSYBOX : INIT_OTHER;
        if (kind != INIT_AUTO)
                return kind;
        fd = tree_open_file(root, path);
        if (fd < 0 || fd_read_all(fd, EXECUTABLE_MAX, &content, &size) < 0)
                return INIT_OTHER;
        return init_kind_of_content(content, size);
}

InitKnown init_known_of(const MachineRecord *r) {
        return (InitKnown){ .kind = r->init_kind, .chosen = r->init_kind != INIT_AUTO && r->init_chosen };
}

/* What is read of the process stands in these. */
typedef struct Seen {
        char exe[PATH_MAX];
        char argv0[PATH_MAX], comm[64];
        InitProcess process;
} Seen;

/* proc: its directory of /proc. */
static void look(int proc, Seen *s) {
        ssize_t n = readlinkat(proc, "exe", s->exe, sizeof(s->exe) - 1);

        s->exe[n > 0 ? n : 0] = 0;
        s->process = (InitProcess){ .exe = s->exe };
        if (!init_is_called(s->exe))
                return;
        /* NUL after argv[0] */
        n = file_read_once(proc, "cmdline", s->argv0, sizeof(s->argv0));
        if (n >= 0 || n == -EFBIG)
                s->process.argv0 = s->argv0;
        if (file_read_once(proc, "comm", s->comm, sizeof(s->comm)) >= 0) {
                s->comm[strcspn(s->comm, "\n")] = 0;
                s->process.comm = s->comm;
        }
}

InitKind init_identify(const Guest *g, InitKnown known) {
        Seen s;

        look(g->proc, &s);
        return init_kind_of(&s.process, known);
}

InitKind init_of_record(const MachineRecord *r, int leader_fd) {
        InitKnown known = init_known_of(r);
        Seen s;
        _cleanup_close_ int proc = -1;
        char path[32];

        snprintf(path, sizeof(path), "/proc/%d", (int) r->leader);
        proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc < 0)
                return known.kind;
        look(proc, &s);
        /* Not another that has its pid by now. Nobody but root may see what it executes. */
        return pidfd_kill(leader_fd, 0) < 0 || !s.exe[0] ? known.kind : init_kind_of(&s.process, known);
}

bool init_is_going_down(const Guest *g) {
        Seen s;

        look(g->proc, &s);
        return init_is_ending(&s.process);
}

static unsigned long long mask_of(const char *status, const char *key) {
        const char *p = strstr(status, key);

        return p ? strtoull(p + strlen(key), NULL, 16) : 0;
}

/* busybox init: its masks read 0 while it waits in rt_sigtimedwait(2), of all signals that it knows. */
static bool waits_for_signals(const Guest *g) {
        _cleanup_free_ char *text = NULL;

        return file_read(g->proc, "syscall", 4096, &text) >= 0 && text[0] >= '0' && text[0] <= '9' &&
                strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

bool init_can_take(const Guest *g, int sig) {
        _cleanup_free_ char *status = NULL;
        unsigned long long bit = 1ULL << (sig - 1);

        if (sig == SIGKILL)
                return true;
        if (sig <= 0 || file_read(g->proc, "status", 64 * 1024, &status) < 0)
                return false;
        return ((mask_of(status, "\nSigCgt:") | mask_of(status, "\nSigBlk:")) & bit) || waits_for_signals(g);
}

/* Any of the signals by which inits are asked for something. */
static bool listens(const Guest *g) {
        static const int signals[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPWR, SIGHUP, SIGCONT };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                if (init_can_take(g, signals[i]))
                        return true;
        return false;
}

bool init_is_ready(const Guest *g, InitKind kind) {
        const InitTraits *t = init_traits(kind);

        if (t->ready_by_signals)
                return listens(g);
        for (const char *const *path = t->ready; path && *path; path++) {
                _cleanup_close_ int fd = open_in_root(g->root, *path, O_PATH, 0);

                if (fd >= 0)
                        return true;
        }
        return !t->ready;
}
