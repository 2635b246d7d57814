/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-pick.h"

#include <string.h>
#include <sys/utsname.h>

#include "oci-config.h"
#include "strv.h"

#define LISTED_MAX 12 /* names in one message */

void oci_candidates_done(OciCandidates *c) {
        for (size_t i = 0; i < c->n; i++) {
                free(c->all[i].reference);
                free(c->all[i].architecture);
                free(c->all[i].os);
                free(c->all[i].variant);
                oci_descriptor_done(&c->all[i].manifest);
        }
        free(c->all);
        *c = (OciCandidates){};
}

OciCandidate *oci_candidates_add(OciCandidates *c) {
        OciCandidate *all = reallocarray(c->all, c->n + 1, sizeof(*all));

        if (!all)
                return NULL;
        c->all = all;
        all[c->n] = (OciCandidate){};
        return &all[c->n++];
}

static bool is_meant(const OciCandidate *c, const char *reference) {
        size_t n = strlen(reference), m = c->reference ? strlen(c->reference) : 0;

        if (strncmp(reference, "sha256:", 7) == 0 && strcmp(reference + 7, c->manifest.digest) == 0)
                return true;
        if (m < n || strcmp(c->reference + m - n, reference) != 0)
                return false;
        return m == n || c->reference[m - n - 1] == '/' || c->reference[m - n - 1] == ':';
}

/* "v7" of what uname(2) calls armv7l; 0: it has no such thing. */
static char own_arm_version(void) {
        struct utsname u;

        return uname(&u) >= 0 && strncmp(u.machine, "armv", 4) == 0 ? u.machine[4] : 0;
}

static unsigned variant_fits(const char *architecture, const char *variant) {
        char own = strcmp(architecture, "arm64") == 0 ? '8' : strcmp(architecture, "amd64") == 0 ? '1' : own_arm_version();

        if (!variant || !*variant)
                return 2;
        if (!own || variant[0] != 'v' || !variant[1] || variant[2])
                return 1;
        /* what is made for a later amd64 runs on many; what is made for a later ARM, on none */
        return variant[1] == own ? 3 : variant[1] < own || strcmp(architecture, "amd64") == 0 ? 1 : 0;
}

/* How well it fits this machine; 0: not at all. */
static unsigned fits(const OciCandidate *c) {
        const char *own = oci_architecture();

        if (c->os && strcmp(c->os, "linux") != 0)
                return 0;
        if (!c->architecture)
                return 2;
        return strcmp(c->architecture, own) == 0 ? variant_fits(own, c->variant) : 0;
}

static bool is_same(const OciCandidate *a, const OciCandidate *b) {
        return a->number == b->number && strcmp(a->manifest.digest, b->manifest.digest) == 0;
}

/* By what a user can name them. */
static int add_name(char ***names, const OciCandidate *c) {
        _cleanup_free_ char *digest = NULL;
        const char *name = c->reference ? oci_shown(c->reference) : NULL;

        if (!name && *c->manifest.digest) {
                if (asprintf(&digest, "sha256:%s", c->manifest.digest) < 0)
                        return -ENOMEM;
                name = digest;
        } else if (!name)
                name = "one without a name";
        return strv_contains(*names, name) ? 0 : strv_append(names, name);
}

static int add_platform(char ***names, const OciCandidate *c) {
        _cleanup_free_ char *platform = NULL;

        if (c->architecture && strcmp(c->architecture, "unknown") == 0) /* no image, but what says where one comes from */
                return 0;
        if (asprintf(&platform, "%s/%s%s%s", c->os ? oci_shown(c->os) : "linux", c->architecture ? oci_shown(c->architecture) : "?",
                     c->variant ? "/" : "", c->variant ? oci_shown(c->variant) : "") < 0)
                return -ENOMEM;
        return strv_contains(*names, platform) ? 0 : strv_append(names, platform);
}

/* "a, b, c and 12 more" of those that `reference` (or any) means; the caller's, NULL on out of memory. */
static char *list(const OciCandidates *c, const char *reference, int (*add)(char ***, const OciCandidate *)) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *text = NULL;
        char *all;
        size_t n;

        for (size_t i = 0; i < c->n; i++)
                if ((!reference || is_meant(&c->all[i], reference)) && add(&names, &c->all[i]) < 0)
                        return NULL;
        n = strv_length(names);
        if (n <= LISTED_MAX)
                return strv_join(names, ", ");
        for (size_t i = LISTED_MAX; i < n; i++) {
                free(names[i]);
                names[i] = NULL;
        }
        text = strv_join(names, ", ");
        return text && asprintf(&all, "%s and %zu more", text, n - LISTED_MAX) >= 0 ? all : NULL;
}

static int none_meant(const OciCandidates *c, const char *reference, Error **reterr) {
        _cleanup_free_ char *names = list(c, NULL, add_name);

        error_set(reterr, ENOENT, "There is no image '%s' in it", oci_shown(reference));
        return names ? error_hint(reterr, -ENOENT, "There are: %s.", names) : error_oom(reterr);
}

static int none_fits(const OciCandidates *c, const char *reference, Error **reterr) {
        _cleanup_free_ char *platforms = list(c, reference, add_platform);

        if (!platforms)
                return error_oom(reterr);
        return error_set(reterr, ENOENT, "There is no image for linux/%s in it, but for %s", oci_architecture(), platforms);
}

static int several(const OciCandidates *c, const char *reference, Error **reterr) {
        _cleanup_free_ char *names = list(c, reference, add_name);

        error_set(reterr, ENOTUNIQ, "There are several images in it%s%s", reference ? " that are called " : "",
                  reference ? oci_shown(reference) : "");
        return names ? error_hint(reterr, -ENOTUNIQ, "Choose one with --reference=: %s.", names) : error_oom(reterr);
}

static bool is_same_name(const OciCandidate *a, const OciCandidate *b) {
        return a->reference == b->reference || (a->reference && b->reference && strcmp(a->reference, b->reference) == 0);
}

int oci_pick(const OciCandidates *c, const char *reference, const OciCandidate **ret, Error **reterr) {
        const OciCandidate *best = NULL;
        bool meant = false, ambiguous = false;

        for (size_t i = 0; i < c->n; i++) {
                const OciCandidate *one = &c->all[i];

                if (reference && !is_meant(one, reference))
                        continue;
                meant = true;
                if (fits(one) == 0)
                        continue;
                if (best && !is_same(best, one) && (!is_same_name(best, one) || fits(one) == fits(best)))
                        ambiguous = true;
                if (!best || fits(one) > fits(best)) {
                        ambiguous = ambiguous && best && !is_same_name(best, one);
                        best = one;
                }
        }
        if (!meant && reference)
                return none_meant(c, reference, reterr);
        if (!best)
                return none_fits(c, reference, reterr);
        if (ambiguous)
                return several(c, reference, reterr);
        *ret = best;
        return 0;
}
