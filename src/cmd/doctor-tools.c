/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What only some verbs need, and a host may do without: libraries that are opened when one is used, programs that are executed. */

#include <dlfcn.h>
#include <string.h>

#include "doctor.h"

typedef struct Tool {
        const char *name;
        const char *libraries[2]; /* any of them, by soname; or */
        const char *programs[2];  /* any of them */
        FoundSeverity severity;
        const char *lost;
        Package package;
} Tool;

static const Tool tools[] = {
        { "libarchive", .libraries = { "libarchive.so.13" }, .severity = FOUND_TAKES,
          .lost = "No import, pull or export of archives and OCI images, no send and receive that are compressed",
          .package = { { "libarchive13", "libarchive", "libarchive", "libarchive13", "libarchive" } } },
        { "libgcrypt", .libraries = { "libgcrypt.so.20" }, .severity = FOUND_TAKES,
          .lost = "No digests, and so no pull, OCI images, send or receive", .package = { { "libgcrypt20", "libgcrypt", "libgcrypt", "libgcrypt20", "libgcrypt" } } },
        { "libcurl", .libraries = { "libcurl-gnutls.so.4", "libcurl.so.4" }, .severity = FOUND_TAKES, .lost = "No `nbox pull`",
          .package = { { "libcurl3-gnutls", "libcurl", "curl", "libcurl4", "libcurl" } } },
        { "gpgv", .programs = { "gpgv" }, .severity = FOUND_TAKES, .lost = "`nbox pull` cannot check signatures, and takes nothing without but by --verify=checksum or no",
          .package = { { "gpgv", "gnupg2", "gnupg", "gpg2", "gnupg" } } },
        { "libblkid", .libraries = { "libblkid.so.1" }, .severity = FOUND_TAKES, .lost = "No disk images",
          .package = { { "libblkid1", "libblkid", "util-linux-libs", "libblkid1", "libblkid" } } },
        { "libfdisk", .libraries = { "libfdisk.so.1" }, .severity = FOUND_ADVICE, .lost = "No `nbox image resize` and export of disk images with partitions",
          .package = { { "libfdisk1", "libfdisk", "util-linux-libs", "libfdisk1", "libfdisk" } } },
        { "libcryptsetup", .libraries = { "libcryptsetup.so.12" }, .severity = FOUND_ADVICE, .lost = "No disk images that are verified (--root-hash=)",
          .package = { { "libcryptsetup12", "cryptsetup-libs", "cryptsetup", "libcryptsetup12", "cryptsetup-libs" } } },
        { "libnftables", .libraries = { "libnftables.so.1" }, .severity = FOUND_TAKES,
          .lost = "Where others filter by nftables, machines are not let through; without legacy tables they have no network",
          .package = { { "libnftables1", "nftables", "nftables", "libnftables1", "nftables" } } },
        { "libip4tc", .libraries = { "libip4tc.so.2" }, .severity = FOUND_ADVICE, .lost = "The legacy tables cannot be used: only nftables",
          .package = { { "libip4tc2", "iptables-libs", "iptables", "libip4tc2", "iptables" } } },
        { "libkmod", .libraries = { "libkmod.so.2" }, .severity = FOUND_ADVICE, .lost = "Modules that the kernel does not load by itself must be loaded by hand",
          .package = { { "libkmod2", "kmod-libs", "kmod", "libkmod2", "kmod-libs" } } },
        { "e2fsprogs", .programs = { "mkfs.ext4" }, .severity = FOUND_TAKES, .lost = "No `nbox export NAME.raw`, and no resizing of ext4",
          .package = { { "e2fsprogs", "e2fsprogs", "e2fsprogs", "e2fsprogs", "e2fsprogs" } } },
        { "btrfs-progs", .programs = { "mkfs.btrfs" }, .severity = FOUND_ADVICE, .lost = "No disk images made with btrfs, nor repaired or resized",
          .package = { { "btrfs-progs", "btrfs-progs", "btrfs-progs", "btrfsprogs", "btrfs-progs" } } },
        { "xfsprogs", .programs = { "mkfs.xfs" }, .severity = FOUND_ADVICE, .lost = "No disk images made with xfs, nor repaired or resized",
          .package = { { "xfsprogs", "xfsprogs", "xfsprogs", "xfsprogs", "xfsprogs" } } },
        { "mmdebstrap", .programs = { "mmdebstrap", "debootstrap" }, .severity = FOUND_ADVICE, .lost = "No `nbox create --os=debian` or ubuntu",
          .package = { { "mmdebstrap", "debootstrap", "debootstrap", "debootstrap", "debootstrap" } } },
        { "busybox", .programs = { "busybox", "busybox.static" }, .severity = FOUND_ADVICE, .lost = "No `nbox create --os=busybox`",
          .package = { { "busybox-static", "busybox", "busybox", "busybox-static", "busybox-static" } } },
        { "ssh", .programs = { "ssh" }, .severity = FOUND_ADVICE, .lost = "No other hosts (`nbox -H HOST`)",
          .package = { { "openssh-client", "openssh-clients", "openssh", "openssh-clients", "openssh-client-default" } } },
};

static bool has_library(const char *name) {
        void *library = name ? dlopen(name, RTLD_LAZY | RTLD_LOCAL) : NULL;

        if (library)
                dlclose(library);
        return library != NULL;
}

static bool is_there(const Tool *t) {
        for (size_t i = 0; i < ELEMENTSOF(t->libraries); i++)
                if (has_library(t->libraries[i]) || (t->programs[i] && doctor_has_program(t->programs[i])))
                        return true;
        return false;
}

static void check_tools(Doctor *d) {
        for (const Tool *t = tools; t < tools + ELEMENTSOF(tools); t++) {
                if (is_there(t))
                        continue;
                doctor_found(d, t->severity, "%s is not installed", t->name);
                doctor_means(d, "%s", t->lost);
                doctor_mend_package(d, &t->package);
        }
}

const DoctorCheck tool_checks[] = {
        { "tools", "libraries and programs that some verbs need", check_tools },
        {},
};
