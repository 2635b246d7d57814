/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ssh-key.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "text.h"

#define FILE_MAX (256 * 1024)
#define TYPE_MAX 64

static const char *const types[] = {
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
};

static const char *find_type(const char *word, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (strlen(types[i]) == n && strncmp(types[i], word, n) == 0)
                        return types[i];
        return NULL;
}

static int base64_digit(char c) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *at = c ? strchr(digits, c) : NULL;

        return at ? (int) (at - digits) : -1;
}

/* The first bytes of base64, up to `size`: how many there are. */
static size_t decode_begin(const char *text, size_t n, uint8_t *ret, size_t size) {
        uint32_t bits = 0;
        size_t have = 0, done = 0;

        for (size_t i = 0; i < n && done < size; i++) {
                int digit = base64_digit(text[i]);

                if (digit < 0)
                        break;
                bits = bits << 6 | (uint32_t) digit;
                have += 6;
                if (have >= 8)
                        ret[done++] = (uint8_t) (bits >> (have -= 8));
        }
        return done;
}

/* RFC 4253, 6.6: a key is a string, four bytes of length before it, that says its type, and then what that type has. */
static bool key_is_of_type(const char *key, size_t n, const char *type) {
        uint8_t begin[4 + TYPE_MAX];
        size_t digits = n, length = strlen(type), got;

        while (digits > 0 && n - digits < 2 && key[digits - 1] == '=')
                digits--;
        for (size_t i = 0; i < digits; i++)
                if (base64_digit(key[i]) < 0)
                        return false;
        got = decode_begin(key, digits, begin, sizeof(begin));
        return n % 4 == 0 && got > 4 + length && begin[0] == 0 && begin[1] == 0 && begin[2] == 0 && begin[3] == length &&
               memcmp(begin + 4, type, length) == 0;
}

static bool line_is_key(const char *line) {
        size_t n = strcspn(line, " "), blanks = strspn(line + n, " ");
        const char *type = find_type(line, n), *key = line + n + blanks;

        return type && string_is_clean(line) && key_is_of_type(key, strcspn(key, " "), type);
}

static int no_key(const char *path, size_t number, const char *line, Error **reterr) {
        if (strstr(line, "PRIVATE KEY")) {
                error_set(reterr, EINVAL, "%s is a private key, which belongs to nobody but its owner", path);
                return error_hint(reterr, -EINVAL, "Its public half is mostly beside it: --ssh-key=%s.pub.", path);
        }
        error_set(reterr, EINVAL, "Line %zu of %s is no public key of ssh", number, path);
        return error_hint(reterr, -EINVAL, "Such a line begins with ssh-ed25519, ssh-rsa or ecdsa-sha2-…, as in ~/.ssh/id_ed25519.pub.");
}

int ssh_keys_parse(const char *text, const char *path, char **ret, Error **reterr) {
        _cleanup_free_ char *lines = strdup(text), *keys = calloc(1, strlen(text) + 2);
        size_t number = 0;
        char *rest = lines;

        if (!lines || !keys)
                return error_oom(reterr);
        for (char *line; (line = strsep(&rest, "\n"));) {
                number++;
                for (char *tab = line; (tab = strchr(tab, '\t'));)
                        *tab = ' ';
                line += strspn(line, " ");
                for (size_t n = strlen(line); n > 0 && strchr(" \r", line[n - 1]); n--)
                        line[n - 1] = 0;
                if (!*line || *line == '#')
                        continue;
                if (!line_is_key(line))
                        return no_key(path, number, line, reterr);
                strcat(strcat(keys, line), "\n");
        }
        if (!*keys)
                return error_set(reterr, EINVAL, "There is no key in %s", path);
        *ret = TAKE_PTR(keys);
        return 0;
}

int ssh_keys_read(const char *path, char **ret, Error **reterr) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t size;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot read the key in %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EINVAL, "%s is no file with a key in it", path);
        r = fd_read_all(fd, FILE_MAX, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the key in %s", path);
        if (strlen(text) != size)
                return error_set(reterr, EINVAL, "%s is no text, and so no public key of ssh", path);
        return ssh_keys_parse(text, path, ret, reterr);
}
