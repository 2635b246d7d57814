/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "oci-spec.h"

/* Where a container's processes are counted and bounded: a group of the unified hierarchy, made by us at cgroupsPath ("cgroupfs"), or a scope that
 * systemd makes of "SLICE:PREFIX:NAME" (--systemd-cgroup). */

typedef struct OciCgroup {
        char *path;  /* relative to the hierarchy's root; NULL until a scope is there */
        char *slice, *scope; /* of systemd's, or NULL */
} OciCgroup;

void oci_cgroup_done(OciCgroup *g);

/* What cgroupsPath means; nothing is made. */
int oci_cgroup_plan(const OciSpec *s, const char *id, bool systemd, OciCgroup *ret, Error **reterr);

/* Make the group of ours, with the controllers that can be had, and none there yet. -EEXIST: it has processes. */
int oci_cgroup_make(const OciCgroup *g, Error **reterr);

/* Have systemd make the scope, with `pid` in it: then g->path is known. */
int oci_cgroup_start_scope(OciCgroup *g, const OciSpec *s, const char *id, pid_t pid, Error **reterr);

/* Its root inside may make groups in it, where it has ids of its own. */
int oci_cgroup_hand_over(const OciCgroup *g, const OciSpec *s, Error **reterr);

/* All in it is killed and it goes, with what else there is of systemd's. */
int oci_cgroup_remove(const char *path, const char *scope, Error **reterr);

/* oci-resources.c: linux.resources, of a whole configuration or an update. json may be NULL. */
int oci_resources_apply(const char *path, json_t *json, Error **reterr);

/* oci-device-rules.c: linux.resources.devices. */
int oci_device_rules_apply(const char *path, json_t *list, Error **reterr);
