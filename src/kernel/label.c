/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "cleanup.h"

#define SELINUXFS "/sys/fs/selinux"

/* selinuxfs is mounted by whoever loads the policy. */
bool label_is_enabled(void) {
        struct statfs fs;

        return statfs(SELINUXFS, &fs) >= 0 && fs.f_type == SELINUX_MAGIC;
}

void label_types_done(LabelTypes *t) {
        free(t->process);
        free(t->file);
        free(t->read_only);
        *t = (LabelTypes){};
}

/* Where the range begins; NULL when there are no user, role and type before it. */
static const char *find_range(const char *context) {
        for (int i = 0; context && i < 3; i++) {
                context = strchr(context, ':');
                if (context)
                        context++;
        }
        return context;
}

const char *label_range(const char *context) {
        return find_range(context) ?: "";
}

int label_with_range(const char *context, const char *range, char **ret) {
        const char *old = find_range(context);

        if (!old)
                return -EINVAL;
        return asprintf(ret, "%.*s%s", (int) (old - context), context, range) < 0 ? -ENOMEM : 0;
}
