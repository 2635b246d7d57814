/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A tree of the host's static busybox: init, shell, log-in and some 270 commands in two megabytes, made in a moment. Nothing is
 * downloaded, and nothing of the new tree is executed: which commands there are is asked of the host's own file. */

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "create-os.h"
#include "fd.h"
#include "process.h"

static const char *const places[] = {
        "/bin/busybox", "/usr/bin/busybox", "/usr/local/bin/busybox", "/bin/busybox-static", "/bin/busybox.static",
};

static const struct {
        const char *path;
        mode_t mode;
} directories[] = {
        { "bin", 0755 }, { "dev", 0755 }, { "etc", 0755 }, { "etc/init.d", 0755 }, { "home", 0755 }, { "mnt", 0755 },
        { "opt", 0755 }, { "proc", 0555 }, { "root", 0700 }, { "run", 0755 }, { "sbin", 0755 }, { "srv", 0755 },
        { "sys", 0555 }, { "tmp", 01777 }, { "usr", 0755 }, { "usr/bin", 0755 }, { "usr/sbin", 0755 }, { "usr/lib", 0755 },
        { "var", 0755 }, { "var/lib", 0755 }, { "var/log", 0755 }, { "var/tmp", 01777 },
};

/* The terminals' gettys name theirs in the first field, or init makes the console their controlling terminal, and what
 * they start on their own is hung up. */
static const struct {
        const char *path;
        mode_t mode;
        const char *text;
} files[] = {
        { "etc/inittab", 0644,
          "# busybox init: ID:RUNLEVELS(unused):ACTION:PROCESS\n"
          "::sysinit:/etc/init.d/rcS\n"
          "::respawn:/sbin/getty -L console 0 vt100\n"
          "tty1::respawn:/sbin/getty -L tty1 0 linux\n"
          "tty2::respawn:/sbin/getty -L tty2 0 linux\n"
          "tty3::respawn:/sbin/getty -L tty3 0 linux\n"
          "tty4::respawn:/sbin/getty -L tty4 0 linux\n"
          "::ctrlaltdel:/sbin/reboot\n"
          "::shutdown:/etc/init.d/rcK\n" },
        { "etc/init.d/rcS", 0755,
          "#!/bin/sh\n"
          "# As the machine starts. The host has mounted /proc, /sys, /dev and /run and set up the network.\n"
          "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
          "[ ! -s /etc/hostname ] || hostname -F /etc/hostname\n"
          "rm -rf /tmp/* /tmp/.[!.]*\n"
          "for s in /etc/rc.d/S*; do [ ! -x \"$s\" ] || \"$s\" start; done\n" },
        { "etc/init.d/rcK", 0755,
          "#!/bin/sh\n"
          "# As the machine is powered off or rebooted, before init ends what is left.\n"
          "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
          "for s in /etc/rc.d/S*; do [ ! -x \"$s\" ] || \"$s\" stop; done\n"
          "sync\n" },
        { "etc/passwd", 0644,
          "root:x:0:0:root:/root:/bin/sh\n"
          "daemon:x:1:1:daemon:/:/bin/false\n"
          "nobody:x:65534:65534:nobody:/:/bin/false\n" },
        { "etc/shadow", 0600,
          "root::0:0:99999:7:::\n"
          "daemon:*:0:0:99999:7:::\n"
          "nobody:*:0:0:99999:7:::\n" },
        { "etc/group", 0644,
          "root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\ndisk:x:6:\nmail:x:8:\n"
          "wheel:x:10:root\nutmp:x:43:\nusers:x:100:\nnogroup:x:65534:\n" },
        { "etc/shells", 0644, "/bin/sh\n/bin/ash\n" },
        { "etc/profile", 0644,
          "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
          "PS1='\\u@\\h:\\w\\$ '\n" },
        { "etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n" },
        { "etc/fstab", 0644, "" },
};

/* 1: an executable without an interpreter, 0: some other file, or -errno. */
static int is_static(int fd) {
        ElfW(Ehdr) header;

        if (pread(fd, &header, sizeof(header), 0) != sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
            header.e_phentsize != sizeof(ElfW(Phdr)))
                return 0;
        for (size_t i = 0; i < header.e_phnum; i++) {
                ElfW(Phdr) segment;

                if (pread(fd, &segment, sizeof(segment), (off_t) (header.e_phoff + i * sizeof(segment))) != sizeof(segment))
                        return 0;
                if (segment.p_type == PT_INTERP)
                        return 0;
        }
        return header.e_phnum > 0;
}

static int open_busybox(const char **ret_path, Error **reterr) {
        const char *dynamic = NULL;

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int fd = open(places[i], O_RDONLY | O_CLOEXEC);

                if (fd < 0)
                        continue;
                if (is_static(fd)) {
                        *ret_path = places[i];
                        return TAKE_FD(fd);
                }
                dynamic = places[i];
        }
        if (dynamic)
                error_set(reterr, ENOEXEC, "The host's %s needs shared libraries, which the tree would not have", dynamic);
        else
                error_set(reterr, ENOENT, "The host has no busybox to make a tree of");
        return error_hint(reterr, dynamic ? -ENOEXEC : -ENOENT, "Install a static one: on Debian, `apt install busybox-static`.");
}

/* What busybox says when run with one argument. */
static int ask_busybox(const char *path, const char *argument, char **ret, Error **reterr) {
        _cleanup_close_ int out = memfd_create("busybox", MFD_CLOEXEC);
        int r;

        if (out < 0)
                return error_errno(reterr, errno, "Cannot make a memory file");
        r = process_run((char *[]){ (char *) path, (char *) argument, NULL }, out, out, reterr);
        if (r < 0)
                return r;
        if (lseek(out, 0, SEEK_SET) < 0 || fd_read_all(out, 256 * 1024, ret, NULL) < 0)
                return error_set(reterr, EIO, "Cannot read what %s %s says", path, argument);
        return r == 0 ? 0 : error_set(reterr, EIO, "%s %s failed with status %d", path, argument, r);
}

static int make_file(int dir, const char *path, const char *text, mode_t mode) {
        _cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, text, strlen(text));
        return r < 0 ? r : fchmod(fd, mode) < 0 ? -errno : 0;
}

static int copy_busybox(int dir, int from) {
        _cleanup_close_ int to = openat(dir, "bin/busybox", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        ssize_t n;

        if (to < 0)
                return -errno;
        do
                n = sendfile(to, from, NULL, 1 << 20);
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 || fchmod(to, 0755) < 0 ? -errno : 0;
}

/* "usr/bin/wget" of the list becomes a link to ../../bin/busybox. */
static int link_applets(int dir, char *list) {
        char *state = NULL;

        for (char *applet = strtok_r(list, "\n", &state); applet; applet = strtok_r(NULL, "\n", &state)) {
                const char *target = strncmp(applet, "usr/", 4) == 0 ? "../../bin/busybox" : "../bin/busybox";

                if (strstr(applet, "..") || applet[0] == '/' || !strchr(applet, '/'))
                        continue;
                if (strncmp(applet, "bin/", 4) == 0)
                        target = "busybox";
                if (symlinkat(target, dir, applet) < 0 && errno != EEXIST && errno != ENOENT)
                        return -errno;
        }
        return faccessat(dir, "sbin/init", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
               faccessat(dir, "sbin/getty", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -ENOEXEC : 0;
}

static int write_os_release(int dir, const char *version) {
        _cleanup_free_ char *text = NULL;
        size_t n;

        version = strstr(version, "BusyBox v"); /* "BusyBox v1.35.0 (Debian …) multi-call binary." */
        version = version ? version + strlen("BusyBox v") : "";
        n = strspn(version, "0123456789.");
        if (asprintf(&text, "ID=busybox\nNAME=BusyBox\nVERSION_ID=%.*s\nPRETTY_NAME=\"BusyBox %.*s\"\n", (int) n, version, (int) n,
                     version) < 0)
                return -ENOMEM;
        return make_file(dir, "etc/os-release", text, 0644);
}

static int make_skeleton(int dir) {
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (mkdirat(dir, directories[i].path, 0700) < 0 || fchmodat(dir, directories[i].path, directories[i].mode, 0) < 0)
                        return -errno;
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                int r = make_file(dir, files[i].path, files[i].text, files[i].mode);

                if (r < 0)
                        return r;
        }
        return symlinkat("../run", dir, "var/run") < 0 ? -errno : 0;
}

int build_busybox(const OsBuild *b, Error **reterr) {
        _cleanup_free_ char *list = NULL, *version = NULL;
        _cleanup_close_ int busybox = -1;
        const char *path = NULL;
        int r;

        busybox = open_busybox(&path, reterr);
        if (busybox < 0)
                return busybox;
        r = ask_busybox(path, "--list-full", &list, reterr);
        if (r >= 0)
                r = ask_busybox(path, "--help", &version, reterr);
        if (r < 0)
                return r;

        r = make_skeleton(b->dir);
        if (r >= 0)
                r = copy_busybox(b->dir, busybox);
        if (r >= 0)
                r = write_os_release(b->dir, version);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write the tree in %s", b->path);
        r = link_applets(b->dir, list);
        if (r == -ENOEXEC)
                return error_set(reterr, r, "The host's %s was built without init and getty", path);
        return r < 0 ? error_errno(reterr, r, "Cannot write the tree in %s", b->path) : 0;
}
