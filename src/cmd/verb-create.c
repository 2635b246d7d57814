/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "create.h"
#include "log.h"
#include "name.h"
#include "strv.h"
#include "verb-list.h"

/* nbox create NAME --os=OS: a new tree. Its path goes to stdout, for scripts; how to go on goes to stderr. */

enum { OPT_OS = 256, OPT_MIRROR, OPT_KEYRING, OPT_PACKAGES, OPT_USER, OPT_SSH_KEY };

const VerbOption create_options[] = {
        { { .name = "os", .placeholder = "busybox|debian[:RELEASE]|ubuntu:RELEASE" }, OPT_OS, "What to make the tree of" },
        { { .name = "directory", .letter = 'D', .placeholder = "DIR" }, 'D', "Put the tree there, not into /var/lib/machines" },
        { { .name = "packages", .placeholder = "NAME[,NAME…]" }, OPT_PACKAGES, "Install these, too; may be given several times" },
        { { .name = "user", .placeholder = "NAME" }, OPT_USER,
          "Make a first user, in the group of sudo where there is sudo, without a password" },
        { { .name = "ssh-key", .placeholder = "FILE" }, OPT_SSH_KEY,
          "Install a server of ssh, and let who has this public key in as that user, or as root" },
        { { .name = "mirror", .placeholder = "URL" }, OPT_MIRROR, "Where packages come from; for Ubuntu it must be said" },
        { { .name = "keyring", .placeholder = "FILE" }, OPT_KEYRING,
          "The keys that packages are signed with, where they are not the host's own" },
        {},
};

/* Names of packages, with commas between them. */
static int add_packages(const char *text, char ***packages, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy;

        for (char *name; copy && (name = strsep(&rest, ","));)
                if (*name && strv_append(packages, name) < 0)
                        return error_oom(reterr);
        return copy ? 0 : error_oom(reterr);
}

static int parse(int argc, char **argv, CreateRequest *ret, char ***packages, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case OPT_OS:
                        ret->os = args.value;
                        break;
                case 'D':
                        ret->directory = args.value;
                        break;
                case OPT_PACKAGES:
                        r = add_packages(args.value, packages, reterr);
                        if (r < 0)
                                return r;
                        break;
                case OPT_USER:
                        ret->user = args.value;
                        break;
                case OPT_SSH_KEY:
                        ret->ssh_key = args.value;
                        break;
                case OPT_KEYRING:
                        ret->keyring = args.value;
                        break;
                default:
                        ret->mirror = args.value;
                }
        ret->packages = *packages;
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r < 0)
                return r;
        ret->name = args.operands[0];
        if (!ret->os) {
                error_set(reterr, EINVAL, "What to make the tree of is missing");
                return error_hint(reterr, -EINVAL, "`nbox create %s --os=busybox` makes a small one in a moment; --os=debian a whole Debian.",
                                  machine_name_is_valid(ret->name) ? ret->name : "NAME");
        }
        return machine_name_check(ret->name, reterr);
}

int verb_create(int argc, char **argv, Error **reterr) {
        _cleanup_free_ char *path = NULL, *note = NULL;
        _cleanup_strv_ char **packages = NULL;
        CreateRequest request = {};
        int r;

        r = parse(argc, argv, &request, &packages, reterr);
        if (r >= 0)
                r = image_create(&request, &path, &note, reterr);
        if (r < 0)
                return r;
        printf("%s\n", path);
        log_info("Made %s; %s. `nbox boot %s` boots it.", path, note, request.directory ? path : request.name);
        return 0;
}
