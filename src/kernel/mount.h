/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aside.h"

/* Mounts as file descriptors: fsopen(2), open_tree(2), mount_setattr(2), move_mount(2); Linux 5.12. A mount is made
 * detached, given its attributes, and attached by fd to a target that was opened beneath its root, so that no path
 * is resolved twice. Returns are an fd the caller owns, 0, or -errno.
 *
 * attr: MOUNT_ATTR_* of <sys/mount.h>. */

/* A new file system, detached. options: "key=value" and flag words, comma-separated, or NULL. */
int mount_new(const char *fstype, const char *options, uint64_t attr);

/* The same, all its files with one SELinux context; NULL: as the policy has it. In a user namespace the kernel takes one for tmpfs, devpts
 * and overlay only (EACCES). */
int mount_new_labelled(const char *fstype, const char *options, const char *context, uint64_t attr);

/* A new proc of the pid namespace that is an fd (Linux 6.18), which is neither its maker's nor need have a process of its maker's in it.
 * -EOPNOTSUPP where the kernel makes one of its maker's only. */
int mount_new_proc(int pidns, uint64_t attr);

/* A detached copy of the mount at dirfd/path ("" for dirfd itself); recursive takes its submounts along. */
int mount_clone(int dirfd, const char *path, bool recursive);

/* Set (and clear) attributes of a mount, by an fd on its root. */
int mount_set_attr(int mount, uint64_t set, uint64_t clear, bool recursive);

/* Map the ids of a detached mount by a user namespace. EINVAL: its file system cannot; EPERM: already mapped. */
int mount_idmap(int mount, int userns, bool recursive);

/* Propagation of the mount at dirfd/path: MS_SLAVE, MS_PRIVATE or MS_SHARED, with everything beneath. */
int mount_propagation(int dirfd, const char *path, uint64_t propagation);

/* The same by an fd on the mount's root, with or without what is beneath; MS_UNBINDABLE as well. */
int mount_propagation_of(int mount, uint64_t propagation, bool recursive);

/* A mount namespace of this process alone: what the host mounts from now on is seen in it, what is mounted in it nowhere else, and ends
 * with us. */
int mount_own_namespace(void);

/* Put a detached mount over the directory or file that target (O_PATH) is. */
int mount_attach(int mount, int target);

/* The same beneath a directory, by its path, in a file system of the kernel's own, where nobody has made a link: no link is followed at its
 * end. -ENOTDIR: one is a directory and the other is not. */
int mount_attach_at(int mount, int dirfd, const char *path);

/* A detached copy of one file of a new, detached file system. Before Linux 6.15 only what stands somewhere can be copied: so the file system
 * stands, for that moment, over what is at `place`, a path in a mount namespace that nobody else is in. */
int mount_clone_of_new(int mount, const char *name, const char *place);

/* Make the current directory's mount the root of this mount namespace and drop the old one with all beneath it. */
int mount_pivot_to_cwd(void);

/* The same, but that the old root is dropped while we go on (aside.h), and the working directory is left as it is: where that directory is our
 * root, until then the old one stands on it. */
int mount_pivot_aside(Aside **a);

/* The same where the root cannot be left so, since it is the first of all (an initramfs): the mount is moved onto it, which stays below. */
int mount_move_to_root(void);
