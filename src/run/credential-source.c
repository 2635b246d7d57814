/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credential-source.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "credentials.h"
#include "fd.h"

#define ENCRYPTED_SIZE_MAX (2 * CREDENTIAL_SIZE_MAX) /* Base64, with what is put around it */
#define WAIT_USEC (30 * UINT64_C(1000000))

/* The name of a credential stands for the one that systemd has given our service. */
static int find_path(const Credential *c, char **ret, Error **reterr) {
        const char *directory = getenv("CREDENTIALS_DIRECTORY");

        if (c->path[0] == '/') {
                *ret = strdup(c->path);
                return *ret ? 0 : error_oom(reterr);
        }
        if (!directory || directory[0] != '/') {
                error_set(reterr, ENOENT, "The credential '%s' is to be the one called '%s' that nbox was given, but it was given none",
                          c->id, c->path);
                return error_hint(reterr, -ENOENT,
                                  "Put LoadCredential=%s:/PATH into a drop-in of the service (systemctl edit), or give the path here.",
                                  c->path);
        }
        return asprintf(ret, "%s/%s", directory, c->path) < 0 ? error_oom(reterr) : 0;
}

/* Opening a FIFO for reading only waits for nobody like this; a terminal does not become ours. */
static int open_source(const Credential *c, const char *path, Error **reterr) {
        _cleanup_close_ int found = open(path, O_PATH | O_CLOEXEC);
        struct stat st;
        int fd;

        if (found < 0 || fstat(found, &st) < 0)
                return error_errno(reterr, errno, "Cannot load the credential '%s' from %s", c->id, path);
        if (S_ISDIR(st.st_mode))
                return error_set(reterr, EISDIR, "Cannot load the credential '%s': %s is a directory", c->id, path);
        fd = S_ISSOCK(st.st_mode) ? unix_connect(path, SOCK_STREAM) : fd_reopen(found, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot load the credential '%s' from %s", c->id, path);
        return fd;
}

/* Until there is something to read, or the end. */
static int await_data(int fd, uint64_t deadline) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        for (;;) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);
                int n;

                if (now >= deadline)
                        return -ETIMEDOUT;
                n = poll(&p, 1, (int) ((deadline - now) / 1000) + 1);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

/* -EFBIG when it is more than the space at hand, one byte of which is to tell. */
static int read_all(int fd, Secret *to) {
        uint64_t deadline = clock_deadline(WAIT_USEC);

        while (to->size < to->space) {
                ssize_t n;
                int r = await_data(fd, deadline);

                if (r < 0)
                        return r;
                n = read(fd, (char *) to->data + to->size, to->space - to->size);
                if (n < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (n == 0)
                        return 0;
                if (n > 0)
                        to->size += (size_t) n;
        }
        return -EFBIG;
}

static int read_path(const Credential *c, Secret *ret, Error **reterr) {
        size_t max = c->encrypted ? ENCRYPTED_SIZE_MAX : CREDENTIAL_SIZE_MAX;
        _cleanup_secret_ Secret data = {};
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        r = find_path(c, &path, reterr);
        if (r < 0)
                return r;
        fd = open_source(c, path, reterr);
        if (fd < 0)
                return fd;
        if (secret_new(&data, max + 1) < 0)
                return error_oom(reterr);
        r = read_all(fd, &data);
        if (r == -ETIMEDOUT)
                return error_set(reterr, ETIMEDOUT, "Cannot load the credential '%s' from %s: its end did not come within %d s", c->id,
                                 path, (int) (WAIT_USEC / 1000000));
        if (r == -EFBIG || (r >= 0 && data.size > max))
                return error_set(reterr, EFBIG, "Cannot load the credential '%s' from %s: it is larger than %zu bytes", c->id, path, max);
        if (r < 0)
                return error_errno(reterr, r, "Cannot load the credential '%s' from %s", c->id, path);
        *ret = data;
        data = (Secret){};
        return 0;
}

static int copy_value(const Credential *c, Secret *ret, Error **reterr) {
        if (secret_new(ret, c->value.size) < 0)
                return error_oom(reterr);
        memcpy(ret->data, c->value.data, c->value.size);
        ret->size = c->value.size;
        return 0;
}

int credential_read(const Credential *c, Secret *ret, Error **reterr) {
        _cleanup_secret_ Secret encrypted = {};
        Secret *to = c->encrypted ? &encrypted : ret;
        int r = c->path ? read_path(c, to, reterr) : copy_value(c, to, reterr);

        return r < 0 || !c->encrypted ? r : credential_decrypt(c->id, &encrypted, ret, reterr);
}
