/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tag.h"

#include <stdio.h>
#include <string.h>

void machine_tag(char tag[TAG_MAX], const char *name) {
        snprintf(tag, TAG_MAX, MACHINE_TAG "%s", name);
}

void zone_tag(char tag[TAG_MAX], const char *name) {
        snprintf(tag, TAG_MAX, ZONE_TAG "%s", name);
}

const char *tag_name(const char *tag, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(tag, prefix, n) == 0 ? tag + n : NULL;
}
