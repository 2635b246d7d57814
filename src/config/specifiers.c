/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One table: what is replaced, and what nbox.conf(5) lists. Machines are started by root, as systemd's own services are, so that whoever
 * asks what would be started (show --plan, verify) sees root's values, not their own. What the host says of itself may hold anything: it is
 * looked through for control characters like all that is written in a file. */

#include "specifiers.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

#include "file.h"
#include "process.h"
#include "text.h"

#define OS_RELEASE_MAX ((size_t) 64 * 1024)

static char *constant(const Specifier *s, const SpecifierContext *context _unused_) {
        return strdup(s->what);
}

static char *machine(const Specifier *s _unused_, const SpecifierContext *context) {
        return strdup(context->machine);
}

static char *file_path(const Specifier *s _unused_, const SpecifierContext *context) {
        return strdup(context->path);
}

static char *file_directory(const Specifier *s _unused_, const SpecifierContext *context) {
        const char *slash = strrchr(context->path, '/');

        return slash ? strndup(context->path, (size_t) (slash - context->path)) : strdup(".");
}

static char *boot(const Specifier *s _unused_, const SpecifierContext *context _unused_) {
        char id[33];

        return strdup(boot_id(id) < 0 ? "" : id);
}

static char *machine_id(const Specifier *s _unused_, const SpecifierContext *context _unused_) {
        char *text = NULL;

        if (file_read(AT_FDCWD, "/etc/machine-id", 64, &text) < 0)
                return strdup("");
        text[strcspn(text, "\n")] = 0;
        return text;
}

static char *host_name(const Specifier *s, const SpecifierContext *context _unused_) {
        struct utsname u;

        if (uname(&u) < 0)
                return strdup("");
        return strndup(u.nodename, s->what ? strcspn(u.nodename, s->what) : strlen(u.nodename));
}

static char *kernel_release(const Specifier *s _unused_, const SpecifierContext *context _unused_) {
        struct utsname u;

        return strdup(uname(&u) < 0 ? "" : u.release);
}

/* In systemd's words (ConditionArchitecture=). */
static char *architecture(const Specifier *s _unused_, const SpecifierContext *context _unused_) {
        static const char *const names[][2] = {
                { "x86_64", "x86-64" }, { "i686", "x86" }, { "i586", "x86" }, { "i386", "x86" }, { "aarch64", "arm64" }, { "armv7l", "arm" },
                { "armv6l", "arm" }, { "ppc64le", "ppc64-le" }, { "ppc64", "ppc64" }, { "s390x", "s390x" }, { "riscv64", "riscv64" },
                { "loongarch64", "loongarch64" }, { "mips64", "mips64" },
        };
        struct utsname u;

        if (uname(&u) < 0)
                return strdup("");
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i][0], u.machine) == 0)
                        return strdup(names[i][1]);
        return strdup(u.machine);
}

/* A line of os-release(5), without its quotes. */
static char *os_field(const Specifier *s, const SpecifierContext *context _unused_) {
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(s->what);

        if (file_read(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &text) < 0 &&
            file_read(AT_FDCWD, "/usr/lib/os-release", OS_RELEASE_MAX, &text) < 0)
                return strdup("");
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = 0;
                if (strncmp(line, s->what, n) != 0 || line[n] != '=')
                        continue;
                line += n + 1;
                if (*line == '"' || *line == '\'')
                        return strndup(line + 1, strcspn(line + 1, *line == '"' ? "\"" : "'"));
                return strdup(line);
        }
        return strdup("");
}

const Specifier specifiers[] = {
        { 'n', "the machine's name; of an ephemeral machine the name before its suffix", machine },
        { 'i', "the same", machine },
        { 'a', "the host's architecture, as x86-64 or arm64", architecture },
        { 'A', "IMAGE_VERSION= of the host's os-release(5)", os_field, "IMAGE_VERSION" },
        { 'b', "the id of the host's boot, 32 hexadecimal digits", boot },
        { 'B', "BUILD_ID= of the host's os-release(5)", os_field, "BUILD_ID" },
        { 'C', "/var/cache", constant, "/var/cache" },
        { 'E', "/etc", constant, "/etc" },
        { 'g', "root", constant, "root" },
        { 'G', "0", constant, "0" },
        { 'h', "/root", constant, "/root" },
        { 'H', "the host's name", host_name },
        { 'l', "the host's name up to the first dot", host_name, "." },
        { 'L', "/var/log", constant, "/var/log" },
        { 'm', "the host's machine id, 32 hexadecimal digits", machine_id },
        { 'M', "IMAGE_ID= of the host's os-release(5)", os_field, "IMAGE_ID" },
        { 'o', "ID= of the host's os-release(5), as debian", os_field, "ID" },
        { 'S', "/var/lib", constant, "/var/lib" },
        { 't', "/run", constant, "/run" },
        { 'T', "/tmp", constant, "/tmp" },
        { 'u', "root", constant, "root" },
        { 'U', "0", constant, "0" },
        { 'v', "the host's kernel release, as uname -r prints it", kernel_release },
        { 'V', "/var/tmp", constant, "/var/tmp" },
        { 'w', "VERSION_ID= of the host's os-release(5), as 12", os_field, "VERSION_ID" },
        { 'W', "VARIANT_ID= of the host's os-release(5)", os_field, "VARIANT_ID" },
        { 'y', "the path of the file that it stands in", file_path },
        { 'Y', "the directory of that file", file_directory },
        {},
};

static const Specifier *find(char letter) {
        for (const Specifier *s = specifiers; s->letter; s++)
                if (s->letter == letter)
                        return s;
        return NULL;
}

/* Room is kept for a NUL. */
static int append(char **out, size_t *size, const char *text, size_t n, Error **reterr) {
        char *grown;

        if (*size + n > SPECIFIER_TEXT_MAX)
                return error_set(reterr, E2BIG, "With its specifiers replaced the value is longer than %zu bytes", SPECIFIER_TEXT_MAX);
        grown = realloc(*out, *size + n + 1);
        if (!grown)
                return error_oom(reterr);
        memcpy(grown + *size, text, n);
        *size += n;
        grown[*size] = 0;
        *out = grown;
        return 0;
}

static int append_value(char **out, size_t *size, char letter, const SpecifierContext *context, Error **reterr) {
        const Specifier *s = find(letter);
        _cleanup_free_ char *value = NULL;

        if (!s) {
                error_set(reterr, EINVAL, "%%%c is no specifier", letter);
                return error_hint(reterr, -EINVAL, "A '%%' itself is written '%%%%'; nbox.conf(5) lists the specifiers.");
        }
        value = s->value(s, context);
        if (!value)
                return error_oom(reterr);
        if (!string_is_clean(value))
                return error_set(reterr, EINVAL, "What %%%c stands for, %s, has control characters", letter, s->help);
        return append(out, size, value, strlen(value), reterr);
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int specifiers_replace(const char *text, const SpecifierContext *context, char **ret, Error **reterr) {
        _cleanup_free_ char *out = NULL;
        size_t size = 0;
        int r = 0;

        while (r >= 0 && *text) {
                size_t n = strcspn(text, "%");
                char next = text[n] ? text[n + 1] : 0;

                r = append(&out, &size, text, n, reterr);
                text += n;
                if (r < 0 || !*text)
                        break;
                if (is_letter(next))
                        r = append_value(&out, &size, next, context, reterr);
                else
                        r = append(&out, &size, "%", 1, reterr);
                text += next == '%' || is_letter(next) ? 2 : 1;
        }
        if (r >= 0 && !out)
                r = append(&out, &size, "", 0, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(out);
        return r;
}
