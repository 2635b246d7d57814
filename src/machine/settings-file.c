/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings-file.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#include "device-spec.h"
#include "fd.h"
#include "settings.h"
#include "strv.h"

void settings_file_done(SettingsFile *f) {
        if (f->text)
                explicit_bzero(f->text, f->size);
        free(f->text);
        free(f->path);
        strv_free(f->sources);
        *f = (SettingsFile){};
}

/* ---- where they stand ---- */

static StreamSettings place_of(const char *path, bool is_beside) {
        static const char nbox[] = ".conf";
        size_t n = strlen(path);

        if (is_beside)
                return STREAM_SETTINGS_BESIDE;
        return strcmp(path + n - strlen(nbox), nbox) == 0 ? STREAM_SETTINGS_NBOX : STREAM_SETTINGS_NSPAWN;
}

char *settings_file_path(StreamSettings place, const char *machine, const char *directory) {
        const char *where = place == STREAM_SETTINGS_NBOX ? "/etc/nbox" : place == STREAM_SETTINGS_NSPAWN ? "/etc/systemd/nspawn" : directory;
        char *path;

        return asprintf(&path, "%s/%s.%s", where, machine, place == STREAM_SETTINGS_NBOX ? "conf" : "nspawn") < 0 ? NULL : path;
}

/* What has no specifiers, in a file that has: a "%" is written twice. The caller's. */
static char *double_percents(const char *text, size_t size, size_t *ret_size) {
        char *doubled = malloc(2 * size + 1), *out = doubled;

        if (!doubled)
                return NULL;
        for (size_t i = 0; i < size; i++) {
                *out++ = text[i];
                if (text[i] == '%')
                        *out++ = '%';
        }
        *ret_size = (size_t) (out - doubled);
        return doubled;
}

static int append(SettingsFile *f, const char *text, size_t size, Error **reterr) {
        char *grown;

        if (f->size + size > SETTINGS_SIZE_MAX)
                return error_set(reterr, EFBIG, "The settings of '%s' with all drop-ins are larger than %zu bytes", f->path, SETTINGS_SIZE_MAX);
        grown = realloc(f->text, f->size + size + 1);
        if (!grown)
                return error_oom(reterr);
        memcpy(grown + f->size, text, size);
        f->text = grown;
        f->size += size;
        f->text[f->size] = 0;
        return 0;
}

/* Behind a section that nobody reads, so that none is carried on into the next file; and behind an empty line, which ends what a backslash at the
 * end of the last one continues. */
static int append_heading(SettingsFile *f, const char *path, Error **reterr) {
        _cleanup_free_ char *heading = NULL;
        int n = asprintf(&heading, "%s[X-%s]\n", f->size > 0 ? "\n\n" : "", path);

        return n < 0 ? error_oom(reterr) : append(f, heading, (size_t) n, reterr);
}

static int append_place(SettingsFile *f, const SettingsPlace *place, Error **reterr) {
        _cleanup_free_ char *text = NULL, *doubled = NULL;
        bool literal = f->place == STREAM_SETTINGS_NBOX && !place->has_specifiers;
        struct stat st;
        size_t size = 0;
        int r = settings_read_file(place->path, !place->is_beside, &text, &size, reterr);

        if (r <= 0)
                return r;
        if (stat(place->path, &st) >= 0 && S_ISREG(st.st_mode))
                f->mode &= st.st_mode;
        if (literal && !(doubled = double_percents(text, size, &size)))
                r = error_oom(reterr);
        if (r >= 0 && place->is_drop_in)
                r = append_heading(f, place->path, reterr);
        if (r >= 0)
                r = append(f, doubled ?: text, size, reterr);
        if (r >= 0 && strv_append(&f->sources, place->path) < 0)
                r = error_oom(reterr);
        explicit_bzero(text, strlen(text));
        return r < 0 ? r : 1;
}

/* Of the kind that all of them can be read as. */
static StreamSettings place_of_all(const SettingsPlaces *places) {
        for (size_t i = 0; i < places->n; i++)
                if (places->items[i].has_specifiers)
                        return STREAM_SETTINGS_NBOX;
        return place_of(places->items[0].path, places->items[0].is_beside);
}

int settings_file_find(const char *machine, const char *directory, SettingsFile *ret, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        _cleanup_(settings_file_done) SettingsFile f = { .mode = 0777 };
        int r = settings_places_find(machine, directory, &places, reterr);

        if (r < 0 || places.n == 0)
                return r;
        while (places.items[0].is_beside && places.n > 1) /* drop-ins would lose their trust there, or lend it */
                free(places.items[--places.n].path);
        f.place = places.items[0].is_beside ? STREAM_SETTINGS_BESIDE : place_of_all(&places);
        f.path = strdup(places.items[0].path);
        if (!f.path)
                return error_oom(reterr);
        for (size_t i = 0; r >= 0 && i < places.n; i++)
                r = append_place(&f, &places.items[i], reterr);
        if (r < 0 || !f.sources)
                return r < 0 ? r : 0;
        if (!f.text && append(&f, "", 0, reterr) < 0)
                return -ENOMEM;
        f.mode &= 0777;
        *ret = f;
        f = (SettingsFile){};
        return 1;
}

/* ---- what they lead to ---- */

static bool is_there(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0;
}

static int add_binds(const MachineConfig *c, char ***list) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n_binds; i++) {
                const BindMount *b = &c->binds[i];

                if (!b->from_root && !b->optional && !is_there(b->source))
                        r = strv_appendf(list, "%s (%s)", b->source, b->read_only ? "BindReadOnly=" : "Bind=");
        }
        return r;
}

static int add_overlays(const MachineConfig *c, char ***list) {
        int r = 0;

        for (size_t i = 0; i < c->n_overlays; i++)
                for (char **source = c->overlays[i].sources; r >= 0 && source && *source; source++)
                        if (**source == '/' && !is_there(*source))
                                r = strv_appendf(list, "%s (Overlay=)", *source);
        return r;
}

static int add_devices(const MachineConfig *c, char ***list) {
        int r = 0;

        for (char **text = c->devices; r >= 0 && text && *text; text++) {
                DeviceSpec spec = {};

                r = device_spec_parse(*text, true, &spec, NULL);
                if (r >= 0 && !spec.optional && !is_there(spec.source))
                        r = strv_appendf(list, "%s (Device=)", spec.source);
                device_spec_done(&spec);
        }
        return r;
}

static int add_credentials(const MachineConfig *c, char ***list) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->credentials.n; i++) {
                const Credential *one = &c->credentials.items[i];

                if (one->path && *one->path == '/' && !is_there(one->path))
                        r = strv_appendf(list, "%s (the credential '%s')", one->path, one->id);
                else if (one->encrypted && !one->path)
                        r = strv_appendf(list, "the key of the credential '%s', which was encrypted for its host", one->id);
        }
        return r;
}

static bool has_link(const char *name) {
        return strlen(name) >= IFNAMSIZ || if_nametoindex(name) != 0; /* alternative names are too long to be asked for so */
}

static int add_links(const MachineConfig *c, char ***list) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->nics.n; i++) {
                const NicConfig *nic = &c->nics.items[i];
                bool leads_out = nic->kind == NIC_BRIDGE || nic->kind == NIC_MACVLAN || nic->kind == NIC_IPVLAN || nic->kind == NIC_INTERFACE;

                if (leads_out && !has_link(nic->link))
                        r = strv_appendf(list, "the interface %s (for %s)", nic->link, nic_kind_to_string(nic->kind));
        }
        if (r >= 0 && c->network_namespace && !is_there(c->network_namespace))
                r = strv_appendf(list, "%s (its network namespace)", c->network_namespace);
        return r;
}

int settings_missing(const MachineConfig *c, char ***ret, Error **reterr) {
        static int (*const add[])(const MachineConfig *c, char ***list) = { add_binds, add_overlays, add_devices, add_credentials, add_links };
        _cleanup_strv_ char **list = NULL;

        for (size_t i = 0; i < ELEMENTSOF(add); i++)
                if (add[i](c, &list) < 0)
                        return error_oom(reterr);
        *ret = TAKE_PTR(list);
        return 0;
}

/* Specifiers are those of the machine that the file is to be for, on this host. */
static int parse_copy(const SettingsFile *f, MachineConfig *c, char *text, Error **reterr) {
        const char *entry = strrchr(f->path, '/') ? strrchr(f->path, '/') + 1 : f->path;
        _cleanup_free_ char *machine = strndup(entry, strlen(entry) - strlen(strrchr(entry, '.') ?: ""));
        SettingsSource source = { .path = f->path, .trusted = f->place != STREAM_SETTINGS_BESIDE,
                                  .specifiers_for = f->place == STREAM_SETTINGS_NBOX ? machine : NULL };
        int r;

        if (!machine)
                return error_oom(reterr);
        r = settings_parse_part(c, &source, text, f->size, reterr);
        return r < 0 ? r : settings_finish(c, f->path, reterr);
}

int settings_file_missing(const SettingsFile *f, char ***ret, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        char *text = malloc(f->size + 1);
        int r;

        if (!c || !text) {
                free(text);
                return error_oom(reterr);
        }
        memcpy(text, f->text, f->size);
        text[f->size] = 0;
        r = parse_copy(f, c, text, reterr);
        explicit_bzero(text, f->size);
        free(text);
        return r < 0 ? r : settings_missing(c, ret, reterr);
}
