/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Settings files. /etc and /run are the administrator's; a file that lies beside an image may have come with it, from
 * anywhere, and so must never widen what the machine may do (CVE-2026-40226): its privileged keys are ignored. The
 * first file found is the only one, as systemd.nspawn(5) has it: two that are merged would hide which one speaks. */

#include "settings.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "ini.h"
#include "log.h"
#include "options.h"
#include "parse.h"
#include "passing-name.h"
#include "suggest.h"
#include "values.h"
#include "words.h"

typedef struct SettingsReader {
        MachineConfig *c;
        const char *path;
        bool trusted;
        bool section_known;
} SettingsReader;

static int open_section(SettingsReader *s, const IniLine *l) {
        s->section_known = option_section_exists(l->section);
        /* As systemd: "X-" is for others' notes. */
        if (!s->section_known && strncmp(l->section, "X-", 2) != 0)
                log_warning("%s:%u: unknown section [%s], ignoring", s->path, l->line, l->section);
        return 0;
}

static const char *section_of_key(const char *key) {
        for (size_t i = 0; i < n_options; i++)
                if (options[i].section && strcmp(options[i].key, key) == 0)
                        return options[i].section;
        return NULL;
}

static void warn_unknown_key(const SettingsReader *s, const IniLine *l) {
        Suggestion best = suggestion_begin(l->key, strlen(l->key));
        const char *elsewhere = section_of_key(l->key);

        if (elsewhere) {
                log_warning("%s:%u: unknown key %s in section [%s] (it belongs in [%s]), ignoring", s->path, l->line, l->key, l->section,
                            elsewhere);
                return;
        }
        for (size_t i = 0; i < n_options; i++)
                if (options[i].section && strcmp(options[i].section, l->section) == 0)
                        suggestion_offer(&best, options[i].key);
        log_warning("%s:%u: unknown key %s in section [%s]%s%s%s, ignoring", s->path, l->line, l->key, l->section,
                    best.name ? " (did you mean " : "", best.name ? best.name : "", best.name ? "?)" : "");
}

static int store_setting(SettingsReader *s, const Option *o, const IniLine *l, Error **reterr) {
        OptionValue v = { .option = o, .text = l->value, .from_file = true };
        int r;

        if (!*l->value) {
                if (o->field == FIELD_NICS)
                        nics_reset(s->c, o->nic);
                else
                        field_reset(s->c, o->field);
                return 0;
        }
        r = option_store(s->c, &v, reterr);
        return r < 0 ? error_prefix(reterr, r, "%s:%u: %s=", s->path, l->line, o->key) : 0;
}

static int found_line(const IniLine *l, void *userdata, Error **reterr) {
        SettingsReader *s = userdata;
        const Word *refused;
        const Option *o;

        if (!l->key && !l->value)
                return open_section(s, l);
        if (!l->section) {
                log_warning("%s:%u: '%.40s' stands before any section, ignoring", s->path, l->line, l->key ? l->key : l->value);
                return 0;
        }
        if (!s->section_known)
                return 0;
        if (!l->key) {
                log_warning("%s:%u: '%.40s' has no '=', ignoring", s->path, l->line, l->value);
                return 0;
        }
        o = option_find_key(l->section, l->key);
        if (!o && (refused = word_refused_key(l->section, l->key)))
                return error_set(reterr, EINVAL, "%s:%u: %s= is not taken: %s", s->path, l->line, l->key, refused->remark);
        if (!o) {
                warn_unknown_key(s, l);
                return 0;
        }
        if ((o->flags & OPTION_PRIVILEGED) && !s->trusted && !((o->flags & OPTION_NARROWS_BY_TILDE) && l->value[0] == '~')) {
                log_warning("%s:%u: %s= has no effect in a file beside the image, ignoring", s->path, l->line, o->key);
                return 0;
        }
        return store_setting(s, o, l, reterr);
}

/* What a file says for the other verb does not apply to this one; it is checked all the same. */
static void drop_other_verb(MachineConfig *c) {
        unsigned verb = c->mode == START_BOOT ? OPTION_BOOT : OPTION_RUN;

        for (size_t i = 0; i < n_options; i++)
                if (options[i].key && options[i].field != FIELD_BOOT && !(options[i].flags & verb))
                        field_reset(c, options[i].field);
        if (c->boot < 0 || c->boot == (c->mode == START_BOOT))
                return;
        field_reset(c, FIELD_PARAMETERS);
        field_reset(c, FIELD_KILL_SIGNAL); /* one's power-off is another's reboot */
        field_reset(c, FIELD_CHDIR);
}

int settings_parse(MachineConfig *c, const char *path, bool trusted, char *text, size_t size, Error **reterr) {
        SettingsReader s = { .c = c, .path = path, .trusted = trusted };
        int r = ini_parse(text, size, found_line, &s, reterr);

        if (r == -EBADMSG)
                return error_prefix(reterr, r, "%s", path);
        if (r < 0)
                return r;
        r = config_resolve_network(c, reterr);
        if (r < 0)
                return error_prefix(reterr, r, "%s", path);
        drop_other_verb(c);
        return 0;
}

int settings_read_file(const char *path, bool trusted, char **ret, size_t *ret_size, Error **reterr) {
        /* Beside an image a link could name a file of the host's, whose lines would then stand in our messages; a FIFO
         * would hang us. */
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (trusted ? 0 : O_NOFOLLOW));
        struct stat st;
        int r;

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (fd < 0 && errno == ELOOP)
                return error_set(reterr, ELOOP, "The settings file %s is a symbolic link; beside an image it must be a file", path);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the settings file %s", path);
        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the settings file %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EINVAL, "The settings file %s is not a regular file", path);
        r = fd_read_all(fd, SETTINGS_SIZE_MAX, ret, ret_size);
        if (r == -EFBIG)
                return error_set(reterr, r, "The settings file %s is larger than %zu bytes", path, SETTINGS_SIZE_MAX);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the settings file %s", path);
        return 1;
}

/* Read `path` into c if it is there: 1, else 0. */
static int apply_file(MachineConfig *c, const char *path, bool trusted, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *s = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        trusted = trusted || c->settings == SETTINGS_TRUSTED;
        r = settings_read_file(path, trusted, &text, &size, reterr);
        if (r <= 0)
                return r;
        s = config_new(c->mode);
        if (!s)
                return error_oom(reterr);
        r = settings_parse(s, path, trusted, text, size, reterr);
        explicit_bzero(text, size); /* SetCredential= */
        if (r < 0)
                return r;
        if (strv_append(&c->settings_files, path) < 0)
                return error_oom(reterr);
        if (c->settings == SETTINGS_OVERRIDE)
                config_override(c, s);
        else
                config_fill(c, s);
        return 1;
}

/* An ephemeral machine's are those of the image that it was called after. */
static int settings_name_length(const MachineConfig *c) {
        size_t base = c->ephemeral > 0 ? passing_name_base(c->machine) : 0;

        return (int) (base > 0 ? base : strlen(c->machine));
}

/* The file beside the tree: in its parent directory, by the machine's name. */
static int apply_beside(MachineConfig *c, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        const char *end;
        size_t n;

        if (!c->directory)
                return 0;
        n = strlen(c->directory);
        while (n > 1 && c->directory[n - 1] == '/')
                n--;
        end = memrchr(c->directory, '/', n);
        if (!end || n == 1)
                return 0; /* "/" has nothing beside it */
        if (asprintf(&path, "%.*s/%.*s.nspawn", (int) (end - c->directory), c->directory, settings_name_length(c), c->machine) < 0)
                return error_oom(reterr);
        return apply_file(c, path, false, reterr);
}

/* The administrator's and the running system's; the image's own comes after them. */
static const char *const places[SETTINGS_PLACES - 1][2] = {
        { "/etc/nbox", "conf" },
        { "/run/nbox", "conf" },
        { "/etc/systemd/nspawn", "nspawn" },
        { "/run/systemd/nspawn", "nspawn" },
};

int settings_paths(const char *machine, const char *directory, char ***ret) {
        _cleanup_strv_ char **paths = NULL;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(places); i++)
                r = strv_appendf(&paths, "%s/%s.%s", places[i][0], machine, places[i][1]);
        if (r >= 0 && directory)
                r = strv_appendf(&paths, "%s/%s.nspawn", directory, machine);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(paths);
        return 0;
}

int config_read_settings(MachineConfig *c, Error **reterr) {
        int base, r;

        if (c->settings == SETTINGS_NO)
                return 0;
        base = settings_name_length(c);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_free_ char *path = NULL;

                if (asprintf(&path, "%s/%.*s.%s", places[i][0], base, c->machine, places[i][1]) < 0)
                        return error_oom(reterr);
                r = apply_file(c, path, true, reterr);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        r = apply_beside(c, reterr);
        return r < 0 ? r : 0;
}
