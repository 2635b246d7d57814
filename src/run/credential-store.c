/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credential-store.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "credentials.h"
#include "mount.h"
#include "secret.h"

static const char head[16] = "nbox-credentials";

/* Before each ID and value; both without NUL. */
typedef struct Entry {
        uint32_t id_length;
        uint32_t size;
} Entry;

#define ENTRY_ID_MAX 256

int credential_store_new(void) {
        _cleanup_close_ int mount = -1, fd = -1;

        mount = mount_new("ramfs", "mode=0700", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (mount < 0)
                return mount;
        fd = openat(mount, "store", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || unlinkat(mount, "store", 0) < 0 || pwrite(fd, head, sizeof(head), 0) != sizeof(head))
                return errno ? -errno : -EIO;
        return TAKE_FD(fd);
}

bool credential_store_is(int fd) {
        char begin[sizeof(head)];
        struct statfs fs;

        return fstatfs(fd, &fs) >= 0 && fs.f_type == RAMFS_MAGIC && pread(fd, begin, sizeof(begin), 0) == sizeof(begin) &&
                memcmp(begin, head, sizeof(head)) == 0;
}

static int write_at(int fd, const void *data, size_t size, off_t *at) {
        for (const char *p = data; size > 0;) {
                ssize_t n = pwrite(fd, p, size, *at);

                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
                *at += n;
        }
        return 0;
}

static int read_at(int fd, void *data, size_t size, off_t *at) {
        for (char *p = data; size > 0;) {
                ssize_t n = pread(fd, p, size, *at);

                if (n <= 0)
                        return n < 0 ? -errno : -EBADMSG;
                p += n;
                size -= (size_t) n;
                *at += n;
        }
        return 0;
}

int credential_store_add(int store, const char *id, const void *data, size_t size) {
        Entry e = { .id_length = (uint32_t) strlen(id), .size = (uint32_t) size };
        struct stat st;
        off_t at;
        int r;

        if (fstat(store, &st) < 0)
                return -errno;
        at = st.st_size;
        if (size > CREDENTIAL_SIZE_MAX || (size_t) at + sizeof(e) + e.id_length + size > CREDENTIALS_TOTAL_MAX)
                return -EFBIG;
        r = write_at(store, &e, sizeof(e), &at);
        if (r >= 0)
                r = write_at(store, id, e.id_length, &at);
        return r < 0 ? r : write_at(store, data, size, &at);
}

/* The entry at *at, which moves behind it. */
static int read_entry(int store, off_t *at, char id[ENTRY_ID_MAX], Secret *value) {
        Entry e;
        int r;

        r = read_at(store, &e, sizeof(e), at);
        if (r < 0)
                return r;
        if (e.id_length >= ENTRY_ID_MAX || e.size > CREDENTIAL_SIZE_MAX)
                return -EBADMSG;
        r = read_at(store, id, e.id_length, at);
        if (r < 0)
                return r;
        id[e.id_length] = 0;
        if (!credential_id_is_valid(id))
                return -EBADMSG;
        value->size = e.size;
        return read_at(store, value->data, e.size, at);
}

int credential_store_each(int store, int (*found)(const char *id, const void *data, size_t size, void *userdata), void *userdata) {
        _cleanup_secret_ Secret value = {};
        off_t at = sizeof(head);
        struct stat st;
        int r;

        if (!credential_store_is(store))
                return -EBADMSG;
        if (fstat(store, &st) < 0)
                return -errno;
        r = secret_new(&value, CREDENTIAL_SIZE_MAX);
        while (r >= 0 && at < st.st_size) {
                char id[ENTRY_ID_MAX];

                r = read_entry(store, &at, id, &value);
                if (r >= 0)
                        r = found(id, value.data, value.size, userdata);
        }
        return r;
}
