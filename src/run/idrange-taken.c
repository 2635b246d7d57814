/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "idrange.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "find.h"
#include "identity-ranges.h"
#include "lock.h"
#include "lock-file.h"
#include "name.h"
#include "parse.h"
#include "record.h"
#include "strv.h"

/* What cannot be read is passed over: a host without /etc/subuid has no subordinate ids, and a plan is made without root. */

#define DATABASE_MAX (4 * 1024 * 1024)
#define MACHINED_DIRECTORY "/run/systemd/machines"
#define SMALL_MAX (64 * 1024)

/* The columns of a line "a:b:c": how many there are, at most max. */
static size_t columns(char *line, char **ret, size_t max) {
        size_t n = 0;

        for (char *field; n < max && (field = strsep(&line, ":"));)
                ret[n++] = field;
        return n;
}

/* Lines of "name:first:count" (subuid) or "name:x:id:…" (passwd, group). */
static int of_database(const char *path, size_t first, size_t count, UidRanges *taken) {
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        int r = 0;

        if (file_read(AT_FDCWD, path, DATABASE_MAX, &text) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save)) {
                uint64_t id, n = 1;
                char *field[3];

                if (columns(line, field, ELEMENTSOF(field)) < ELEMENTSOF(field) || parse_u64(field[first], UINT32_MAX - 1, &id) < 0)
                        continue;
                if (count > 0 && parse_u64(field[count], UINT32_MAX, &n) < 0)
                        continue;
                if (id > 0) /* root's own ids are nobody's range */
                        r = idranges_add(taken, (UidRange){ (uid_t) id, (uint32_t) n });
        }
        return r;
}

/* What a process' map says that its namespace has of our ids; not of one that shares them with the host's root. */
static int of_map(const char *path, size_t column, bool with_root, UidRanges *ret) {
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        int r = 0;

        if (file_read(AT_FDCWD, path, SMALL_MAX, &text) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save)) {
                unsigned long id[3];

                if (sscanf(line, "%lu %lu %lu", &id[0], &id[1], &id[2]) == 3 && (with_root || id[column] > 0))
                        r = idranges_add(ret, (UidRange){ (uid_t) id[column], (uint32_t) id[2] });
        }
        return r;
}

static UidRange common(UidRange a, UidRange b) {
        uint64_t begin = a.base > b.base ? a.base : b.base;
        uint64_t end_a = (uint64_t) a.base + a.count, end_b = (uint64_t) b.base + b.count, end = end_a < end_b ? end_a : end_b;

        return begin < end ? (UidRange){ (uid_t) begin, (uint32_t) (end - begin) } : (UidRange){};
}

int idranges_of_ours(UidRanges *ret) {
        _cleanup_(idranges_done) UidRanges users = {}, groups = {};
        int r;

        r = of_map("/proc/self/uid_map", 0, true, &users);
        if (r >= 0)
                r = of_map("/proc/self/gid_map", 0, true, &groups);
        for (size_t i = 0; r >= 0 && i < users.n; i++)
                for (size_t k = 0; r >= 0 && k < groups.n; k++)
                        r = idranges_add(ret, common(users.items[i], groups.items[k]));
        return r;
}

static int of_leader(const char *text, UidRanges *taken) {
        static const char key[] = "\nLEADER=";
        const char *at = strstr(text, key);
        char path[64];
        int pid, r;

        if (!at || sscanf(at + sizeof(key) - 1, "%d", &pid) != 1)
                return 0;
        snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
        r = of_map(path, 1, false, taken);
        snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
        return r < 0 ? r : of_map(path, 1, false, taken);
}

/* Ours hold locks on their ids (id-claim.h), and need not be looked at one by one. */
static bool is_of_nbox(const char *machine) {
        _cleanup_free_ char *path = record_path(machine);

        return path && access(path, F_OK) >= 0;
}

static int of_machined(UidRanges *taken) {
        _cleanup_closedir_ DIR *dir = opendir(MACHINED_DIRECTORY);
        int r = 0;

        for (struct dirent *d; dir && r >= 0 && (d = readdir(dir));) {
                _cleanup_free_ char *text = NULL;

                if (machine_name_is_valid(d->d_name) && !is_of_nbox(d->d_name) && file_read(dirfd(dir), d->d_name, SMALL_MAX, &text) >= 0)
                        r = of_leader(text, taken);
        }
        return r;
}

/* All others that run are found by the locks on the slots that they have (idrange_is_locked()). */
static int of_odd(const char *machine, UidRanges *taken) {
        _cleanup_closedir_ DIR *dir = opendir(LOCK_OF_ODD_IDS_DIRECTORY);
        int r = 0;

        for (struct dirent *d; dir && r >= 0 && (d = readdir(dir));) {
                UidRange range;
                size_t n;

                if (!idrange_of_odd_lock(d->d_name, &n, &range) || (strlen(machine) == n && strncmp(machine, d->d_name, n) == 0))
                        continue;
                if (lock_file_is_held(dirfd(dir), d->d_name))
                        r = idranges_add(taken, range);
        }
        return r;
}

bool idrange_of_odd_lock(const char *name, size_t *ret_name, UidRange *ret) {
        const char *colon = strchr(name, ':');

        *ret_name = colon ? (size_t) (colon - name) : 0;
        return colon && sscanf(colon, ":%u:%u", &ret->base, &ret->count) == 2;
}

bool idrange_is_locked(UidRange range) {
        _cleanup_close_ int dir = open(LOCK_OF_IDS_DIRECTORY, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        uint64_t end = (uint64_t) range.base + range.count;
        char name[16];

        for (uint64_t at = range.base - range.base % IDRANGE_SIZE; dir >= 0 && at < end; at += IDRANGE_SIZE) {
                snprintf(name, sizeof(name), "%u", (uid_t) at);
                if (lock_file_is_held(dir, name))
                        return true;
        }
        return false;
}

static int of_kept(const char *machine, UidRanges *taken) {
        _cleanup_free_ UidRange *ranges = NULL;
        size_t n = 0;
        int r = identity_ranges(machine, &ranges, &n);

        for (size_t i = 0; i < n && r >= 0; i++)
                r = idranges_add(taken, ranges[i]);
        return r;
}

static int of_living(UidRanges *taken) {
        static const struct {
                const char *path;
                size_t first, count;
        } databases[] = { { "/etc/subuid", 1, 2 }, { "/etc/subgid", 1, 2 }, { "/etc/passwd", 2, 0 }, { "/etc/group", 2, 0 } };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(databases); i++)
                r = of_database(databases[i].path, databases[i].first, databases[i].count, taken);
        return r < 0 ? r : of_machined(taken);
}

int idranges_of_others(const char *machine, int root, unsigned which, UidRanges *ret) {
        int r = which & OTHERS_LIVING ? of_living(ret) : 0;

        if (r >= 0 && (which & OTHERS_KEPT))
                r = of_odd(machine, ret);
        if (r >= 0 && (which & OTHERS_KEPT))
                r = of_kept(machine, ret);
        if (r >= 0 && (which & (OTHERS_TREES | OTHERS_TREES_LATELY)))
                r = idranges_of_trees(root, which & OTHERS_TREES_LATELY, ret);
        return r;
}
