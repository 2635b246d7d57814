/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "capabilities.h"
#include "oci-command.h"
#include "oci-hooks.h"
#include "oci-seccomp.h"

/* `features`, as features.json of the specification has it: from the tables that parsing reads. */

static json_t *words_of(const char *(*word)(size_t i)) {
        json_t *list = json_array();

        for (size_t i = 0; word(i); i++)
                (void) json_array_append_new(list, json_string(word(i)));
        return list;
}

static const char *hook_of(size_t i) {
        return i < OCI_HOOK_KINDS ? oci_hook_name((OciHookKind) i) : NULL;
}

static const char *namespace_of(size_t i) {
        return i < OCI_NS_KINDS ? oci_namespace_names[i].name : NULL;
}

static const char *capability_of(size_t i) {
        return capability_names[i].name;
}

static json_t *linux_json(void) {
        return json_pack("{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:{s:b, s:o, s:o, s:o}, s:{s:b}, s:{s:b}, s:{s:b}, s:{s:{s:b}}}",
                         "namespaces", words_of(namespace_of), "capabilities", words_of(capability_of),
                         "cgroup", "v1", 0, "v2", 1, "systemd", 1, "systemdUser", 0, "rdma", 1,
                         "seccomp", "enabled", 1, "actions", words_of(oci_filter_action), "operators", words_of(oci_filter_operator), "archs",
                         words_of(oci_filter_architecture),
                         "apparmor", "enabled", 1, "selinux", "enabled", 1, "intelRdt", "enabled", 0, "mountExtensions", "idmap", "enabled", 1);
}

int oci_verb_features(_unused_ const OciWords *w, Error **reterr) {
        json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:o, s:{s:s}}", "ociVersionMin", "1.0.0", "ociVersionMax", "1.2.0", "hooks", words_of(hook_of),
                              "mountOptions", words_of(oci_mount_option), "linux", linux_json(), "annotations", "io.nbox.version", NBOX_VERSION);
        _cleanup_free_ char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;

        json_decref(j);
        if (!text)
                return error_oom(reterr);
        puts(text);
        return 0;
}
