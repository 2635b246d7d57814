/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "oci-blob.h"

/* Which of several images is meant: by the name that they have, and by what this machine runs. */

typedef struct OciCandidate {
        char *reference;                    /* a name, or NULL */
        char *architecture, *os, *variant;  /* NULL: it does not say */
        OciDescriptor manifest;             /* OCI's */
        size_t number;                      /* Docker's: which one it is; may be there by several names */
} OciCandidate;

typedef struct OciCandidates {
        OciCandidate *all;
        size_t n;
} OciCandidates;

void oci_candidates_done(OciCandidates *c);

/* A new, empty one at its end; theirs. NULL on out of memory. */
OciCandidate *oci_candidates_add(OciCandidates *c);

/* A reference is all of a name, its part after the last '/' or ':', or a manifest's digest. NULL: any, where there is but one for this
 * architecture. *ret is theirs. */
int oci_pick(const OciCandidates *c, const char *reference, const OciCandidate **ret, Error **reterr);
