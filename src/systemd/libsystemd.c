/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libsystemd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "library.h"

#define LIBRARY "libsystemd.so.0"

/* Of the environment, by which systemd says that there is something to hear or to tell: sd_notify(3), sd_listen_fds(3). */
#define NOTIFY_SOCKET "NOTIFY_SOCKET"
#define LISTEN_FDS "LISTEN_FDS"

static int begin_bus_new(sd_bus **ret) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_bus_new(ret);
}

static int begin_bus_open_system_with_description(sd_bus **ret, const char *description) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_bus_open_system_with_description(ret, description);
}

static int begin_bus_path_encode(const char *prefix, const char *id, char **ret) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_bus_path_encode(prefix, id, ret);
}

static int begin_journal_open(sd_journal **ret, int flags) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_journal_open(ret, flags);
}

static int begin_journal_open_files_fd(sd_journal **ret, int fds[], unsigned n, int flags) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_journal_open_files_fd(ret, fds, n, flags);
}

static int begin_pid_get_unit(pid_t pid, char **ret) {
        int r = libsystemd_open();

        return r < 0 ? r : sd_pid_get_unit(pid, ret);
}

static int begin_listen_fds_with_names(int unset_environment, char ***ret) {
        int r;

        if (!getenv(LISTEN_FDS))
                return 0;
        r = libsystemd_open();
        return r < 0 ? r : sd_listen_fds_with_names(unset_environment, ret);
}

/* Without a socket there is nobody to tell. */
static int begin_notifying(void) {
        int r;

        if (!getenv(NOTIFY_SOCKET))
                return 0;
        r = libsystemd_open();
        return r < 0 ? r : 1;
}

static int begin_notify(int unset_environment, const char *state) {
        int r = begin_notifying();

        return r <= 0 ? r : sd_notify(unset_environment, state);
}

static int begin_notifyf(int unset_environment, const char *format, ...) {
        _cleanup_free_ char *state = NULL;
        int r = begin_notifying();
        va_list ap;

        if (r <= 0)
                return r;
        va_start(ap, format);
        r = vasprintf(&state, format, ap);
        va_end(ap);
        if (r < 0) {
                state = NULL;
                return -ENOMEM;
        }
        return sd_notify(unset_environment, state);
}

static int begin_notify_barrier(int unset_environment, uint64_t timeout) {
        int r = begin_notifying();

        return r <= 0 ? r : sd_notify_barrier(unset_environment, timeout);
}

static int begin_pid_notify_with_fds(pid_t pid, int unset_environment, const char *state, const int *fds, unsigned n) {
        int r = begin_notifying();

        return r <= 0 ? r : sd_pid_notify_with_fds(pid, unset_environment, state, fds, n);
}

/* Of what has not begun. Called as functions of other types: what they are given they leave alone. */
static void *end_nothing(void) {
        return NULL;
}

static int use_nothing(void) {
        return -EINVAL;
}

LibSystemd libsystemd = {
#define BEGIN(name) .name = begin_##name,
#define END(name) .name = (__typeof__(libsystemd.name)) (void (*)(void)) end_nothing,
#define USE(name) .name = (__typeof__(libsystemd.name)) (void (*)(void)) use_nothing,
        LIBSYSTEMD_BEGINNINGS(BEGIN)
        LIBSYSTEMD_ENDS(END)
        LIBSYSTEMD_USES(USE)
};

int libsystemd_open(void) {
#define SYMBOL(name) { #name, (void **) &found.name },
        LibSystemd found;
        const LibrarySymbol symbols[] = {
                LIBSYSTEMD_BEGINNINGS(SYMBOL)
                LIBSYSTEMD_ENDS(SYMBOL)
                LIBSYSTEMD_USES(SYMBOL)
        };
        int r;

        if (libsystemd.bus_new != begin_bus_new)
                return 0;
        r = library_load(LIBRARY, "sd_", symbols, ELEMENTSOF(symbols));
        if (r >= 0)
                libsystemd = found;
        return r;
}
