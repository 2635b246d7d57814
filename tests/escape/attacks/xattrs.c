/* SPDX-License-Identifier: GPL-2.0-or-later */

/* xattrs FILE: attributes by which the host decides about a file, set on one of the machine's own. Prints "NAME works" or "NAME: why not".
 * Not security.selinux: as long as no policy is loaded, the kernel lets each owner of a file set it, and nobody heeds it; with one see
 * tests/host/selinux.sh. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv) {
        static const struct {
                const char *name, *value;
        } attributes[] = {
                { "security.SMACK64EXEC", "_" },
                { "security.ima", "x" },
                { "trusted.overlay.redirect", "/etc" },
        };

        for (size_t i = 0; argc == 2 && i < sizeof(attributes) / sizeof(*attributes); i++)
                if (setxattr(argv[1], attributes[i].name, attributes[i].value, strlen(attributes[i].value) + 1, 0) == 0)
                        printf("%s works\n", attributes[i].name);
                else
                        printf("%s: %s\n", attributes[i].name, strerror(errno));
        return 0;
}
