/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "idrange.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "file.h"
#include "parse.h"
#include "record.h"
#include "text.h"

#define FIRST 0x00080000U
#define LAST 0x6FFF0000U
#define SLOTS ((LAST - FIRST) / IDRANGE_SIZE + 1)
#define TRIES 4096
#define DATABASE_MAX (4 * 1024 * 1024)

static bool overlaps(uint64_t start, uint64_t count, uid_t base) {
        return start < (uint64_t) base + IDRANGE_SIZE && start + count > base;
}

/* Lines of "name:start:count" (subuid) or "name:x:id:…" (passwd, group: column 2, one id each). */
static bool file_has(const char *path, int start_column, int count_column, uid_t base) {
        _cleanup_free_ char *text = NULL;
        char *lines = NULL;

        if (file_read(AT_FDCWD, path, DATABASE_MAX, &text) < 0)
                return false;
        for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
                uint64_t start = 0, count = 1;
                bool found = false;
                char *rest = line, *field;

                for (int column = 0; (field = strsep(&rest, ":")); column++) {
                        if (column == start_column)
                                found = parse_u64(field, UINT32_MAX, &start) >= 0;
                        if (column == count_column && parse_u64(field, UINT32_MAX, &count) < 0)
                                found = false;
                }
                if (found && overlaps(start, count, base))
                        return true;
        }
        return false;
}

static bool host_has(uid_t base) {
        return file_has("/etc/subuid", 1, 2, base) || file_has("/etc/subgid", 1, 2, base) || file_has("/etc/passwd", 2, -1, base) ||
                file_has("/etc/group", 2, -1, base);
}

static bool machine_has(const char *machine, char *const *names, uid_t base) {
        for (size_t i = 0; names && names[i]; i++) {
                _cleanup_(record_freep) MachineRecord *r = NULL;

                if (strcmp(names[i], machine) == 0 || record_load(names[i], &r, NULL) < 0)
                        continue;
                if (r->uid_range > 0 && overlaps(r->uid_base, r->uid_range, base))
                        return true;
        }
        return false;
}

int idrange_pick(const char *machine, uid_t *ret, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        uint64_t hash = string_hash(machine);

        (void) record_list(&names, NULL); /* not readable without root: then it is a dry run */
        for (unsigned i = 0; i < TRIES; i++) {
                uid_t base = FIRST + (uid_t) ((hash + i) % SLOTS) * IDRANGE_SIZE;

                if (host_has(base) || machine_has(machine, names, base))
                        continue;
                *ret = base;
                return 0;
        }
        return error_set(reterr, EBUSY, "No range of 65536 user ids is free on this host");
}
