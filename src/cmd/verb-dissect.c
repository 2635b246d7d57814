/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "disk.h"
#include "image-claim.h"
#include "image-place.h"
#include "json-text.h"
#include "log.h"
#include "table.h"
#include "tree.h"
#include "verb-list.h"

/* nbox dissect: what is in a disk image, or any other. To look takes no more rights than to read the file; only root is told the name of
 * the system in it, for that the root partition is mounted, read-only and out of sight. */

enum { OPT_MOUNT = 256, OPT_UMOUNT };

const VerbOption dissect_options[] = {
        { { .name = "mount", .letter = 'm' }, OPT_MOUNT, "Mount it on a directory: --mount IMAGE DIR" },
        { { .name = "umount", .letter = 'u' }, OPT_UMOUNT, "Unmount what was mounted there: --umount DIR" },
        { { .name = "read-only", .letter = 'r' }, 'r', "Mount it only to be read" },
        {},
};

static const char *const headings[] = { "NO", "FOR", "FS", "SIZE", "OFFSET", "RO", "LABEL", "UUID", "MOUNTED ON", NULL };

/* "12.5 MiB"; with whole sectors there is nothing below KiB. */
static const char *size_text(uint64_t bytes, char *buf, size_t size) {
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        size_t unit = 0;
        uint64_t scale = 1;

        while (unit + 1 < ELEMENTSOF(units) && bytes / scale >= 1024) {
                scale *= 1024;
                unit++;
        }
        if (bytes % scale == 0)
                snprintf(buf, size, "%llu %s", (unsigned long long) (bytes / scale), units[unit]);
        else
                snprintf(buf, size, "%.1f %s", (double) bytes / (double) scale, units[unit]);
        return buf;
}

static int add_row(Table *t, const Disk *d, const DiskPartition *p) {
        char number[16] = "", size[32], offset[32], where[DISK_TEXT_MAX];

        if (p->number > 0)
                snprintf(number, sizeof(number), "%u", p->number);
        snprintf(where, sizeof(where), "%s%s%s", p->destination ?: "", p->why_not ? "- " : "", p->why_not ?: "");
        return table_add(t, (const char *[]){ number, disk_role_name(p->role), p->fs, size_text(p->size, size, sizeof(size)),
                                              size_text(p->offset, offset, sizeof(offset)), p->read_only || d->read_only ? "yes" : "no",
                                              p->label[0] ? p->label : p->fs_label, p->uuid[0] ? p->uuid : p->fs_uuid, where });
}

static int print_disk(const Image *image, const Disk *d, const OsRelease *os, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        char size[32];

        if (!t)
                return error_oom(reterr);
        for (size_t i = 0; i < d->n_partitions; i++)
                if (add_row(t, d, &d->partitions[i]) < 0)
                        return error_oom(reterr);
        printf("    Name: %s\n    Path: %s\n    Size: %s%s\n   Table: %s\n", image->name, d->path, size_text(d->size, size, sizeof(size)),
               d->read_only ? ", read-only" : "", disk_table_name(d->table));
        if (os->pretty_name ?: os->id)
                printf("      OS: %s\n", os->pretty_name ?: os->id);
        putchar('\n');
        table_print(t, stdout, false);
        return 0;
}

static json_t *text_or_null(const char *s) {
        return json_text(s[0] ? s : NULL);
}

static json_t *partition_to_json(const DiskPartition *p) {
        return json_pack("{s:i, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:b, s:b, s:b, s:s?, s:s?}", "number", (int) p->number,
                         "designator", disk_role_name(p->role), "type", text_or_null(p->type), "uuid", text_or_null(p->uuid),
                         "label", text_or_null(p->label), "offset", (json_int_t) p->offset, "size", (json_int_t) p->size,
                         "fstype", text_or_null(p->fs), "fs_uuid", text_or_null(p->fs_uuid), "fs_label", text_or_null(p->fs_label),
                         "read_only", (int) p->read_only, "no_auto", (int) p->no_auto, "grow", (int) p->grow,
                         "mount_point", p->destination, "ignored", p->why_not);
}

static int print_disk_json(const Image *image, const Disk *d, const OsRelease *os, const Error *problem, Error **reterr) {
        json_t *partitions = json_array();

        for (size_t i = 0; i < d->n_partitions; i++)
                if (json_array_append_new(partitions, partition_to_json(&d->partitions[i])) < 0) {
                        json_decref(partitions);
                        return error_oom(reterr);
                }
        return json_print(json_pack("{s:o, s:s, s:o, s:I, s:i, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(image->name),
                                    "type", image_type_name(image->type), "path", json_text(d->path), "size", (json_int_t) d->size,
                                    "sector_size", (int) d->sector_size, "read_only", (int) d->read_only, "table", disk_table_name(d->table),
                                    "table_uuid", text_or_null(d->table_uuid), "os", json_text(os->pretty_name ?: os->id),
                                    "os_id", json_text(os->id), "os_version_id", json_text(os->version_id),
                                    "problem", json_text(problem ? problem->message : NULL), "partitions", partitions),
                          reterr);
}

/* What the system in it calls itself, as far as we may know. */
static int read_os(const Image *image, OsRelease *ret) {
        _cleanup_close_ int root = -1;

        if (image->type != IMAGE_DISK)
                return tree_os_release(image->fd, ret);
        if (geteuid() != 0)
                return 0;
        root = disk_open_root(image, NULL);
        return root < 0 ? 0 : tree_os_release(root, ret);
}

/* What keeps it from being booted is said last, and is our failure. */
static int show_disk(const Image *image, bool json, Error **reterr) {
        _cleanup_(os_release_done) OsRelease os = {};
        _cleanup_(error_freep) Error *problem = NULL;
        _cleanup_(disk_freep) Disk *d = NULL;
        int r = disk_look(image, &d, reterr), k;

        if (r < 0)
                return r;
        k = disk_check(d, &problem);
        if (k >= 0 && read_os(image, &os) < 0)
                return error_oom(reterr);
        r = json ? print_disk_json(image, d, &os, problem, reterr) : print_disk(image, d, &os, reterr);
        if (r < 0 || k >= 0)
                return r;
        return error_pass(reterr, k, &problem);
}

static int show_directory(const Image *image, bool json, Error **reterr) {
        _cleanup_(os_release_done) OsRelease os = {};

        if (read_os(image, &os) < 0)
                return error_oom(reterr);
        if (json)
                return json_print(json_pack("{s:o, s:s, s:o, s:b, s:o, s:o, s:o}", "name", json_text(image->name), "type", image_type_name(image->type),
                                            "path", json_text(image->path), "read_only", (int) image->read_only,
                                            "os", json_text(os.pretty_name ?: os.id), "os_id", json_text(os.id),
                                            "os_version_id", json_text(os.version_id)),
                                  reterr);
        printf("    Name: %s\n    Path: %s\n    Type: %s%s\n", image->name, image->path, image_type_name(image->type), image->read_only ? ", read-only" : "");
        if (os.pretty_name ?: os.id)
                printf("      OS: %s\n", os.pretty_name ?: os.id);
        return 0;
}

static int show(const char *name, bool json, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(name, &image, reterr);

        if (r < 0)
                return r;
        return image->type == IMAGE_DISK ? show_disk(image, json, reterr) : show_directory(image, json, reterr);
}

static int mount_it(const PlaceRequest *q, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        bool read_only;
        int r = image_find(q->image, &image, reterr);

        if (r >= 0)
                r = image_claim(image, image_place_is_read_only(q, image), &lock, reterr);
        if (r >= 0)
                r = image_place(q, &read_only, reterr);
        if (r >= 0 && read_only && !q->read_only)
                log_info("%s is mounted read-only", q->directory);
        return r;
}

int verb_dissect(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool read_only = false;
        int what = 0, r;

        while ((r = verb_next(&args, reterr)) > 0)
                if (r == 'r')
                        read_only = true;
                else
                        what = r;
        if (r >= 0)
                r = verb_check_operands(&args, what == OPT_MOUNT ? 2 : 1, what == OPT_MOUNT ? 2 : 1, reterr);
        if (r < 0)
                return r;
        if (what != 0 && geteuid() != 0)
                return error_set(reterr, EPERM, "Only root may mount and unmount images");
        if (what == OPT_MOUNT)
                return mount_it(&(PlaceRequest){ args.operands[0], args.operands[1], read_only }, reterr);
        return what == OPT_UMOUNT ? image_unplace(args.operands[0], reterr) : show(args.operands[0], args.json, reterr);
}
