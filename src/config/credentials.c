/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A value that is given on the command line stands in /proc/PID/cmdline, which every user of the host may read. Nothing can be done about
 * the moment before we run, but the supervisor may live for years: so the value is kept in memory of its own, and overwritten where
 * it stood. Whoever reads our arguments again (for the next life, for a service that is to do our work) finds the ID
 * with asterisks behind it, and has been handed the value by other means (run/credential-store.h).
 *
 * No error here says more of a value than where it is wrong. */

#include "credentials.h"

#include <stdint.h>
#include <string.h>

#include "path.h"
#include "values.h"

#define CREDENTIAL_ID_MAX 255
#define HEX "0123456789abcdef"

bool credential_id_is_valid(const char *id) {
        size_t n = strlen(id);

        if (n == 0 || n > CREDENTIAL_ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
                return false;
        for (const char *p = id; *p; p++)
                if (*p < ' ' || *p > '~' || *p == ':' || *p == '/')
                        return false;
        return true;
}

static void wipe(Credential *c) {
        secret_done(&c->value);
        if (c->given)
                memset(c->given, '*', strlen(c->given));
        c->given = NULL;
}

void credential_list_wipe(CredentialList *list) {
        for (size_t i = 0; i < list->n; i++)
                wipe(&list->items[i]);
}

void credential_list_done(CredentialList *list) {
        credential_list_wipe(list);
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].id);
                free(list->items[i].path);
        }
        free(list->items);
        *list = (CredentialList){};
}

/* n digits of this base at *s, which moves behind them. */
static int read_digits(const char **s, int base, size_t n, uint32_t *ret) {
        uint32_t v = 0;

        for (size_t i = 0; i < n; i++, (*s)++) {
                const char *digit = **s ? strchr(HEX, **s >= 'A' && **s <= 'F' ? **s + ('a' - 'A') : **s) : NULL;

                if (!digit || digit - HEX >= base)
                        return -EINVAL;
                v = v * (uint32_t) base + (uint32_t) (digit - HEX);
        }
        *ret = v;
        return 0;
}

static char *put_utf8(char *out, uint32_t c) {
        if (c < 0x80) {
                *out++ = (char) c;
                return out;
        }
        if (c < 0x800)
                *out++ = (char) (0xc0 | c >> 6);
        else {
                if (c < 0x10000)
                        *out++ = (char) (0xe0 | c >> 12);
                else {
                        *out++ = (char) (0xf0 | c >> 18);
                        *out++ = (char) (0x80 | (c >> 12 & 0x3f));
                }
                *out++ = (char) (0x80 | (c >> 6 & 0x3f));
        }
        *out++ = (char) (0x80 | (c & 0x3f));
        return out;
}

/* What stands behind a backslash, *s, as one byte or character at *out. Both move. */
static int unescape_one(const char **s, char **out) {
        static const struct { char letter, byte; } letters[] = {
                { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' }, { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { 'v', '\v' },
                { 's', ' ' }, { '\\', '\\' }, { '"', '"' }, { '\'', '\'' },
        };
        char letter = **s;
        uint32_t v;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(letters); i++)
                if (letters[i].letter == letter) {
                        *(*out)++ = letters[i].byte;
                        (*s)++;
                        return 0;
                }
        if (letter >= '0' && letter <= '3') {
                r = read_digits(s, 8, 3, &v);
                *(*out)++ = (char) (r < 0 ? 0 : v);
                return r;
        }
        if (letter != 'x' && letter != 'u' && letter != 'U')
                return -EINVAL;
        (*s)++;
        r = read_digits(s, 16, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, &v);
        if (r < 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
                return -EINVAL;
        if (letter == 'x')
                *(*out)++ = (char) v;
        else
                *out = put_utf8(*out, v);
        return 0;
}

/* C's escapes, as systemd.exec(5) has them in SetCredential=; what comes out is no longer than what goes in. */
static int unescape(const char *text, Secret *value, Error **reterr) {
        char *out = value->data;

        for (const char *s = text; *s;) {
                const char *begin = s;

                if (*s != '\\') {
                        *out++ = *s++;
                        continue;
                }
                s++;
                if (unescape_one(&s, &out) < 0) {
                        error_set(reterr, EINVAL, "The backslash at byte %zu of the value begins no escape of C's", (size_t) (begin - text) + 1);
                        return error_hint(reterr, -EINVAL, "A backslash itself is written \\\\.");
                }
        }
        value->size = (size_t) (out - (char *) value->data);
        return 0;
}

static int take_value(Credential *c, const char *text, Error **reterr) {
        size_t n = strlen(text);

        if (secret_new(&c->value, n) < 0)
                return error_oom(reterr);
        if (!c->encrypted)
                return unescape(text, &c->value, reterr);
        memcpy(c->value.data, text, n); /* Base64 */
        c->value.size = n;
        return 0;
}

/* A word without a slash is the name of a credential that our own service was given (systemd.exec(5), $CREDENTIALS_DIRECTORY). */
static int take_path(Credential *c, const char *text, bool from_file, Error **reterr) {
        if (strchr(text, '/'))
                return host_path(text, from_file, &c->path, reterr);
        if (!credential_id_is_valid(text)) {
                error_set(reterr, EINVAL, "'%.80s' is neither a path nor a credential's name", text);
                return error_hint(reterr, -EINVAL, "A file in the working directory is written ./%.80s.", text);
        }
        c->path = strdup(text);
        return c->path ? 0 : error_oom(reterr);
}

static int check_id(const MachineConfig *c, const char *id, Error **reterr) {
        if (!credential_id_is_valid(id))
                return error_set(reterr, EINVAL, "What stands before the ':' is no credential's ID: 1 to %d printable ASCII characters without '/'",
                                 CREDENTIAL_ID_MAX);
        for (size_t i = 0; i < c->credentials.n; i++)
                if (strcmp(c->credentials.items[i].id, id) == 0)
                        return error_set(reterr, EEXIST, "The credential '%s' is given twice", id);
        return 0;
}

static int append(MachineConfig *c, Credential *new, Error **reterr) {
        CredentialList *list = &c->credentials;
        Credential *items = reallocarray(list->items, list->n + 1, sizeof(*items));

        if (!items)
                return error_oom(reterr);
        list->items = items;
        items[list->n++] = *new;
        *new = (Credential){};
        return 0;
}

static int parse_credential(MachineConfig *c, const OptionValue *v, bool load, bool encrypted, Error **reterr) {
        CredentialList new = { .items = calloc(1, sizeof(Credential)), .n = 1 }; /* a list, so that it is wiped as one */
        const char *colon = strchr(v->text, ':');
        Credential *credential = new.items;
        int r;

        if (!credential)
                return error_oom(reterr);
        credential->encrypted = encrypted;
        credential->given = load || !colon || v->from_file ? NULL : (char *) colon + 1; /* it is our own argument vector's */
        credential->from_file = v->from_file;
        credential->id = strndup(v->text, colon ? (size_t) (colon - v->text) : 0);
        if (!credential->id)
                r = error_oom(reterr);
        else if (!colon)
                r = error_set(reterr, EINVAL, "It is written ID:%s", load ? "PATH" : "VALUE");
        else
                r = check_id(c, credential->id, reterr);
        if (r >= 0)
                r = load ? take_path(credential, colon + 1, v->from_file, reterr) : take_value(credential, colon + 1, reterr);
        if (r >= 0 && credential->value.size > CREDENTIAL_SIZE_MAX && !encrypted)
                r = error_set(reterr, EFBIG, "The credential '%s' is larger than %d bytes", credential->id, CREDENTIAL_SIZE_MAX);
        if (r >= 0)
                r = append(c, credential, reterr);
        credential_list_done(&new);
        return r;
}

int parse_load_credential(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return parse_credential(c, v, true, false, reterr);
}

int parse_load_credential_encrypted(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return parse_credential(c, v, true, true, reterr);
}

int parse_set_credential(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return parse_credential(c, v, false, false, reterr);
}

int parse_set_credential_encrypted(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return parse_credential(c, v, false, true, reterr);
}
