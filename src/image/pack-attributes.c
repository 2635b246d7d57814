/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pack-attributes.h"

#include <endian.h>
#include <errno.h>
#include <linux/limits.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "strv.h"
#include "xattr-file.h"

#define ACL_PREFIX "system.posix_acl_"
#define RECORD_MAX (XATTR_NAME_MAX * 3 + 32)

void attribute_packer_done(AttributePacker *a) {
        free(a->names);
        free(a->value);
        *a = (AttributePacker){};
}

/* ---- ACLs ---- */

static const struct {
        unsigned tag; /* acl(5) */
        const char *word;
        bool has_id;
} tags[] = {
        { 0x01, "user", false },
        { 0x02, "user", true },
        { 0x04, "group", false },
        { 0x08, "group", true },
        { 0x10, "mask", false },
        { 0x20, "other", false },
};

static int entry_text(const struct posix_acl_xattr_entry *e, bool first, TarBytes *b) {
        unsigned perm = le16toh(e->e_perm);
        char text[64], id[16] = "";
        size_t i = 0;

        while (i < ELEMENTSOF(tags) && tags[i].tag != le16toh(e->e_tag))
                i++;
        if (i == ELEMENTSOF(tags))
                return -EBADMSG;
        if (tags[i].has_id)
                snprintf(id, sizeof(id), "%u", le32toh(e->e_id));
        snprintf(text, sizeof(text), "%s%s:%s:%c%c%c", first ? "" : ",", tags[i].word, id, perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-',
                 perm & 1 ? 'x' : '-');
        return tar_bytes_add(b, text, strlen(text));
}

int acl_text(const uint8_t *data, size_t size, TarBytes *b) {
        struct posix_acl_xattr_header header;
        int r = 0;

        if (size < sizeof(header) || (size - sizeof(header)) % sizeof(struct posix_acl_xattr_entry) != 0)
                return -EBADMSG;
        memcpy(&header, data, sizeof(header));
        if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
                return -EBADMSG;
        for (size_t at = sizeof(header); at < size && r >= 0; at += sizeof(struct posix_acl_xattr_entry)) {
                struct posix_acl_xattr_entry e;

                memcpy(&e, data + at, sizeof(e));
                r = entry_text(&e, at == sizeof(header), b);
        }
        return r;
}

static int pack_acl(const char *name, const uint8_t *value, size_t size, TarBytes *records) {
        _cleanup_(tar_bytes_done) TarBytes text = {};
        int r = acl_text(value, size, &text);

        if (r < 0)
                return r;
        return tar_record(records, strcmp(name, ACL_PREFIX "default") == 0 ? "SCHILY.acl.default" : "SCHILY.acl.access", text.data, text.n);
}

/* ---- others ---- */

/* A record's key ends at the first '='. For names with one, there is libarchive's own way: the name as in a URL, the value as base64. */
static void encode_name(const char *name, char ret[RECORD_MAX]) {
        char *to = ret + sprintf(ret, "LIBARCHIVE.xattr.");

        for (; *name; name++)
                if (*name == '=' || *name == '%' || (unsigned char) *name <= ' ' || (unsigned char) *name >= 0x7f)
                        to += sprintf(to, "%%%02X", (unsigned char) *name);
                else
                        *to++ = *name;
        *to = 0;
}

static int base64(const uint8_t *data, size_t size, TarBytes *b) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        int r = 0;

        for (size_t i = 0; i < size && r >= 0; i += 3) {
                unsigned n = (unsigned) data[i] << 16 | (i + 1 < size ? (unsigned) data[i + 1] << 8 : 0) | (i + 2 < size ? data[i + 2] : 0);
                char four[4] = { letters[n >> 18], letters[n >> 12 & 63], letters[n >> 6 & 63], letters[n & 63] };

                r = tar_bytes_add(b, four, size - i >= 3 ? 4 : size - i + 1); /* without padding, as libarchive has it */
        }
        return r;
}

static int pack_other(const char *name, const uint8_t *value, size_t size, TarBytes *records) {
        _cleanup_(tar_bytes_done) TarBytes text = {};
        char key[RECORD_MAX];
        int r;

        if (!strchr(name, '=')) {
                snprintf(key, sizeof(key), "SCHILY.xattr.%s", name);
                return tar_record(records, key, value, size);
        }
        encode_name(name, key);
        r = base64(value, size, &text);
        return r < 0 ? r : tar_record(records, key, text.data, text.n);
}

static bool is_packed(const char *name) {
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
               strncmp(name, ACL_PREFIX, strlen(ACL_PREFIX)) == 0;
}

static bool is_acl(const char *name) {
        return strncmp(name, ACL_PREFIX, strlen(ACL_PREFIX)) == 0;
}

int attribute_pack(const char *name, const void *value, size_t size, TarBytes *records) {
        return is_acl(name) ? pack_acl(name, value, size, records) : pack_other(name, value, size, records);
}

static int pack_one(AttributePacker *a, const XattrFile *f, const char *name, const ChownRequest *ids, TarBytes *records) {
        ssize_t n = xattr_value(f, name, a->value);
        size_t size = (size_t) n;
        int r = 0;

        if (n < 0)
                return n == -ENODATA ? 0 : (int) n;
        if (is_acl(name) && ids->from != ids->to)
                r = acl_shift(ids, a->value, size);
        else if (strcmp(name, "security.capability") == 0 && ids->from != ids->to)
                r = caps_shift(ids, a->value, &size);
        return r < 0 ? r : attribute_pack(name, a->value, size, records);
}

int attributes_pack(AttributePacker *a, int fd, bool is_open, const ChownRequest *ids, TarBytes *records) {
        _cleanup_strv_ char **names = NULL;
        XattrFile f = xattr_file(fd, is_open);
        ssize_t n;
        int r = 0;

        if (!a->names)
                a->names = malloc(XATTR_LIST_MAX + 1);
        if (!a->value)
                a->value = malloc(XATTR_SIZE_MAX);
        if (!a->names || !a->value)
                return -ENOMEM;
        n = xattr_names(&f, a->names);
        if (n <= 0)
                return n == 0 || n == -EOPNOTSUPP ? 0 : (int) n;
        a->names[n] = 0;
        for (const char *name = a->names; name < a->names + n && r >= 0; name += strlen(name) + 1)
                r = is_packed(name) ? strv_append(&names, name) : 0;
        if (names)
                strv_sort(names);
        for (size_t i = 0; names && names[i] && r >= 0; i++)
                r = pack_one(a, &f, names[i], ids, records);
        return r;
}
