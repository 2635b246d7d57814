/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "copy.h"

/* Images of OCI's image layout (image-spec 1.0, 1.1) and docker-archives (what `docker save` makes), as directories: an archive of one is
 * unpacked first. All of it is a stranger's: each blob is named by its digest, opened beneath the directory as a regular file without
 * following links, and used only when its digest is right. */

typedef struct OciConfig {
        char **entrypoint, **command; /* or NULL */
        char **environment;           /* "NAME=VALUE" */
        char *user;                   /* "NAME|UID[:GROUP|GID]" or NULL */
        char *directory;              /* working directory, or NULL */
        char *stop_signal;            /* "SIGTERM", "15", "SIGRTMIN+3", or NULL */
        char **volumes;               /* absolute paths, sorted */
        char **ports;                 /* "80/tcp": for a note, nothing is published by them */
        char **labels;                /* "KEY=VALUE" */
        char *architecture, *os;
} OciConfig;

void oci_config_free(OciConfig *c);
DEFINE_CLEANUP(OciConfig *, oci_config_free);

/* The text of a config blob: hostile. */
int oci_config_parse(const char *text, size_t size, OciConfig **ret, Error **reterr);

/* As JSON, with the digests ("sha256:HEX") of its layers' uncompressed tars, lowest first; the caller's. */
int oci_config_text(const OciConfig *c, char *const *diff_ids, const char *created, char **ret, Error **reterr);

/* As text of a settings file for `run` and `boot` (and for nothing that a stranger's image must not say), the caller's; and back. What has no
 * place there is named in comments. */
int oci_config_settings(const OciConfig *c, const char *origin, char **ret, Error **reterr);

/* Whether a directory is one: 1 and which, or 0. */
typedef enum OciLayoutKind { OCI_LAYOUT, DOCKER_ARCHIVE } OciLayoutKind;
int oci_look(int directory, OciLayoutKind *ret);

typedef struct OciImport {
        int directory;
        const char *reference; /* which of several images (tag or digest), or NULL: the only one for this architecture */
        const char *name;      /* of the new image */
        const char *origin;    /* what it came from, for its settings */
        bool force, read_only; /* as of NewImageWish */
        const CopyWatch *watch;
} OciImport;

/* Its layers become layers of the store (those that are there already, by the digests of the blobs down to the base, are shared), and the image
 * stands on them with a writable one of its own; its config becomes settings beside it. *ret_path is the caller's. */
int oci_import(const OciImport *q, char **ret_path, Error **reterr);
