/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* "%n" and its like in the values of settings files of ours, with the letters that systemd.unit(5) has for them. Files of systemd-nspawn
 * have none: there a "%" is a "%". */

#define SPECIFIER_TEXT_MAX ((size_t) 64 * 1024) /* bytes that a value may grow to */

typedef struct SpecifierContext {
        const char *machine; /* the name that the settings are for */
        const char *path;    /* the file that is read */
} SpecifierContext;

typedef struct Specifier {
        char letter;
        const char *help; /* what it stands for, for the man page: no full stop */
        /* The caller's, NULL on out of memory. */
        char *(*value)(const struct Specifier *s, const SpecifierContext *context);
        const char *what; /* for `value` */
} Specifier;

extern const Specifier specifiers[]; /* ends with .letter = 0; "%%" is not among them */

/* text with all of them replaced, once: what they stand for is not looked through. A "%" before anything but a letter and a "%" stays as it is,
 * as in "CPUQuota=50%". *ret is the caller's. -EINVAL: an unknown letter; -E2BIG: too long. */
int specifiers_replace(const char *text, const SpecifierContext *context, char **ret, Error **reterr);
