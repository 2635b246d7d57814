/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "parse.h"
#include "text.h"

#define DEPTH_MAX 4 /* of a directory: /dev/bus/usb has two */

void device_done(MachineDevice *d) {
        free(d->source);
        free(d->destination);
        *d = (MachineDevice){};
}

void device_list_done(DeviceList *list) {
        for (size_t i = 0; i < list->n; i++)
                device_done(list->items + i);
        free(list->items);
        *list = (DeviceList){};
}

MachineDevice *device_list_find(const DeviceList *list, const char *destination) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->items[i].destination, destination) == 0)
                        return list->items + i;
        return NULL;
}

int device_list_remove(DeviceList *list, const char *destination) {
        MachineDevice *d = device_list_find(list, destination);

        if (!d)
                return 0;
        device_done(d);
        memmove(d, d + 1, (size_t) (list->items + --list->n - d) * sizeof(*d));
        return 1;
}

static void device_list_cut(DeviceList *list, size_t n) {
        while (list->n > n)
                device_done(list->items + --list->n);
}

/* ---- looking ---- */

typedef struct Look {
        const char *source, *destination; /* a node's, or a directory's */
        const struct stat *st;
        unsigned access;
        bool bound;
} Look;

static int append(DeviceList *list, const Look *l, Error **reterr) {
        MachineDevice *grown, d = {
                .block = S_ISBLK(l->st->st_mode), .major = major(l->st->st_rdev), .minor = minor(l->st->st_rdev), .access = l->access,
                .mode = l->st->st_mode & 0777, .group = l->st->st_gid, .bound = l->bound,
        };

        if (device_list_find(list, l->destination)) {
                error_set(reterr, EEXIST, "Two devices are asked for at '%s'", l->destination);
                return error_hint(reterr, -EEXIST, "Give one of them another place: PATH:/dev/NAME");
        }
        if (list->n >= DEVICES_MAX)
                return error_set(reterr, E2BIG, "More than %d devices are asked for", DEVICES_MAX);
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        list->items = grown;
        if (string_set(&d.source, l->source) < 0 || string_set(&d.destination, l->destination) < 0) {
                device_done(&d);
                return error_oom(reterr);
        }
        list->items[list->n++] = d;
        return 0;
}

static int append_directory(DeviceList *list, const Look *l, unsigned depth, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(l->source);
        int r = 0;

        if (!dir)
                return error_errno(reterr, errno, "Cannot read %s", l->source);
        for (struct dirent *e; r >= 0 && (e = readdir(dir));) {
                _cleanup_free_ char *source = NULL, *destination = NULL;
                Look in = *l;
                struct stat st;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                if (asprintf(&source, "%s/%s", l->source, e->d_name) < 0 || asprintf(&destination, "%s/%s", l->destination, e->d_name) < 0)
                        return error_oom(reterr);
                if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* unplugged just now */
                        continue;
                in.source = source;
                in.destination = destination;
                in.st = &st;
                if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
                        r = append_directory(list, &in, depth + 1, reterr);
                else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
                        r = append(list, &in, reterr);
        }
        return r;
}

static int no_device(const char *path, Error **reterr) {
        error_set(reterr, ENODEV, "%s is no device node", path);
        return error_hint(reterr, -ENODEV, "--bind= is for files and directories.");
}

static int resolve_directory(const Look *l, DeviceList *list, Error **reterr) {
        size_t before = list->n;
        int r = append_directory(list, l, 1, reterr);

        if (r >= 0 && list->n == before)
                r = error_set(reterr, ENODEV, "There is no device node in %s", l->source);
        if (r < 0)
                device_list_cut(list, before);
        return r;
}

int devices_resolve(const DeviceSpec *spec, DeviceList *list, Error **reterr) {
        struct stat st;
        Look l = { .source = spec->source, .destination = spec->destination, .st = &st, .access = spec->access };

        if (stat(spec->source, &st) < 0) {
                if (errno == ENOENT && spec->optional)
                        return 0;
                return error_errno(reterr, errno, "Cannot look at the device %s", spec->source);
        }
        if (S_ISDIR(st.st_mode))
                return resolve_directory(&l, list, reterr);
        return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? append(list, &l, reterr) : no_device(spec->source, reterr);
}

int devices_resolve_bind(const char *source, const char *destination, bool read_only, DeviceList *list, bool *ret_placed, Error **reterr) {
        struct stat st;
        Look l = { .source = source, .destination = destination, .st = &st, .access = read_only ? DEVICE_READ : DEVICE_READ | DEVICE_WRITE,
                   .bound = !path_is_below_dev(destination) };

        *ret_placed = false;
        if (stat(source, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
                return 0; /* whoever binds it says what is wrong with it */
        *ret_placed = !l.bound;
        return append(list, &l, reterr);
}

/* ---- text ---- */

char *device_format(const MachineDevice *d) {
        _cleanup_free_ char *source = colon_escape(d->source), *destination = colon_escape(d->destination);
        char *text;

        if (!source || !destination || asprintf(&text, "%c %u:%u %s%s %s:%s", d->block ? 'b' : 'c', d->major, d->minor,
                                                device_access_to_string(d->access), d->bound ? ",bound" : "", destination, source) < 0)
                return NULL;
        return text;
}

static int parse_number(MachineDevice *d, const char *text) {
        char major[16];
        size_t n = strcspn(text, ":");
        uint64_t a, b;

        if (n >= sizeof(major) || !text[n])
                return -EINVAL;
        snprintf(major, sizeof(major), "%.*s", (int) n, text);
        if (parse_u64(major, UINT32_MAX, &a) < 0 || parse_u64(text + n + 1, UINT32_MAX, &b) < 0)
                return -EINVAL;
        d->major = (unsigned) a;
        d->minor = (unsigned) b;
        return 0;
}

static int parse_access(MachineDevice *d, char *text) {
        char *comma = strchr(text, ',');

        if (comma) {
                d->bound = strcmp(comma, ",bound") == 0;
                *comma = 0;
        }
        return comma && !d->bound ? -EINVAL : device_access_parse(text, &d->access);
}

int device_parse(const char *text, MachineDevice *ret) {
        _cleanup_(device_done) MachineDevice d = {};
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *kind, *number, *access;
        const char *paths;

        if (!copy)
                return -ENOMEM;
        kind = strsep(&rest, " ");
        number = strsep(&rest, " ");
        access = strsep(&rest, " ");
        if (!rest || (strcmp(kind, "c") != 0 && strcmp(kind, "b") != 0) || parse_number(&d, number) < 0 || parse_access(&d, access) < 0)
                return -EINVAL;
        d.block = *kind == 'b';
        paths = rest;
        d.destination = colon_next_field(&paths);
        d.source = paths ? colon_next_field(&paths) : NULL;
        if (!d.destination || !d.source || paths || *d.destination != '/' || *d.source != '/')
                return -EINVAL;
        *ret = d;
        d = (MachineDevice){};
        return 0;
}

/* ---- rules ---- */

unsigned device_list_access(const DeviceList *list, bool block, unsigned major, unsigned minor) {
        unsigned access = 0;

        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].block == block && list->items[i].major == major && list->items[i].minor == minor)
                        access |= list->items[i].access;
        return access;
}

void device_unit_path(const MachineDevice *d, char ret[DEVICE_UNIT_PATH_MAX]) {
        snprintf(ret, DEVICE_UNIT_PATH_MAX, "/dev/%s/%u:%u", d->block ? "block" : "char", d->major, d->minor);
}
