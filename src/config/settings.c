/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Settings files. /etc, /run and /usr are the administrator's; a file that lies beside an image may have come with it, from
 * anywhere, and so must never widen what the machine may do (CVE-2026-40226): its privileged keys are ignored. All that is found is read
 * into one set of settings, line by line in its order, as if it were one file: so a drop-in adds to a list, replaces a value, and empties either by an
 * empty assignment. Trust is each file's own. */

#include "settings.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fd.h"
#include "ini.h"
#include "log.h"
#include "options.h"
#include "parse.h"
#include "passing-name.h"
#include "specifiers.h"
#include "suggest.h"
#include "values.h"
#include "words.h"

typedef struct SettingsReader {
        MachineConfig *c;
        const SettingsSource *source;
        bool section_known;
} SettingsReader;

/* What is wrong and passed over. */
static _printf_(3, 4) void warn(const SettingsReader *s, const IniLine *l, const char *format, ...) {
        char text[512];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (s->source->watch)
                s->source->watch->said(s->source->watch->userdata, &(SettingsRemark){ .path = s->source->path, .line = l->line, .text = text });
        else
                log_warning("%s:%u: %s, ignoring", s->source->path, l->line, text);
}

static int open_section(SettingsReader *s, const IniLine *l) {
        s->section_known = option_section_exists(l->section);
        /* As systemd: "X-" is for others' notes. */
        if (!s->section_known && strncmp(l->section, "X-", 2) != 0)
                warn(s, l, "unknown section [%s]", l->section);
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
                warn(s, l, "unknown key %s in section [%s] (it belongs in [%s])", l->key, l->section, elsewhere);
                return;
        }
        for (size_t i = 0; i < n_options; i++)
                if (options[i].section && strcmp(options[i].section, l->section) == 0)
                        suggestion_offer(&best, options[i].key);
        warn(s, l, "unknown key %s in section [%s]%s%s%s", l->key, l->section, best.name ? " (did you mean " : "", best.name ? best.name : "",
             best.name ? "?)" : "");
}

static void reset(SettingsReader *s, const Option *o) {
        if (o->field == FIELD_NICS)
                nics_reset(s->c, o->nic);
        else
                field_reset(s->c, o->field);
}

static int store_text(SettingsReader *s, const Option *o, const IniLine *l, const char *text, Error **reterr) {
        OptionValue v = { .option = o, .text = text, .from_file = true, .file = s->source->path, .line = l->line };

        return option_store(s->c, &v, reterr);
}

static int store_setting(SettingsReader *s, const Option *o, const IniLine *l, Error **reterr) {
        SpecifierContext context = { .machine = s->source->specifiers_for, .path = s->source->path };
        char *text = NULL;
        int r;

        if (!*l->value) {
                reset(s, o);
                return 0;
        }
        if (!s->source->specifiers_for || !strchr(l->value, '%'))
                return store_text(s, o, l, l->value, reterr);
        r = specifiers_replace(l->value, &context, &text, reterr);
        if (r < 0)
                return r;
        r = store_text(s, o, l, text, reterr);
        explicit_bzero(text, strlen(text)); /* SetCredential= */
        free(text);
        return r;
}

/* Who watches wants to hear of all that is wrong. */
static int report(const SettingsReader *s, const IniLine *l, int r, Error **reterr) {
        const SettingsWatch *watch = s->source->watch;

        if (!watch || r == -ENOMEM || !reterr || !*reterr)
                return error_prefix(reterr, r, "%s:%u", s->source->path, l->line);
        watch->said(watch->userdata, &(SettingsRemark){ .path = s->source->path, .line = l->line, .is_error = true, .text = (*reterr)->message,
                                                        .hint = (*reterr)->hint });
        error_free(TAKE_PTR(*reterr));
        return 0;
}

static bool is_allowed(const SettingsReader *s, const Option *o, const IniLine *l) {
        return !(o->flags & OPTION_PRIVILEGED) || s->source->trusted || ((o->flags & OPTION_NARROWS_BY_TILDE) && l->value[0] == '~');
}

static int found_line(const IniLine *l, void *userdata, Error **reterr) {
        SettingsReader *s = userdata;
        const Word *refused;
        const Option *o;
        int r;

        if (!l->key && !l->value)
                return open_section(s, l);
        if (!l->section) {
                warn(s, l, "'%.40s' stands before any section", l->key ? l->key : l->value);
                return 0;
        }
        if (!s->section_known)
                return 0;
        if (!l->key) {
                warn(s, l, "'%.40s' has no '='", l->value);
                return 0;
        }
        o = option_find_key(l->section, l->key);
        if (!o && (refused = word_refused_key(l->section, l->key)))
                return report(s, l, error_set(reterr, EINVAL, "%s= is not taken: %s", l->key, refused->remark), reterr);
        if (!o) {
                warn_unknown_key(s, l);
                return 0;
        }
        if (!is_allowed(s, o, l)) {
                warn(s, l, "%s= has no effect in a file beside the image", o->key);
                return 0;
        }
        r = store_setting(s, o, l, reterr);
        return r < 0 ? report(s, l, error_prefix(reterr, r, "%s=", o->key), reterr) : 0;
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

int settings_parse_part(MachineConfig *c, const SettingsSource *source, char *text, size_t size, Error **reterr) {
        SettingsReader s = { .c = c, .source = source };
        int r = ini_parse(text, size, found_line, &s, reterr);

        return r == -EBADMSG ? error_prefix(reterr, r, "%s", source->path) : r;
}

int settings_finish(MachineConfig *c, const char *what, Error **reterr) {
        int r = config_resolve_network(c, reterr);

        if (r < 0)
                return error_prefix(reterr, r, "%s", what);
        drop_other_verb(c);
        return 0;
}

int settings_parse(MachineConfig *c, const char *path, bool trusted, char *text, size_t size, Error **reterr) {
        int r = settings_parse_part(c, &(SettingsSource){ .path = path, .trusted = trusted }, text, size, reterr);

        return r < 0 ? r : settings_finish(c, path, reterr);
}

/* /dev/null: there is nothing to be read, and nothing in lower directories counts. */
static bool is_mask(const struct stat *st) {
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
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
        if (trusted && is_mask(&st)) {
                *ret = calloc(1, 1);
                *ret_size = 0;
                return *ret ? 1 : error_oom(reterr);
        }
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EINVAL, "The settings file %s is not a regular file", path);
        r = fd_read_all(fd, SETTINGS_SIZE_MAX, ret, ret_size);
        if (r == -EFBIG)
                return error_set(reterr, r, "The settings file %s is larger than %zu bytes", path, SETTINGS_SIZE_MAX);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the settings file %s", path);
        return 1;
}

int settings_read_place(MachineConfig *c, const SettingsPlace *place, const SettingsReading *reading, Error **reterr) {
        bool trusted = !place->is_beside || reading->trust_all;
        SettingsSource source = { .path = place->path, .trusted = trusted, .specifiers_for = place->has_specifiers ? reading->machine : NULL,
                                  .watch = reading->watch };
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r;

        r = settings_read_file(place->path, trusted, &text, &size, reterr);
        if (r <= 0)
                return r;
        r = settings_parse_part(c, &source, text, size, reterr);
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a file that has been read has a text */
        explicit_bzero(text, size); /* SetCredential= */
        return r < 0 ? r : 1;
}

/* An ephemeral machine's are those of the image that it was called after. */
static char *settings_name(const MachineConfig *c) {
        size_t base = c->ephemeral > 0 ? passing_name_base(c->machine) : 0;

        return strndup(c->machine, base > 0 ? base : strlen(c->machine));
}

/* The directory that the tree stands in; "/" has nothing beside it. */
static int directory_beside(const MachineConfig *c, char **ret) {
        const char *end;
        size_t n = c->directory ? strlen(c->directory) : 0;

        while (n > 1 && c->directory[n - 1] == '/')
                n--;
        end = n > 1 ? memrchr(c->directory, '/', n) : NULL;
        *ret = end ? strndup(c->directory, (size_t) (end - c->directory)) : NULL;
        return end && !*ret ? -ENOMEM : 0;
}

static int read_places(MachineConfig *c, const SettingsPlaces *places, const char *name, MachineConfig *s, Error **reterr) {
        SettingsReading reading = { .machine = name, .trust_all = c->settings == SETTINGS_TRUSTED };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < places->n; i++) {
                r = settings_read_place(s, &places->items[i], &reading, reterr);
                if (r > 0 && strv_append(&c->settings_files, places->items[i].path) < 0)
                        return error_oom(reterr);
        }
        return r;
}

int config_read_settings(MachineConfig *c, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        _cleanup_(config_freep) MachineConfig *s = NULL;
        _cleanup_free_ char *name = NULL, *beside = NULL, *what = NULL;
        int r;

        if (c->settings == SETTINGS_NO)
                return 0;
        name = settings_name(c);
        if (!name || directory_beside(c, &beside) < 0)
                return error_oom(reterr);
        r = settings_places_find(name, beside, &places, reterr);
        if (r < 0 || places.n == 0)
                return r;
        s = config_new(c->mode);
        if (!s || asprintf(&what, "%s%s", places.items[0].path, places.n > 1 ? " and its drop-ins" : "") < 0)
                return error_oom(reterr);
        r = read_places(c, &places, name, s, reterr);
        if (r >= 0)
                r = settings_finish(s, what, reterr);
        if (r < 0)
                return r;
        if (c->settings == SETTINGS_OVERRIDE)
                config_override(c, s);
        else
                config_fill(c, s);
        return 0;
}
