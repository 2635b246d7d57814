/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the kernel has: tried out, in a process of its own that is thrown away, since a configuration file says nothing of what a
 * host's lockdown, container or policy then refuses. */

#include <fcntl.h>
#include <linux/seccomp.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "doctor.h"
#include "idrange.h"
#include "link.h"
#include "mount.h"
#include "namespace.h"
#include "veth.h"

#define PROBE_BASE 524288U /* ids that machines have */

/* The release as one number: 6.1.0 is 6001. */
static unsigned kernel_release(char *text, size_t size) {
        struct utsname u;
        unsigned major = 0, minor = 0;

        if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
                return UINT_MAX;
        snprintf(text, size, "%s", u.release);
        return major * 1000 + minor;
}

static void check_version(Doctor *d) {
        char text[80] = "";
        unsigned release = kernel_release(text, sizeof(text));

        if (release >= 6001)
                return;
        doctor_found(d, release < 5014 ? FOUND_STOPS : FOUND_TAKES, "The kernel is %s, and nbox is made for 6.1 and later", text);
        doctor_means(d, release < 5014 ? "It lacks calls that every start makes: install a newer kernel, and boot it"
                                       : "What came later than 5.14 does not work, layers of idmapped images first of all: install a newer kernel, and boot it");
}

/* Call try() in a process with these namespaces, as root of them where ids are mapped: what it returned, or why there is no such process. */
static int probe(uint64_t flags, bool mapped, int (*try)(void)) {
        _cleanup_close_ int pidfd = -1;
        int hold[2], status;
        char byte = 0;
        pid_t pid;

        if (pipe2(hold, O_CLOEXEC) < 0)
                return -errno;
        pid = clone_into(flags, -1, &pidfd);
        if (pid == 0) {
                close(hold[1]);
                (void) !read(hold[0], &byte, 1);
                _exit(mapped && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) ? errno : -try());
        }
        close(hold[0]);
        if (pid > 0 && mapped)
                (void) userns_write_maps(pid, PROBE_BASE, IDRANGE_SIZE);
        close(hold[1]);
        if (pid < 0)
                return pid;
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int try_nothing(void) {
        return 0;
}

static void check_namespaces(Doctor *d) {
        static const struct {
                uint64_t flag;
                const char *name, *config;
        } kinds[] = {
                { CLONE_NEWPID, "process", "PID_NS" }, { CLONE_NEWNS, "mount", "NAMESPACES" }, { CLONE_NEWIPC, "IPC", "IPC_NS" },
                { CLONE_NEWUTS, "host name", "UTS_NS" }, { CLONE_NEWNET, "network", "NET_NS" }, { CLONE_NEWCGROUP, "control group", "CGROUPS" },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                int r = probe(kinds[i].flag, false, try_nothing);

                if (r >= 0)
                        continue;
                doctor_found(d, FOUND_STOPS, "The kernel gives no %s namespace: %s", kinds[i].name, strerror(-r));
                doctor_means(d, "Every machine needs one: %s", r == -EINVAL ? "boot a kernel that has them (CONFIG_NAMESPACES)" :
                             r == -ENOSPC ? "look at the limits in /proc/sys/user" : "whatever this host runs in must allow it");
        }
}

static void check_userns(Doctor *d) {
        int r = probe(CLONE_NEWUSER, true, try_nothing);

        if (r >= 0)
                return;
        doctor_found(d, FOUND_STOPS, "The kernel gives no user namespace: %s", strerror(-r));
        doctor_means(d, "Machines start with --private-users=no alone, with the host's own user ids");
        if (r == -ENOSPC)
                doctor_mend_sysctl(d, "user.max_user_namespaces", 65536);
}

static void check_seccomp(Doctor *d) {
        uint32_t action = SECCOMP_RET_ERRNO;

        if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) >= 0)
                return;
        doctor_found(d, FOUND_STOPS, "The kernel has no system call filter: %s", strerror(errno));
        doctor_means(d, "No machine starts without: boot a kernel with CONFIG_SECCOMP_FILTER");
}

/* In a mount namespace that ends with us: over /proc, which is on every host. */
static int overlay_on_tmpfs(void) {
        static const char *const directories[] = { "/proc/lower", "/proc/upper", "/proc/work", "/proc/merged" };

        if (mount_propagation(AT_FDCWD, "/", MS_PRIVATE) < 0 || mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (mkdir(directories[i], 0755) < 0)
                        return -errno;
        return mount("overlay", "/proc/merged", "overlay", 0, "lowerdir=/proc/lower,upperdir=/proc/upper,workdir=/proc/work") < 0 ? -errno : 0;
}

static void check_overlay(Doctor *d) {
        int r = probe(CLONE_NEWNS, false, overlay_on_tmpfs);

        if (r >= 0)
                return;
        doctor_found(d, FOUND_TAKES, "overlayfs cannot be mounted: %s", strerror(-r));
        doctor_means(d, "No clones, snapshots, OCI images, --ephemeral or --volatile=");
        if (r == -ENODEV)
                doctor_mend(d, "modprobe overlay");
}

/* As podman and Docker inside a machine do. */
static void check_overlay_inside(Doctor *d) {
        int r = probe(CLONE_NEWUSER | CLONE_NEWNS, true, overlay_on_tmpfs);

        if (r >= 0 || r == -ENODEV || probe(CLONE_NEWUSER, true, try_nothing) < 0)
                return;
        doctor_found(d, FOUND_ADVICE, "overlayfs cannot be mounted in a user namespace: %s", strerror(-r));
        doctor_means(d, "Containers inside a machine (--nesting) copy files instead of sharing them");
}

static int make_bridge(void) {
        static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int r = netlink_new(NETLINK_ROUTE, -1, &nl);

        return r < 0 ? r : bridge_create(nl, "probe0", mac);
}

static int make_veth(void) {
        static const uint8_t macs[2][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };
        _cleanup_close_ int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int r = netlink_new(NETLINK_ROUTE, -1, &nl);
        LinkInfo link;

        return r < 0 ? r : veth_create(nl, &(VethRequest){ .name = "probe0", .alias = "", .mac = macs[0], .netns = netns, .peer_name = "probe1",
                                                            .peer_mac = macs[1] }, &link);
}

static void check_links(Doctor *d) {
        static const struct {
                const char *kind;
                int (*try)(void);
        } links[] = { { "bridge", make_bridge }, { "veth", make_veth } };

        for (size_t i = 0; i < ELEMENTSOF(links); i++) {
                int r = probe(CLONE_NEWNET, false, links[i].try);

                if (r >= 0)
                        continue;
                doctor_found(d, FOUND_STOPS, "The kernel makes no links of the kind '%s': %s", links[i].kind, strerror(-r));
                doctor_means(d, "Machines start with --network=none or --network=host alone");
                if (r == -EOPNOTSUPP)
                        doctor_mend(d, "modprobe %s", links[i].kind);
        }
}

static bool has_file_system(const char *name) {
        _cleanup_free_ char *text = doctor_text("/proc/filesystems");
        char *save = NULL;

        for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
                char *tab = strrchr(line, '\t');

                if (tab && strcmp(tab + 1, name) == 0)
                        return true;
        }
        return false;
}

/* Whether it is in the kernel itself or there to be loaded, by the lists that depmod(8) made. A kernel without lists has no modules, and what
 * is in it is not said anywhere: -1. */
static int has_module(const char *name) {
        static const char *const lists[] = { "modules.builtin", "modules.dep" };
        char want[64], path[160];
        struct utsname u;
        int known = -1;

        snprintf(want, sizeof(want), "/%s.ko", name);
        snprintf(path, sizeof(path), "/sys/module/%s", name);
        if (access(path, F_OK) >= 0)
                return 1;
        for (size_t i = 0; uname(&u) >= 0 && i < ELEMENTSOF(lists); i++) {
                _cleanup_free_ char *text = NULL;

                snprintf(path, sizeof(path), "/lib/modules/%s/%s", u.release, lists[i]);
                text = doctor_text(path);
                if (text && strstr(text, want))
                        return 1;
                known = text ? 0 : known;
        }
        return known;
}

static bool has_device(const char *path) {
        return access(path, F_OK) >= 0;
}

/* What only some images and machines want. */
static void check_extras(Doctor *d) {
        static const struct {
                const char *what, *file_system, *module, *device, *lost;
        } extras[] = {
                { "loop devices", NULL, "loop", "/dev/loop-control", "No disk images" },
                { "FUSE", "fuse", "fuse", "/dev/fuse", "No FUSE in machines that are given /dev/fuse, nor fuse-overlayfs" },
                { "the device mapper's verity", NULL, "dm_verity", "/dev/mapper/control", "No disk images that are verified (--root-hash=)" },
                { "squashfs", "squashfs", "squashfs", NULL, "No disk images with it" },
                { "erofs", "erofs", "erofs", NULL, "No disk images with it" },
                { "ext4", "ext4", "ext4", NULL, "No disk images with it, which is what `nbox export NAME.raw` makes" },
                { "btrfs", "btrfs", "btrfs", NULL, "No disk images with it" },
                { "xfs", "xfs", "xfs", NULL, "No disk images with it" },
                { "macvlan", NULL, "macvlan", NULL, "No --network=macvlan:…" },
                { "ipvlan", NULL, "ipvlan", NULL, "No --network=ipvlan:…" },
        };

        for (size_t i = 0; i < ELEMENTSOF(extras); i++) {
                bool seen = (extras[i].file_system && has_file_system(extras[i].file_system)) || (extras[i].device && has_device(extras[i].device));
                int module = seen ? 1 : has_module(extras[i].module);

                if (module > 0 || (module < 0 && !extras[i].file_system && !extras[i].device))
                        continue;
                doctor_found(d, FOUND_ADVICE, "This kernel has not got %s, or its modules are not installed", extras[i].what);
                doctor_means(d, "%s", extras[i].lost);
        }
}

/* A package manager that removes the modules of the kernel that runs. */
static void check_modules(Doctor *d) {
        char path[160];
        struct utsname u;

        if (uname(&u) < 0)
                return;
        snprintf(path, sizeof(path), "/lib/modules/%s", u.release);
        if (access("/lib/modules", F_OK) < 0 || access(path, F_OK) >= 0)
                return;
        doctor_found(d, FOUND_TAKES, "%s is not there: there are modules for other kernels than the one that runs", path);
        doctor_means(d, "What is not loaded yet cannot be: bridges, packet filters, loop devices. After an upgrade of the kernel, boot the new one");
        doctor_mend(d, "reboot");
}

const DoctorCheck kernel_checks[] = {
        { "kernel", "the kernel's version", check_version },
        { "modules", "modules of the kernel that runs", check_modules },
        { "namespaces", "namespaces of each kind", check_namespaces, .needs_root = true },
        { "user-namespaces", "user namespaces", check_userns, .needs_root = true },
        { "seccomp", "system call filters", check_seccomp },
        { "overlayfs", "overlayfs", check_overlay, .needs_root = true },
        { "overlayfs-inside", "overlayfs in a user namespace", check_overlay_inside, .needs_root = true },
        { "links", "bridges and veth pairs", check_links, .needs_root = true },
        { "extras", "file systems and devices that some images want", check_extras },
        {},
};
