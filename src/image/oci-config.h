/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "error.h"
#include "strv.h"

/* What an image of OCI's (image-spec, config.md) or Docker's says of the program that it was made for. */

#define OCI_CONFIG_SIZE_MAX ((size_t) 1 << 20) /* bytes of such a blob; those that people make have a few thousand */

typedef struct OciConfig {
        char **entrypoint, **command; /* or NULL; what runs is one after the other */
        char **environment;           /* "NAME=VALUE" */
        char *user;                   /* "NAME|UID[:GROUP|GID]" or NULL */
        char *directory;              /* working directory, or NULL */
        char *stop_signal;            /* "SIGTERM", "15", "SIGRTMIN+3", or NULL */
        char **volumes;               /* absolute paths, sorted */
        char **ports;                 /* "80/tcp": for a note, nothing is published by them */
        char **labels;                /* "KEY=VALUE", sorted */
        char *architecture, *os;      /* "amd64", "linux" */
        char **diff_ids;              /* "sha256:HEX" of its layers' uncompressed tars, lowest first; the form is checked */
} OciConfig;

void oci_config_free(OciConfig *c);
DEFINE_CLEANUP(OciConfig *, oci_config_free);

/* The text of a config blob: hostile. All of it is as it stands there, but for the form of JSON and the types. */
int oci_config_parse(const char *text, size_t size, OciConfig **ret, Error **reterr);

/* As JSON; `created` is RFC 3339's, or NULL. *ret is the caller's. */
int oci_config_text(const OciConfig *c, const char *created, char **ret, Error **reterr);

/* The program that runs, or NULL: it does not say. */
const char *oci_config_program(const OciConfig *c);

/* As OCI has it for the machine that we run on: "amd64". */
const char *oci_architecture(void);
