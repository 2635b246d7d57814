/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a client would rather have of the two forms of metric-text.h: its Accept: fields, one after the other. Words that cannot be read
 * are as if they were not there. */

typedef struct HttpAccept {
        int openmetrics; /* weights in thousandths; 0: not asked for */
        int plain;       /* of these three the first that is given counts: text/plain, */
        int text;        /* any text, */
        int any;         /* anything */
        bool plain_given, text_given;
} HttpAccept;

void http_accept_add(HttpAccept *a, const char *value, size_t size);

/* Only who asks for it by name gets it, and only where plain text is not dearer to him: everybody can read that one. */
bool http_accept_prefers_openmetrics(const HttpAccept *a);
