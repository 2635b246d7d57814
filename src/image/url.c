/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "url.h"

#include <string.h>
#include <strings.h>

#include "text.h"

#define HTTP "http://"
#define HTTPS "https://"

bool url_is_https(const char *url) {
        return strncasecmp(url, HTTPS, strlen(HTTPS)) == 0;
}

/* Behind the scheme; NULL: it is another one. */
static const char *authority(const char *url) {
        if (url_is_https(url))
                return url + strlen(HTTPS);
        return strncasecmp(url, HTTP, strlen(HTTP)) == 0 ? url + strlen(HTTP) : NULL;
}

static const char *path_of(const char *url) {
        const char *a = authority(url);

        return a + strcspn(a, "/?#");
}

/* Behind "user:password@". */
static const char *host_of(const char *url) {
        const char *a = authority(url), *at = memrchr(a, '@', (size_t) (path_of(url) - a));

        return at ? at + 1 : a;
}

int url_check(const char *url, Error **reterr) {
        if (strlen(url) > URL_MAX)
                return error_set(reterr, EINVAL, "The URL is longer than %u bytes", URL_MAX);
        for (const unsigned char *p = (const unsigned char *) url; *p; p++)
                if (*p <= ' ' || *p >= 0x7f) {
                        error_set(reterr, EINVAL, "There is a character in the URL that cannot be in one");
                        return error_hint(reterr, -EINVAL, "Blanks and all that is not ASCII are written as %%XX: %%20 is a blank.");
                }
        if (!authority(url)) {
                error_set(reterr, EPROTONOSUPPORT, "'%.100s' is not a URL that begins with http:// or https://", url);
                return error_hint(reterr, -EPROTONOSUPPORT, "`nbox import FILE` takes a file of this host.");
        }
        if (host_of(url) == path_of(url))
                return error_set(reterr, EINVAL, "There is no host in the URL '%.100s'", url);
        return 0;
}

char *url_public(const char *url) {
        const char *host = host_of(url);
        char *text;

        if (asprintf(&text, "%.*s%.*s", (int) (authority(url) - url), url, (int) strcspn(host, "#"), host) < 0)
                return NULL;
        return text;
}

static int hex(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The last component of the path, as it stands. */
static const char *last_component(const char *url, size_t *ret_size) {
        const char *path = path_of(url), *slash;
        size_t n = strcspn(path, "?#");

        slash = memrchr(path, '/', n);
        *ret_size = slash ? (size_t) (path + n - slash - 1) : 0;
        return slash ? slash + 1 : path + n;
}

int url_file(const char *url, char **ret, Error **reterr) {
        _cleanup_free_ char *name = NULL;
        size_t n, k = 0;
        const char *p = last_component(url, &n);

        name = calloc(1, n + 1);
        if (!name)
                return error_oom(reterr);
        for (size_t i = 0; i < n; i++) {
                int high = p[i] == '%' && i + 2 < n ? hex(p[i + 1]) : -1, low = high >= 0 ? hex(p[i + 2]) : -1;

                name[k++] = low >= 0 ? (char) (high * 16 + low) : p[i];
                i += low >= 0 ? 2 : 0;
        }
        if (k == 0 || strlen(name) != k || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !string_is_clean(name))
                return error_set(reterr, EINVAL, "The URL names no file: nothing that can be a file's name stands behind its last '/'");
        *ret = TAKE_PTR(name);
        return 0;
}

char *url_beside(const char *url, const char *file) {
        size_t n;
        const char *last = last_component(url, &n);
        char *text;

        return asprintf(&text, "%.*s%s", (int) (last - url), url, file) < 0 ? NULL : text;
}

char *url_suffixed(const char *url, const char *suffix) {
        size_t n;
        const char *last = last_component(url, &n);
        char *text;

        return asprintf(&text, "%.*s%s", (int) (last + n - url), url, suffix) < 0 ? NULL : text;
}
