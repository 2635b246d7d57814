/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether the host itself uses a block device: it, or a part of it, is mounted, or something is built on top of it (RAID, LVM,
 * encryption). */

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "devices.h"
#include "log.h"

typedef struct Number {
        unsigned major, minor;
} Number;

static bool is_number(const MachineDevice *d, Number n) {
        return d->major == n.major && d->minor == n.minor;
}

static bool has_entries(const char *directory) {
        _cleanup_closedir_ DIR *dir = opendir(directory);

        for (struct dirent *e; dir && (e = readdir(dir));)
                if (e->d_name[0] != '.')
                        return true;
        return false;
}

static bool is_held(const MachineDevice *d) {
        char path[64];

        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", d->major, d->minor);
        return has_entries(path);
}

/* The disk that a partition is one of; the same number where it is none. */
static Number disk_of(Number n) {
        char path[80];
        Number disk = n;
        FILE *f;

        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", n.major, n.minor);
        if (access(path, F_OK) < 0)
                return n;
        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", n.major, n.minor);
        f = fopen(path, "re");
        if (f && fscanf(f, "%u:%u", &disk.major, &disk.minor) != 2)
                disk = n;
        if (f)
                fclose(f);
        return disk;
}

static bool uses(const MachineDevice *d, Number mounted) {
        return is_number(d, mounted) || is_number(d, disk_of(mounted));
}

/* What a line of mountinfo is a mount of: by its number, or, for file systems that have one of their own, by the device that it names. */
static bool line_uses(const MachineDevice *d, const char *line) {
        const char *behind = strstr(line, " - ");
        char source[PATH_MAX];
        Number n;
        struct stat st;

        if (sscanf(line, "%*s %*s %u:%u", &n.major, &n.minor) == 2 && n.major != 0 && uses(d, n))
                return true;
        return behind && sscanf(behind, " - %*s %4095s", source) == 1 && source[0] == '/' && stat(source, &st) >= 0 &&
                S_ISBLK(st.st_mode) && uses(d, (Number){ major(st.st_rdev), minor(st.st_rdev) });
}

static bool is_mounted(const MachineDevice *d) {
        FILE *f = fopen("/proc/self/mountinfo", "re");
        _cleanup_free_ char *line = NULL;
        bool found = false;
        size_t size = 0;

        while (f && !found && getline(&line, &size, f) > 0)
                found = line_uses(d, line);
        if (f)
                fclose(f);
        return found;
}

void devices_warn_of_used(const DeviceList *list) {
        for (size_t i = 0; i < list->n; i++) {
                const MachineDevice *d = list->items + i;

                if (!d->block || !(is_mounted(d) || is_held(d)))
                        continue;
                log_warning("The host itself uses %s%s", d->source,
                            d->access & DEVICE_WRITE ? ": what the machine writes there damages the host's file systems, and it can read "
                                                       "all of them"
                                                     : ": the machine can read all that is on it");
        }
}
