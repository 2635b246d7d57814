/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-hash.h"

#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "text.h"

uint64_t host_hash(const char *purpose) {
        _cleanup_free_ char *id = NULL, *text = NULL;
        char host[65] = "";

        if (file_read(AT_FDCWD, "/etc/machine-id", 64, &id) < 0)
                (void) gethostname(host, sizeof(host) - 1);
        if (asprintf(&text, "%s %s", id ?: host, purpose) < 0)
                return string_hash(purpose);
        return string_hash(text);
}

void stable_mac(const char *purpose, uint8_t ret[6]) {
        uint64_t h = host_hash(purpose);

        memcpy(ret, &h, 6);
        ret[0] = (uint8_t) ((ret[0] & ~1U) | 2U); /* not multicast; locally administered */
}
