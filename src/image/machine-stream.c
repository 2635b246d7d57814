/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-stream.h"

#include <inttypes.h>
#include <string.h>

#include "name.h"
#include "parse.h"

#define VERSION 1
#define BLOCK 512U

void stream_head_done(StreamHead *h) {
        free(h->name);
        *h = (StreamHead){};
}

/* ---- the first member ---- */

static const char *const settings_names[] = {
        [STREAM_SETTINGS_NONE] = "none",
        [STREAM_SETTINGS_NBOX] = "nbox",
        [STREAM_SETTINGS_NSPAWN] = "nspawn",
        [STREAM_SETTINGS_BESIDE] = "beside",
};

char *stream_settings_path(const StreamHead *h) {
        char *path;

        return asprintf(&path, STREAM_SETTINGS "%s.%s", h->name, h->settings == STREAM_SETTINGS_NBOX ? "conf" : "nspawn") < 0 ? NULL : path;
}

char *stream_head_format(const StreamHead *h) {
        char *text;

        return asprintf(&text,
                        "version %d\n"
                        "name %s\n"
                        "kind %s\n"
                        "bytes %" PRIu64 "\n"
                        "files %" PRIu64 "\n"
                        "settings %s\n"
                        "mode %04o\n"
                        "enabled %s\n",
                        VERSION, h->name, h->is_disk ? "disk" : "tree", h->bytes, h->files, settings_names[h->settings], (unsigned) h->mode,
                        h->enabled ? "yes" : "no") < 0 ? NULL : text;
}

static int take_version(_unused_ StreamHead *h, const char *value, Error **reterr) {
        uint64_t version;

        if (parse_u64(value, UINT32_MAX, &version) < 0 || version == 0)
                return -EBADMSG;
        if (version == VERSION)
                return 0;
        error_set(reterr, EBADMSG, "The machine was sent by a newer nbox, in a form (%" PRIu64 ") that this one does not know", version);
        return error_hint(reterr, -EBADMSG, "Update nbox on this host.");
}

static int take_name(StreamHead *h, const char *value, _unused_ Error **reterr) {
        if (!machine_name_is_valid(value))
                return -EBADMSG;
        h->name = strdup(value);
        return h->name ? 0 : error_oom(reterr);
}

static int take_kind(StreamHead *h, const char *value, _unused_ Error **reterr) {
        h->is_disk = strcmp(value, "disk") == 0;
        return h->is_disk || strcmp(value, "tree") == 0 ? 0 : -EBADMSG;
}

static int take_bytes(StreamHead *h, const char *value, _unused_ Error **reterr) {
        return parse_u64(value, INT64_MAX, &h->bytes) < 0 ? -EBADMSG : 0;
}

static int take_files(StreamHead *h, const char *value, _unused_ Error **reterr) {
        return parse_u64(value, INT64_MAX, &h->files) < 0 ? -EBADMSG : 0;
}

static int take_settings(StreamHead *h, const char *value, _unused_ Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(settings_names); i++)
                if (strcmp(value, settings_names[i]) == 0) {
                        h->settings = (StreamSettings) i;
                        return 0;
                }
        return -EBADMSG;
}

static int take_mode(StreamHead *h, const char *value, _unused_ Error **reterr) {
        size_t n = strlen(value);

        if (n != 4 || value[0] != '0' || strspn(value, "01234567") != n)
                return -EBADMSG;
        h->mode = (mode_t) strtoul(value, NULL, 8);
        return 0;
}

static int take_enabled(StreamHead *h, const char *value, _unused_ Error **reterr) {
        return parse_bool(value, &h->enabled) < 0 ? -EBADMSG : 0;
}

/* All of them must be there, once each. */
static const struct {
        const char *name;
        int (*take)(StreamHead *h, const char *value, Error **reterr);
} keys[] = {
        { "version", take_version }, { "name", take_name },         { "kind", take_kind }, { "bytes", take_bytes },
        { "files", take_files },     { "settings", take_settings }, { "mode", take_mode }, { "enabled", take_enabled },
};

static int bad_head(const char *line, Error **reterr) {
        return error_set(reterr, EBADMSG, "The stream's first member, " STREAM_HEAD ", says what no nbox writes: '%.80s'", line);
}

static int take_line(StreamHead *h, char *line, unsigned *seen, Error **reterr) {
        char *value = strchr(line, ' ');

        if (!value)
                return bad_head(line, reterr);
        *value++ = 0;
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r;

                if (strcmp(line, keys[i].name) != 0)
                        continue;
                r = *seen & (1U << i) ? -EBADMSG : keys[i].take(h, value, &error);
                *seen |= 1U << i;
                value[-1] = ' ';
                return r < 0 && !error ? bad_head(line, reterr) : error_pass(reterr, r, &error);
        }
        return 0;
}

int stream_head_parse(char *text, StreamHead *ret, Error **reterr) {
        _cleanup_(stream_head_done) StreamHead h = {};
        char *line, *rest = text;
        unsigned seen = 0;
        int r = 0;

        while (r >= 0 && (line = strsep(&rest, "\n")))
                if (*line)
                        r = take_line(&h, line, &seen, reterr);
        for (unsigned i = 0; r >= 0 && i < ELEMENTSOF(keys); i++)
                if (!(seen & (1U << i)))
                        r = error_set(reterr, EBADMSG, "The stream's first member, " STREAM_HEAD ", does not say its %s", keys[i].name);
        if (r < 0)
                return r;
        *ret = h;
        h = (StreamHead){};
        return 0;
}

/* ---- the last one ---- */

#define ZSTD_MAGIC "\x28\xb5\x2f\xfd"

bool stream_is_zstd(const void *begin, size_t size) {
        return size >= 4 && memcmp(begin, ZSTD_MAGIC, 4) == 0;
}

/* POSIX.1-1988's, as ustar(5) has it: numbers are octal digits, and the sum is that of all bytes with blanks in its own place. */
static void fill_header(uint8_t header[BLOCK], size_t size) {
        unsigned sum = 0;

        /* NOLINTBEGIN(bugprone-not-null-terminated-result): a field that is full has no NUL */
        memcpy(header, STREAM_END, strlen(STREAM_END));
        memcpy(header + 100, "0000600", 8);
        memcpy(header + 108, "0000000", 8);
        memcpy(header + 116, "0000000", 8);
        snprintf((char *) header + 124, 12, "%011zo", size);
        memcpy(header + 136, "00000000000", 12);
        memcpy(header + 148, "        ", 8);
        header[156] = '0';
        memcpy(header + 257, "ustar\0" "00", 8);
        /* NOLINTEND(bugprone-not-null-terminated-result) */
        for (size_t i = 0; i < BLOCK; i++)
                sum += header[i];
        snprintf((char *) header + 148, 8, "%06o", sum);
}

static void fill_tail(const char digest[DIGEST_HEX_SIZE], uint8_t tail[STREAM_TAIL_SIZE]) {
        int n;

        memset(tail, 0, STREAM_TAIL_SIZE);
        n = snprintf((char *) tail + BLOCK, BLOCK, "sha256 %s\n# of all bytes of the stream before the header of this file\n", digest);
        fill_header(tail, (size_t) n);
}

/* A frame as RFC 8878 has it: its magic number, a header (one segment, the size in two bytes less 256), and one block, the last, stored. */
static size_t wrap(uint8_t tail[STREAM_TAIL_MAX]) {
        static const uint8_t frame[STREAM_TAIL_ZSTD_SIZE - STREAM_TAIL_SIZE] = {
                0x28, 0xb5, 0x2f, 0xfd, 0x60, (STREAM_TAIL_SIZE - 256) & 0xff, (STREAM_TAIL_SIZE - 256) >> 8,
                (STREAM_TAIL_SIZE << 3 | 1) & 0xff, STREAM_TAIL_SIZE >> 5 & 0xff, STREAM_TAIL_SIZE >> 13,
        };

        memmove(tail + sizeof(frame), tail, STREAM_TAIL_SIZE);
        memcpy(tail, frame, sizeof(frame));
        return STREAM_TAIL_ZSTD_SIZE;
}

size_t stream_tail(const char digest[DIGEST_HEX_SIZE], bool is_zstd, uint8_t ret[STREAM_TAIL_MAX]) {
        fill_tail(digest, ret);
        return is_zstd ? wrap(ret) : STREAM_TAIL_SIZE;
}
