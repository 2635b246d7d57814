/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-place.h"

/* The tree is put together in a mount namespace of our own, as a machine's is, and only a copy of the whole is attached in the host's: so
 * what fails halfway was never there. */

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "fd.h"
#include "file.h"
#include "mount.h"
#include "stack.h"
#include "strv.h"

#define BUILD_DIRECTORY "/run/nbox/dissect"
#define MOUNTS_MAX (4 << 20) /* bytes of mountinfo */

static const uint64_t place_attributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;

static int open_directory(const char *directory, Error **reterr) {
        int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
                return fd;
        error_errno(reterr, errno, "Cannot open the directory %s", directory);
        return errno == ENOENT ? error_hint(reterr, -ENOENT, "Make it: mkdir %s", directory) : -errno;
}

bool image_place_is_read_only(const PlaceRequest *q, const Image *image) {
        return q->read_only || image->read_only || (image->type == IMAGE_LAYERED && !q->own_layer);
}

/* A detached copy of the whole tree. */
static int build(const PlaceRequest *q, bool *ret_read_only, Error **reterr) {
        _cleanup_(image_stack_freep) ImageStack *stack = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int root = -1;
        StackWish wish = { .read_only = q->read_only, .volatility = VOLATILE_NO };
        StackMount how = { .idmap = -1, .attr = place_attributes };
        int r = image_find(q->image, &image, reterr);

        if (r < 0)
                return r;
        wish.read_only = image_place_is_read_only(q, image);
        how.attr |= wish.read_only ? MOUNT_ATTR_RDONLY : 0;
        *ret_read_only = wish.read_only;
        r = image_stack_open(image, &wish, &stack, &error);
        if (r == -EROFS && !wish.read_only) { /* a file system that nobody can write to */
                *ret_read_only = wish.read_only = true;
                how.attr |= MOUNT_ATTR_RDONLY;
                r = image_stack_open(image, &wish, &stack, reterr);
        } else if (r < 0)
                return error_pass(reterr, r, &error);
        if (r >= 0)
                r = image_stack_take(stack, reterr);
        if (r < 0)
                return r;
        root = image_stack_mount(stack, &how, BUILD_DIRECTORY, reterr);
        if (root < 0)
                return root;
        r = mount_clone(root, "", true);
        return r < 0 ? error_errno(reterr, r, "Cannot copy the mount of %s", image->path) : r;
}

static int tell(const PlaceRequest *q, const char *point, int tree, bool read_only, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r = q->about ? image_find(q->image, &image, reterr) : 0;

        return r < 0 || !q->about ? r : q->about(&(PlaceAbout){ image, point, tree, read_only }, q->userdata, reterr);
}

int image_place(const PlaceRequest *q, bool *ret_read_only, Error **reterr) {
        _cleanup_close_ int host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), target = -1, tree = -1;
        _cleanup_free_ char *point = NULL;
        int r;

        if (host < 0)
                return error_errno(reterr, errno, "Cannot open our mount namespace");
        target = open_directory(q->directory, reterr);
        if (target < 0)
                return target;
        r = fd_path(target, &point);
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell where %s is", q->directory);
        r = mount_own_namespace();
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a mount namespace");
        tree = build(q, ret_read_only, reterr);
        if (tree >= 0) {
                r = tell(q, point, tree, *ret_read_only, reterr);
                if (r < 0)
                        tree = (close_fd(tree), r);
        }
        if (setns(host, CLONE_NEWNS) < 0)
                return tree < 0 ? tree : error_errno(reterr, errno, "Cannot go back to our mount namespace");
        if (tree < 0)
                return tree;
        r = mount_attach(tree, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mount %s on %s", q->image, q->directory) : 0;
}

/* mountinfo(5) has white space and backslashes as \ooo. */
static void unescape(char *s) {
        char *to = s;

        for (; *s; s++)
                if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
                        *to++ = (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 3;
                } else
                        *to++ = *s;
        *to = 0;
}

/* What is mounted on a directory and in it, in the order in which it was mounted. */
static int mounts_beneath(const char *directory, char ***ret) {
        _cleanup_strv_ char **found = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(directory);
        char *state = NULL;
        int r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text);

        if (r < 0)
                return r;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                char place[PATH_MAX + 1];

                if (sscanf(line, "%*s %*s %*s %*s %4096s", place) != 1)
                        continue;
                unescape(place);
                if (strncmp(place, directory, n) != 0 || (place[n] != 0 && place[n] != '/'))
                        continue;
                r = strv_append(&found, place);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(found);
        return 0;
}

/* An image is placed with these attributes, which the host's own file systems with programs do not have. */
static bool can_be_an_image(const char *place) {
        struct statvfs fs;

        return strcmp(place, "/") != 0 && statvfs(place, &fs) >= 0 && (fs.f_flag & ST_NOSUID) && (fs.f_flag & ST_NODEV);
}

int image_unplace(const char *directory, Error **reterr) {
        _cleanup_close_ int target = open_directory(directory, reterr);
        _cleanup_free_ char *path = NULL;
        _cleanup_strv_ char **mounts = NULL;
        int r;

        if (target < 0)
                return target;
        r = fd_path(target, &path);
        close_fd(TAKE_FD(target)); /* it would keep the mount busy */
        if (r >= 0)
                r = mounts_beneath(path, &mounts);
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell what is mounted on %s", directory);
        if (!strv_contains(mounts, path)) {
                error_set(reterr, EINVAL, "Nothing is mounted on %s", path);
                return error_hint(reterr, -EINVAL, "`findmnt` lists all mounts.");
        }
        if (!can_be_an_image(path)) {
                error_set(reterr, EINVAL, "What is mounted on %s is no image that `nbox dissect --mount` has put there", path);
                return error_hint(reterr, -EINVAL, "`umount %s` unmounts anything.", path);
        }
        for (size_t i = strv_length(mounts); i > 0; i--)
                if (umount2(mounts[i - 1], UMOUNT_NOFOLLOW) < 0) {
                        r = -errno;
                        error_errno(reterr, r, "Cannot unmount %s", mounts[i - 1]);
                        return r == -EBUSY ? error_hint(reterr, r, "Somebody is in it: `fuser -vm %s` says who.", mounts[i - 1]) : r;
                }
        return 0;
}
