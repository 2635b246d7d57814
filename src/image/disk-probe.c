/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-probe.h"

/* libblkid has a parser for some eighty formats, and the bytes are a stranger's. So it runs in a process of its own that lives for
 * milliseconds: nobody's, without descriptors but the image and a pipe, without calls but those to read and to get memory, with bounds on
 * memory and time. What comes out of the pipe is of a fixed size, and is believed no more than the image itself. */

#include <blkid/blkid.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fd.h"
#include "library.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#define LIBRARY "libblkid.so.1"
#define PACKAGE "libblkid1"
#define MEMORY_MAX (512U << 20) /* of address space; libblkid takes a few MiB */
#define SECONDS_MAX 20          /* of processor time */
#define SECTOR 512U             /* what libblkid counts in, whatever the disk's own are */

typedef struct Blkid {
        blkid_probe (*new_probe)(void);
        void (*free_probe)(blkid_probe pr);
        int (*set_device)(blkid_probe pr, int fd, blkid_loff_t offset, blkid_loff_t size);
        int (*set_sectorsize)(blkid_probe pr, unsigned size);
        int (*enable_superblocks)(blkid_probe pr, int enable);
        int (*superblocks_flags)(blkid_probe pr, int flags);
        int (*enable_partitions)(blkid_probe pr, int enable);
        int (*safeprobe)(blkid_probe pr);
        int (*lookup)(blkid_probe pr, const char *name, const char **data, size_t *size);
        blkid_partlist (*get_partitions)(blkid_probe pr);
        int (*count)(blkid_partlist list);
        blkid_partition (*partition)(blkid_partlist list, int n);
        int (*number)(blkid_partition p);
        blkid_loff_t (*start)(blkid_partition p);
        blkid_loff_t (*size)(blkid_partition p);
        int (*mbr_type)(blkid_partition p);
        const char *(*gpt_type)(blkid_partition p);
        const char *(*uuid)(blkid_partition p);
        const char *(*label)(blkid_partition p);
        unsigned long long (*flags)(blkid_partition p);
        int (*is_extended)(blkid_partition p);
} Blkid;

/* The first thing out of the pipe. */
typedef struct Answer {
        int32_t code; /* 0, or -errno; -ELIBACC: no library */
        ProbedDisk disk;
} Answer;

static int load_library(Blkid *b) {
        const LibrarySymbol symbols[] = {
                { "new_probe", (void **) &b->new_probe },
                { "free_probe", (void **) &b->free_probe },
                { "probe_set_device", (void **) &b->set_device },
                { "probe_set_sectorsize", (void **) &b->set_sectorsize },
                { "probe_enable_superblocks", (void **) &b->enable_superblocks },
                { "probe_set_superblocks_flags", (void **) &b->superblocks_flags },
                { "probe_enable_partitions", (void **) &b->enable_partitions },
                { "do_safeprobe", (void **) &b->safeprobe },
                { "probe_lookup_value", (void **) &b->lookup },
                { "probe_get_partitions", (void **) &b->get_partitions },
                { "partlist_numof_partitions", (void **) &b->count },
                { "partlist_get_partition", (void **) &b->partition },
                { "partition_get_partno", (void **) &b->number },
                { "partition_get_start", (void **) &b->start },
                { "partition_get_size", (void **) &b->size },
                { "partition_get_type", (void **) &b->mbr_type },
                { "partition_get_type_string", (void **) &b->gpt_type },
                { "partition_get_uuid", (void **) &b->uuid },
                { "partition_get_name", (void **) &b->label },
                { "partition_get_flags", (void **) &b->flags },
                { "partition_is_extended", (void **) &b->is_extended },
        };

        return library_load(LIBRARY, "blkid_", symbols, ELEMENTSOF(symbols));
}

static void copy_text(char to[DISK_TEXT_MAX], const char *from) {
        snprintf(to, DISK_TEXT_MAX, "%s", from ?: "");
}

static void copy_value(const Blkid *b, blkid_probe pr, const char *name, char to[DISK_TEXT_MAX]) {
        const char *value = NULL;

        copy_text(to, b->lookup(pr, name, &value, NULL) == 0 ? value : NULL);
}

/* 1: something was found; 0: nothing; -ENOTUNIQ: several things. */
static int probe_outcome(int r) {
        return r == 0 ? 1 : r == 1 ? 0 : r == -2 ? -ENOTUNIQ : -EIO;
}

/* The file system in a range of the disk, into p. */
static int probe_file_system(const Blkid *b, int file, ProbedPartition *p) {
        blkid_probe pr;
        int r;

        if (p->offset > INT64_MAX || p->size > INT64_MAX || p->size == 0)
                return 0;
        pr = b->new_probe();
        if (!pr || b->set_device(pr, file, (blkid_loff_t) p->offset, (blkid_loff_t) p->size) != 0)
                return pr ? 0 : -ENOMEM; /* it lies beyond the end: whoever gets it will see */
        (void) b->enable_superblocks(pr, 1);
        (void) b->superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
        r = probe_outcome(b->safeprobe(pr));
        if (r == -ENOTUNIQ)
                copy_text(p->fs, PROBE_AMBIGUOUS);
        else if (r > 0) {
                copy_value(b, pr, "TYPE", p->fs);
                copy_value(b, pr, "UUID", p->fs_uuid);
                copy_value(b, pr, "LABEL", p->fs_label);
        }
        b->free_probe(pr);
        return 0;
}

static int copy_partition(const Blkid *b, blkid_partition from, ProbedPartition *p) {
        blkid_loff_t start = b->start(from), size = b->size(from);
        int number = b->number(from);

        if (start < 0 || size < 0 || number <= 0 || (uint64_t) start > UINT64_MAX / SECTOR || (uint64_t) size > UINT64_MAX / SECTOR)
                return -EBADMSG;
        p->number = (uint32_t) number;
        p->offset = (uint64_t) start * SECTOR;
        p->size = (uint64_t) size * SECTOR;
        p->flags = b->flags(from);
        p->mbr_type = (uint8_t) b->mbr_type(from);
        copy_text(p->type, b->gpt_type(from));
        copy_text(p->uuid, b->uuid(from));
        copy_text(p->label, b->label(from));
        return 0;
}

static int probe_partitions(const Blkid *b, int file, blkid_probe pr, ProbedDisk *disk, ProbedPartition *partitions) {
        blkid_partlist list = b->get_partitions(pr);
        int n = list ? b->count(list) : -1;

        if (n < 0)
                return -EIO;
        for (int i = 0; i < n; i++) {
                blkid_partition from = b->partition(list, i);
                int r;

                if (!from || b->is_extended(from))
                        continue;
                if (disk->n_partitions == DISK_PARTITIONS_MAX)
                        return -E2BIG;
                r = copy_partition(b, from, &partitions[disk->n_partitions]);
                if (r >= 0)
                        r = probe_file_system(b, file, &partitions[disk->n_partitions]);
                if (r < 0)
                        return r;
                disk->n_partitions++;
        }
        return 0;
}

/* A file has no sectors; the table that was made for a disk of larger ones stands one of those in. */
static uint32_t guess_sector_size(int file) {
        static const uint32_t sizes[] = { 512, 1024, 2048, 4096 };
        char mark[8];

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                if (pread(file, mark, sizeof(mark), sizes[i]) == (ssize_t) sizeof(mark) && memcmp(mark, "EFI PART", sizeof(mark)) == 0)
                        return sizes[i];
        return SECTOR;
}

static int probe_whole(const Blkid *b, int file, ProbedDisk *disk, ProbedPartition *partitions) {
        char table[DISK_TEXT_MAX], usage[DISK_TEXT_MAX];
        blkid_probe pr = b->new_probe();
        int r;

        disk->sector_size = guess_sector_size(file);
        if (!pr || b->set_device(pr, file, 0, 0) != 0 || b->set_sectorsize(pr, disk->sector_size) != 0)
                return -EIO;
        (void) b->enable_superblocks(pr, 1);
        (void) b->superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_USAGE);
        (void) b->enable_partitions(pr, 1);
        r = probe_outcome(b->safeprobe(pr));
        if (r <= 0)
                return r;
        copy_value(b, pr, "USAGE", usage);
        copy_value(b, pr, "PTTYPE", table);
        copy_value(b, pr, "PTUUID", disk->table_uuid);
        if (strcmp(usage, "filesystem") == 0 || table[0] == 0) {
                copy_value(b, pr, "TYPE", partitions[0].fs);
                copy_value(b, pr, "UUID", partitions[0].fs_uuid);
                copy_value(b, pr, "LABEL", partitions[0].fs_label);
                disk->n_partitions = 1;
                return 0;
        }
        disk->table = strcmp(table, "gpt") == 0 ? DISK_TABLE_GPT : DISK_TABLE_MBR;
        if (disk->table == DISK_TABLE_MBR && strcmp(table, "dos") != 0)
                return -EPROTONOSUPPORT;
        return probe_partitions(b, file, pr, disk, partitions);
}

static int confine(int file, int pipe_fd, pid_t parent) {
        static const uint32_t calls[] = {
                SYS_read, SYS_pread64, SYS_write, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_fadvise64, SYS_ioctl, SYS_brk, SYS_mmap,
                SYS_mremap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_clock_gettime, SYS_getrandom, SYS_close, SYS_exit, SYS_exit_group,
                SYS_rt_sigreturn,
        };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CPU, SECONDS_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int r;

        process_reset_signals();
        (void) signal(SIGPIPE, SIG_DFL);
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r < 0)
                return r;
        if (dup2(file, 3) < 0 || dup2(pipe_fd, 4) < 0 || close_range(5, ~0U, 0) < 0)
                return -errno;
        for (int fd = 0; fd < 3; fd++)
                close(fd);
        r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

static _Noreturn void child(int file, int pipe_fd, pid_t parent) {
        static const struct {
                int file, pipe;
        } fds = { 3, 4 };
        ProbedPartition *partitions = calloc(DISK_PARTITIONS_MAX, sizeof(*partitions));
        Answer answer = {};
        Blkid b;

        /* both out of the way of the numbers that they get */
        file = fcntl(file, F_DUPFD_CLOEXEC, 10);
        pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, 10);
        answer.code = !partitions || file < 0 || pipe_fd < 0 ? -ENOMEM : load_library(&b);
        if (answer.code >= 0)
                answer.code = confine(file, pipe_fd, parent);
        if (answer.code >= 0)
                answer.code = probe_whole(&b, fds.file, &answer.disk, partitions);
        else
                (void) dup2(pipe_fd, fds.pipe);
        if (answer.code < 0)
                answer.disk.n_partitions = 0;
        if (fd_write_all(fds.pipe, &answer, sizeof(answer)) < 0 ||
            fd_write_all(fds.pipe, partitions, answer.disk.n_partitions * sizeof(*partitions)) < 0)
                _exit(1);
        _exit(0);
}

/* All of `size`, or -EBADMSG where the other side has ended before. */
static int read_exactly(int fd, void *data, size_t size) {
        char *p = data;

        while (size > 0) {
                ssize_t n = read(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EBADMSG;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int probe_error(const char *path, int r, Error **reterr) {
        switch (r) {
        case -ELIBACC:
                error_set(reterr, EOPNOTSUPP, "Cannot load " LIBRARY ", which reads disk images");
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package " PACKAGE ").");
        case -ENOTUNIQ:
                error_set(reterr, EMEDIUMTYPE, "%s has the marks of several file systems, and which one is meant cannot be told", path);
                return error_hint(reterr, -EMEDIUMTYPE, "`wipefs %s` lists them, and `wipefs --offset=` removes the one that is left over.",
                                  path);
        case -EPROTONOSUPPORT:
                error_set(reterr, EMEDIUMTYPE, "The partition table of %s is neither GPT nor MBR", path);
                return error_hint(reterr, -EMEDIUMTYPE, "Copy its root partition into a file of its own (dd), and boot that.");
        case -E2BIG:
                return error_set(reterr, EMEDIUMTYPE, "The partition table of %s has more than %d partitions", path, DISK_PARTITIONS_MAX);
        case -EBADMSG:
                return error_set(reterr, EMEDIUMTYPE, "%s is damaged: what is in it cannot be told", path);
        default:
                return error_errno(reterr, r, "Cannot read what is in %s", path);
        }
}

static int collect(int pipe_fd, ProbedDisk *ret, ProbedPartition **ret_partitions) {
        _cleanup_free_ ProbedPartition *partitions = NULL;
        Answer answer;
        int r = read_exactly(pipe_fd, &answer, sizeof(answer));

        if (r < 0 || answer.code < 0)
                return r < 0 ? r : answer.code;
        if (answer.disk.n_partitions > DISK_PARTITIONS_MAX || answer.disk.table > DISK_TABLE_GPT)
                return -EBADMSG;
        partitions = calloc(answer.disk.n_partitions + 1, sizeof(*partitions));
        if (!partitions)
                return -ENOMEM;
        r = read_exactly(pipe_fd, partitions, answer.disk.n_partitions * sizeof(*partitions));
        if (r < 0)
                return r;
        *ret = answer.disk;
        *ret_partitions = TAKE_PTR(partitions);
        return 0;
}

int disk_probe(int file, const char *path, ProbedDisk *ret, ProbedPartition **ret_partitions, Error **reterr) {
        _cleanup_close_ int ours = -1;
        pid_t parent = getpid(), pid;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        ours = fds[0];
        pid = fork();
        if (pid == 0)
                child(file, fds[1], parent);
        close_fd(fds[1]);
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot start a process that reads %s", path);
        r = collect(ours, ret, ret_partitions);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return r < 0 ? probe_error(path, r, reterr) : 0;
}
