/* SPDX-License-Identifier: GPL-2.0-or-later */

/* SELinux. AppArmor confines no machine unless asked to (--apparmor-profile=), and then the start says what is missing. */

#include <string.h>
#include <sys/xattr.h>

#include "doctor.h"
#include "label.h"
#include "shell-word.h"

static const Package policy_package = { { "selinux-policy-default", "container-selinux", NULL, "container-selinux" } };

static void check_policy(Doctor *d) {
        _cleanup_(label_types_done) LabelTypes types = {};
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!label_is_enabled())
                return;
        r = label_types_read(&types, &error);
        if (r >= 0)
                return;
        doctor_found(d, FOUND_TAKES, "%s", error ? error->message : "Out of memory");
        doctor_means(d, "Machines run without labels of their own, and one that wants them (--selinux=require) is refused");
        if (r != -EOPNOTSUPP)
                doctor_mend_package(d, &policy_package);
}

/* What was unpacked while SELinux was off has none; whoever is confined is refused it. */
static void check_trees(Doctor *d) {
        for (size_t i = 0; label_is_enabled() && i < d->n_images; i++) {
                _cleanup_free_ char *path = shell_word(d->images[i]->path);
                char context[256] = "";
                ssize_t n = getxattr(d->images[i]->path, "security.selinux", context, sizeof(context) - 1);

                if (!path || (n < 0 && errno != ENODATA) || (n > 0 && !strstr(context, ":unlabeled_t:")))
                        continue;
                doctor_found(d, FOUND_ADVICE, "The files of %s have no SELinux labels", d->images[i]->name);
                doctor_means(d, "Confined programs of the host, as backups may be, cannot read them; a machine with labels of its own gives them new ones");
                doctor_mend(d, "restorecon -R -F %s", path);
        }
}

const DoctorCheck label_checks[] = {
        { "selinux", "what SELinux's policy has for containers", check_policy },
        { "selinux-trees", "images without labels", check_trees },
        {},
};
