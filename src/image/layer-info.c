/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer-info.h"

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include "parse.h"
#include "text.h"

#define LINK_BEFORE STORE_NAME "/layers/"
#define LINK_AFTER "/tree"
#define SNAPSHOT_BEFORE "../../layers/"

bool layer_id_is_valid(const char *id) {
        return strlen(id) == LAYER_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == LAYER_ID_SIZE - 1;
}

int layer_id_new(char ret[LAYER_ID_SIZE]) {
        uint8_t bytes[16];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
                return -errno;
        id128_to_text(bytes, ret);
        return 0;
}

void layer_link(const char *id, char ret[LAYER_LINK_MAX]) {
        snprintf(ret, LAYER_LINK_MAX, LINK_BEFORE "%s" LINK_AFTER, id);
}

void layer_snapshot_link(const char *id, char ret[LAYER_LINK_MAX]) {
        snprintf(ret, LAYER_LINK_MAX, SNAPSHOT_BEFORE "%s", id);
}

static bool id_between(const char *text, const char *before, const char *after, char ret[LAYER_ID_SIZE]) {
        size_t n = strlen(before);
        char id[LAYER_ID_SIZE];

        if (strncmp(text, before, n) != 0 || strlen(text) != n + LAYER_ID_SIZE - 1 + strlen(after) ||
            strcmp(text + n + LAYER_ID_SIZE - 1, after) != 0)
                return false;
        memcpy(id, text + n, LAYER_ID_SIZE - 1);
        id[LAYER_ID_SIZE - 1] = 0;
        if (!layer_id_is_valid(id))
                return false;
        memcpy(ret, id, LAYER_ID_SIZE);
        return true;
}

bool layer_from_link(const char *text, char ret[LAYER_ID_SIZE]) {
        return id_between(text, LINK_BEFORE, LINK_AFTER, ret);
}

bool layer_from_snapshot_link(const char *text, char ret[LAYER_ID_SIZE]) {
        return id_between(text, SNAPSHOT_BEFORE, "", ret);
}

static int read_link(int dir, const char *name, bool (*parse)(const char *, char *), char ret[LAYER_ID_SIZE]) {
        char text[LAYER_LINK_MAX];
        ssize_t n = readlinkat(dir, name, text, sizeof(text));

        if (n < 0)
                return errno == EINVAL || errno == ENOENT ? 0 : -errno;
        if ((size_t) n == sizeof(text)) /* longer than ours are */
                return 0;
        text[n] = 0;
        return parse(text, ret);
}

int layer_read_link(int dir, const char *name, char ret[LAYER_ID_SIZE]) {
        return read_link(dir, name, layer_from_link, ret);
}

int layer_read_snapshot_link(int dir, const char *name, char ret[LAYER_ID_SIZE]) {
        return read_link(dir, name, layer_from_snapshot_link, ret);
}

static int parse_line(Layer *l, const char *word, const char *value) {
        if (strcmp(word, "parent") == 0) {
                if (*l->parent || !layer_id_is_valid(value))
                        return -EBADMSG;
                memcpy(l->parent, value, LAYER_ID_SIZE);
        } else if (strcmp(word, "made") == 0) {
                if (l->made_usec || parse_u64(value, UINT64_MAX, &l->made_usec) < 0)
                        return -EBADMSG;
        } else if (strcmp(word, "from") == 0) {
                if (l->from || !*value || strlen(value) > NAME_MAX || strchr(value, '/') || !string_is_clean(value))
                        return -EBADMSG;
                return string_set(&l->from, value);
        }
        return 0;
}

int layer_info_parse(Layer *l, char *text) {
        size_t n = strlen(text);

        if (n == 0 || text[n - 1] != '\n') /* cut short */
                return -EBADMSG;
        for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
                char *value = strchr(line, ' ');
                int r;

                if (!value)
                        return -EBADMSG;
                *value++ = 0;
                r = parse_line(l, line, value);
                if (r < 0)
                        return r;
        }
        return l->made_usec ? 0 : -EBADMSG;
}

char *layer_info_format(const Layer *l) {
        char *text = NULL;

        if (asprintf(&text, "%s%s%smade %llu\n%s%s%s", *l->parent ? "parent " : "", l->parent, *l->parent ? "\n" : "",
                     (unsigned long long) l->made_usec, l->from ? "from " : "", l->from ?: "", l->from ? "\n" : "") < 0)
                return NULL;
        return text;
}
