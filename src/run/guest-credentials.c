/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-credentials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "credential-source.h"
#include "credential-store.h"
#include "credentials.h"
#include "fd.h"
#include "mount.h"

static bool is_below(const char *path, const char *root) {
        size_t n = strlen(root);

        return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* Whether any directory on the way, by whatever links one comes to it, is in the tree: what follows is then the guest's to make a link. */
static int leads_through(const char *path, const char *root) {
        _cleanup_free_ char *tree = realpath(root, NULL), *way = strdup(path);

        if (!tree || !way)
                return -errno;
        for (char *s = strchr(way + 1, '/');; s = strchr(s + 1, '/')) {
                _cleanup_free_ char *real = NULL;

                if (s)
                        *s = 0;
                real = realpath(way, NULL);
                if (real && is_below(real, tree))
                        return true;
                if (!s)
                        return false;
                *s = '/';
        }
}

/* A file in the tree is the guest's: it could put a link to a file of the host's there, and be handed that. */
static int refuse_guest_path(const Credential *c, const char *root, Error **reterr) {
        int r = c->path && c->path[0] == '/' ? leads_through(c->path, root) : 0;

        if (r < 0)
                return error_errno(reterr, r, "Cannot follow %s", c->path);
        if (r == 0)
                return 0;
        error_set(reterr, EINVAL, "The credential '%s' is to come from %s, which is in the machine's own tree", c->id, c->path);
        return error_hint(reterr, -EINVAL,
                          "Root inside could make it a link to any file of the host's. Keep it elsewhere, as in /etc/credstore.");
}

static int gather_one(const Credential *c, const char *root, int store, Error **reterr) {
        _cleanup_secret_ Secret value = {};
        int r;

        r = refuse_guest_path(c, root, reterr);
        if (r >= 0)
                r = credential_read(c, &value, reterr);
        if (r < 0)
                return r;
        r = credential_store_add(store, c->id, value.data, value.size);
        if (r == -EFBIG)
                return error_set(reterr, EFBIG, "The machine's credentials are together larger than %d MiB", CREDENTIALS_TOTAL_MAX >> 20);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the credential '%s'", c->id) : 0;
}

int credentials_gather(MachineConfig *c, const char *root, Error **reterr) {
        _cleanup_close_ int store = credential_store_new();
        int r = 0;

        if (store < 0)
                return error_errno(reterr, store, "Cannot make a place for the machine's credentials");
        for (size_t i = 0; r >= 0 && i < c->credentials.n; i++)
                r = gather_one(&c->credentials.items[i], root, store, reterr);
        credential_list_wipe(&c->credentials);
        return r < 0 ? r : TAKE_FD(store);
}

int credentials_describe(const CredentialList *list, char ***ret) {
        _cleanup_strv_ char **text = NULL;

        for (size_t i = 0; i < list->n; i++) {
                const Credential *c = &list->items[i];
                const char *how = c->encrypted ? ", encrypted" : "";
                int r = c->path ? strv_appendf(&text, "%s from %s%s", c->id, c->path, how)
                                : strv_appendf(&text, "%s, %zu bytes%s", c->id, c->value.size, how);

                if (r < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

int credentials_receive(Error **reterr) {
        _cleanup_close_ int store = -1, null = -1;

        if (!credential_store_is(STDIN_FILENO)) {
                error_set(reterr, ENODATA,
                          "The credentials that were given on the command line are gone: they were handed to this service once");
                return error_hint(reterr, -ENODATA, "Start the machine with `nbox boot -d` again, with them.");
        }
        store = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (store < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0)
                return error_errno(reterr, errno, "Cannot take the machine's credentials");
        return TAKE_FD(store);
}

typedef struct Place {
        int dir;
        uid_t owner;
} Place;

static int put_file(const char *id, const void *data, size_t size, void *userdata) {
        const Place *place = userdata;
        _cleanup_close_ int fd = openat(place->dir, id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        return fchmod(fd, 0400) < 0 || fchown(fd, place->owner, place->owner) < 0 ? -errno : 0;
}

static int fill(const MachinePlan *p, int store, int mount) {
        Place place = { .dir = mount, .owner = p->uid_base };
        int r = credential_store_each(store, put_file, &place);

        if (r < 0)
                return r;
        if (fchownat(mount, "", p->uid_base, p->uid_base, AT_EMPTY_PATH) < 0 || fchmodat(mount, ".", 0500, 0) < 0)
                return -errno;
        return mount_set_attr(mount, MOUNT_ATTR_RDONLY, 0, false);
}

/* ramfs and not tmpfs, for it is never swapped to a disk; it has no bounds, and needs none, for the kernel keeps it read-only. */
int guest_credentials_mount(const MachinePlan *p, int store, int dir, Error **reterr) {
        _cleanup_close_ int mount = -1, target = -1;
        int r;

        mount = mount_new("ramfs", "mode=0700", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW);
        r = mount < 0 ? mount : fill(p, store, mount);
        if (r >= 0)
                r = mkdirat(dir, "credentials", 0700) < 0 ? -errno : 0;
        if (r >= 0) {
                target = openat(dir, "credentials", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = target < 0 ? -errno : mount_attach(mount, target);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot make the machine's " GUEST_CREDENTIALS) : 0;
}
