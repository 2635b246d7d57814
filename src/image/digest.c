/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"

#include <gcrypt.h>
#include <string.h>

#include "library.h"

#define LIBRARY "libgcrypt.so.20"
#define PACKAGE "libgcrypt20"
#define READ_SIZE (256U << 10)

typedef struct Gcrypt {
        const char *(*check_version)(const char *);
        gcry_error_t (*control)(enum gcry_ctl_cmds, ...);
        gcry_error_t (*open)(gcry_md_hd_t *, int, unsigned);
        void (*close)(gcry_md_hd_t);
        void (*write)(gcry_md_hd_t, const void *, size_t);
        unsigned char *(*read)(gcry_md_hd_t, int);
} Gcrypt;

struct Digest {
        Gcrypt gcrypt;
        gcry_md_hd_t handle;
};

static int load_library(Gcrypt *g) {
        const LibrarySymbol symbols[] = {
                { "check_version", (void **) &g->check_version }, { "control", (void **) &g->control },
                { "md_open", (void **) &g->open },                { "md_close", (void **) &g->close },
                { "md_write", (void **) &g->write },              { "md_read", (void **) &g->read },
        };
        int r = library_load(LIBRARY, "gcry_", symbols, ELEMENTSOF(symbols));

        if (r < 0)
                return r;
        if (g->control(GCRYCTL_INITIALIZATION_FINISHED_P))
                return 0;
        if (!g->check_version(GCRYPT_VERSION)) /* it has to be asked first, whatever it says */
                return -ELIBACC;
        (void) g->control(GCRYCTL_DISABLE_SECMEM, 0); /* for keys, of which there are none */
        (void) g->control(GCRYCTL_INITIALIZATION_FINISHED, 0);
        return 0;
}

Digest *digest_free(Digest *d) {
        if (!d)
                return NULL;
        if (d->handle)
                d->gcrypt.close(d->handle);
        free(d);
        return NULL;
}

int digest_new(Digest **ret, Error **reterr) {
        _cleanup_(digest_freep) Digest *d = calloc(1, sizeof(*d));

        if (!d)
                return error_oom(reterr);
        if (load_library(&d->gcrypt) < 0) {
                error_set(reterr, EOPNOTSUPP, "Cannot load " LIBRARY ", which makes SHA-256 sums");
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package " PACKAGE ").");
        }
        if (d->gcrypt.open(&d->handle, GCRY_MD_SHA256, 0) != 0)
                return error_set(reterr, EOPNOTSUPP, LIBRARY " makes no SHA-256 sums here");
        *ret = TAKE_PTR(d);
        return 0;
}

void digest_add(Digest *d, const void *data, size_t size) {
        d->gcrypt.write(d->handle, data, size);
}

void digest_end(Digest *d, char ret[DIGEST_HEX_SIZE]) {
        static const char digits[] = "0123456789abcdef";
        const unsigned char *value = d->gcrypt.read(d->handle, GCRY_MD_SHA256);

        for (size_t i = 0; i < DIGEST_HEX_SIZE / 2; i++) {
                ret[2 * i] = digits[value[i] >> 4];
                ret[2 * i + 1] = digits[value[i] & 15];
        }
        ret[DIGEST_HEX_SIZE - 1] = 0;
}

int digest_file(int fd, const char *name, const CopyWatch *watch, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_free_ char *buffer = malloc(READ_SIZE);
        off_t offset = 0;
        int r;

        if (!buffer)
                return error_oom(reterr);
        r = digest_new(&d, reterr);
        if (r < 0)
                return r;
        for (;;) {
                ssize_t n = pread(fd, buffer, READ_SIZE, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(reterr, errno, "Cannot read %s", name);
                if (n == 0)
                        break;
                digest_add(d, buffer, (size_t) n);
                offset += n;
                if (watch && watch->is_cancelled && watch->is_cancelled(watch->userdata))
                        return error_set(reterr, ECANCELED, "The reading was interrupted");
        }
        digest_end(d, ret);
        return 0;
}
