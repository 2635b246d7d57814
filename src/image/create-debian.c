/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Debian tree, or an Ubuntu one, by mmdebstrap, or by debootstrap where that is what the host has. Both check the archive's signature by
 * keys of the host's. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "create-os.h"
#include "fd.h"
#include "path.h"
#include "strv.h"
#include "tree.h"

/* A base system that boots, logs in by logind, reaches the network that the host has set up, and can install the rest. */
#define PACKAGES "systemd-sysv,dbus,libpam-systemd,libnss-systemd,iproute2,iputils-ping,netbase,ca-certificates,procps,login,passwd"

#define UBUNTU_KEYRING "/usr/share/keyrings/ubuntu-archive-keyring.gpg"

/* Host keys of ssh that came with the packages would be the same in all that is made of this tree. */
#define SSH_KEYS_UNIT "ssh-host-keys.service"
#define SYSTEM_UNITS "etc/systemd/system"
static const char ssh_keys_unit[] =
        "[Unit]\n"
        "Description=Keys of this host for ssh, made when there are none\n"
        "After=sshd-keygen.service\n" /* the distribution's own, of newer ones: at what it takes for a first boot */
        "Before=ssh.service ssh.socket\n"
        "ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        "ExecStart=/usr/bin/ssh-keygen -A\n"
        "\n"
        "[Install]\n"
        "WantedBy=ssh.service ssh.socket\n";

static bool program_is_there(const char *name) {
        static const char *const bins[] = { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin" };
        char path[256];

        for (size_t i = 0; i < ELEMENTSOF(bins); i++) {
                snprintf(path, sizeof(path), "%s/%s", bins[i], name);
                if (access(path, X_OK) >= 0)
                        return true;
        }
        return false;
}

/* ---- what was asked for ---- */

static int check_release(const char *release, const char *what, Error **reterr) {
        size_t n = release ? strlen(release) : 0;

        if (!release || (n > 0 && n <= 64 && strspn(release, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n && release[0] != '-'))
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is not a release of %s", release, what);
        return error_hint(reterr, -EINVAL, "Give its code name, for example --os=debian:bookworm or --os=ubuntu:jammy.");
}

static int check_mirror(const char *mirror, Error **reterr) {
        for (const char *p = mirror; p && *p; p++)
                if (*p <= ' ' || *p == 0x7f)
                        mirror = "";
        if (!mirror || (strstr(mirror, "://") && mirror[0] != '-'))
                return 0;
        return error_set(reterr, EINVAL, "A mirror is given as a URL, without blanks");
}

static int check_packages(char *const *packages, Error **reterr) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

        for (; packages && *packages; packages++) {
                size_t n = strlen(*packages), begin = strspn(*packages, letters);

                if (begin == 0 || n < 2 || n > 128 || begin + strspn(*packages + begin, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != n)
                        return error_set(reterr, EINVAL, "'%.80s' is not a package's name", *packages);
        }
        return 0;
}

static int check_keyring(const char *keyring, Error **reterr) {
        if (!keyring || access(keyring, R_OK) >= 0)
                return 0;
        return error_errno(reterr, errno, "Cannot read the keyring %s", keyring);
}

int check_debian(const OsBuild *b, Error **reterr) {
        int r = check_release(b->release, "Debian", reterr);

        if (r >= 0)
                r = check_mirror(b->mirror, reterr);
        if (r >= 0)
                r = check_packages(b->packages, reterr);
        return r < 0 ? r : check_keyring(b->keyring, reterr);
}

/* mmdebstrap would fetch from Ubuntu's own servers and debootstrap from none: what a host without any tie to Ubuntu asks, its administrator
 * shall have said. */
int check_ubuntu(const OsBuild *b, Error **reterr) {
        int r = check_release(b->release, "Ubuntu", reterr);

        if (r >= 0 && !b->release) {
                error_set(reterr, EINVAL, "Which release of Ubuntu is missing");
                return error_hint(reterr, -EINVAL, "Give its code name, for example --os=ubuntu:jammy.");
        }
        if (r >= 0 && !b->mirror) {
                error_set(reterr, EINVAL, "nbox has no mirror of Ubuntu's that it would ask by itself");
                return error_hint(reterr, -EINVAL, "Name one: --mirror=http://archive.ubuntu.com/ubuntu, for ARM and others "
                                  "http://ports.ubuntu.com/ubuntu-ports, or one nearby.");
        }
        if (r >= 0)
                r = check_debian(b, reterr);
        if (r < 0 || b->keyring || access(UBUNTU_KEYRING, R_OK) >= 0)
                return r;
        error_set(reterr, ENOENT, "The keys that Ubuntu's packages are signed with are not on this host");
        return error_hint(reterr, -ENOENT, "Install them (package ubuntu-keyring), or name a file with them: --keyring=FILE.");
}

/* ---- making it ---- */

typedef struct Distribution {
        const char *components; /* NULL: the builder's own choice, main */
        const char *keyring;    /* NULL: likewise, by the release */
        const char *old;        /* what to try for a release that the mirrors have no more */
} Distribution;

static int tool_argv(char ***argv, Error **reterr) {
        if (program_is_there("mmdebstrap"))
                return strv_append(argv, "mmdebstrap") < 0 || strv_append(argv, "--mode=root") < 0 ||
                       strv_append(argv, "--format=directory") < 0 ? error_oom(reterr) : 0;
        if (program_is_there("debootstrap"))
                return strv_append(argv, "debootstrap") < 0 ? error_oom(reterr) : 0;
        error_set(reterr, ENOENT, "Neither mmdebstrap nor debootstrap is installed, one of which makes Debian trees");
        return error_hint(reterr, -ENOENT, "On Debian: `apt install mmdebstrap`.");
}

static int builder_argv(const OsBuild *b, const Distribution *d, const char *release, char ***ret, Error **reterr) {
        _cleanup_free_ char *more = strv_join(b->packages, ","), *keyring = NULL;
        _cleanup_strv_ char **argv = NULL;
        int r = more ? tool_argv(&argv, reterr) : error_oom(reterr);

        if (r < 0)
                return r;
        if (b->keyring || d->keyring) {
                keyring = path_make_absolute(b->keyring ?: d->keyring);
                r = keyring ? strv_appendf(&argv, "--keyring=%s", keyring) : -ENOMEM;
        }
        if (r >= 0 && d->components)
                r = strv_appendf(&argv, "--components=%s", d->components);
        if (r >= 0)
                r = strv_append(&argv, "--variant=minbase");
        if (r >= 0)
                r = strv_appendf(&argv, "--include=" PACKAGES "%s%s", *more ? "," : "", more);
        if (r >= 0)
                r = strv_append(&argv, release);
        if (r >= 0)
                r = strv_append(&argv, b->path);
        if (r >= 0 && b->mirror)
                r = strv_append(&argv, b->mirror);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(argv);
        return 0;
}

/* The host's own release where the host is a Debian: its keys and its mirrors' settings fit. */
static int default_release(char **ret) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *line;

        if (root >= 0 && tree_read_file(root, "/etc/os-release", 64 * 1024, &text) >= 0 && strstr(text, "\nID=debian\n")) {
                line = strstr(text, "\nVERSION_CODENAME=");
                if (line) {
                        line += strlen("\nVERSION_CODENAME=");
                        *ret = strndup(line, strcspn(line, "\n"));
                        return *ret ? 0 : -ENOMEM;
                }
        }
        *ret = strdup("stable");
        return *ret ? 0 : -ENOMEM;
}

/* ---- what is the machine's own ---- */

static int remove_host_keys(int dir) {
        _cleanup_closedir_ DIR *ssh = fd_opendir(dir, "etc/ssh");

        for (struct dirent *e; ssh && (e = readdir(ssh));)
                if (strncmp(e->d_name, "ssh_host_", strlen("ssh_host_")) == 0 && unlinkat(dirfd(ssh), e->d_name, 0) < 0)
                        return -errno;
        return 0;
}

static int want_unit(int dir, const char *by) {
        _cleanup_free_ char *wants = NULL, *link = NULL;
        _cleanup_close_ int place = -1;

        if (asprintf(&wants, SYSTEM_UNITS "/%s.wants", by) < 0)
                return -ENOMEM;
        place = mkdir_in_root(dir, wants);
        if (place < 0)
                return place;
        return symlinkat("../" SSH_KEYS_UNIT, place, SSH_KEYS_UNIT) < 0 ? -errno : 0;
}

/* Host keys of this tree's first boot, where there is a server of ssh. */
static int own_host_keys(const OsBuild *b, Error **reterr) {
        _cleanup_close_ int server = open_in_root(b->dir, "/usr/sbin/sshd", O_PATH, 0), unit = -1;
        int r = 0;

        if (server < 0)
                return 0;
        r = remove_host_keys(b->dir);
        unit = r < 0 ? r : openat(b->dir, SYSTEM_UNITS "/" SSH_KEYS_UNIT, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (r >= 0)
                r = unit < 0 ? -errno : fd_write_all(unit, ssh_keys_unit, strlen(ssh_keys_unit));
        if (r >= 0)
                r = want_unit(b->dir, "ssh.service");
        if (r >= 0)
                r = want_unit(b->dir, "ssh.socket");
        return r < 0 ? error_errno(reterr, r, "Cannot have %s make host keys for ssh", b->path) : 0;
}

/* What the builder took over from the host goes: the machine gets its own name and resolver as it starts. machine-id is left
 * empty, so that one is made then; were it missing, systemd would take the boot for the very first one, and enable
 * all that its presets name, networkd too. */
static int make_own(const OsBuild *b, Error **reterr) {
        static const char *const of_the_host[] = { "etc/hostname", "etc/resolv.conf" };
        _cleanup_close_ int id = -1;

        for (size_t i = 0; i < ELEMENTSOF(of_the_host); i++)
                if (unlinkat(b->dir, of_the_host[i], 0) < 0 && errno != ENOENT)
                        return error_errno(reterr, errno, "Cannot remove %s/%s", b->path, of_the_host[i]);
        id = openat(b->dir, "etc/machine-id", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0444);
        if (id < 0)
                return error_errno(reterr, errno, "Cannot write %s/etc/machine-id", b->path);
        return own_host_keys(b, reterr);
}

static int build(const OsBuild *b, const Distribution *d, const char *release, Error **reterr) {
        _cleanup_strv_ char **argv = NULL;
        int r = builder_argv(b, d, release, &argv, reterr);

        if (r < 0)
                return r;
        r = build_run(b, argv, reterr);
        if (r == -EIO)
                return error_hint(reterr, r, "%s", d->old);
        return r < 0 ? r : make_own(b, reterr);
}

int build_debian(const OsBuild *b, Error **reterr) {
        static const Distribution debian = {
                .old = "Does the mirror have that release, and all of these packages? Those that Debian no longer supports: "
                       "--mirror=http://archive.debian.org/debian, with --keyring=/usr/share/keyrings/debian-archive-removed-keys.gpg for "
                       "the oldest.",
        };
        _cleanup_free_ char *release = NULL;
        int r = b->release ? ((release = strdup(b->release)) ? 0 : -ENOMEM) : default_release(&release);

        return r < 0 ? error_oom(reterr) : build(b, &debian, release, reterr);
}

int build_ubuntu(const OsBuild *b, Error **reterr) {
        static const Distribution ubuntu = {
                .components = "main,universe",
                .keyring = UBUNTU_KEYRING,
                .old = "Does the mirror have that release, and all of these packages? Those that Ubuntu no longer supports: "
                       "--mirror=http://old-releases.ubuntu.com/ubuntu.",
        };

        return build(b, &ubuntu, b->release, reterr);
}
