/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Scope-bound release, so that every early return is a clean one. A destructor takes NULL (or -1) and says
 * nothing; what is handed on to a caller leaves the scope through TAKE_PTR() or TAKE_FD(). */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

#define DEFINE_CLEANUP(type, func)                \
        static inline void func##p(type *p) {     \
                if (*p)                           \
                        func(*p);                 \
        }                                         \
        struct __useless_struct_##func

#define TAKE_PTR(p)                               \
        ({                                        \
                typeof(p) *_pp = &(p);            \
                typeof(p) _v = *_pp;              \
                *_pp = NULL;                      \
                _v;                               \
        })

#define TAKE_FD(fd)                               \
        ({                                        \
                int *_pfd = &(fd);                \
                int _fd = *_pfd;                  \
                *_pfd = -1;                       \
                _fd;                              \
        })

static inline void freep(void *p) {
        free(*(void **) p);
}

/* Closes fd if it is one; keeps errno; returns -1, so that `fd = close_fd(fd)` reads as what it does. */
static inline int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;
                close(fd);
                errno = saved;
        }
        return -1;
}

static inline void close_fdp(int *fd) {
        close_fd(*fd);
}

DEFINE_CLEANUP(FILE *, fclose);
DEFINE_CLEANUP(DIR *, closedir);

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(close_fdp)
#define _cleanup_fclose_ _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)
