/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

/* One line of seccomp-rules.def, as seccomp-gen hands it on to nbox. */

typedef enum SeccompKind {
        SECCOMP_UNLISTED, /* a call that no rule names: ENOSYS */
        SECCOMP_ALLOW,
        SECCOMP_REFUSE,
        SECCOMP_OF_THE_HOST,
        SECCOMP_ALLOW_UNLESS_DROPPED,
        SECCOMP_REFUSE_UNLESS_GIVEN,
        SECCOMP_ARGUMENT, /* in the program only */
} SeccompKind;

/* No pointers: a machine without wishes of its own never touches the table, not even to relocate it. */
typedef struct SeccompCall {
        char name[32];
        int32_t numbers[2]; /* of the build's architecture and of its 32-bit sibling; -1: it has no such call */
        int16_t error;      /* where it does not pass */
        uint8_t kind;
        int8_t capability;  /* the two UNLESS: whose */
} SeccompCall;

#define SECCOMP_CAPABILITY(c) (UINT64_C(1) << (c))

/* Of the capabilities that rules ask for, those that a machine has without asking (caps_default_set()). */
#define SECCOMP_DEFAULT_CAPABILITIES \
        (SECCOMP_CAPABILITY(CAP_SYS_BOOT) | SECCOMP_CAPABILITY(CAP_SYS_PTRACE) | SECCOMP_CAPABILITY(CAP_SYS_TTY_CONFIG))

static inline bool seccomp_call_passes(const SeccompCall *c, bool private_users, uint64_t capabilities) {
        switch ((SeccompKind) c->kind) {
        case SECCOMP_ALLOW:
                return true;
        case SECCOMP_OF_THE_HOST:
                return !private_users;
        case SECCOMP_ALLOW_UNLESS_DROPPED:
        case SECCOMP_REFUSE_UNLESS_GIVEN:
                return capabilities & SECCOMP_CAPABILITY(c->capability);
        default:
                return false;
        }
}
