/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "config.h"
#include "fields.h"
#include "provenance.h"
#include "settings.h"

/* A settings file and drop-ins behind it (between NULs), of ours and of systemd-nspawn's. The first byte is how they are read. */

enum {
        READ_RUN = 1 << 0,
        READ_UNTRUSTED = 1 << 1,
        READ_SPECIFIERS = 1 << 2,
        READ_WATCHED = 1 << 3,
        READ_OVERRIDES = 1 << 4,
};

static void said(void *userdata, const SettingsRemark *remark) {
        fuzz_check(remark->path && remark->text && *remark->text);
        *(unsigned *) userdata += remark->is_error;
}

/* What others count on. */
static void check_config(const MachineConfig *c) {
        for (size_t i = 0; i < c->n_binds; i++)
                fuzz_check(c->binds[i].source[0] == '/' && c->binds[i].destination[0] == '/');
        for (size_t i = 0; i < c->n_tmpfs; i++)
                fuzz_check(c->tmpfs[i].destination[0] == '/');
        for (size_t i = 0; i < c->n_overlays; i++)
                fuzz_check(c->overlays[i].destination[0] == '/' && strv_length(c->overlays[i].sources) >= 2);
        for (size_t i = 0; i < c->ports.n; i++)
                fuzz_check(c->ports.items[i].count >= 1 && c->ports.items[i].host + c->ports.items[i].count <= 65536);
        for (const Assignment *a = c->assignments.first; a; a = a->next)
                fuzz_check(a->line > 0 && a->file && a->text && field_is_set(c, a->field));
        fuzz_check(c->nics.n <= NICS_MAX);
}

static int read_parts(MachineConfig *c, FuzzInput *in, unsigned how, Error **reterr) {
        unsigned errors = 0;
        const SettingsWatch watch = { said, &errors };
        int r = 0;

        for (int part = 0; part < 4 && r >= 0 && (part == 0 || in->size > 0); part++) {
                const SettingsSource source = {
                        .path = part ? "/etc/nbox/web.conf.d/10-a.conf" : "/etc/nbox/web.conf",
                        .trusted = part > 0 || !(how & READ_UNTRUSTED),
                        .specifiers_for = how & READ_SPECIFIERS ? "web" : NULL,
                        .watch = how & READ_WATCHED ? &watch : NULL,
                };
                _cleanup_free_ char *text = fuzz_string(in);

                r = settings_parse_part(c, &source, text, strlen(text), reterr);
        }
        return r < 0 ? r : settings_finish(c, "web.conf", reterr);
}

void fuzz_settings(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        unsigned how = fuzz_byte(&in);
        StartMode mode = how & READ_RUN ? START_RUN : START_BOOT;
        _cleanup_(config_freep) MachineConfig *c = config_new(mode), *into = config_new(mode);
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        fuzz_check(c && into);
        r = read_parts(c, &in, how, &error);
        fuzz_check_error(r, error);
        if (r < 0)
                return;
        check_config(c);
        if (how & READ_OVERRIDES)
                config_override(into, c);
        else
                config_fill(into, c);
        check_config(into);
        r = config_validate(into, &error);
        fuzz_check_error(r, error);
}
