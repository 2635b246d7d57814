/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tar-header.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAME_MAX_OLD 100U
#define PREFIX_MAX_OLD 155U
#define ID_MAX_OLD 07777777U
#define NUMBER_MAX_OLD 077777777777ULL

typedef struct Header {
        char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, target[100];
        char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], unused[12];
} Header;

_Static_assert(sizeof(Header) == TAR_BLOCK, "a header is a block");

void tar_bytes_done(TarBytes *b) {
        free(b->data);
        *b = (TarBytes){};
}

int tar_bytes_add(TarBytes *b, const void *data, size_t n) {
        if (b->n + n > b->size) {
                size_t size = (b->n + n) * 2;
                uint8_t *grown = realloc(b->data, size);

                if (!grown)
                        return -ENOMEM;
                b->data = grown;
                b->size = size;
        }
        if (n > 0)
                memcpy(b->data + b->n, data, n);
        b->n += n;
        return 0;
}

static int pad(TarBytes *b) {
        static const uint8_t zeros[TAR_BLOCK];

        return tar_bytes_add(b, zeros, (TAR_BLOCK - b->n % TAR_BLOCK) % TAR_BLOCK);
}

/* ---- records ---- */

static size_t digits(size_t n) {
        size_t d = 1;

        for (; n >= 10; n /= 10)
                d++;
        return d;
}

/* "LENGTH KEY=VALUE\n", the length being that of all of it. */
int tar_record(TarBytes *records, const char *key, const void *value, size_t size) {
        size_t rest = 1 + strlen(key) + 1 + size + 1, length = rest + digits(rest);
        char number[24];
        int r;

        length = rest + digits(length);
        snprintf(number, sizeof(number), "%zu ", length);
        r = tar_bytes_add(records, number, strlen(number));
        if (r >= 0)
                r = tar_bytes_add(records, key, strlen(key));
        if (r >= 0)
                r = tar_bytes_add(records, "=", 1);
        if (r >= 0)
                r = tar_bytes_add(records, value, size);
        return r < 0 ? r : tar_bytes_add(records, "\n", 1);
}

static int text_record(TarBytes *records, const char *key, const char *value) {
        return tar_record(records, key, value, strlen(value));
}

static int number_record(TarBytes *records, const char *key, uint64_t value) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, value);
        return text_record(records, key, text);
}

static int time_record(TarBytes *records, const struct timespec *t) {
        bool negative = t->tv_sec < 0;
        long nsec = negative && t->tv_nsec > 0 ? 1000000000L - t->tv_nsec : t->tv_nsec;
        int64_t sec = negative && t->tv_nsec > 0 ? t->tv_sec + 1 : t->tv_sec;
        char text[48];
        size_t n;

        n = (size_t) snprintf(text, sizeof(text), "%s%" PRId64 ".%09ld", negative ? "-" : "", negative ? -sec : sec, nsec);
        while (text[n - 1] == '0')
                n--;
        n -= text[n - 1] == '.';
        return tar_record(records, "mtime", text, n);
}

/* ---- the header ---- */

static void put_number(char *field, size_t size, uint64_t value) {
        char text[32];

        snprintf(text, sizeof(text), "%0*" PRIo64, (int) size - 1, value);
        memcpy(field, text, size);
}

static void put_text(char *field, size_t size, const char *text) {
        memcpy(field, text, strnlen(text, size));
}

/* Where a path may be cut for the two fields: 0 where it fits into one; -1: it fits into none. */
static ssize_t cut_of(const char *path) {
        size_t n = strlen(path);

        if (n <= NAME_MAX_OLD)
                return 0;
        for (size_t i = n > NAME_MAX_OLD + 1 ? n - NAME_MAX_OLD - 1 : 1; i <= PREFIX_MAX_OLD && i + 1 < n; i++)
                if (i > 0 && path[i] == '/')
                        return (ssize_t) i;
        return -1;
}

static int put_path(Header *h, const char *path, TarBytes *records) {
        ssize_t cut = cut_of(path);

        if (cut > 0) {
                memcpy(h->prefix, path, (size_t) cut);
                put_text(h->name, sizeof(h->name), path + cut + 1);
                return 0;
        }
        put_text(h->name, sizeof(h->name), path);
        return cut < 0 ? text_record(records, "path", path) : 0;
}

static int put_target(Header *h, const char *target, TarBytes *records) {
        put_text(h->target, sizeof(h->target), target);
        return strlen(target) > sizeof(h->target) ? text_record(records, "linkpath", target) : 0;
}

static int put_id(char field[8], uint32_t id, const char *key, TarBytes *records) {
        put_number(field, 8, id <= ID_MAX_OLD ? id : ID_MAX_OLD);
        return id > ID_MAX_OLD ? number_record(records, key, id) : 0;
}

static int put_size(Header *h, uint64_t size, TarBytes *records) {
        put_number(h->size, sizeof(h->size), size <= NUMBER_MAX_OLD ? size : 0);
        return size > NUMBER_MAX_OLD ? number_record(records, "size", size) : 0;
}

static int put_time(Header *h, const struct timespec *t, TarBytes *records) {
        bool fits = t->tv_sec >= 0 && (uint64_t) t->tv_sec <= NUMBER_MAX_OLD;

        put_number(h->mtime, sizeof(h->mtime), fits ? (uint64_t) t->tv_sec : 0);
        return !fits || t->tv_nsec != 0 ? time_record(records, t) : 0;
}

static void finish(Header *h, char type) {
        const uint8_t *bytes = (const uint8_t *) h;
        unsigned sum = 0;

        h->type = type;
        memcpy(h->magic, "ustar", 6);
        memcpy(h->version, "00", 2);
        memset(h->checksum, ' ', sizeof(h->checksum));
        for (size_t i = 0; i < sizeof(*h); i++)
                sum += bytes[i];
        put_number(h->checksum, 7, sum);
}

static int add_records(TarBytes *b, const TarBytes *records) {
        Header h = {};
        int r;

        put_text(h.name, sizeof(h.name), "././@PaxHeader");
        put_number(h.mode, sizeof(h.mode), 0644);
        put_number(h.uid, sizeof(h.uid), 0);
        put_number(h.gid, sizeof(h.gid), 0);
        put_number(h.size, sizeof(h.size), records->n);
        put_number(h.mtime, sizeof(h.mtime), 0);
        finish(&h, 'x');
        r = tar_bytes_add(b, &h, sizeof(h));
        if (r >= 0)
                r = tar_bytes_add(b, records->data, records->n);
        return r < 0 ? r : pad(b);
}

int tar_header(TarBytes *b, const TarMember *m, TarBytes *records) {
        Header h = {};
        int r = put_path(&h, m->path, records);

        put_number(h.mode, sizeof(h.mode), m->mode & 07777);
        if (r >= 0)
                r = put_id(h.uid, m->uid, "uid", records);
        if (r >= 0)
                r = put_id(h.gid, m->gid, "gid", records);
        if (r >= 0)
                r = put_size(&h, m->size, records);
        if (r >= 0)
                r = put_time(&h, &m->mtime, records);
        if (r >= 0 && m->target)
                r = put_target(&h, m->target, records);
        if (r < 0)
                return r;
        if (m->type == TAR_CHAR || m->type == TAR_BLOCK_DEVICE) {
                put_number(h.major, sizeof(h.major), m->major & ID_MAX_OLD);
                put_number(h.minor, sizeof(h.minor), m->minor & ID_MAX_OLD);
        }
        finish(&h, (char) m->type);
        r = records->n > 0 ? add_records(b, records) : 0;
        return r < 0 ? r : tar_bytes_add(b, &h, sizeof(h));
}
