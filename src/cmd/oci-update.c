/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "oci-command.h"
#include "oci-cgroup.h"
#include "oci-fields.h"
#include "oci-load.h"
#include "oci-state.h"
#include "parse.h"

/* By number of their options (oci-words.c). */
static const struct {
        const char *group, *key;
        bool is_text;
} limits[] = {
        { "memory", "limit", false }, { "memory", "reservation", false }, { "memory", "swap", false }, { "cpu", "shares", false },
        { "cpu", "quota", false }, { "cpu", "period", false }, { "cpu", "burst", false }, { "cpu", "idle", false },
        { "cpu", "cpus", true }, { "cpu", "mems", true }, { "pids", "limit", false }, { "blockIO", "weight", false },
};

static int take_number(const char *text, json_int_t *ret) {
        uint64_t n;

        if (strcmp(text, "-1") == 0) {
                *ret = -1;
                return 0;
        }
        if (parse_size(text, &n) < 0 || n > INT64_MAX)
                return -EINVAL;
        *ret = (json_int_t) n;
        return 0;
}

/* The options as what a file would have said. */
static int take_options(const OciWords *w, json_t *resources, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                json_t *group = json_object_get(resources, limits[i].group);
                json_int_t n = 0;

                if (!w->limits[i])
                        continue;
                if (!limits[i].is_text && take_number(w->limits[i], &n) < 0)
                        return error_set(reterr, EINVAL, "'%s' is no number for %s.%s", w->limits[i], limits[i].group, limits[i].key);
                if (!group) {
                        group = json_object();
                        (void) json_object_set_new(resources, limits[i].group, group);
                }
                (void) json_object_set_new(group, limits[i].key, limits[i].is_text ? json_string(w->limits[i]) : json_integer(n));
        }
        return 0;
}

static int load(const char *path, json_t **ret, Error **reterr) {
        _cleanup_close_ int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = fd < 0 ? -errno : fd_read_all(fd, OCI_TEXT_MAX, &text, &size);

        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        return oci_load(text, size, path, ret, reterr);
}

int oci_verb_update(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_config_json_ json_t *resources = NULL;
        OciStatus status;
        int r = oci_state_open(w->root, w->operands[0], true, &s, reterr);

        if (r < 0)
                return r;
        status = oci_state_status(s);
        if (status == OCI_STOPPED || status == OCI_CREATING)
                return error_set(reterr, EINVAL, "Container %s cannot be updated: it is %s", s->id, oci_status_name(status));
        r = w->resources ? load(w->resources, &resources, reterr) : (resources = json_object()) ? 0 : error_oom(reterr);
        if (r >= 0)
                r = take_options(w, resources, reterr);
        if (r >= 0)
                r = oci_fields_check("linux.resources", resources, reterr);
        return r < 0 ? r : oci_resources_apply(s->cgroup, resources, reterr);
}
