/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk.h"

/* Which partitions of an image make its tree. As systemd-nspawn decides it (systemd 252, by trying): of each type the first counts, but of
 * roots and usrs the one whose label is the newest version; a table without any of those may have one generic Linux partition. Where nspawn
 * leaves out a /home that it cannot mount, the image is refused: a machine that lacks half its files would make new ones. */

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "disk-probe.h"
#include "disk-types.h"
#include "fd.h"
#include "format.h"
#include "text.h"

static const struct {
        const char *name;
        const char *destination;
} roles[] = {
        [DISK_ROOT] = { "root", "/" },
        [DISK_USR] = { "usr", "/usr" },
        [DISK_HOME] = { "home", "/home" },
        [DISK_SRV] = { "srv", "/srv" },
        [DISK_VAR] = { "var", "/var" },
        [DISK_TMP] = { "tmp", "/var/tmp" },
        [DISK_ESP] = { "esp", "/efi" },
        [DISK_XBOOTLDR] = { "xbootldr", "/boot" },
        [DISK_SWAP] = { "swap" },
        [DISK_ROOT_VERITY] = { "root-verity" },
        [DISK_ROOT_VERITY_SIG] = { "root-verity-sig" },
        [DISK_USR_VERITY] = { "usr-verity" },
        [DISK_USR_VERITY_SIG] = { "usr-verity-sig" },
        [DISK_GENERIC] = { "linux" },
        [DISK_FOREIGN] = { "foreign" },
        [DISK_OTHER] = { "other" },
};

const char *disk_role_name(DiskRole role) {
        return roles[role].name;
}

const char *disk_table_name(DiskTable table) {
        static const char *const names[] = { [DISK_TABLE_NONE] = "none", [DISK_TABLE_MBR] = "mbr", [DISK_TABLE_GPT] = "gpt" };

        return names[table];
}

void disk_free(Disk *d) {
        if (!d)
                return;
        free(d->path);
        close_fd(d->file);
        free(d->partitions);
        free(d);
}

/* A stranger's words, for terminals: no control characters. */
static void copy_clean(char to[DISK_TEXT_MAX], const char from[DISK_TEXT_MAX]) {
        size_t length;

        snprintf(to, DISK_TEXT_MAX, "%.*s", DISK_TEXT_MAX - 1, from);
        for (char *p = to; *p; p += length)
                for (size_t n = text_control(p, &length); n > 0; n--)
                        p[n - 1] = '?';
}

static int check_range(const Disk *d, const ProbedPartition *p, Error **reterr) {
        if (p->offset <= d->size && p->size <= d->size - p->offset && p->offset % 512 == 0 && p->size % 512 == 0)
                return 0;
        error_set(reterr, EMEDIUMTYPE, "Partition %u of %s reaches beyond the end of the disk (%llu bytes), which is damaged or was cut "
                  "short", p->number, d->path, (unsigned long long) d->size);
        return error_hint(reterr, -EMEDIUMTYPE, "`sfdisk --verify %s` says more; a copy that was cut short has to be made anew.", d->path);
}

/* Two that share bytes would be two file systems that write over each other. */
static int check_overlap(const Disk *d, Error **reterr) {
        for (size_t i = 0; i < d->n_partitions; i++)
                for (size_t k = 0; k < i; k++) {
                        const DiskPartition *a = &d->partitions[i], *b = &d->partitions[k];

                        if (a->size == 0 || b->size == 0 || a->offset >= b->offset + b->size || b->offset >= a->offset + a->size)
                                continue;
                        error_set(reterr, EMEDIUMTYPE, "Partitions %u and %u of %s overlap", b->number, a->number, d->path);
                        return error_hint(reterr, -EMEDIUMTYPE, "`sfdisk --verify %s` says more.", d->path);
                }
        return 0;
}

static int take_partitions(Disk *d, const ProbedPartition *probed, size_t n, Error **reterr) {
        d->partitions = calloc(n + 1, sizeof(*d->partitions));
        if (!d->partitions)
                return error_oom(reterr);
        for (size_t i = 0; i < n; i++) {
                const ProbedPartition *from = &probed[i];
                DiskPartition *p = &d->partitions[i];
                int r = check_range(d, from, reterr);

                if (r < 0)
                        return r;
                p->number = from->number;
                p->offset = from->offset;
                p->size = d->table == DISK_TABLE_NONE ? d->size : from->size;
                copy_clean(p->type, from->type);
                copy_clean(p->uuid, from->uuid);
                copy_clean(p->label, from->label);
                copy_clean(p->fs, from->fs);
                copy_clean(p->fs_uuid, from->fs_uuid);
                copy_clean(p->fs_label, from->fs_label);
                disk_type_apply(d->table, from, p);
                d->n_partitions++;
        }
        return check_overlap(d, reterr);
}

static bool is_used(const DiskPartition *p) {
        return !p->why_not;
}

const DiskPartition *disk_find(const Disk *d, DiskRole role) {
        for (size_t i = 0; i < d->n_partitions; i++)
                if (d->partitions[i].role == role && is_used(&d->partitions[i]))
                        return &d->partitions[i];
        return NULL;
}

/* Of several for one purpose, the first; of versioned ones, the newest. */
static void choose_one(Disk *d, DiskRole role) {
        bool versioned = role == DISK_ROOT || role == DISK_USR;
        DiskPartition *chosen = NULL;

        for (size_t i = 0; i < d->n_partitions; i++) {
                DiskPartition *p = &d->partitions[i];

                if (p->role != role || !is_used(p))
                        continue;
                if (chosen && (!versioned || strverscmp(p->label, chosen->label) <= 0)) {
                        p->why_not = versioned ? "another one has a newer label, or comes first" : "another one of its type comes first";
                        continue;
                }
                if (chosen)
                        chosen->why_not = "another one has a newer label";
                chosen = p;
        }
}

/* A table that names neither root nor usr may mean its only Linux partition. */
static void choose_generic(Disk *d) {
        DiskPartition *only = NULL;

        if (disk_find(d, DISK_ROOT) || disk_find(d, DISK_USR))
                return;
        for (size_t i = 0; i < d->n_partitions; i++) {
                if (d->partitions[i].role != DISK_GENERIC || !is_used(&d->partitions[i]))
                        continue;
                if (only)
                        return;
                only = &d->partitions[i];
        }
        if (only)
                only->role = DISK_ROOT;
}

static const char *reason_of_role(DiskRole role) {
        switch (role) {
        case DISK_SWAP:
                return "swap is the host's";
        case DISK_GENERIC:
                return "its type does not say what it is for";
        case DISK_FOREIGN:
                return "it is another architecture's";
        case DISK_OTHER:
                return "its type is not one of a Linux system's tree";
        default:
                return NULL;
        }
}

static void decide(Disk *d) {
        static const DiskRole single[] = { DISK_ROOT, DISK_USR, DISK_HOME, DISK_SRV, DISK_VAR, DISK_TMP, DISK_ESP, DISK_XBOOTLDR,
                                           DISK_ROOT_VERITY, DISK_ROOT_VERITY_SIG, DISK_USR_VERITY, DISK_USR_VERITY_SIG };

        for (size_t i = 0; i < d->n_partitions; i++)
                if (d->partitions[i].no_auto)
                        d->partitions[i].why_not = "its table says not to mount it";
        choose_generic(d);
        for (size_t i = 0; i < ELEMENTSOF(single); i++)
                choose_one(d, single[i]);
        for (size_t i = 0; i < d->n_partitions; i++) {
                DiskPartition *p = &d->partitions[i];
                const DiskFileSystem *fs = disk_file_system(p->fs);

                if ((p->role == DISK_ESP || p->role == DISK_XBOOTLDR) && !fs && !p->why_not)
                        p->why_not = "its file system is none that is mounted";
                if (!p->why_not)
                        p->why_not = reason_of_role(p->role);
                p->read_only = p->read_only || (fs && fs->never_written);
                p->mounted = !p->why_not && roles[p->role].destination;
                p->destination = p->mounted ? roles[p->role].destination : NULL;
        }
}

static int measure(int file, uint64_t *ret) {
        struct stat st;

        if (fstat(file, &st) < 0)
                return -errno;
        if (S_ISBLK(st.st_mode))
                return ioctl(file, BLKGETSIZE64, ret) < 0 ? -errno : 0;
        if (st.st_size < 0)
                return -EINVAL;
        *ret = (uint64_t) st.st_size;
        return 0;
}

static int open_file(Disk *d, const Image *image, Error **reterr) {
        int r;

        d->file = -1;
        d->read_only = image->read_only;
        d->path = strdup(image->path);
        if (!d->path)
                return error_oom(reterr);
        d->file = fd_reopen(image->fd, O_RDONLY | O_NONBLOCK);
        if (d->file < 0) {
                r = d->file;
                error_errno(reterr, r, "Cannot open the disk image %s", d->path);
                return r == -EACCES ? error_hint(reterr, r, "Try as root.") : r;
        }
        r = measure(d->file, &d->size);
        return r < 0 ? error_errno(reterr, r, "Cannot tell the size of %s", d->path) : 0;
}

static int nothing_known(const Disk *d, Error **reterr) {
        error_set(reterr, EMEDIUMTYPE, "There is neither a file system that is known in %s nor a partition table", d->path);
        return error_hint(reterr, -EMEDIUMTYPE,
                          "It must be a disk's bytes as they are: with ext4, xfs, btrfs, squashfs or erofs, by itself or in a GPT or MBR. "
                          "`file %s` may tell what it is.", d->path);
}

int disk_take_probed(Disk *d, const ProbedDisk *disk, const ProbedPartition *partitions, Error **reterr) {
        int r;

        if (disk->table == DISK_TABLE_NONE && disk->n_partitions == 0)
                return nothing_known(d, reterr);
        d->table = disk->table;
        d->sector_size = disk->sector_size;
        copy_clean(d->table_uuid, disk->table_uuid);
        r = take_partitions(d, partitions, disk->n_partitions, reterr);
        if (r < 0)
                return r;
        decide(d);
        return 0;
}

int disk_look(const Image *image, Disk **ret, Error **reterr) {
        _cleanup_(disk_freep) Disk *d = calloc(1, sizeof(*d));
        _cleanup_free_ ProbedPartition *probed = NULL;
        ProbedDisk disk = {};
        int r;

        if (!d)
                return error_oom(reterr);
        r = open_file(d, image, reterr);
        if (r >= 0)
                r = format_refuse(d->file, d->path, reterr);
        if (r >= 0)
                r = disk_probe(d->file, d->path, &disk, &probed, reterr);
        if (r >= 0)
                r = disk_take_probed(d, &disk, probed, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

/* "2 (ext4, 'data', 12 MiB)" and so on, of one role. */
static char *list_partitions(const Disk *d, DiskRole role) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        for (size_t i = 0; f && i < d->n_partitions; i++) {
                const DiskPartition *p = &d->partitions[i];

                if (p->role != role)
                        continue;
                fprintf(f, "%s%u (%s%s%s%s, %llu MiB)", ftell(f) > 0 ? ", " : "", p->number, p->fs[0] ? p->fs : "no file system",
                        p->label[0] ? ", '" : "", p->label, p->label[0] ? "'" : "", (unsigned long long) p->size >> 20);
        }
        if (f && fclose(f) != 0)
                text = (free(text), NULL);
        return text;
}

static int no_root(const Disk *d, Error **reterr) {
        _cleanup_free_ char *generic = list_partitions(d, DISK_GENERIC);
        size_t n = 0;

        if (!generic)
                return error_oom(reterr);
        for (size_t i = 0; i < d->n_partitions; i++)
                n += d->partitions[i].role == DISK_GENERIC && !d->partitions[i].no_auto;
        if (n > 1) {
                error_set(reterr, ENOTUNIQ, "Which partition of %s is the root cannot be told, for its table gives no types: %s", d->path,
                          generic);
                return error_hint(reterr, -ENOTUNIQ, d->table == DISK_TABLE_GPT
                                          ? "Give the root the type of a root, `sfdisk --part-type %s NUMBER root-x86-64` (`sfdisk -T "
                                            "--label gpt` lists all)."
                                          : "An MBR cannot say it: keep one Linux partition in %s, or convert the table to GPT (sgdisk "
                                            "--mbrtogpt).", d->path);
        }
        if (disk_find(d, DISK_USR))
                return 0;
        error_set(reterr, ENXIO, "No partition of %s is a root", d->path);
        return error_hint(reterr, -ENXIO, "`nbox dissect %s` lists what there is.", d->path);
}

static int check_file_system(const Disk *d, const DiskPartition *p, Error **reterr) {
        const DiskFileSystem *fs = disk_file_system(p->fs);
        char where[DISK_TEXT_MAX] = "";

        if (p->number > 0)
                snprintf(where, sizeof(where), "partition %u (%s) of ", p->number, disk_role_name(p->role));
        if (fs && fs->boot_only <= (p->role == DISK_ESP || p->role == DISK_XBOOTLDR))
                return 0;
        if (strcmp(p->fs, "crypto_LUKS") == 0) {
                error_set(reterr, EMEDIUMTYPE, "What is in %s%s is encrypted", where, d->path);
                return error_hint(reterr, -EMEDIUMTYPE, "Open it with cryptsetup, and give the device of it: --image=/dev/mapper/NAME");
        }
        if (strcmp(p->fs, PROBE_AMBIGUOUS) == 0)
                error_set(reterr, EMEDIUMTYPE, "There are the marks of several file systems in %s%s", where, d->path);
        else if (p->fs[0])
                error_set(reterr, EMEDIUMTYPE, "The file system in %s%s is %s, which no machine is booted from", where, d->path, p->fs);
        else
                error_set(reterr, EMEDIUMTYPE, "There is no file system that is known in %s%s", where, d->path);
        return error_hint(reterr, -EMEDIUMTYPE, "Machines are booted from ext4 (ext2, ext3), xfs, btrfs, squashfs and erofs.");
}

int disk_check(const Disk *d, Error **reterr) {
        int r = disk_find(d, DISK_ROOT) ? 0 : no_root(d, reterr);

        for (size_t i = 0; r >= 0 && i < d->n_partitions; i++)
                if (d->partitions[i].mounted)
                        r = check_file_system(d, &d->partitions[i], reterr);
        return r;
}
