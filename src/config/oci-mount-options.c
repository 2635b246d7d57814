/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/mount.h>

#include "oci-spec.h"
#include "strv.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

typedef enum OptionKind {
        OPTION_FLAGS,       /* of the mount */
        OPTION_PROPAGATION,
        OPTION_BIND,
        OPTION_COPY_UP,
        OPTION_IDMAP,
        OPTION_NOTHING,     /* what is so anyway */
} OptionKind;

typedef struct MountOption {
        const char *name;
        OptionKind kind;
        uint64_t set, clear; /* OPTION_PROPAGATION: set is MS_… */
        bool deep;           /* with all below */
} MountOption;

#define ATIME MOUNT_ATTR__ATIME

/* mount(8)'s, with what the runtime specification adds. What is not here is the file system's own. */
static const MountOption options[] = {
        { "ro", OPTION_FLAGS, MOUNT_ATTR_RDONLY, 0, false },
        { "rw", OPTION_FLAGS, 0, MOUNT_ATTR_RDONLY, false },
        { "nosuid", OPTION_FLAGS, MOUNT_ATTR_NOSUID, 0, false },
        { "suid", OPTION_FLAGS, 0, MOUNT_ATTR_NOSUID, false },
        { "nodev", OPTION_FLAGS, MOUNT_ATTR_NODEV, 0, false },
        { "dev", OPTION_FLAGS, 0, MOUNT_ATTR_NODEV, false },
        { "noexec", OPTION_FLAGS, MOUNT_ATTR_NOEXEC, 0, false },
        { "exec", OPTION_FLAGS, 0, MOUNT_ATTR_NOEXEC, false },
        { "nodiratime", OPTION_FLAGS, MOUNT_ATTR_NODIRATIME, 0, false },
        { "diratime", OPTION_FLAGS, 0, MOUNT_ATTR_NODIRATIME, false },
        { "noatime", OPTION_FLAGS, MOUNT_ATTR_NOATIME, ATIME, false },
        { "atime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, false },
        { "relatime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, false },
        { "norelatime", OPTION_FLAGS, MOUNT_ATTR_STRICTATIME, ATIME, false },
        { "strictatime", OPTION_FLAGS, MOUNT_ATTR_STRICTATIME, ATIME, false },
        { "nostrictatime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, false },
        { "nosymfollow", OPTION_FLAGS, MOUNT_ATTR_NOSYMFOLLOW, 0, false },
        { "symfollow", OPTION_FLAGS, 0, MOUNT_ATTR_NOSYMFOLLOW, false },
        { "rro", OPTION_FLAGS, MOUNT_ATTR_RDONLY, 0, true },
        { "rrw", OPTION_FLAGS, 0, MOUNT_ATTR_RDONLY, true },
        { "rnosuid", OPTION_FLAGS, MOUNT_ATTR_NOSUID, 0, true },
        { "rsuid", OPTION_FLAGS, 0, MOUNT_ATTR_NOSUID, true },
        { "rnodev", OPTION_FLAGS, MOUNT_ATTR_NODEV, 0, true },
        { "rdev", OPTION_FLAGS, 0, MOUNT_ATTR_NODEV, true },
        { "rnoexec", OPTION_FLAGS, MOUNT_ATTR_NOEXEC, 0, true },
        { "rexec", OPTION_FLAGS, 0, MOUNT_ATTR_NOEXEC, true },
        { "rnodiratime", OPTION_FLAGS, MOUNT_ATTR_NODIRATIME, 0, true },
        { "rdiratime", OPTION_FLAGS, 0, MOUNT_ATTR_NODIRATIME, true },
        { "rnoatime", OPTION_FLAGS, MOUNT_ATTR_NOATIME, ATIME, true },
        { "ratime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, true },
        { "rrelatime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, true },
        { "rnorelatime", OPTION_FLAGS, MOUNT_ATTR_STRICTATIME, ATIME, true },
        { "rstrictatime", OPTION_FLAGS, MOUNT_ATTR_STRICTATIME, ATIME, true },
        { "rnostrictatime", OPTION_FLAGS, MOUNT_ATTR_RELATIME, ATIME, true },
        { "rnosymfollow", OPTION_FLAGS, MOUNT_ATTR_NOSYMFOLLOW, 0, true },
        { "rsymfollow", OPTION_FLAGS, 0, MOUNT_ATTR_NOSYMFOLLOW, true },
        { "private", OPTION_PROPAGATION, MS_PRIVATE, 0, false },
        { "rprivate", OPTION_PROPAGATION, MS_PRIVATE, 0, true },
        { "slave", OPTION_PROPAGATION, MS_SLAVE, 0, false },
        { "rslave", OPTION_PROPAGATION, MS_SLAVE, 0, true },
        { "shared", OPTION_PROPAGATION, MS_SHARED, 0, false },
        { "rshared", OPTION_PROPAGATION, MS_SHARED, 0, true },
        { "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0, false },
        { "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0, true },
        { "bind", OPTION_BIND, 0, 0, false },
        { "rbind", OPTION_BIND, 0, 0, true },
        { "tmpcopyup", OPTION_COPY_UP, 0, 0, false },
        { "idmap", OPTION_IDMAP, 0, 0, false },
        { "ridmap", OPTION_IDMAP, 0, 0, true },
        { "defaults", OPTION_NOTHING, 0, 0, false },
        { "async", OPTION_NOTHING, 0, 0, false },
        { "loud", OPTION_NOTHING, 0, 0, false },
        { "nomand", OPTION_NOTHING, 0, 0, false },
        { "nolazytime", OPTION_NOTHING, 0, 0, false },
        { "noiversion", OPTION_NOTHING, 0, 0, false },
};

const char *oci_mount_option(size_t i) {
        return i < ELEMENTSOF(options) ? options[i].name : NULL;
}

static const MountOption *find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                if (strcmp(name, options[i].name) == 0)
                        return options + i;
        return NULL;
}

uint64_t oci_propagation_parse(const char *word, bool *ret_deep) {
        const MountOption *o = find(word);

        if (!o || o->kind != OPTION_PROPAGATION)
                return 0;
        *ret_deep = o->deep;
        return o->set;
}

/* A later word wins over an earlier one. */
static void take_flags(const MountOption *o, OciMount *m) {
        uint64_t *set = o->deep ? &m->deep_set : &m->set, *clear = o->deep ? &m->deep_clear : &m->clear;

        *set = (*set & ~o->clear) | o->set;
        *clear = (*clear & ~o->set) | o->clear;
}

static void take(const MountOption *o, OciMount *m) {
        switch (o->kind) {
        case OPTION_FLAGS:
                take_flags(o, m);
                break;
        case OPTION_PROPAGATION:
                m->propagation = o->set;
                m->propagation_deep = o->deep;
                break;
        case OPTION_BIND:
                m->bind = true;
                m->recursive = o->deep;
                break;
        case OPTION_COPY_UP:
                m->copy_up = true;
                break;
        case OPTION_IDMAP:
                m->idmapped = true;
                m->idmap_recursive = o->deep;
                break;
        case OPTION_NOTHING:
                break;
        }
}

int oci_mount_options_parse(json_t *json, OciMount *m, Error **reterr) {
        _cleanup_strv_ char **own = NULL;
        json_t *word;
        size_t i;

        json_array_foreach(json, i, word) {
                const MountOption *o = find(json_string_value(word));

                if (o)
                        take(o, m);
                else if (strchr(json_string_value(word), ','))
                        return error_set(reterr, EINVAL, "The mount option '%s' of %s has a comma in it", json_string_value(word), m->destination);
                else if (strv_append(&own, json_string_value(word)) < 0)
                        return error_oom(reterr);
        }
        m->data = own ? strv_join(own, ",") : NULL;
        return own && !m->data ? error_oom(reterr) : 0;
}
