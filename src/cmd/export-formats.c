/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "export.h"
#include "strv.h"

const ExportFormat export_formats[] = {
        { .name = "oci.tar", .help = "an OCI image's layout in one file", .compresses_parts = true, .write = export_oci },
        { .name = "oci", .help = "an OCI image's layout, a directory", .compresses_parts = true, .is_directory = true, .write = export_oci },
        { .name = "raw", .help = "a disk image with a partition table", .compresses = true, .takes_disks = true, .makes_disks = true,
          .write = export_raw },
        { .name = "tar", .help = "an archive of all files", .compresses = true, .write = export_tar },
        {},
};

static const Compression all_compressions[] = { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_XZ, COMPRESS_ZSTD, COMPRESS_BZIP2 };

/* "web.tar.gz": where ".gz" begins; of ".tgz", which says both, the end. */
static size_t length_without_compression(const char *file, Compression c) {
        const char *dot = c == COMPRESS_NONE ? NULL : strrchr(file, '.');

        return dot && dot[1] != 't' ? (size_t) (dot - file) : strlen(file);
}

static bool is_format(const char *file, size_t n, const ExportFormat *f) {
        size_t k = strlen(f->name);

        return n > k && file[n - k - 1] == '.' && strncmp(file + n - k, f->name, k) == 0;
}

const ExportFormat *export_format_by_suffix(const char *file, Compression *ret) {
        Compression c = compression_by_suffix(file);
        size_t n = length_without_compression(file, c);

        for (const ExportFormat *f = export_formats; f->name; f++)
                if (is_format(file, n, f) || (c != COMPRESS_NONE && file[n] == 0 && strcmp(f->name, "tar") == 0)) {
                        *ret = c;
                        return c == COMPRESS_NONE || f->compresses ? f : NULL;
                }
        return NULL;
}

static int no_format(const char *word, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        _cleanup_free_ char *all = NULL;
        int r = 0;

        for (const ExportFormat *f = export_formats; f->name && r >= 0; f++)
                r = strv_append(&names, f->name);
        all = r >= 0 ? strv_join(names, ", ") : NULL;
        error_set(reterr, EINVAL, "There is no format '%.80s'", word);
        return error_hint(reterr, -EINVAL, "There are %s, and with compression, as in tar.gz: gz, xz, zst, bz2.", all ?: "tar");
}

int export_format_parse(const char *word, const ExportFormat **format, Compression *ret, Error **reterr) {
        _cleanup_free_ char *file = NULL;
        const ExportFormat *f;

        for (size_t i = 0; i < ELEMENTSOF(all_compressions); i++)
                if (strcmp(word, compression_name(all_compressions[i])) == 0) {
                        *ret = all_compressions[i];
                        return 0;
                }
        if (asprintf(&file, "x.%s", word) < 0)
                return error_oom(reterr);
        f = export_format_by_suffix(file, ret);
        if (!f)
                return no_format(word, reterr);
        *format = f;
        return 0;
}
