/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "cleanup.h"
#include "file.h"

/* Sources: systemd(1) SIGNALS; busybox init/init.c; openrc-init(8); sysvinit's init(8), since 3.10 with SIGRTMIN+4. busybox takes SIGTERM
 * for a reboot, and so does sysvinit SIGINT by the default inittab: a wrong guess is worse than none. */

#define RT(n) (34 + (n)) /* SIGRTMIN+n as a guest with glibc counts; what our own libc reserves does not matter here */

static const char *const action_names[] = {
        [INIT_POWEROFF] = "poweroff",
        [INIT_HALT] = "halt",
        [INIT_REBOOT] = "reboot",
        [INIT_KILL] = "terminate",
};

static const struct {
        const char *name;
        int signals[3]; /* by InitAction; 0: none that is known to work on all versions */
} kinds[] = {
        [INIT_OTHER] = { "other", { 0, 0, 0 } },
        [INIT_SYSTEMD] = { "systemd", { RT(4), RT(3), RT(5) } },
        [INIT_BUSYBOX] = { "busybox", { SIGUSR2, SIGUSR1, SIGTERM } },
        [INIT_OPENRC] = { "openrc-init", { SIGTERM, SIGTERM, SIGINT } },
        [INIT_SYSVINIT] = { "sysvinit", { 0, 0, SIGINT } },
};

const char *init_action_to_string(InitAction action) {
        return action_names[action];
}

int init_action_from_string(const char *s, InitAction *ret) {
        for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
                if (strcmp(s, action_names[i]) == 0) {
                        *ret = (InitAction) i;
                        return 0;
                }
        return -EINVAL;
}

const char *init_kind_to_string(InitKind kind) {
        return kinds[kind].name;
}

int init_signal(InitKind kind, InitAction action) {
        return action == INIT_KILL ? SIGKILL : kinds[kind].signals[action];
}

static const char *last_component(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* The kernel adds " (deleted)" to an executable that an upgrade has replaced. */
static bool is_named(const char *path, const char *name) {
        const char *base = last_component(path);
        size_t n = strlen(name);

        return strncmp(base, name, n) == 0 && (!base[n] || strcmp(base + n, " (deleted)") == 0);
}

InitKind init_kind_of(const char *exe, const char *argv0) {
        if (!exe)
                return INIT_OTHER;
        if (is_named(exe, "systemd"))
                return INIT_SYSTEMD;
        if (is_named(exe, "openrc-init"))
                return INIT_OPENRC;
        /* busybox is also the shell that runs somebody's script as init: only called as init it is one. */
        if (is_named(exe, "busybox") || is_named(exe, "busybox.static"))
                return argv0 && (is_named(argv0, "init") || is_named(argv0, "linuxrc")) ? INIT_BUSYBOX : INIT_OTHER;
        if (is_named(exe, "init"))
                return INIT_SYSVINIT;
        return INIT_OTHER;
}

InitKind init_identify(const Guest *g) {
        _cleanup_free_ char *argv0 = NULL;
        char exe[PATH_MAX];
        ssize_t n = readlinkat(g->proc, "exe", exe, sizeof(exe) - 1);

        if (n < 0)
                return INIT_OTHER;
        exe[n] = 0;
        if (file_read(g->proc, "cmdline", 64 * 1024, &argv0) < 0) /* NUL after argv[0] */
                argv0 = NULL;
        return init_kind_of(exe, argv0);
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
        if (file_read(g->proc, "status", 64 * 1024, &status) < 0)
                return false;
        return ((mask_of(status, "\nSigCgt:") | mask_of(status, "\nSigBlk:")) & bit) || waits_for_signals(g);
}

char *const *init_program(InitAction action, unsigned attempt) {
        static char *const programs[3][3][5] = {
                [INIT_POWEROFF] = { { (char *) "poweroff" }, { (char *) "shutdown", (char *) "-h", (char *) "now" }, { (char *) "init", (char *) "0" } },
                [INIT_HALT] = { { (char *) "halt" }, { (char *) "shutdown", (char *) "-H", (char *) "now" }, { (char *) "init", (char *) "0" } },
                [INIT_REBOOT] = { { (char *) "reboot" }, { (char *) "shutdown", (char *) "-r", (char *) "now" }, { (char *) "init", (char *) "6" } },
        };

        return action == INIT_KILL || attempt >= 3 ? NULL : programs[action][attempt];
}
