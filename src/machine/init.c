/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init.h"

#include <signal.h>
#include <string.h>

#include "cleanup.h"

/* Every init has its own signals, and one's power-off is another's reboot: busybox takes SIGTERM for a reboot, openrc-init for a
 * power-off, sysvinit for nothing. So the kind is told by looking, and what is not told for certain is asked through its own
 * programs, which know their init better than we do.
 *
 * Sources: systemd(1) SIGNALS; busybox init/init.c; openrc-init(8), whose FIFO is made when its boot is over, and whose handler
 * would run a shutdown in the middle of a boot; sysvinit's init(8), since 3.10 with SIGRTMIN+4; runit(8): "signals only work in
 * stage 2", which the file that stage 1 makes last comes before; finit(8), which holds signals back from its first moment and
 * loses a power-off that comes before the end of its boot (4.2, tried); s6-svscan(8), which has no power-off of its own: SIGTERM ends
 * the supervision tree; dinit(8), not tried; tini, dumb-init, catatonit: signals go to their child. */

#define RT(n) (34 + (n)) /* SIGRTMIN+n as a guest with glibc counts; what our own libc reserves does not matter here */
#define KILL_SIGNAL_PATIENCE_USEC (5 * UINT64_C(1000000))
#define READY_PATIENCE_USEC (2 * UINT64_C(1000000)) /* for an init of which it is only likely that it will set up handlers */

#define WORDS(...) (const char *const[]) { __VA_ARGS__, NULL }

static const char *const action_names[] = {
        [INIT_POWEROFF] = "poweroff",
        [INIT_HALT] = "halt",
        [INIT_REBOOT] = "reboot",
        [INIT_KILL] = "terminate",
};

static const char *const action_phrases[] = {
        [INIT_POWEROFF] = "power off",
        [INIT_HALT] = "halt",
        [INIT_REBOOT] = "reboot",
        [INIT_KILL] = "end",
};

/* Not `init 0`: where nothing is known of it, that may be one more init, a script that sets up a system. */
static const InitPrograms usual_programs = { {
        [INIT_POWEROFF] = { WORDS("poweroff"), WORDS("shutdown", "-h", "now") },
        [INIT_HALT] = { WORDS("halt"), WORDS("shutdown", "-H", "now") },
        [INIT_REBOOT] = { WORDS("reboot"), WORDS("shutdown", "-r", "now") },
} };

/* Its poweroff and reboot do what they say at once, without a shutdown, where one is under way (halt(8)). */
static const InitPrograms sysvinit_programs = { {
        [INIT_POWEROFF] = { WORDS("shutdown", "-h", "now"), WORDS("init", "0") },
        [INIT_HALT] = { WORDS("shutdown", "-H", "-h", "now"), WORDS("init", "0") },
        [INIT_REBOOT] = { WORDS("shutdown", "-r", "now"), WORDS("init", "6") },
} };

/* runit-init(8) */
static const InitPrograms runit_programs = { {
        [INIT_POWEROFF] = { WORDS("init", "0"), WORDS("runit-init", "0"), WORDS("poweroff") },
        [INIT_HALT] = { WORDS("init", "0"), WORDS("runit-init", "0"), WORDS("halt") },
        [INIT_REBOOT] = { WORDS("init", "6"), WORDS("runit-init", "6"), WORDS("reboot") },
} };

static const InitTraits kinds[INIT_KINDS] = {
        [INIT_OTHER] = {
                .ready_by_signals = true, .last_signal = SIGTERM, .title = "any other",
                .about = "SIGTERM follows where its programs fail or bring nothing about, if it has a handler for that.",
        },
        [INIT_SYSTEMD] = {
                .names = WORDS("systemd"), .ending = WORDS("systemd-shutdown"),
                .signals = { RT(4), RT(3), RT(5) }, .title = "systemd",
        },
        [INIT_BUSYBOX] = {
                .names = WORDS("busybox", "busybox.static"), .mark = "BusyBox v",
                .signals = { SIGUSR2, SIGUSR1, SIGTERM }, .title = "busybox init",
                .about = "OpenRC below it, as in Alpine, is started and stopped by its inittab.",
        },
        [INIT_OPENRC] = {
                .names = WORDS("openrc-init"), .mark = "OpenRC init version",
                .signals = { SIGTERM, SIGTERM, SIGINT }, .ready = WORDS("/run/openrc/init.ctl"), .title = "openrc-init",
                .about = "Asked when its boot is over: it would run its shutdown beside it.",
        },
        [INIT_SYSVINIT] = {
                .mark = "INIT_VERSION=sysvinit", .signals = { RT(4), 0, 0 }, .or_program = true, .programs = &sysvinit_programs,
                .ready = WORDS("/run/initctl", "/dev/initctl"), .title = "sysvinit",
                .about = "The signal since version 3.10. OpenRC below it is started and stopped by its inittab.",
        },
        [INIT_RUNIT] = {
                .names = WORDS("runit", "runit-init"), .ready = WORDS("/run/runit.stopit", "/etc/runit/stopit"), .ask_again = true,
                .programs = &runit_programs, .title = "runit",
                .about = "It listens in its stage 2 only, and loses what comes before.",
        },
        [INIT_FINIT] = {
                .names = WORDS("finit"), .mark = "/etc/finit.conf",
                .signals = { SIGUSR2, SIGUSR2, SIGTERM }, .ready = WORDS("/run/finit/cond/hook/sys/up"), .title = "finit",
                .about = "Asked when its boot is over: before, it takes the signal and does nothing.",
        },
        [INIT_S6] = {
                .names = WORDS("s6-svscan"), .ready_by_signals = true, .last_signal = SIGTERM, .title = "s6-svscan",
                .about = "Without programs of s6-linux-init, SIGTERM ends it.",
        },
        [INIT_DINIT] = {
                .names = WORDS("dinit"), .signals = { SIGTERM, SIGTERM, SIGINT }, .title = "dinit",
        },
        [INIT_TINY] = {
                .names = WORDS("tini", "tini-static", "dumb-init", "catatonit", "docker-init"),
                .signals = { SIGTERM, SIGTERM, 0 }, .title = "tini, dumb-init",
                .about = "What they run ends in its own way.",
        },
};

const InitTraits *init_traits(InitKind kind) {
        return &kinds[kind < INIT_KINDS ? kind : INIT_OTHER];
}

const char *init_action_to_string(InitAction action) {
        return action_names[action];
}

const char *init_action_to_phrase(InitAction action) {
        return action_phrases[action];
}

int init_action_from_string(const char *s, InitAction *ret) {
        for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
                if (strcmp(s, action_names[i]) == 0) {
                        *ret = (InitAction) i;
                        return 0;
                }
        return -EINVAL;
}

int init_signal(InitKind kind, InitAction action) {
        return action == INIT_KILL ? SIGKILL : init_traits(kind)->signals[action];
}

int init_action_of_signal(int sig, InitAction *ret) {
        for (int a = 0; a < INIT_ACTIONS; a++)
                if (kinds[INIT_SYSTEMD].signals[a] == sig || (a == INIT_REBOOT && sig == SIGINT)) {
                        *ret = (InitAction) a;
                        return 0;
                }
        return -EINVAL;
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

static bool is_among(const char *path, const char *const *names) {
        for (; names && *names; names++)
                if (is_named(path, *names))
                        return true;
        return false;
}

/* busybox is also the shell that runs somebody's script as init: only called as init it is one. */
static bool is_called_init(const char *argv0) {
        return argv0 && (is_named(argv0, "init") || is_named(argv0, "linuxrc"));
}

InitKind init_kind_of_name(const char *path) {
        for (InitKind k = 0; k < INIT_KINDS; k++)
                if (is_among(path, kinds[k].names))
                        return k;
        return is_named(path, "init") ? INIT_AUTO : INIT_OTHER;
}

InitKind init_kind_of_content(const void *data, size_t size) {
        for (InitKind k = 0; k < INIT_KINDS; k++)
                if (kinds[k].mark && memmem(data, size, kinds[k].mark, strlen(kinds[k].mark)))
                        return k;
        return INIT_OTHER;
}

/* An emulator or a dynamic loader stands where the init should: what the tree has there must be confirmed by what the process
 * calls itself. */
static InitKind by_second_look(const InitProcess *p, InitKind in_tree) {
        bool agrees = is_called_init(p->argv0) || (p->argv0 && is_among(p->argv0, kinds[in_tree].names)) ||
                (p->comm && is_among(p->comm, kinds[in_tree].names));

        return agrees ? in_tree : INIT_OTHER;
}

static bool is_between(const char *exe) {
        return strncmp(last_component(exe), "qemu-", 5) == 0 || strncmp(last_component(exe), "ld-", 3) == 0;
}

bool init_is_called(const char *exe) {
        return is_between(exe) || init_kind_of_name(exe) == INIT_BUSYBOX;
}

InitKind init_kind_of(const InitProcess *p, InitKnown known) {
        InitKind kind;

        if (known.chosen)
                return known.kind;
        if (!p->exe || !*p->exe)
                return INIT_OTHER;
        if (init_is_ending(p))
                return INIT_SYSTEMD;
        kind = init_kind_of_name(p->exe);
        if (kind == INIT_BUSYBOX)
                return is_called_init(p->argv0) ? INIT_BUSYBOX : INIT_OTHER;
        if (kind == INIT_AUTO)
                return known.kind == INIT_AUTO ? INIT_OTHER : known.kind;
        if (kind == INIT_OTHER && known.kind != INIT_AUTO && is_between(p->exe))
                return by_second_look(p, known.kind);
        return kind;
}

bool init_is_ending(const InitProcess *p) {
        for (InitKind k = 0; p->exe && k < INIT_KINDS; k++)
                if (is_among(p->exe, kinds[k].ending))
                        return true;
        return false;
}

InitProgram init_program(InitKind kind, InitAction action, unsigned attempt) {
        const InitPrograms *p = init_traits(kind)->programs ?: &usual_programs;

        return action == INIT_KILL || attempt >= INIT_PROGRAMS_MAX ? NULL : p->argv[action][attempt];
}

StopStep stop_choose(const StopView *v) {
        const InitTraits *t = init_traits(v->kind);
        uint64_t ready_patience = t->ready_by_signals && v->patience_usec > READY_PATIENCE_USEC ? READY_PATIENCE_USEC : v->patience_usec;
        bool patient = v->waited_usec < v->patience_usec;

        if (v->kill_signal > 0 && v->action == INIT_POWEROFF) {
                if (v->takes_kill_signal)
                        return STOP_KILL_SIGNAL;
                if (v->waited_usec < KILL_SIGNAL_PATIENCE_USEC && patient)
                        return STOP_WAIT;
        }
        if (!v->ready && v->waited_usec < ready_patience)
                return STOP_WAIT;
        if (init_signal(v->kind, v->action) == 0 || (t->or_program && !v->takes_signal))
                return STOP_PROGRAM;
        if (v->takes_signal)
                return STOP_SIGNAL;
        return patient ? STOP_WAIT : STOP_PROGRAM;
}
