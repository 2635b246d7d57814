/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Asking the name services costs a start more than all else that has to do with ids: modules are loaded that stay for as long as the
 * supervisor lives. So where nobody but files and systemd could know a name, they are not asked: the files have been read already
 * (idrange-taken.c), and of systemd's own users none is above 65535, but for those of machines, which have been looked at as well. */

#include "idrange.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "strv.h"

#define SWITCH_MAX (64 * 1024)
#define PROVIDERS "/run/systemd/userdb"

static bool is_among(const char *word, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

/* A line "passwd: files systemd". */
static bool line_is_plain(char *line) {
        static const char *const plain[] = { "files", "systemd" };
        char *save = NULL;

        for (char *word = strtok_r(line, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
                if (!is_among(word, plain, ELEMENTSOF(plain)))
                        return false;
        return true;
}

/* Both databases have to be there: what the C library takes else is its own matter. */
static bool switch_is_plain(void) {
        static const char *const databases[] = { "passwd:", "group:" };
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        unsigned found = 0;

        if (file_read(AT_FDCWD, "/etc/nsswitch.conf", SWITCH_MAX, &text) < 0)
                return false;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                for (size_t i = 0; i < ELEMENTSOF(databases); i++) {
                        size_t n = strlen(databases[i]);

                        if (strncmp(line, databases[i], n) != 0)
                                continue;
                        if (!line_is_plain(line + n))
                                return false;
                        found |= 1u << i;
                }
        return found == 3;
}

/* Where systemd's module would find records of users (systemd's USER_RECORD). */
static bool has_records(void) {
        static const char *const places[] = {
                "/etc/userdb", "/run/userdb", "/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb", "/lib/userdb",
        };
        static const char *const own[] = { ".", "..", "io.systemd.DynamicUser", "io.systemd.Home", "io.systemd.Machine" };
        _cleanup_closedir_ DIR *dir = opendir(PROVIDERS);

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (access(places[i], F_OK) >= 0)
                        return true;
        for (struct dirent *d; dir && (d = readdir(dir));)
                if (!is_among(d->d_name, own, ELEMENTSOF(own)))
                        return true;
        return false;
}

bool idrange_has_names(UidRange r) {
        const uid_t ends[] = { r.base, r.base + IDRANGE_SIZE - 2 }; /* 65535 is no user */

        if (switch_is_plain() && !has_records())
                return false;
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (getpwuid(ends[i]) || getgrgid(ends[i]))
                        return true;
        return false;
}
