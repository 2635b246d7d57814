/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-settings.h"

#include <stdarg.h>
#include <string.h>

#include "ini.h"
#include "options.h"
#include "parse.h"
#include "settings.h"
#include "text.h"
#include "tree.h"
#include "values.h"

#define LEFT_OUT_MAX 20 /* sentences */
#define TAIL_SIZE 8192  /* kept free for them */
#define NOTES "X-OCI"   /* others' notes to who reads settings (systemd.syntax(7)) */

/* The text grows line by line; a section is opened by its first line. */
typedef struct Writer {
        char *text;
        size_t size;
        const char *section;
        MachineConfig *read; /* what a reader makes of it so far: some keys have a bound on how often they may stand there */
        char **left_out;
        size_t n_left_out;
} Writer;

static void writer_done(Writer *w) {
        free(w->text);
        config_free(w->read);
        strv_free(w->left_out);
}

static int append(Writer *w, const char *fmt, ...) _printf_(2, 3);

static int append(Writer *w, const char *fmt, ...) {
        _cleanup_free_ char *line = NULL;
        char *grown;
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vasprintf(&line, fmt, ap);
        va_end(ap);
        grown = n < 0 ? NULL : realloc(w->text, w->size + (size_t) n + 1);
        if (!grown)
                return -ENOMEM;
        memcpy(grown + w->size, line, (size_t) n + 1);
        w->text = grown;
        w->size += (size_t) n;
        return 0;
}

/* `value` is shown as far as it can be. */
static int leave_out(Writer *w, const char *key, const char *value, const char *why) {
        if (w->n_left_out++ >= LEFT_OUT_MAX)
                return 0;
        if (value && *value && string_is_clean(value))
                return strv_appendf(&w->left_out, "%s '%.60s%s': %s", key, value, strlen(value) > 60 ? "…" : "", why);
        return strv_appendf(&w->left_out, "%s: %s", key, why);
}

/* Why a line with this value cannot be read as it is meant, or NULL. */
static const char *line_problem(const char *value) {
        size_t n = strlen(value);

        if (n == 0)
                return "it is empty";
        if (!string_is_clean(value))
                return "it has control characters";
        if (strchr(" \t", value[0]) || strchr(" \t\\", value[n - 1]))
                return "it begins or ends with a blank or a backslash";
        return NULL;
}

/* As the one who will read it. */
static const char *option_problem(MachineConfig *c, const char *section, const char *key, const char *value) {
        const Option *o = option_find_key(section, key);
        int r;

        if (!o || (o->flags & OPTION_PRIVILEGED))
                return "it has no effect in a file beside an image";
        r = option_store(c, &(OptionValue){ .option = o, .text = value, .from_file = true }, NULL);
        if (r == -E2BIG)
                return "there are too many of its kind";
        return r < 0 ? "it is not of the form that is needed" : NULL;
}

static int write_line(Writer *w, const char *section, const char *key, const char *value) {
        if (w->section != section && append(w, "\n[%s]\n", section) < 0)
                return -ENOMEM;
        w->section = section;
        return append(w, "%s=%s\n", key, value);
}

/* `shown` stands for the value in messages. */
static int add(Writer *w, const char *section, const char *key, const char *value, const char *shown) {
        const char *problem = line_problem(value);

        if (!problem && strcmp(section, NOTES) != 0)
                problem = option_problem(w->read, section, key, value);
        if (!problem && w->size + strlen(section) + strlen(key) + strlen(value) + 8 > SETTINGS_SIZE_MAX - TAIL_SIZE)
                problem = "there is no room for it in a settings file";
        return problem ? leave_out(w, key, shown, problem) : write_line(w, section, key, value);
}

/* One word as split_words(), and systemd, read it back: within '…' all is as it stands, and a ' is written "'". */
static int append_quoted(char **text, const char *word) {
        size_t n = *text ? strlen(*text) : 0, more = 4;
        char *grown, *p;

        for (const char *s = word; *s; s++)
                more += *s == '\'' ? 5 : 1;
        grown = realloc(*text, n + more);
        if (!grown)
                return -ENOMEM;
        *text = grown;
        p = grown + n;
        if (n > 0)
                *p++ = ' ';
        *p++ = '\'';
        for (const char *s = word; *s; s++)
                if (*s == '\'')
                        p = stpcpy(p, "'\"'\"'");
                else
                        *p++ = *s;
        strcpy(p, "'");
        return 0;
}

static int add_words(Writer *w, const char *section, const char *key, char *const *words) {
        _cleanup_free_ char *line = NULL;

        for (char *const *word = words; word && *word; word++)
                if (append_quoted(&line, *word) < 0)
                        return -ENOMEM;
        return line ? add(w, section, key, line, line) : 0;
}

/* Each on a line of its own, so that one is left out alone. */
static int add_each(Writer *w, const char *section, const char *key, char *const *values) {
        int r = 0;

        for (; r >= 0 && values && *values; values++)
                r = add(w, section, key, *values, *values);
        return r;
}

/* NAME=VALUE, of which only the name is shown. */
static int add_each_quoted(Writer *w, const char *section, const char *key, char *const *values) {
        int r = 0;

        for (; r >= 0 && values && *values; values++) {
                _cleanup_free_ char *line = NULL, *name = strndup(*values, strcspn(*values, "="));

                r = name ? append_quoted(&line, *values) : -ENOMEM;
                if (r >= 0)
                        r = add(w, section, key, line, name);
        }
        return r;
}

/* What runs: an init with its arguments, or a command. */
static int add_program(Writer *w, const OciConfig *c) {
        _cleanup_strv_ char **argv = NULL;
        bool boot;
        int r = 0;

        for (char *const *word = c->entrypoint; r >= 0 && word && *word; word++)
                r = strv_append(&argv, *word);
        for (char *const *word = c->command; r >= 0 && word && *word; word++)
                r = strv_append(&argv, *word);
        if (r < 0 || !argv)
                return r;
        boot = tree_is_init_path(argv[0]);
        r = add(w, "Exec", "Boot", boot ? "yes" : "no", NULL);
        if (r >= 0 && !*argv[0])
                return leave_out(w, "Parameters", NULL, "the command is empty");
        return r < 0 ? r : add_words(w, "Exec", "Parameters", argv + boot);
}

static int add_string(Writer *w, const char *section, const char *key, const char *value) {
        return value ? add(w, section, key, value, value) : 0;
}

static int add_all(Writer *w, const OciConfig *c) {
        int r = add_program(w, c);

        if (r >= 0)
                r = add_each_quoted(w, "Exec", "Environment", c->environment);
        if (r >= 0)
                r = add_string(w, "Exec", "WorkingDirectory", c->directory);
        if (r >= 0)
                r = add_string(w, "Exec", "User", c->user);
        if (r >= 0)
                r = add_string(w, "Exec", "KillSignal", c->stop_signal);
        if (r >= 0)
                r = add_each(w, "Files", "Volume", c->volumes);
        if (r >= 0)
                r = add_words(w, NOTES, "EntryPoint", c->entrypoint);
        if (r >= 0)
                r = add_each(w, NOTES, "Port", c->ports);
        if (r >= 0)
                r = add_each_quoted(w, NOTES, "Label", c->labels);
        if (r >= 0)
                r = add_string(w, NOTES, "Architecture", c->architecture);
        return r;
}

static int add_left_out(Writer *w) {
        int r = 0;

        for (char **s = w->left_out; r >= 0 && s && *s; s++)
                r = append(w, "%s# %s\n", s == w->left_out ? "\n# Left out of what the image says:\n" : "", *s);
        if (r >= 0 && w->n_left_out > LEFT_OUT_MAX) {
                r = append(w, "# and %zu more\n", w->n_left_out - LEFT_OUT_MAX);
                if (r >= 0)
                        r = strv_appendf(&w->left_out, "and %zu more", w->n_left_out - LEFT_OUT_MAX);
        }
        return r;
}

int oci_settings_write(const OciConfig *c, const char *origin, char **ret, char ***ret_left_out, Error **reterr) {
        bool shown = origin && string_is_clean(origin) && strlen(origin) < 1024;
        _cleanup_(writer_done) Writer w = { .read = config_new(START_RUN) };

        if (!w.read ||
            append(&w, "# What the image%s%s says of the program that it was made for; see IMAGES OF PROGRAMS in nbox(1).\n",
                   shown ? " from " : "", shown ? origin : "") < 0 ||
            add_all(&w, c) < 0 || add_left_out(&w) < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(w.text);
        if (ret_left_out)
                *ret_left_out = TAKE_PTR(w.left_out);
        return 0;
}

typedef struct Notes {
        OciConfig *config;
        char **entrypoint;
} Notes;

static int found_note(const IniLine *l, void *userdata, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        Notes *n = userdata;
        int r = 0;

        if (!l->section || !l->key || strcmp(l->section, NOTES) != 0)
                return 0;
        if (split_words(l->value, &words, NULL) < 0)
                return 0; /* a note of somebody else's */
        if (strcmp(l->key, "EntryPoint") == 0) {
                strv_free(n->entrypoint);
                n->entrypoint = TAKE_PTR(words);
        } else if (strcmp(l->key, "Port") == 0 && *l->value)
                r = strv_append(&n->config->ports, l->value);
        else if (strcmp(l->key, "Label") == 0 && words && strchr(words[0], '=') && !words[1])
                r = strv_append(&n->config->labels, words[0]);
        else if (strcmp(l->key, "Architecture") == 0)
                r = string_set(&n->config->architecture, l->value);
        return r < 0 ? error_oom(reterr) : 0;
}

/* What has been the entry point still is where the command begins with it. */
static int split_command(OciConfig *o, char *const *entrypoint, char *const *argv) {
        size_t n = strv_length(entrypoint), i = 0;
        int r = 0;

        while (i < n && argv && argv[i] && strcmp(entrypoint[i], argv[i]) == 0)
                i++;
        n = i < n ? 0 : n;
        for (i = 0; r >= 0 && argv && argv[i]; i++)
                r = strv_append(i < n ? &o->entrypoint : &o->command, argv[i]);
        return r;
}

static int take_settings(OciConfig *o, const MachineConfig *c) {
        char text[SIGNAL_TEXT_MAX];

        if (c->kill_signal > 0 && string_set(&o->stop_signal, signal_to_text(c->kill_signal, text)) < 0)
                return -ENOMEM;
        if ((c->environment && !(o->environment = strv_copy(c->environment))) || (c->volumes && !(o->volumes = strv_copy(c->volumes))))
                return -ENOMEM;
        return string_set(&o->user, c->user) < 0 ? -ENOMEM : string_set(&o->directory, c->chdir);
}

/* The parser changes its text. A copy of all of it: a NUL in it is the parser's to find. */
static char *copy_of(const char *text, size_t size) {
        char *copy = malloc(size + 1);

        if (!copy)
                return NULL;
        memcpy(copy, text, size);
        copy[size] = 0;
        return copy;
}

static int parse_copy(MachineConfig *c, const char *text, size_t size, const char *path, Error **reterr) {
        _cleanup_free_ char *copy = copy_of(text, size);

        return copy ? settings_parse(c, path, false, copy, size, reterr) : error_oom(reterr);
}

static int read_notes(Notes *n, const char *text, size_t size, const char *path, Error **reterr) {
        _cleanup_free_ char *copy = copy_of(text, size);
        int r = copy ? ini_parse(copy, size, found_note, n, reterr) : error_oom(reterr);

        return r < 0 && r != -ENOMEM ? error_prefix(reterr, r, "%s", path) : r;
}

/* Its init is told what Parameters= says, unless they are a command's. */
static int take_init(OciConfig *o, const char *init, const MachineConfig *boot) {
        int r = strv_append(&o->command, init);

        for (char **word = boot ? boot->parameters : NULL; r >= 0 && word && *word; word++)
                r = strv_append(&o->command, *word);
        return r;
}

int oci_settings_read(const char *text, size_t size, const char *path, const char *init, OciConfig **ret, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *run = config_new(START_RUN), *boot = config_new(START_BOOT);
        _cleanup_(oci_config_freep) OciConfig *o = calloc(1, sizeof(*o));
        Notes notes = { .config = o };
        int r = 0;

        if (!run || !boot || !o)
                return error_oom(reterr);
        if (text) {
                r = read_notes(&notes, text, size, path, reterr);
                if (r >= 0)
                        r = parse_copy(run, text, size, path, reterr);
                if (r >= 0 && run->boot == 1)
                        r = parse_copy(boot, text, size, path, reterr);
        }
        if (r >= 0 && take_settings(o, run) < 0)
                r = error_oom(reterr);
        if (r >= 0 && (init && run->boot != 0 && !run->parameters ? take_init(o, init, boot)
                                                                  : split_command(o, notes.entrypoint, run->parameters)) < 0)
                r = error_oom(reterr);
        strv_free(notes.entrypoint);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}
