/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pull.h"

/* That nothing has to be downloaded is believed of our own files: a base has the digest that we computed when it came. If its publisher's list,
 * verified as is wanted now, has that digest, it is the one, whatever was wanted then. Without a list the server is asked whether it has
 * another one. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "layer-origin.h"
#include "log.h"
#include "strv.h"
#include "url.h"

void pulled_done(Pulled *p) {
        layer_freep(&p->base);
        store_freep(&p->store);
        close_fd(p->file);
        free(p->list);
        free(p->url);
        *p = PULLED_NONE;
}

/* Without a store, images are plain trees. */
static int open_store(const PullRequest *q, Pulled *p, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = store_open(q->directory, true, &p->store, &error);

        if (r >= 0)
                return 0;
        p->store = NULL;
        if (r != -EOPNOTSUPP)
                return error_pass(reterr, r, &error);
        log_debug("%s, ignoring", error->message);
        return 0;
}

static int find_base(Pulled *p, const char *word, const char *value, Error **reterr) {
        return p->store ? layer_origin_find(p->store, word, value, &p->base, reterr) : 0;
}

/* A file beside the images, which nobody can find. */
static int make_file(const PullRequest *q, Pulled *p, Error **reterr) {
        p->file = open(q->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (p->file < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
                _cleanup_free_ char *path = NULL;

                if (asprintf(&path, "%s/.#nbox-pull-XXXXXX", q->directory) < 0)
                        return error_oom(reterr);
                p->file = mkostemp(path, O_CLOEXEC);
                if (p->file >= 0)
                        (void) unlink(path);
        }
        return p->file < 0 ? error_errno(reterr, errno, "Cannot make a file in %s", q->directory) : 0;
}

static int check_digest(const Pulled *p, const char *expected, Error **reterr) {
        if (!*expected || strcmp(p->digest, expected) == 0)
                return 0;
        error_set(reterr, EBADMSG, "%s is not the file that %s has: its SHA-256 is %s, and should be %s", p->url, p->list, p->digest, expected);
        return error_hint(reterr, -EBADMSG, "Perhaps its publisher is just about to put up another one: try again. If it stays so, do not use it.");
}

static int download(const PullRequest *q, Pulled *p, const char *expected, Error **reterr) {
        FetchRequest f = { .url = q->url, .size_max = q->size_max, .timeout = q->timeout, .watch = q->watch, .expect = q->expect };
        _cleanup_(layer_freep) Layer *known = NULL;
        _cleanup_strv_ char **lines = NULL;
        int r;

        r = *expected ? 0 : find_base(p, ORIGIN_URL, p->url, reterr);
        if (r > 0)
                r = layer_origin_read(p->base, &lines, reterr);
        if (r >= 0)
                r = make_file(q, p, reterr);
        if (r < 0)
                return r;
        known = TAKE_PTR(p->base);
        f.fd = p->file;
        f.etag = layer_origin_get(lines, ORIGIN_ETAG);
        f.modified = layer_origin_get(lines, ORIGIN_MODIFIED);
        r = fetch(&f, &p->got, reterr);
        if (r < 0)
                return r;
        if (p->got.unchanged) {
                p->base = TAKE_PTR(known);
                snprintf(p->digest, sizeof(p->digest), "%s", layer_origin_get(lines, ORIGIN_SHA256) ?: "");
                return 0;
        }
        r = digest_file(p->file, p->url, q->watch, p->digest, reterr);
        if (r >= 0)
                r = check_digest(p, expected, reterr);
        if (r >= 0 && !*expected)
                r = find_base(p, ORIGIN_SHA256, p->digest, reterr);
        if (r >= 0 && lseek(p->file, 0, SEEK_SET) < 0)
                r = error_errno(reterr, errno, "Cannot read what was downloaded");
        return r < 0 ? r : 0;
}

int pull_get(const PullRequest *q, Pulled *ret, Error **reterr) {
        char expected[DIGEST_HEX_SIZE];
        int r = url_check(q->url, reterr);

        if (r < 0)
                return r;
        ret->url = url_public(q->url);
        if (!ret->url)
                return error_oom(reterr);
        if (mkdir(q->directory, 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make %s", q->directory);
        r = open_store(q, ret, reterr);
        if (r >= 0)
                r = verify_expect(&(VerifyRequest){ q->url, q->verify, q->timeout, q->watch }, expected, &ret->list, reterr);
        if (r >= 0 && *expected)
                r = find_base(ret, ORIGIN_SHA256, expected, reterr);
        if (r < 0)
                return r;
        if (!ret->base)
                return download(q, ret, expected, reterr);
        strcpy(ret->digest, expected);
        return 0;
}

int pull_unpack(Pulled *p, Archive *a, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *base = NULL;
        int r = layer_new(p->store, "", name, &base, reterr);

        if (r >= 0)
                r = unpack_tree(a, base->tree, wish, ret, reterr);
        if (r < 0)
                return r;
        p->base = TAKE_PTR(base);
        return 0;
}

static int add_line(char ***lines, const char *word, const char *value) {
        return *value ? strv_appendf(lines, "%s %s", word, value) : 0;
}

int pull_seal(const Pulled *p, Error **reterr) {
        _cleanup_strv_ char **lines = NULL;
        int r = add_line(&lines, ORIGIN_URL, p->url);

        if (r >= 0)
                r = add_line(&lines, ORIGIN_ETAG, p->got.etag);
        if (r >= 0)
                r = add_line(&lines, ORIGIN_MODIFIED, p->got.modified);
        if (r >= 0)
                r = add_line(&lines, ORIGIN_SHA256, p->digest);
        return r < 0 ? error_oom(reterr) : layer_origin_write(p->base, lines, reterr);
}
