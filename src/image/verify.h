/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "digest.h"

/* What a file on a web server ought to be, by what its publisher has put beside it: a list of digests, SHA256SUMS or FILE.sha256, signed in itself or
 * by a file SHA256SUMS.gpg, .asc or .sign. This is known before the file is asked for; nothing of the file is looked into before it is
 * known to be that one. */

typedef enum VerifyMode {
        VERIFY_SIGNATURE, /* what is listed, by a list that somebody whose key we have has signed */
        VERIFY_CHECKSUM,  /* what is listed */
        VERIFY_NO,
} VerifyMode;

/* "signature", "checksum", "no", as machinectl(1) has them. -EINVAL */
int verify_mode_parse(const char *s, VerifyMode *ret);

typedef struct VerifyRequest {
        const char *url;  /* of the file */
        VerifyMode mode;
        unsigned timeout; /* as of FetchRequest */
        const CopyWatch *watch;
} VerifyRequest;

/* The digest that it must have; "" with VERIFY_NO. *ret_list: the URL of the list, to be shown; the caller's; NULL with VERIFY_NO. */
int verify_expect(const VerifyRequest *q, char ret[DIGEST_HEX_SIZE], char **ret_list, Error **reterr);
