/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-spec.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "file.h"
#include "oci-fields.h"
#include "oci-load.h"
#include "strv.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const OciNamespaceName oci_namespace_names[OCI_NS_KINDS] = {
        [OCI_NS_USER] = { "user", "user", CLONE_NEWUSER },
        [OCI_NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
        [OCI_NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
        [OCI_NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
        [OCI_NS_NETWORK] = { "network", "net", CLONE_NEWNET },
        [OCI_NS_PID] = { "pid", "pid", CLONE_NEWPID },
        [OCI_NS_TIME] = { "time", "time", CLONE_NEWTIME },
        [OCI_NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
};

const char *oci_hook_name(OciHookKind kind) {
        static const char *const names[OCI_HOOK_KINDS] = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" };

        return names[kind];
}

static void mount_done(OciMount *m) {
        free(m->uids.items);
        free(m->gids.items);
        free(m->data);
}

void oci_spec_free(OciSpec *s) {
        if (!s)
                return;
        for (size_t i = 0; i < s->n_mounts; i++)
                mount_done(s->mounts + i);
        oci_process_done(&s->process);
        free(s->uids.items);
        free(s->gids.items);
        free(s->mounts);
        free(s->devices);
        strv_free(s->masked);
        strv_free(s->read_only);
        free(s->bundle);
        free(s->root);
        json_decref(s->json);
        free(s);
}

static const char *string_of(json_t *object, const char *key) {
        const char *s = json_string_value(json_object_get(object, key));

        return s && *s ? s : NULL;
}

static json_t *object_of(json_t *object, const char *key) {
        json_t *o = json_object_get(object, key);

        return json_is_object(o) && json_object_size(o) > 0 ? o : NULL;
}

static uint32_t id_of(json_t *object, const char *key) {
        return (uint32_t) json_integer_value(json_object_get(object, key));
}

static int take_maps(json_t *list, OciIdMaps *maps, Error **reterr) {
        json_t *item;
        size_t i;

        if (json_array_size(list) == 0)
                return 0;
        maps->items = calloc(json_array_size(list), sizeof(*maps->items));
        if (!maps->items)
                return error_oom(reterr);
        json_array_foreach(list, i, item)
                maps->items[maps->n++] = (OciIdMap){ id_of(item, "containerID"), id_of(item, "hostID"), id_of(item, "size") };
        return 0;
}

bool oci_id_outside(const OciIdMaps *maps, uint32_t inside, uint32_t *ret) {
        for (size_t i = 0; i < maps->n; i++) {
                const OciIdMap *m = maps->items + i;

                if (inside >= m->inside && inside - m->inside < m->size) {
                        *ret = m->outside + (inside - m->inside);
                        return true;
                }
        }
        return false;
}

static int take_namespaces(json_t *list, OciSpec *s, Error **reterr) {
        json_t *item;
        size_t i, k;

        json_array_foreach(list, i, item) {
                const char *type = string_of(item, "type") ?: "", *path = string_of(item, "path");

                for (k = 0; k < OCI_NS_KINDS && strcmp(type, oci_namespace_names[k].name) != 0; k++)
                        ;
                if (k == OCI_NS_KINDS)
                        return error_set(reterr, EINVAL, "linux.namespaces: unknown namespace '%s'", type);
                if (s->namespaces[k].asked)
                        return error_set(reterr, EINVAL, "linux.namespaces: '%s' stands there twice", type);
                if (path && path[0] != '/')
                        return error_set(reterr, EINVAL, "linux.namespaces: path '%s' is not absolute", path);
                s->namespaces[k] = (OciNamespace){ true, path };
        }
        return 0;
}

static int take_mount(json_t *item, OciMount *m, Error **reterr) {
        int r;

        m->destination = string_of(item, "destination") ?: "";
        m->type = string_of(item, "type");
        m->source = string_of(item, "source");
        if (!*m->destination)
                return error_set(reterr, EINVAL, "A mount of the bundle has no destination");
        r = oci_mount_options_parse(json_object_get(item, "options"), m, reterr);
        if (r >= 0)
                r = take_maps(json_object_get(item, "uidMappings"), &m->uids, reterr);
        if (r >= 0)
                r = take_maps(json_object_get(item, "gidMappings"), &m->gids, reterr);
        if (r < 0)
                return r;
        m->idmapped = m->idmapped || m->uids.n > 0 || m->gids.n > 0;
        if (m->type && strcmp(m->type, "bind") == 0 && !m->bind)
                m->bind = m->recursive = true;
        if (m->bind && !m->source)
                return error_set(reterr, EINVAL, "The bind mount on %s has no source", m->destination);
        if (!m->bind && !m->type)
                return error_set(reterr, EINVAL, "The mount on %s has no type", m->destination);
        return 0;
}

static int take_mounts(json_t *list, OciSpec *s, Error **reterr) {
        json_t *item;
        size_t i;
        int r = 0;

        s->mounts = calloc(json_array_size(list) + 1, sizeof(*s->mounts));
        if (!s->mounts)
                return error_oom(reterr);
        json_array_foreach(list, i, item) {
                s->n_mounts = i + 1;
                r = take_mount(item, s->mounts + i, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_devices(json_t *list, OciSpec *s, Error **reterr) {
        json_t *item;
        size_t i;

        s->devices = calloc(json_array_size(list) + 1, sizeof(*s->devices));
        if (!s->devices)
                return error_oom(reterr);
        json_array_foreach(list, i, item) {
                const char *type = string_of(item, "type") ?: "";
                json_t *mode = json_object_get(item, "fileMode");
                OciDevice *d = s->devices + s->n_devices++;
                mode_t kind = strcmp(type, "b") == 0 ? S_IFBLK : strcmp(type, "c") == 0 || strcmp(type, "u") == 0 ? S_IFCHR :
                        strcmp(type, "p") == 0 ? S_IFIFO : 0;

                *d = (OciDevice){ .path = string_of(item, "path") ?: "", .mode = kind | (mode ? (mode_t) json_integer_value(mode) & 07777 : 0666),
                                  .major = id_of(item, "major"), .minor = id_of(item, "minor"), .uid = id_of(item, "uid"), .gid = id_of(item, "gid") };
                if (kind == 0)
                        return error_set(reterr, EINVAL, "linux.devices: unknown type '%s' of %s", type, d->path);
                if (d->path[0] != '/')
                        return error_set(reterr, EINVAL, "linux.devices: path '%s' is not absolute", d->path);
        }
        return 0;
}

static int take_paths(json_t *list, char ***ret, Error **reterr) {
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item)
                if (strv_append(ret, json_string_value(item)) < 0)
                        return error_oom(reterr);
        return 0;
}

static int take_propagation(json_t *linux_part, OciSpec *s, Error **reterr) {
        const char *word = string_of(linux_part, "rootfsPropagation");

        s->propagation = word ? oci_propagation_parse(word, &s->propagation_deep) : 0;
        return word && s->propagation == 0 ? error_set(reterr, EINVAL, "linux.rootfsPropagation: unknown propagation '%s'", word) : 0;
}

static int take_personality(json_t *json, OciSpec *s, Error **reterr) {
        const char *domain = string_of(json, "domain");

        s->personality = -1;
        if (!domain)
                return 0;
        if (strcmp(domain, "LINUX") == 0)
                s->personality = PER_LINUX;
        else if (strcmp(domain, "LINUX32") == 0)
                s->personality = PER_LINUX32;
        else
                return error_set(reterr, EINVAL, "linux.personality.domain: unknown domain '%s'", domain);
        return 0;
}

static int take_linux(json_t *linux_part, OciSpec *s, Error **reterr) {
        int r = take_namespaces(json_object_get(linux_part, "namespaces"), s, reterr);

        if (r >= 0)
                r = take_maps(json_object_get(linux_part, "uidMappings"), &s->uids, reterr);
        if (r >= 0)
                r = take_maps(json_object_get(linux_part, "gidMappings"), &s->gids, reterr);
        if (r >= 0)
                r = take_devices(json_object_get(linux_part, "devices"), s, reterr);
        if (r >= 0)
                r = take_paths(json_object_get(linux_part, "maskedPaths"), &s->masked, reterr);
        if (r >= 0)
                r = take_paths(json_object_get(linux_part, "readonlyPaths"), &s->read_only, reterr);
        if (r >= 0)
                r = take_propagation(linux_part, s, reterr);
        if (r >= 0)
                r = take_personality(json_object_get(linux_part, "personality"), s, reterr);
        s->cgroup = string_of(linux_part, "cgroupsPath");
        s->mount_label = string_of(linux_part, "mountLabel");
        s->resources = object_of(linux_part, "resources");
        s->seccomp = object_of(linux_part, "seccomp");
        s->sysctl = object_of(linux_part, "sysctl");
        s->time_offsets = object_of(linux_part, "timeOffsets");
        return r;
}

/* What does not go together. */
static int check(const OciSpec *s, Error **reterr) {
        const OciNamespace *ns = s->namespaces;

        if (!ns[OCI_NS_MOUNT].asked)
                return error_set(reterr, EOPNOTSUPP, "linux.namespaces has no mount namespace: nbox puts no container into the host's mounts");
        if ((s->uids.n > 0 || s->gids.n > 0) && !ns[OCI_NS_USER].asked)
                return error_set(reterr, EINVAL, "linux.uidMappings is there, and linux.namespaces has no user namespace");
        if (ns[OCI_NS_USER].asked && !ns[OCI_NS_USER].path && (s->uids.n == 0 || s->gids.n == 0))
                return error_set(reterr, EINVAL, "linux.namespaces has a new user namespace, and linux.uidMappings or gidMappings is missing");
        if ((s->hostname || s->domainname) && !ns[OCI_NS_UTS].asked)
                return error_set(reterr, EINVAL, "hostname is set, and linux.namespaces has no uts namespace");
        if (s->time_offsets && (!ns[OCI_NS_TIME].asked || ns[OCI_NS_TIME].path))
                return error_set(reterr, EINVAL, "linux.timeOffsets is there, and linux.namespaces has no new time namespace");
        return 0;
}

static int take_all(OciSpec *s, Error **reterr) {
        json_t *root = json_object_get(s->json, "root"), *process = json_object_get(s->json, "process");
        const char *path = string_of(root, "path");
        int r;

        if (!path)
                return error_set(reterr, EINVAL, "root.path is missing");
        if ((path[0] == '/' ? asprintf(&s->root, "%s", path) : asprintf(&s->root, "%s/%s", s->bundle, path)) < 0)
                return error_oom(reterr);
        s->root_read_only = json_is_true(json_object_get(root, "readonly"));
        s->hostname = string_of(s->json, "hostname");
        s->domainname = string_of(s->json, "domainname");
        s->annotations = object_of(s->json, "annotations");
        s->hooks = object_of(s->json, "hooks");
        r = process ? oci_process_parse(process, &s->process, reterr) : 0;
        if (r >= 0)
                r = take_mounts(json_object_get(s->json, "mounts"), s, reterr);
        if (r >= 0)
                r = take_linux(json_object_get(s->json, "linux"), s, reterr);
        return r < 0 ? r : check(s, reterr);
}

static int load(const char *bundle, bool is_new, OciSpec **ret, Error **reterr) {
        _cleanup_(oci_spec_freep) OciSpec *s = calloc(1, sizeof(*s));
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        if (!s)
                return error_oom(reterr);
        s->bundle = realpath(bundle, NULL);
        if (!s->bundle)
                return error_errno(reterr, errno, "Cannot find the bundle %s", bundle);
        if (asprintf(&path, "%s/config.json", s->bundle) < 0)
                return error_oom(reterr);
        r = file_read(AT_FDCWD, path, OCI_TEXT_MAX, &text);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        r = oci_load(text, strlen(text), path, &s->json, reterr);
        if (r >= 0 && is_new)
                r = oci_fields_check("", s->json, reterr);
        if (r >= 0)
                r = take_all(s, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

int oci_spec_load(const char *bundle, OciSpec **ret, Error **reterr) {
        return load(bundle, true, ret, reterr);
}

int oci_spec_load_kept(const char *directory, OciSpec **ret, Error **reterr) {
        return load(directory, false, ret, reterr);
}
