/* SPDX-License-Identifier: GPL-2.0-or-later */

/* --bind=, --bind-ro=, --tmpfs= and --overlay=: "[-][+]SOURCE[:DEST[:OPTIONS]]", "DEST[:OPTIONS]" and "LOWER[:LOWER...]:UPPER[:DEST]", a backslash
 * before what is to be taken as it stands. Only the shape is looked at here; what is there, run/ sees. */

#include <string.h>

#include "device-spec.h"
#include "path.h"
#include "text.h"
#include "values.h"

static int parse_bind_options(BindMount *b, const char *text, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text);
        char *state = NULL;
        int option, r;

        if (!copy)
                return error_oom(reterr);
        for (char *word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
                r = enum_parse(bind_option_names, word, &option, reterr);
                if (r < 0)
                        return r;
                if (option == BIND_OPTION_RBIND || option == BIND_OPTION_NORBIND)
                        b->recursive = option == BIND_OPTION_RBIND;
                else
                        b->idmap = option - BIND_OPTION_NOIDMAP;
        }
        return 0;
}

/* Where something is mounted inside. */
static int check_destination(const char *path, Error **reterr) {
        if (!path_is_clean(path))
                return error_set(reterr, EINVAL, "The destination '%.200s' is not an absolute path without '.' and '..'", path);
        if (strspn(path, "/") == strlen(path))
                return error_set(reterr, EINVAL, "The destination is the root of the machine; choose a directory in it");
        return 0;
}

static int parse_bind_source(BindMount *b, const char *text, bool from_file, Error **reterr) {
        if (*text == '-') {
                b->optional = true;
                text++;
        }
        if (*text == '+') {
                b->from_root = true;
                text++;
                if (!path_is_clean(text))
                        return error_set(reterr, EINVAL, "The source '+%.200s' is not an absolute path without '.' and '..'", text);
                b->source = strdup(text);
                return b->source ? 0 : error_oom(reterr);
        }
        if (!*text)
                return error_set(reterr, EINVAL, "The source is empty; for an empty file system take --tmpfs=");
        return host_path(text, from_file, &b->source, reterr);
}

static int fill_bind(BindMount *b, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *source = NULL, *mount_options = NULL;
        const char *rest = v->text;
        int r;

        source = colon_next_field(&rest);
        if (!source)
                return error_oom(reterr);
        r = parse_bind_source(b, source, v->from_file, reterr);
        if (r < 0)
                return r;
        b->destination = rest ? colon_next_field(&rest) : strdup(b->source);
        if (!b->destination)
                return error_oom(reterr);
        r = check_destination(b->destination, reterr);
        if (r < 0 || !rest)
                return r;
        mount_options = colon_next_field(&rest);
        if (!mount_options)
                return error_oom(reterr);
        if (rest)
                return error_set(reterr, EINVAL, "More than SOURCE:DEST:OPTIONS; a ':' in a path is written '\\:'");
        return parse_bind_options(b, mount_options, reterr);
}

static int add_bind(MachineConfig *c, const OptionValue *v, bool read_only, Error **reterr) {
        BindMount b = { .read_only = read_only, .recursive = true, .idmap = -1 }, *grown;
        int r = fill_bind(&b, v, reterr);

        grown = r < 0 ? NULL : reallocarray(c->binds, c->n_binds + 1, sizeof(*grown));
        if (!grown) {
                free(b.source);
                free(b.destination);
                return r < 0 ? r : error_oom(reterr);
        }
        c->binds = grown;
        c->binds[c->n_binds++] = b;
        return 0;
}

int parse_bind(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return add_bind(c, v, false, reterr);
}

int parse_bind_ro(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return add_bind(c, v, true, reterr);
}

int parse_tmpfs(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *destination = NULL, *mount_options = NULL;
        const char *rest = v->text;
        TmpfsMount *grown;
        int r;

        destination = colon_next_field(&rest);
        if (!destination)
                return error_oom(reterr);
        r = check_destination(destination, reterr);
        if (r < 0)
                return r;
        if (rest) {
                mount_options = strdup(rest);
                if (!mount_options)
                        return error_oom(reterr);
                if (!string_is_clean(mount_options) || strlen(mount_options) > 1024)
                        return error_set(reterr, EINVAL, "The mount options '%.80s' have control characters or are too long",
                                         mount_options);
        }
        grown = reallocarray(c->tmpfs, c->n_tmpfs + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        c->tmpfs = grown;
        c->tmpfs[c->n_tmpfs++] = (TmpfsMount){ TAKE_PTR(destination), TAKE_PTR(mount_options) };
        return 0;
}

#define OVERLAY_SOURCES_MAX 100
#define VOLUMES_MAX 64 /* an image may ask for as many mounts */

static void overlay_done(OverlayMount *o) {
        strv_free(o->sources);
        free(o->destination);
}

static int take_source(OverlayMount *o, const char *text, bool from_file, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (*text == '+') {
                if (!path_is_clean(text + 1))
                        return error_set(reterr, EINVAL, "The source '%.200s' is not an absolute path without '.' and '..'", text);
                return strv_append(&o->sources, text) < 0 ? error_oom(reterr) : 0;
        }
        r = host_path(text, from_file, &path, reterr);
        return r < 0 ? r : strv_append(&o->sources, path) < 0 ? error_oom(reterr) : 0;
}

/* Of two, the second is where it goes as well. */
static int fill_overlay(OverlayMount *o, char *const *fields, const OptionValue *v, Error **reterr) {
        size_t n = strv_length(fields), sources = n == 2 ? 2 : n - 1;
        int r = 0;

        if (n < 2 || sources > OVERLAY_SOURCES_MAX)
                return error_set(reterr, EINVAL, "'%.200s' is not of the form LOWER[:LOWER...]:UPPER:DEST", v->text);
        for (size_t i = 0; r >= 0 && i < sources; i++)
                if (*fields[i])
                        r = take_source(o, fields[i], v->from_file, reterr);
                else if (i == 0 || i + 1 < sources || o->read_only || n == 2)
                        r = error_set(reterr, EINVAL, "Only the uppermost of several directories may be left empty, for a temporary one that is written to");
                else
                        r = strv_append(&o->sources, "") < 0 ? error_oom(reterr) : 0;
        if (r < 0)
                return r;
        o->destination = strdup(n == 2 && *fields[1] == '+' ? fields[1] + 1 : fields[n - 1]);
        return o->destination ? check_destination(o->destination, reterr) : error_oom(reterr);
}

static int add_overlay(MachineConfig *c, const OptionValue *v, bool read_only, Error **reterr) {
        _cleanup_(overlay_done) OverlayMount o = { .read_only = read_only };
        _cleanup_strv_ char **fields = NULL;
        const char *rest = v->text;
        OverlayMount *grown;
        int r = 0;

        while (r >= 0 && rest)
                r = strv_consume(&fields, colon_next_field(&rest));
        if (r < 0)
                return error_oom(reterr);
        r = fill_overlay(&o, fields, v, reterr);
        if (r < 0)
                return r;
        grown = reallocarray(c->overlays, c->n_overlays + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        c->overlays = grown;
        c->overlays[c->n_overlays++] = o;
        o = (OverlayMount){};
        return 0;
}

int parse_overlay(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return add_overlay(c, v, false, reterr);
}

int parse_overlay_ro(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return add_overlay(c, v, true, reterr);
}

int parse_volume(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int r = check_destination(v->text, reterr);

        if (r < 0)
                return r;
        if (strchr(v->text, ':')) {
                error_set(reterr, EINVAL, "'%.200s' has a ':'; a volume is one directory of the machine's", v->text);
                return error_hint(reterr, -EINVAL, "A directory of the host's is mounted by --bind=.");
        }
        if (strv_length(c->volumes) >= VOLUMES_MAX)
                return error_set(reterr, E2BIG, "There are more than %d volumes", VOLUMES_MAX);
        return strv_contains(c->volumes, v->text) || strv_append(&c->volumes, v->text) >= 0 ? 0 : error_oom(reterr);
}

#define INACCESSIBLE_MAX 256

int parse_inaccessible(MachineConfig *c, const OptionValue *v, Error **reterr) {
        int r = check_destination(v->text, reterr);

        if (r < 0)
                return r;
        if (strv_length(c->inaccessible) >= INACCESSIBLE_MAX)
                return error_set(reterr, E2BIG, "There are more than %d paths that are to be inaccessible", INACCESSIBLE_MAX);
        return strv_contains(c->inaccessible, v->text) || strv_append(&c->inaccessible, v->text) >= 0 ? 0 : error_oom(reterr);
}

int parse_pivot_root(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_free_ char *root = NULL, *old = NULL;
        const char *rest = v->text;
        int r;

        root = colon_next_field(&rest);
        old = rest ? colon_next_field(&rest) : NULL;
        if (!root || (!old && rest))
                return error_oom(reterr);
        if (rest)
                return error_set(reterr, EINVAL, "'%.200s' is not of the form NEW[:OLD]", v->text);
        r = check_destination(root, reterr);
        if (r >= 0 && old)
                r = check_destination(old, reterr);
        if (r < 0)
                return r;
        return string_set(field_string(c, FIELD_PIVOT_ROOT), v->text) < 0 ? error_oom(reterr) : 0;
}
