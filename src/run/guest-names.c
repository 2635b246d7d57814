/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-names.h"

#include <fcntl.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assemble.h"
#include "fd.h"
#include "file.h"
#include "mount.h"
#include "path.h"

#define RESOLV_CONF_MAX (64 * 1024)

typedef enum Method { METHOD_COPY, METHOD_REPLACE, METHOD_BIND } Method;

/* Which of the host's files, and what to do with it (systemd-nspawn(1), --resolv-conf=). */
static const struct {
        ResolvConfMode mode;
        Method method;
        const char *source; /* NULL: what fits the machine's network (GuestFiles) */
} methods[] = {
        { RESOLV_CONF_AUTO,           METHOD_COPY,    NULL },
        { RESOLV_CONF_COPY_HOST,      METHOD_COPY,    "/etc/resolv.conf" },
        { RESOLV_CONF_COPY_STATIC,    METHOD_COPY,    "/usr/lib/systemd/resolv.conf" },
        { RESOLV_CONF_COPY_UPLINK,    METHOD_COPY,    "/run/systemd/resolve/resolv.conf" },
        { RESOLV_CONF_COPY_STUB,      METHOD_COPY,    "/run/systemd/resolve/stub-resolv.conf" },
        { RESOLV_CONF_REPLACE_HOST,   METHOD_REPLACE, "/etc/resolv.conf" },
        { RESOLV_CONF_REPLACE_STATIC, METHOD_REPLACE, "/usr/lib/systemd/resolv.conf" },
        { RESOLV_CONF_REPLACE_UPLINK, METHOD_REPLACE, "/run/systemd/resolve/resolv.conf" },
        { RESOLV_CONF_REPLACE_STUB,   METHOD_REPLACE, "/run/systemd/resolve/stub-resolv.conf" },
        { RESOLV_CONF_BIND_HOST,      METHOD_BIND,    "/etc/resolv.conf" },
        { RESOLV_CONF_BIND_STATIC,    METHOD_BIND,    "/usr/lib/systemd/resolv.conf" },
        { RESOLV_CONF_BIND_UPLINK,    METHOD_BIND,    "/run/systemd/resolve/resolv.conf" },
        { RESOLV_CONF_BIND_STUB,      METHOD_BIND,    "/run/systemd/resolve/stub-resolv.conf" },
};

/* What stands there from the last time is left alone, where it is the same: to make it anew and rename it has a disk written to, and the old one's
 * blocks given back, before the start goes on. A file of somebody else, or that has another name too, is not the same. Only a regular file is
 * opened: who waits for us to open something else waits in vain. */
static bool stands(int dir, const char *name, const char *text) {
        _cleanup_close_ int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
        const uid_t us = (uid_t) setfsuid((uid_t) -1);
        char there[1024];
        size_t size = strlen(text);
        struct stat st;

        if (place < 0 || size >= sizeof(there) || fstat(place, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != us ||
            (st.st_mode & 07777) != 0644 || st.st_size != (off_t) size)
                return false;
        fd = fd_reopen(place, O_RDONLY);
        return fd >= 0 && read(fd, there, sizeof(there)) == (ssize_t) size && memcmp(there, text, size) == 0;
}

static int put(int dir, const char *name, const char *text) {
        return stands(dir, name, text) ? 0 : file_replace(dir, name, text, 0644);
}

static int put_file(int root, const char *directory, const char *name, const char *text, Error **reterr) {
        _cleanup_close_ int dir = mkdir_in_root(root, directory);
        int r = dir < 0 ? dir : put(dir, name, text);

        return r < 0 ? error_errno(reterr, r, "Cannot write %s/%s in the machine, ignoring", directory, name) : 0;
}

/* Write the text where the machine's resolver looks for it. A link there stays a link: what it names is
 * written, if its directory is there (Debian's resolvconf and resolved keep theirs under /run, which is fresh). */
static int write_copy(int root, const char *text, bool replace_link) {
        _cleanup_close_ int etc = -1, dir = -1;
        _cleanup_free_ char *parent = NULL;
        char target[4096], *slash;
        ssize_t n;

        etc = open_in_root(root, "/etc", O_PATH | O_DIRECTORY, 0);
        if (etc < 0)
                return etc;
        n = replace_link ? -1 : readlinkat(etc, "resolv.conf", target, sizeof(target) - 1);
        if (n < 0)
                return put(etc, "resolv.conf", text);
        target[n] = 0;
        if (asprintf(&parent, "%s%s", target[0] == '/' ? "" : "/etc/", target) < 0)
                return -ENOMEM;
        /* A resolved inside makes this file itself, and is told by a drop-in. */
        if (strstr(parent, "/systemd/resolve/"))
                return 0;
        slash = strrchr(parent, '/');
        *slash = 0;
        dir = open_in_root(root, *parent ? parent : "/", O_PATH | O_DIRECTORY, 0);
        if (dir < 0)
                return put(etc, "resolv.conf", text);
        return put(dir, slash + 1, text);
}

static int bind_over(int root, int mount) {
        _cleanup_close_ int target = -1;
        int r;

        r = mount_set_attr(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false);
        if (r < 0)
                return r;
        target = create_in_root(root, "/etc/resolv.conf");
        return target < 0 ? target : mount_attach(mount, target);
}

static int bind_host_file(int root, const char *source) {
        _cleanup_close_ int fd = open(source, O_PATH | O_CLOEXEC), mount = -1;

        if (fd < 0)
                return -errno;
        mount = mount_clone(fd, "", false);
        return mount < 0 ? mount : bind_over(root, mount);
}

/* A read-only tree gets its file from a tmpfs of one file. */
static int bind_text(const MachinePlan *p, int root, const char *text) {
        _cleanup_close_ int tmpfs = -1, mount = -1;
        char options[64];
        int r;

        snprintf(options, sizeof(options), "size=128k,mode=0755,uid=%u,gid=%u", p->uid_base, p->uid_base);
        tmpfs = mount_new_labelled("tmpfs", options, p->labels.mount, 0);
        r = tmpfs < 0 ? tmpfs : file_replace(tmpfs, "resolv.conf", text, 0644);
        if (r < 0)
                return r;
        mount = mount_clone_of_new(tmpfs, "resolv.conf", STAGING_DIRECTORY);
        return mount < 0 ? mount : bind_over(root, mount);
}

static int write_resolv_conf(const MachinePlan *p, int root, const char *text, Error **reterr) {
        const char *source = NULL;
        Method method = METHOD_COPY;
        _cleanup_free_ char *copy = NULL;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (methods[i].mode == p->resolv_conf) {
                        source = methods[i].source;
                        method = methods[i].method;
                }
        if (!source && !text)
                return 0;
        if (source && method != METHOD_BIND) {
                r = file_read(AT_FDCWD, source, RESOLV_CONF_MAX, &copy);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read %s for the machine, ignoring", source);
                text = copy;
        }
        if (method == METHOD_BIND)
                r = bind_host_file(root, source);
        else if (p->read_only)
                r = bind_text(p, root, text);
        else
                r = write_copy(root, text, method == METHOD_REPLACE);
        return r < 0 ? error_errno(reterr, r, "Cannot write /etc/resolv.conf in the machine, ignoring") : 0;
}

int guest_names_write(const MachinePlan *p, int root, const GuestFiles *files, Error **reterr) {
        int r = 0;

        if (p->resolv_conf == RESOLV_CONF_DELETE) {
                _cleanup_close_ int etc = open_in_root(root, "/etc", O_PATH | O_DIRECTORY, 0);

                if (etc < 0 || (unlinkat(etc, "resolv.conf", 0) < 0 && errno != ENOENT))
                        return error_errno(reterr, etc < 0 ? etc : errno, "Cannot remove /etc/resolv.conf in the machine, ignoring");
        } else if (p->resolv_conf != RESOLV_CONF_OFF)
                r = write_resolv_conf(p, root, files->resolv_conf, reterr);
        for (size_t i = 0; r >= 0 && i < files->n_networks; i++) {
                char name[sizeof("10-nbox-.network") + IF_NAMESIZE];

                snprintf(name, sizeof(name), "10-nbox-%s.network", files->networks[i].name);
                r = put_file(root, "/run/systemd/network", name, files->networks[i].text, reterr);
        }
        if (r >= 0 && files->resolved_config)
                r = put_file(root, "/run/systemd/resolved.conf.d", "nbox.conf", files->resolved_config, reterr);
        return r;
}
