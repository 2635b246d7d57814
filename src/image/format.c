/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

/* Nothing here is converted by nbox: to read qcow2 or vmdk is to follow the names of other files in them, which an image that somebody
 * else made may set to any of the host's (so the command says the format, and a base file is pointed at). By content and not by name, since
 * a machine writes its own disk's content, and a name says nothing; the worst it gets is that its image is refused. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "text.h"

typedef enum FormatKind {
        FORMAT_DISK,    /* a virtual machine's: tool is qemu-img's word for it */
        FORMAT_PACKED,  /* tool writes it to its standard output, unpacked */
        FORMAT_ARCHIVE, /* of files */
        FORMAT_CD,
        FORMAT_LOCKED,  /* encrypted */
} FormatKind;

typedef struct Format {
        const char *name; /* as in "is a NAME" */
        FormatKind kind;
        const char *tool;
        off_t offset;
        const char *magic;
        size_t size;
        const char *suffix; /* of packed files: what is left out of their names */
        bool is_imported;   /* nbox import takes it, packed or not (archive.h) */
} Format;

#define MAGIC(at, bytes) .offset = (at), .magic = (bytes), .size = sizeof(bytes) - 1

static const Format formats[] = {
        { "qcow2 image", FORMAT_DISK, "qcow2", MAGIC(0, "QFI\xfb\0\0\0\2") },
        { "qcow2 image", FORMAT_DISK, "qcow2", MAGIC(0, "QFI\xfb\0\0\0\3") },
        { "qcow image", FORMAT_DISK, "qcow", MAGIC(0, "QFI\xfb\0\0\0\1") },
        { "qed image", FORMAT_DISK, "qed", MAGIC(0, "QED\0") },
        { "vmdk image", FORMAT_DISK, "vmdk", MAGIC(0, "KDMV") },
        { "vmdk image", FORMAT_DISK, "vmdk", MAGIC(0, "COWD") },
        { "vmdk image", FORMAT_DISK, "vmdk", MAGIC(0, "# Disk DescriptorFile") },
        { "vdi image", FORMAT_DISK, "vdi", MAGIC(64, "\x7f\x10\xda\xbe") },
        { "vhdx image", FORMAT_DISK, "vhdx", MAGIC(0, "vhdxfile") },
        { "vhd image", FORMAT_DISK, "vpc", MAGIC(0, "conectix") },
        { "Parallels image", FORMAT_DISK, "parallels", MAGIC(0, "WithoutFreeSpace") },
        { "Parallels image", FORMAT_DISK, "parallels", MAGIC(0, "WithouFreSpacExt") },
        { "file compressed by xz", FORMAT_PACKED, "xz -dc", MAGIC(0, "\xfd" "7zXZ\0"), .suffix = ".xz", .is_imported = true },
        { "file compressed by zstd", FORMAT_PACKED, "zstd -dc", MAGIC(0, "\x28\xb5\x2f\xfd"), .suffix = ".zst", .is_imported = true },
        { "file compressed by gzip", FORMAT_PACKED, "gzip -dc", MAGIC(0, "\x1f\x8b\x08"), .suffix = ".gz", .is_imported = true },
        { "file compressed by bzip2", FORMAT_PACKED, "bzip2 -dc", MAGIC(0, "BZh"), .suffix = ".bz2", .is_imported = true },
        { "file compressed by lz4", FORMAT_PACKED, "lz4 -dc", MAGIC(0, "\x04\x22\x4d\x18"), .suffix = ".lz4" },
        { "zip archive", FORMAT_PACKED, "unzip -p", MAGIC(0, "PK\3\4"), .suffix = ".zip" },
        { "7-Zip archive", FORMAT_PACKED, "7z x -so", MAGIC(0, "7z\xbc\xaf\x27\x1c"), .suffix = ".7z" },
        { "Android sparse image", FORMAT_PACKED, "simg2img", MAGIC(0, "\x3a\xff\x26\xed"), .suffix = ".simg" },
        { "tar archive", FORMAT_ARCHIVE, NULL, MAGIC(257, "ustar"), .is_imported = true },
        { "cpio archive", FORMAT_ARCHIVE, NULL, MAGIC(0, "07070") },
        { "CD image (ISO 9660)", FORMAT_CD, NULL, MAGIC(32769, "CD001") },
        { "disk encrypted by LUKS", FORMAT_LOCKED, NULL, MAGIC(0, "LUKS\xba\xbe") },
};

/* What names end in, for names without a tree or disk image. */
static const char *const suffixes[] = {
        ".qcow2", ".qcow", ".vmdk", ".vdi", ".vhd", ".vhdx", ".iso", ".tar", ".tgz", ".txz", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2",
        ".raw.xz", ".raw.zst", ".raw.gz", ".raw.bz2", ".img.xz", ".img.zst", ".img.gz", ".img.bz2", ".qcow2.xz", ".qcow2.zst", ".qcow2.gz",
        NULL,
};

static const Format vhd_fixed = { "vhd image", FORMAT_DISK, "vpc" };

/* A vhd of fixed size is a disk as it is, and a footer behind it. Its checksum, the complement of the sum of all other bytes, tells it from
 * chance. */
static bool has_vhd_footer(int fd) {
        uint8_t footer[512];
        uint32_t sum = 0, wanted;
        struct stat st;

        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t) sizeof(footer) ||
            pread(fd, footer, sizeof(footer), st.st_size - (off_t) sizeof(footer)) != (ssize_t) sizeof(footer) ||
            memcmp(footer, "conectix", 8) != 0)
                return false;
        memcpy(&wanted, footer + 64, sizeof(wanted));
        memset(footer + 64, 0, sizeof(wanted));
        for (size_t i = 0; i < sizeof(footer); i++)
                sum += footer[i];
        return ~sum == be32toh(wanted);
}

static int find_format(int fd, const Format **ret) {
        *ret = NULL;
        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                char there[32];
                ssize_t n = pread(fd, there, formats[i].size, formats[i].offset);

                if (n < 0)
                        return -errno;
                if ((size_t) n == formats[i].size && memcmp(there, formats[i].magic, formats[i].size) == 0) {
                        *ret = formats + i;
                        return 0;
                }
        }
        if (has_vhd_footer(fd))
                *ret = &vhd_fixed;
        return 0;
}

/* A qcow2 file may name a base file or one with its data (its specification, "Header"), which is read in converting it. */
static bool reads_other_files(int fd, const Format *f) {
        struct {
                uint64_t magic_version, base_offset;
        } head;
        uint64_t features;

        if (strcmp(f->tool, "vmdk") == 0 && f->magic[0] == '#')
                return true;
        if (strncmp(f->tool, "qcow", 4) != 0 || pread(fd, &head, sizeof(head), 0) != (ssize_t) sizeof(head))
                return false;
        if (head.base_offset)
                return true;
        return (be64toh(head.magic_version) & UINT32_MAX) >= 3 &&
               pread(fd, &features, sizeof(features), 72) == (ssize_t) sizeof(features) && (be64toh(features) & 4);
}

static bool is_plain_word(const char *s) {
        return s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-")] == 0;
}

/* One word of a shell's. */
static char *quote(const char *s) {
        char *quoted, *q;

        if (is_plain_word(s))
                return strdup(s);
        quoted = q = malloc(4 * strlen(s) + 3);
        if (!quoted)
                return NULL;
        *q++ = '\'';
        for (; *s; s++) {
                if (*s == '\'')
                        q = stpcpy(q, "'\\'");
                *q++ = *s;
        }
        strcpy(q, "'");
        return quoted;
}

static bool ends_in(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

/* Where the outcome would go: "a/web.qcow2" and "a/web.raw.xz" become "a/web.raw". */
static char *output_name(const char *path, const Format *f) {
        size_t n = strlen(path);
        const char *dot, *slash;
        char *output;

        if (f->suffix && ends_in(path, f->suffix))
                n -= strlen(f->suffix);
        slash = memrchr(path, '/', n);
        dot = memrchr(path, '.', n);
        if (dot && (!slash || dot > slash + 1))
                n = (size_t) (dot - path);
        if (asprintf(&output, "%.*s.raw", (int) n, path) < 0)
                return NULL;
        if (strcmp(output, path) == 0) {
                free(output);
                if (asprintf(&output, "%.*s-converted.raw", (int) n, path) < 0)
                        return NULL;
        }
        return output;
}

static int hint(int fd, const Format *f, const char *path, Error **reterr) {
        _cleanup_free_ char *file = quote(path), *output = output_name(path, f), *to = output ? quote(output) : NULL;
        int r = -EMEDIUMTYPE;

        if (!file || !to)
                return error_oom(reterr);
        if (f->is_imported)
                return error_hint(reterr, r, "`nbox import %s` makes an image of what is in it.", file);
        switch (f->kind) {
        case FORMAT_DISK:
                return error_hint(reterr, r, "Convert it: `qemu-img convert -f %s -O raw %s %s`%s", f->tool, file, to,
                                  reads_other_files(fd, f) ?
                                  "; it has another file of the host's read for its data: see `qemu-img info` first" : "");
        case FORMAT_PACKED:
                return error_hint(reterr, r, "Unpack it: `%s %s >%s`", f->tool, file, to);
        case FORMAT_ARCHIVE:
                return error_hint(reterr, r, "For a tree: `mkdir DIR && cpio -D DIR --no-absolute-filenames -idmF %s`", file);
        case FORMAT_CD:
                return error_hint(reterr, r,
                                  "A CD holds an installer, or a system packed in a file: `mount -o ro,loop %s DIR` shows it; a *.squashfs "
                                  "in it may boot by itself", file);
        case FORMAT_LOCKED:
        default:
                return error_hint(reterr, r, "Open it with `cryptsetup open --type luks %s NAME`, and give /dev/mapper/NAME.", file);
        }
}

int format_refuse(int fd, const char *path, Error **reterr) {
        const Format *f;
        int r = find_format(fd, &f);

        if (r < 0)
                return error_errno(reterr, r, "Cannot read '%s'", path);
        if (!f)
                return 0;
        error_set(reterr, EMEDIUMTYPE, "'%s' is a %s, not a disk image as it is (raw)", path, f->name);
        return hint(fd, f, path, reterr);
}

int format_refuse_named(const char *directory, const char *name, Error **reterr) {
        for (size_t i = 0; suffixes[i]; i++) {
                _cleanup_free_ char *path = NULL;
                _cleanup_close_ int fd = -1;
                struct stat st;
                int r;

                if (asprintf(&path, "%s/%s%s", directory, name, suffixes[i]) < 0)
                        return error_oom(reterr);
                fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
                if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                        continue;
                r = format_refuse(fd, path, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
