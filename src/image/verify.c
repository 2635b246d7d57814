/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify.h"

#include <string.h>
#include <sys/mman.h>

#include "fd.h"
#include "fetch.h"
#include "signature.h"
#include "sums.h"
#include "url.h"

#define SIGNATURE_MAX (64U << 10)
#define INLINE_SIGNED "-----BEGIN PGP SIGNED MESSAGE-----"

static const char *const modes[] = { [VERIFY_SIGNATURE] = "signature", [VERIFY_CHECKSUM] = "checksum", [VERIFY_NO] = "no" };

static const char *const signature_suffixes[] = { ".gpg", ".asc", ".sign" };

typedef struct List {
        char *url, *shown;
        char *text;
        size_t size;
} List;

static void list_done(List *l) {
        free(l->url);
        free(l->shown);
        free(l->text);
}

int verify_mode_parse(const char *s, VerifyMode *ret) {
        for (size_t i = 0; i < ELEMENTSOF(modes); i++)
                if (strcmp(s, modes[i]) == 0) {
                        *ret = (VerifyMode) i;
                        return 0;
                }
        return -EINVAL;
}

/* A small file, whole: 1; 0: the server has none. */
static int get(const VerifyRequest *q, const char *url, size_t max, char **ret, size_t *ret_size, Error **reterr) {
        /* how far this is, nobody needs to see */
        CopyWatch watch = { .is_cancelled = q->watch ? q->watch->is_cancelled : NULL, .userdata = q->watch ? q->watch->userdata : NULL };
        _cleanup_close_ int fd = memfd_create("nbox-fetch", MFD_CLOEXEC);
        _cleanup_(error_freep) Error *error = NULL;
        FetchResult result;
        int r;

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a file in memory");
        r = fetch(&(FetchRequest){ .url = url, .fd = fd, .size_max = max, .timeout = q->timeout, .watch = &watch }, &result, &error);
        if (r == -ENOENT)
                return 0;
        if (r == -EFBIG)
                return error_set(reterr, EFBIG, "%s: that is too large for a list of digests, or a signature", error->message);
        if (r < 0)
                return error_pass(reterr, r, &error);
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(reterr, errno, "Cannot read what was downloaded");
        r = fd_read_all(fd, max, ret, ret_size);
        return r < 0 ? error_errno(reterr, r, "Cannot read what was downloaded") : 1;
}

static int check_inline(List *l, Error **reterr) {
        char *text;
        int r = signature_check(&(SignedText){ .what = l->shown, .text = l->text, .size = l->size }, &text, &l->size, reterr);

        if (r < 0)
                return r;
        free(l->text);
        l->text = text;
        return 1;
}

/* By the first of the files that are there. 1; 0: nothing signs it. */
static int check_signature(const VerifyRequest *q, List *l, Error **reterr) {
        if (l->size > strlen(INLINE_SIGNED) && memcmp(l->text, INLINE_SIGNED, strlen(INLINE_SIGNED)) == 0)
                return check_inline(l, reterr);
        for (size_t i = 0; i < ELEMENTSOF(signature_suffixes); i++) {
                _cleanup_free_ char *url = url_suffixed(l->url, signature_suffixes[i]), *data = NULL, *text = NULL;
                size_t size, text_size;
                int r = url ? get(q, url, SIGNATURE_MAX, &data, &size, reterr) : error_oom(reterr);

                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                r = signature_check(&(SignedText){ .what = l->shown, .text = l->text, .size = l->size, .signature = data, .signature_size = size },
                                    &text, &text_size, reterr);
                return r < 0 ? r : 1;
        }
        return 0;
}

static int not_signed(const List *l, Error **reterr) {
        error_set(reterr, EKEYREJECTED, "Nobody has signed %s: there is no %s.gpg, .asc or .sign beside it", l->shown, strrchr(l->shown, '/') + 1);
        return error_hint(reterr, -EKEYREJECTED, "--verify=checksum is content with the list as it is: that shows damage, but not that somebody else "
                          "has put the image there.");
}

/* Of one list: 1, or 0: it is not there, or does not name the file. */
static int expect_by(const VerifyRequest *q, List *l, const char *file, bool only, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        char unused[DIGEST_HEX_SIZE];
        int r = get(q, l->url, SUMS_MAX, &l->text, &l->size, reterr);

        if (r <= 0)
                return r;
        /* nothing to be checked in vain; what is used is what was signed */
        if (q->mode == VERIFY_SIGNATURE && sums_find(l->text, l->size, file, only, unused) != 0) {
                r = check_signature(q, l, reterr);
                if (r <= 0)
                        return r < 0 ? r : not_signed(l, reterr);
        }
        r = sums_find(l->text, l->size, file, only, ret);
        return r < 0 ? error_set(reterr, EBADMSG, "%s has two different digests for '%s'", l->shown, file) : r;
}

static int not_listed(const VerifyRequest *q, const char *file, bool is_there, Error **reterr) {
        if (is_there)
                error_set(reterr, ENODATA, "'%s' is not in the list of digests beside it, SHA256SUMS, and there is no %s.sha256", file, file);
        else
                error_set(reterr, ENODATA, "There is no list of digests beside '%s': neither SHA256SUMS nor %s.sha256", file, file);
        return error_hint(reterr, -ENODATA, "--verify=no uses it as it comes, if you trust the server%s.",
                          url_is_https(q->url) ? "" : ", and everybody on the way: it is not https");
}

int verify_expect(const VerifyRequest *q, char ret[DIGEST_HEX_SIZE], char **ret_list, Error **reterr) {
        _cleanup_free_ char *file = NULL;
        bool is_there = false;
        int r;

        *ret = 0;
        *ret_list = NULL;
        if (q->mode == VERIFY_NO)
                return 0;
        r = url_file(q->url, &file, reterr);
        if (r >= 0 && q->mode == VERIFY_SIGNATURE)
                r = signature_check_keys(reterr);
        if (r < 0)
                return r;
        for (int only = 0; only < 2; only++) {
                _cleanup_(list_done) List l = { .url = only ? url_suffixed(q->url, ".sha256") : url_beside(q->url, "SHA256SUMS") };

                l.shown = l.url ? url_public(l.url) : NULL;
                r = l.shown ? expect_by(q, &l, file, only == 1, ret, reterr) : error_oom(reterr);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret_list = TAKE_PTR(l.shown);
                        return 0;
                }
                is_there = is_there || l.text;
        }
        return not_listed(q, file, is_there, reterr);
}
