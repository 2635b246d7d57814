/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-blob.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fd.h"
#include "text.h"

#define SHA256_PREFIX "sha256:"
#define HEX "0123456789abcdef"
#define SHOWN_MAX 200

const char *oci_shown(const char *text) {
        return text && strlen(text) <= SHOWN_MAX && string_is_clean(text) ? text : "(what cannot be shown)";
}

void oci_descriptor_done(OciDescriptor *d) {
        free(d->type);
        d->type = NULL;
}

static int read_digest(const char *text, const char *what, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        const char *hex = text + strlen(SHA256_PREFIX);
        size_t algorithm = strcspn(text, ":");

        if (strncmp(text, SHA256_PREFIX, strlen(SHA256_PREFIX)) != 0) {
                if (algorithm > 0 && algorithm <= 32 && text[algorithm] && strspn(text, HEX "ghijklmnopqrstuvwxyz+._-") == algorithm)
                        return error_set(reterr, EOPNOTSUPP, "%s is named by a digest of %.*s: only those of sha256 are taken", what,
                                         (int) algorithm, text);
                return error_set(reterr, EBADMSG, "%s is named by what is no digest: '%s'", what, oci_shown(text));
        }
        if (strlen(hex) != DIGEST_HEX_SIZE - 1 || strspn(hex, HEX) != DIGEST_HEX_SIZE - 1)
                return error_set(reterr, EBADMSG, "%s is named by what is no digest: '%s'", what, oci_shown(text));
        memcpy(ret, hex, DIGEST_HEX_SIZE);
        return 0;
}

int oci_descriptor_read(json_t *object, const char *what, OciDescriptor *ret, Error **reterr) {
        const char *type = NULL, *digest = NULL;
        json_t *size;
        int r;

        if (!json_is_object(object))
                return error_set(reterr, EBADMSG, "%s is not a JSON object", what);
        r = oci_json_string(object, "mediaType", &type, reterr);
        if (r >= 0)
                r = oci_json_string(object, "digest", &digest, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "%s", what);
        size = json_object_get(object, "size");
        if (!digest || !json_is_integer(size) || json_integer_value(size) < 0)
                return error_set(reterr, EBADMSG, "%s has no digest and size", what);
        r = read_digest(digest, what, ret->digest, reterr);
        if (r < 0)
                return r;
        ret->size = (uint64_t) json_integer_value(size);
        ret->type = strdup(type ?: "");
        return ret->type ? 0 : error_oom(reterr);
}

int oci_file_open(int directory, const char *path, bool links, Error **reterr) {
        struct open_how how = {
                .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (links ? 0 : O_NOFOLLOW),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | (links ? 0 : RESOLVE_NO_SYMLINKS),
        };
        _cleanup_close_ int fd = (int) syscall(SYS_openat2, directory, path, &how, sizeof(how));
        struct stat st;

        if (fd < 0) {
                int r = -errno;

                if (r == -EXDEV || r == -ELOOP)
                        return error_set(reterr, r, "The image's file %s leads somewhere else", oci_shown(path));
                return error_errno(reterr, r, "Cannot open the image's file %s", oci_shown(path));
        }
        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the image's file %s", oci_shown(path));
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EBADMSG, "The image's %s is not a regular file", oci_shown(path));
        return TAKE_FD(fd);
}

static int open_by_digest(int directory, const OciDescriptor *d, Error **reterr) {
        _cleanup_close_ int fd = -1;
        char path[sizeof("blobs/sha256/") + DIGEST_HEX_SIZE];
        struct stat st;

        snprintf(path, sizeof(path), "blobs/sha256/%s", d->digest);
        fd = oci_file_open(directory, path, false, reterr);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the image's file %s", path);
        if ((uint64_t) st.st_size != d->size)
                return error_set(reterr, EBADMSG, "The image's file %s has %lld bytes, not %llu as the image says: it is damaged", path,
                                 (long long) st.st_size, (unsigned long long) d->size);
        return TAKE_FD(fd);
}

static int check_digest(const OciDescriptor *d, const char *found, Error **reterr) {
        if (strcmp(d->digest, found) == 0)
                return 0;
        return error_set(reterr, EBADMSG, "The image's file blobs/sha256/%s has the digest %s: it is damaged, or not what it says", d->digest,
                         found);
}

int oci_json_file(int directory, const char *path, json_type type, json_t **ret, Error **reterr) {
        _cleanup_close_ int fd = oci_file_open(directory, path, false, reterr);
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        if (fd < 0)
                return fd;
        r = fd_read_all(fd, OCI_TEXT_MAX, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the image's %s", path);
        return oci_json_load(text, size, OCI_TEXT_MAX, type, path, ret, reterr);
}

int oci_blob_text(int directory, const OciDescriptor *d, size_t max, char **ret, Error **reterr) {
        _cleanup_close_ int fd = -1;
        _cleanup_(digest_freep) Digest *digest = NULL;
        _cleanup_free_ char *text = NULL;
        char hex[DIGEST_HEX_SIZE];
        size_t size;
        int r;

        if (d->size > max)
                return error_set(reterr, EFBIG, "The image's file blobs/sha256/%s is larger than %zu bytes", d->digest, max);
        fd = open_by_digest(directory, d, reterr);
        if (fd < 0)
                return fd;
        r = fd_read_all(fd, d->size, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the image's file blobs/sha256/%s", d->digest);
        r = digest_new(&digest, reterr);
        if (r < 0)
                return r;
        digest_add(digest, text, size);
        digest_end(digest, hex);
        r = size == d->size ? check_digest(d, hex, reterr) : error_set(reterr, EBADMSG, "The image changes while it is read");
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

/* What root alone may write to stays as it was verified. */
static bool others_can_change(const struct stat *st) {
        return (st->st_uid != 0 && st->st_uid != geteuid()) || (st->st_mode & (S_IWGRP | S_IWOTH));
}

int oci_blob_take(int fd, const char *path, int scratch, Error **reterr) {
        _cleanup_close_ int from = fd, copy = -1;
        struct stat st;
        int r;

        if (fstat(from, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the image's file %s", oci_shown(path));
        if (!others_can_change(&st))
                return TAKE_FD(from);
        copy = openat(scratch, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
        if (copy < 0)
                return error_errno(reterr, errno, "Cannot make a file for a copy of the image's file %s", oci_shown(path));
        r = copy_file_into(from, copy, oci_shown(path), NULL, reterr);
        if (r >= 0 && lseek(copy, 0, SEEK_SET) < 0)
                r = error_errno(reterr, errno, "Cannot read the copy of the image's file %s", oci_shown(path));
        return r < 0 ? r : TAKE_FD(copy);
}

int oci_blob_open(int directory, const OciDescriptor *d, int scratch, const CopyWatch *watch, Error **reterr) {
        _cleanup_close_ int fd = open_by_digest(directory, d, reterr);
        char found[DIGEST_HEX_SIZE];
        int r;

        if (fd < 0)
                return fd;
        fd = oci_blob_take(TAKE_FD(fd), d->digest, scratch, reterr);
        if (fd < 0)
                return fd;
        r = digest_file(fd, d->digest, watch, found, reterr);
        if (r >= 0)
                r = check_digest(d, found, reterr);
        return r < 0 ? r : TAKE_FD(fd);
}
