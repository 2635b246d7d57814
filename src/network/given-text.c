/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The line of a machine's file that says what an interface was like. */

#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "given.h"
#include "parse.h"
#include "strv.h"

/* Names of links and aliases are free text: all but the plainest bytes are written as %XX. */
static void print_text(FILE *f, const char *key, const char *text) {
        if (!*text)
                return;
        fprintf(f, " %s=", key);
        for (; *text; text++)
                if ((*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z') || strchr("-_.:", *text))
                        fputc(*text, f);
                else
                        fprintf(f, "%%%02X", (unsigned char) *text);
}

static int unescape(char *text) {
        char *to = text;

        for (; *text; text++) {
                char hex[3] = "", *end;

                if (*text != '%') {
                        *to++ = *text;
                        continue;
                }
                memcpy(hex, text + 1, strnlen(text + 1, 2));
                *to = (char) strtoul(hex, &end, 16);
                if (strlen(hex) != 2 || *end || !*to++)
                        return -EBADMSG;
                text += 2;
        }
        *to = 0;
        return 0;
}

static const struct {
        const char *key;
        size_t offset, size;
} texts[] = {
        { "name", offsetof(Given, name), sizeof(((Given *) NULL)->name) },
        { "kind", offsetof(Given, kind), sizeof(((Given *) NULL)->kind) },
        { "parent", offsetof(Given, parent), sizeof(((Given *) NULL)->parent) },
        { "master", offsetof(Given, master), sizeof(((Given *) NULL)->master) },
        { "alias", offsetof(Given, alias), sizeof(((Given *) NULL)->alias) },
}, macs[] = {
        { "mac", offsetof(Given, mac), 6 },
        { "permanent", offsetof(Given, permanent), 6 },
};

static const char *const numbers[] = { "index", "below", "mtu", "flags", "group", "up", "home" };

static void *member(const Given *g, size_t offset) {
        return (char *) g + offset;
}

char *given_format(const Given *g) {
        char *text = NULL, mac[MAC_TEXT_MAX];
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        fprintf(f, "index=%d below=%d mtu=%u flags=%u group=%u up=%d home=%llu", g->index, g->below, g->mtu, g->flags, g->group, g->up,
                (unsigned long long) g->home);
        for (size_t i = 0; i < ELEMENTSOF(macs); i++)
                fprintf(f, " %s=%s", macs[i].key, mac_format(member(g, macs[i].offset), mac));
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                print_text(f, texts[i].key, member(g, texts[i].offset));
        for (char **name = g->altnames; name && *name; name++)
                print_text(f, "altname", *name);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static int parse_number(Given *g, const char *key, const char *value) {
        uint64_t n;

        if (parse_u64(value, strcmp(key, "home") == 0 ? UINT64_MAX : INT32_MAX, &n) < 0)
                return -EBADMSG;
        if (strcmp(key, "index") == 0)
                g->index = (int) n;
        else if (strcmp(key, "below") == 0)
                g->below = (int) n;
        else if (strcmp(key, "mtu") == 0)
                g->mtu = (unsigned) n;
        else if (strcmp(key, "flags") == 0)
                g->flags = (unsigned) n & LINK_FLAGS;
        else if (strcmp(key, "group") == 0)
                g->group = (unsigned) n;
        else if (strcmp(key, "up") == 0)
                g->up = n > 0;
        else
                g->home = n;
        return 0;
}

static int parse_word(Given *g, char *word) {
        char *value = strchr(word, '=');

        if (!value)
                return -EBADMSG;
        *value++ = 0;
        if (strcmp(word, "altname") == 0)
                return unescape(value) < 0 ? -EBADMSG : strv_append(&g->altnames, value);
        for (size_t i = 0; i < ELEMENTSOF(macs); i++)
                if (strcmp(word, macs[i].key) == 0)
                        return mac_parse(value, member(g, macs[i].offset)) < 0 ? -EBADMSG : 0;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (strcmp(word, texts[i].key) == 0) {
                        if (unescape(value) < 0 || strlen(value) >= texts[i].size)
                                return -EBADMSG;
                        memcpy(member(g, texts[i].offset), value, strlen(value) + 1);
                        return 0;
                }
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (strcmp(word, numbers[i]) == 0)
                        return parse_number(g, word, value);
        return 0; /* of a later nbox */
}

int given_parse(char *text, Given *ret) {
        Given g = {};
        int r = 0;

        for (char *word; r >= 0 && (word = strsep(&text, " "));)
                if (*word)
                        r = parse_word(&g, word);
        if (r >= 0 && (!*g.name || g.index <= 0))
                r = -EBADMSG;
        if (r < 0) {
                given_done(&g);
                return r;
        }
        *ret = g;
        return 0;
}
