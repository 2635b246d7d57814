/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-cgroup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "bus.h"
#include "cgroup.h"
#include "cgroup-limits.h"
#include "engine-scope.h"
#include "file.h"
#include "path.h"
#include "registration.h"
#include "strv.h"

#define KILL_USEC (10 * UINT64_C(1000000))

void oci_cgroup_done(OciCgroup *g) {
        free(g->path);
        free(g->slice);
        free(g->scope);
        *g = (OciCgroup){};
}

static int plan_scope(const char *text, const char *id, OciCgroup *g, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text ?: "");
        char *slice = copy, *prefix, *name;
        int n;

        if (!copy)
                return error_oom(reterr);
        prefix = strchr(copy, ':');
        name = prefix ? strchr(prefix + 1, ':') : NULL;
        if (text && !name)
                return error_set(reterr, EINVAL, "linux.cgroupsPath '%s' is not SLICE:PREFIX:NAME, as --systemd-cgroup has it", text);
        if (name) {
                *prefix++ = 0;
                *name++ = 0;
        }
        if (asprintf(&g->slice, "%s", *slice ? slice : "system.slice") < 0)
                return error_oom(reterr);
        if (!name)
                n = asprintf(&g->scope, "nbox-%s.scope", id);
        else if (*prefix)
                n = asprintf(&g->scope, "%s-%s.scope", prefix, name);
        else
                n = asprintf(&g->scope, "%s.scope", name);
        return n < 0 ? error_oom(reterr) : 0;
}

int oci_cgroup_plan(const OciSpec *s, const char *id, bool systemd, OciCgroup *g, Error **reterr) {
        if (systemd)
                return plan_scope(s->cgroup, id, g, reterr);
        if (asprintf(&g->path, "/%s", s->cgroup ? s->cgroup + strspn(s->cgroup, "/") : id) < 0)
                return error_oom(reterr);
        if (!path_is_clean(g->path) || strcmp(g->path, "/") == 0)
                return error_set(reterr, EINVAL, "linux.cgroupsPath '%s' is no path of a control group", s->cgroup);
        return 0;
}

/* Those that engines count on for their figures are there when nobody asks for limits, too. What cannot be had now is said when it is asked for. */
static void switch_on(const char *parent) {
        static const char *const wanted[] = { "cpu", "memory", "pids", "io", "cpuset", "hugetlb", "rdma", "misc" };
        _cleanup_close_ int dir = cgroup_open(parent);
        _cleanup_free_ char *there = NULL, *on = NULL;

        if (dir < 0 || file_read(dir, "cgroup.controllers", 4096, &there) < 0 || file_read(dir, "cgroup.subtree_control", 4096, &on) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                char word[16];

                if (!strstr(there, wanted[i]) || strstr(on, wanted[i]))
                        continue;
                snprintf(word, sizeof(word), "+%s", wanted[i]);
                (void) file_write(dir, "cgroup.subtree_control", word);
        }
}

int oci_cgroup_make(const OciCgroup *g, Error **reterr) {
        _cleanup_free_ char *part = g->path ? strdup(g->path) : NULL;
        char *end = part;
        int r;

        if (!g->path)
                return 0;
        if (!part)
                return error_oom(reterr);
        for (bool last = false; !last;) {
                char cut;

                end += 1 + strcspn(end + 1, "/");
                last = !*end || !end[1];
                cut = *end;
                *end = 0;
                *strrchr(part, '/') = 0; /* the group above */
                switch_on(part);
                part[strlen(part)] = '/';
                r = cgroup_create(part);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot make the control group %s", part);
                *end = cut;
        }
        if (cgroup_populated(g->path)) {
                error_set(reterr, EEXIST, "The control group %s is in use by other processes", g->path);
                return error_hint(reterr, -EEXIST, "An older container may have been left there: `cat %s%s/cgroup.procs`.", cgroup_mount_point(), g->path);
        }
        return 0;
}

/* What runtimes have agreed upon: org.systemd.property.NAME. */
static int properties_of(json_t *annotations, char ***ret, Error **reterr) {
        static const char prefix[] = "org.systemd.property.";
        const char *key;
        json_t *value;

        json_object_foreach(annotations, key, value)
                if (strncmp(key, prefix, strlen(prefix)) == 0 && key[strlen(prefix)] &&
                    strv_appendf(ret, "%s=%s", key + strlen(prefix), json_string_value(value)) < 0)
                        return error_oom(reterr);
        return 0;
}

int oci_cgroup_start_scope(OciCgroup *g, const OciSpec *s, const char *id, pid_t pid, Error **reterr) {
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_strv_ char **properties = NULL;
        EngineScope scope = { .scope = g->scope, .slice = g->slice, .container = id, .pid = pid };
        int r;

        if (!g->scope)
                return 0;
        r = properties_of(s->annotations, &properties, reterr);
        if (r < 0)
                return r;
        scope.properties = properties;
        r = host_bus_open(&bus, reterr);
        if (r == 0)
                return error_set(reterr, EOPNOTSUPP, "--systemd-cgroup: this host does not run systemd");
        if (r > 0)
                r = engine_scope_start(bus, &scope, reterr);
        if (r < 0)
                return r;
        r = cgroup_of(pid, &g->path);
        return r < 0 ? error_errno(reterr, r, "Cannot tell the container's control group") : 0;
}

int oci_cgroup_hand_over(const OciCgroup *g, const OciSpec *s, Error **reterr) {
        _cleanup_close_ int dir = -1;
        uint32_t uid;
        int r;

        if (!g->path || !s->namespaces[OCI_NS_USER].asked || !s->namespaces[OCI_NS_CGROUP].asked || !oci_id_outside(&s->uids, 0, &uid))
                return 0;
        dir = cgroup_open(g->path);
        r = dir < 0 ? dir : cgroup_delegate(dir, uid);
        return r < 0 ? error_errno(reterr, r, "Cannot hand the control group %s over to the container", g->path) : 0;
}

static int remove_group(const char *path, Error **reterr) {
        int r = cgroup_freeze(path, false);

        if (r == -ENOENT)
                return 0;
        r = cgroup_kill(path, KILL_USEC);
        if (r >= 0)
                r = cgroup_remove(path);
        return r < 0 ? error_errno(reterr, r, "Cannot remove the control group %s", path) : 0;
}

/* A scope that is empty goes by itself, a moment later. */
int oci_cgroup_remove(const char *path, const char *scope, Error **reterr) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = path ? remove_group(path, reterr) : 0;

        if (r < 0 || !scope)
                return r;
        r = host_bus_open(&bus, reterr);
        return r > 0 ? engine_scope_stop(bus, scope, reterr) : r;
}
