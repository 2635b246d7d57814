/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "raw-image.h"

/* The tree is a guest's: no tool of the host's is let at it (mkfs.ext4 -d would read it as root, by paths). mkfs makes an empty file
 * system, in a process that has the device and nothing else, and what fills it is copy_tree(), through a mount that is attached nowhere.
 *
 * The file is sparse, so a size that is too large costs next to nothing, and one that is too small is an export that fails at its end: what
 * is needed is reckoned with a file system's own needs at their worst. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "chown.h"
#include "cleanup.h"
#include "device-tool.h"
#include "disk-types.h"
#include "mount.h"
#include "partition-table.h"
#include "text.h"

#define MIB (UINT64_C(1) << 20)
#define ROOM_LEAST (64 * MIB)
#define DISK_ENDS (2 * MIB)    /* before the partition, and behind it */
#define LABEL_MAX 36           /* of a GPT's partition, which any file system's is shorter than */
#define INODES_MORE 4096       /* than there are files */
#define IDS 65536U

typedef struct FileSystem {
        const char *name;
        const char *package;    /* that has mkfs.NAME */
        size_t label_max;       /* bytes */
        uint64_t least;         /* its own needs, and how small it can be, bytes */
        unsigned per_file;      /* bytes beside a file's contents: inode, entry, a block for what it is longer than one */
        const char *options[10]; /* of mkfs; what /etc/mke2fs.conf says of small file systems makes them worse ones */
        const char *before_label;
        bool counts_inodes;     /* it has as many as mkfs was told with -N */
        DeviceToolUser user;    /* that mkfs must be */
} FileSystem;

static const FileSystem file_systems[] = {
        { "ext4", "e2fsprogs", 16, 24 * MIB, 4096 + 512,
          { "-q", "-F", "-T", "default", "-b", "4096", "-I", "256", "-m", "1" }, "-L", .counts_inodes = true },
        { "btrfs", "btrfs-progs", 255, 192 * MIB, 2 * 4096, { "-q", "-f" }, "-L" },
        { "xfs", "xfsprogs", 12, 352 * MIB, 4096 + 1024, { "-q", "-f" }, "-L", .user = DEVICE_TOOL_ROOT },
};

static const FileSystem *find_file_system(const char *name, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(file_systems); i++)
                if (!name || strcmp(file_systems[i].name, name) == 0)
                        return &file_systems[i];
        error_set(reterr, EINVAL, "'%.40s' is no file system that nbox makes a disk image with", name);
        error_hint(reterr, -EINVAL, "There are ext4, btrfs and xfs.");
        return NULL;
}

int raw_filesystem_check(const char *filesystem, Error **reterr) {
        return find_file_system(filesystem, reterr) ? 0 : -EINVAL;
}

typedef struct Job {
        int tree, file;
        const char *path;
        const RawWish *wish;
        const FileSystem *fs;
        uint64_t needed;       /* bytes of the disk, without any room */
        int device;            /* the partition's loop device */
        int mount;             /* the file system, attached nowhere */
} Job;

static void job_done(Job *j) {
        close_fd(j->mount);
        close_fd(j->device);
}

/* ---- how large ---- */

/* A journal grows with its file system, up to 128 MiB. */
static uint64_t journal(uint64_t bytes) {
        return bytes < 256 * MIB ? 0 : bytes < 1024 * MIB ? 64 * MIB : 160 * MIB;
}

static uint64_t choose_size(Job *j) {
        const RawWish *wish = j->wish;
        uint64_t contents = wish->bytes + wish->files * j->fs->per_file, room;

        contents += contents / 32; /* maps of what is free and what is not */
        j->needed = contents + journal(contents) + j->fs->least + DISK_ENDS;
        room = contents / 5 > ROOM_LEAST ? contents / 5 : ROOM_LEAST;
        return wish->size > 0 ? wish->size & ~(uint64_t) 4095 : (j->needed + room + MIB - 1) / MIB * MIB;
}

static int too_small(const Job *j, uint64_t size, Error **reterr) {
        char has[SIZE_TEXT_MAX], needs[SIZE_TEXT_MAX];

        error_set(reterr, ENOSPC, "What is in it does not fit into a disk image of %s with %s", size_text(size, has), j->fs->name);
        return error_hint(reterr, -ENOSPC, "It takes about %s; without --size= there is some room besides.", size_text(j->needed, needs));
}

/* Where the image would fill the host's file system, nothing is begun: writing to a loop device without room behind it fails late. */
static int check_room(const Job *j, Error **reterr) {
        char has[SIZE_TEXT_MAX], needs[SIZE_TEXT_MAX];
        struct statvfs fs;
        uint64_t free_bytes;

        if (fstatvfs(j->file, &fs) < 0)
                return error_errno(reterr, errno, "Cannot look at the file system of %s", j->path);
        free_bytes = (uint64_t) fs.f_bavail * fs.f_frsize;
        if (free_bytes > j->wish->bytes)
                return 0;
        error_set(reterr, ENOSPC, "There is no room for %s: it takes %s, and its file system has %s free", j->path,
                  size_text(j->wish->bytes, needs), size_text(free_bytes, has));
        return error_hint(reterr, -ENOSPC, "Make room, or put it on another file system.");
}

/* ---- making it ---- */

/* A label that every tool takes, of at most max bytes. */
static const char *label_of(const Job *j, size_t max, char ret[LABEL_MAX + 1]) {
        snprintf(ret, LABEL_MAX + 1, "%.*s", (int) (max < LABEL_MAX ? max : LABEL_MAX), j->wish->label ?: "root");
        for (char *c = ret; *c; c++)
                if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && *c != '.' && *c != '-')
                        *c = '_';
        return ret;
}

static int make_partition(Job *j, uint64_t size, Error **reterr) {
        char type[GPT_TYPE_TEXT_MAX], label[LABEL_MAX + 1];
        LoopRange range = {};
        int r;

        if (!disk_root_type(type))
                return error_set(reterr, EOPNOTSUPP, "There is no partition type for the root of this architecture");
        if (size < DISK_ENDS + MIB)
                return too_small(j, size, reterr);
        if (ftruncate(j->file, (off_t) size) < 0)
                return error_errno(reterr, errno, "Cannot make %s as large as that", j->path);
        r = partition_table_new(j->file, j->path, &(PartitionNew){ type, label_of(j, LABEL_MAX, label), .grow = true },
                                &range.offset, &range.size, reterr);
        if (r < 0)
                return r;
        j->device = loop_new(j->file, &range);
        if (j->device >= 0)
                return 0;
        error_errno(reterr, j->device, "Cannot set up a loop device for %s", j->path);
        return j->device == -ENODEV ? error_hint(reterr, j->device, "Load its module: modprobe loop") : j->device;
}

static int make_file_system(const Job *j, uint64_t size, Error **reterr) {
        const char *argv[20];
        char tool[32], label[LABEL_MAX + 1], inodes[32];
        size_t n = 0;
        int r;

        snprintf(tool, sizeof(tool), "mkfs.%s", j->fs->name);
        snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long) (j->wish->files + j->wish->files / 2 + INODES_MORE));
        argv[n++] = tool;
        for (size_t i = 0; i < ELEMENTSOF(j->fs->options) && j->fs->options[i]; i++)
                argv[n++] = j->fs->options[i];
        argv[n++] = j->fs->before_label;
        argv[n++] = label_of(j, j->fs->label_max, label);
        if (j->fs->counts_inodes && size / 16384 < j->wish->files + INODES_MORE) { /* by itself it has one for each 16 KiB */
                argv[n++] = "-N";
                argv[n++] = inodes;
        }
        argv[n++] = DEVICE_TOOL_NODE;
        argv[n] = NULL;

        r = device_tool_run(j->device, argv, j->fs->user);
        if (r == DEVICE_TOOL_MISSING) {
                error_set(reterr, ENOENT, "There is no %s here, which makes the file system", tool);
                return error_hint(reterr, -ENOENT, "Install it (package %s).", j->fs->package);
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot run %s", tool);
        if (r > 0 && size < j->needed)
                return too_small(j, size, reterr);
        return r > 0 ? error_set(reterr, EIO, "%s ends with status %d for %s", tool, r, j->path) : 0;
}

static int mount_file_system(Job *j, Error **reterr) {
        char source[BLOCK_PATH_MAX], options[BLOCK_PATH_MAX + 16];

        block_path(j->device, source);
        snprintf(options, sizeof(options), "source=%s", source);
        j->mount = mount_new(j->fs->name, options, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        return j->mount < 0 ? error_errno(reterr, j->mount, "Cannot mount the new %s file system", j->fs->name) : 0;
}

/* ---- filling it ---- */

static bool is_cancelled(void *userdata) {
        const CopyWatch *watch = userdata;

        return watch->is_cancelled && watch->is_cancelled(watch->userdata);
}

static int shift_ids(const Job *j, int root, Error **reterr) {
        ChownRequest q = { .path = j->path, .from = j->wish->base, .count = IDS };
        ChownResult result;

        if (j->wish->watch) {
                q.is_cancelled = is_cancelled;
                q.userdata = (void *) j->wish->watch;
        }
        return j->wish->base == 0 ? 0 : tree_chown(root, &q, &result, reterr);
}

static int fill(const Job *j, Error **reterr) {
        CopyWatch watch = j->wish->watch ? *j->wish->watch : (CopyWatch){};
        _cleanup_close_ int root = openat(j->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        watch.expected = 0; /* the room is the new file system's, and was reckoned */
        if (root < 0)
                return error_errno(reterr, errno, "Cannot open the new file system");
        if (unlinkat(root, "lost+found", AT_REMOVEDIR) < 0 && errno != ENOENT) /* what is the tree's, and no more; e2fsck makes one */
                return error_errno(reterr, errno, "Cannot empty the new file system");
        r = copy_tree(j->tree, root, &watch, reterr);
        if (r >= 0)
                r = shift_ids(j, root, reterr);
        if (r < 0)
                return r;
        return syncfs(root) < 0 ? error_errno(reterr, errno, "Cannot write %s", j->path) : 0;
}

/* Why it could not be filled: a full file system of the host's shows as an I/O error on the loop device. */
static int fill_failed(const Job *j, uint64_t size, int r, Error **error, Error **reterr) {
        struct statvfs fs;

        if (r != -ENOSPC && r != -EIO && r != -EROFS)
                return error_pass(reterr, r, error);
        if (fstatvfs(j->file, &fs) >= 0 && (uint64_t) fs.f_bavail * fs.f_frsize < MIB) {
                error_set(reterr, ENOSPC, "There is no room for %s: its file system is full", j->path);
                return error_hint(reterr, -ENOSPC, "Make room, or put it on another file system.");
        }
        if (r != -ENOSPC)
                return error_pass(reterr, r, error);
        if (size >= j->needed && fstatvfs(j->mount, &fs) >= 0 && (uint64_t) fs.f_bavail * fs.f_frsize > MIB) {
                error_set(reterr, ENOSPC, "A file has more attributes than %s has room for", j->fs->name);
                return error_hint(reterr, -ENOSPC, "--filesystem=xfs has room for larger ones; so has a tar.");
        }
        return too_small(j, size, reterr);
}

int raw_image_write(int tree, int file, const char *path, const RawWish *wish, Error **reterr) {
        _cleanup_(job_done) Job j = { .tree = tree, .file = file, .path = path, .wish = wish,
                                            .fs = find_file_system(wish->filesystem, reterr), .device = -1, .mount = -1 };
        _cleanup_(error_freep) Error *error = NULL;
        uint64_t size;
        int r;

        if (!j.fs)
                return -EINVAL;
        size = choose_size(&j);
        r = check_room(&j, reterr);
        if (r >= 0)
                r = make_partition(&j, size, reterr);
        if (r >= 0)
                r = make_file_system(&j, size, reterr);
        if (r >= 0)
                r = mount_file_system(&j, reterr);
        if (r < 0)
                return r;
        r = fill(&j, &error);
        if (r < 0)
                return fill_failed(&j, size, r, &error, reterr);
        j.mount = close_fd(j.mount); /* unmounted, so that it is clean */
        if (fsync(j.device) < 0 || fsync(file) < 0)
                return error_errno(reterr, errno, "Cannot write %s", path);
        return 0;
}
