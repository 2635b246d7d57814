/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link-journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "file.h"
#include "log.h"
#include "machine.h"
#include "parse.h"
#include "path.h"

#define JOURNAL "/var/log/journal"
#define PATH_SIZE (sizeof(JOURNAL) + 34)

static void path_of(const MachinePlan *p, char path[PATH_SIZE]) {
        char id[33];

        snprintf(path, PATH_SIZE, JOURNAL "/%s", id128_to_text(p->id, id));
}

static bool tries(LinkJournalMode m) {
        return m == LINK_JOURNAL_TRY_HOST || m == LINK_JOURNAL_TRY_GUEST || m == LINK_JOURNAL_AUTO;
}

/* Whether that is the host's own id; one that cannot be read is nobody's. */
static bool is_hosts_id(const uint8_t id[16]) {
        _cleanup_free_ char *text = NULL;
        uint8_t host[16];

        if (file_read(AT_FDCWD, "/etc/machine-id", 64, &text) < 0)
                return false;
        text[strcspn(text, "\n")] = 0;
        return parse_id128(text, host) >= 0 && memcmp(host, id, sizeof(host)) == 0;
}

/* Another machine that runs and has the same id, as copies of one tree do: its journal would be mixed with ours. The caller's, or NULL. */
static char *other_of_this_id(const MachinePlan *p) {
        Machine **all;
        char *name = NULL;
        size_t n;

        if (machine_list(&all, &n, NULL) < 0)
                return NULL;
        for (size_t i = 0; i < n && !name; i++)
                if (all[i]->leader_fd >= 0 && strcmp(all[i]->record->name, p->name) != 0 &&
                    memcmp(all[i]->record->id, p->id, sizeof(p->id)) == 0)
                        name = strdup(all[i]->record->name);
        machine_list_free(all, n);
        return name;
}

/* What keeps it from being linked at all: -errno with the Error, or 0. */
static int check(const MachinePlan *p, LinkJournalMode wish, Error **reterr) {
        bool guest = wish == LINK_JOURNAL_GUEST || wish == LINK_JOURNAL_TRY_GUEST;
        _cleanup_free_ char *other = NULL;
        char id[33];

        (void) id128_to_text(p->id, id);
        if (is_hosts_id(p->id)) {
                error_set(reterr, EEXIST, "%s has the machine id of this host (%s): their journals cannot be told apart", p->name, id);
                return error_hint(reterr, -EEXIST, "Empty its /etc/machine-id, and it gets one of its own; or boot it with --link-journal=no.");
        }
        other = other_of_this_id(p);
        if (other) {
                error_set(reterr, EEXIST, "%s has the machine id of the machine '%s' (%s): their journals cannot be told apart", p->name, other, id);
                return error_hint(reterr, -EEXIST, "Empty its /etc/machine-id, and it gets one of its own; or boot it with --link-journal=no.");
        }
        if (access(JOURNAL, F_OK) < 0) {
                error_set(reterr, ENOENT, "This host keeps no journal on disk, to link that of %s to", p->name);
                return error_hint(reterr, -ENOENT, "mkdir " JOURNAL " has it keep one; see journald.conf(5), Storage=.");
        }
        if (guest && (p->image_type == IMAGE_DISK || p->image_type == IMAGE_LAYERED || p->volatility != VOLATILE_NO)) {
                error_set(reterr, EOPNOTSUPP, "The tree of %s is no directory of this host's, so that no link can lead to its journal", p->name);
                return error_hint(reterr, -EOPNOTSUPP, "--link-journal=host keeps its journal on the host; `nbox logs %s` shows it in any case.", p->name);
        }
        return 0;
}

/* Ids are not mapped: a file that root inside makes setuid would be one of the host's root's, where every user of the host can reach it. */
static int add_bind(MachinePlan *p, const char *path, bool optional) {
        return plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_BIND, .source = (char *) path, .destination = (char *) path,
                                               .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                                               .optional = optional, .becomes_theirs = p->userns });
}

int link_journal_plan(MachinePlan *p, LinkJournalMode wish, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        char path[PATH_SIZE];
        struct stat st;
        int r;

        p->link_journal = LINK_JOURNAL_NO;
        wish = wish == LINK_JOURNAL_UNSET ? LINK_JOURNAL_AUTO : wish;
        if (wish == LINK_JOURNAL_NO || p->ephemeral)
                return 0;
        path_of(p, path);
        /* What is linked already stays so: a directory of the host's is mounted again, and a link leads where it leads. */
        if (wish == LINK_JOURNAL_AUTO && (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
                return 0;
        r = check(p, wish, &error);
        if (r < 0 && tries(wish)) {
                if (!p->quiet && r == -EEXIST)
                        log_warning("%s, ignoring", error->message);
                return 0;
        }
        if (r < 0)
                return error_pass(reterr, r, &error);
        p->link_journal = wish == LINK_JOURNAL_GUEST || wish == LINK_JOURNAL_TRY_GUEST ? LINK_JOURNAL_GUEST : LINK_JOURNAL_HOST;
        return p->link_journal == LINK_JOURNAL_HOST && add_bind(p, path, tries(wish)) < 0 ? error_oom(reterr) : 0;
}

static int prepare_host(const char *path, Error **reterr) {
        struct stat st;

        if (lstat(path, &st) >= 0 && S_ISLNK(st.st_mode) && unlink(path) < 0)
                return error_errno(reterr, errno, "Cannot remove the link %s", path);
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make %s, for the machine's journal", path);
        return 0;
}

/* The path that the link has is never resolved by us: what it leads to is the machine's. */
static int prepare_guest(const MachinePlan *p, const char *path, Error **reterr) {
        _cleanup_free_ char *target = NULL;
        struct stat st;

        if (asprintf(&target, "%s%s", p->root, path) < 0)
                return error_oom(reterr);
        if (lstat(path, &st) >= 0 && (S_ISLNK(st.st_mode) ? unlink(path) : rmdir(path)) < 0) {
                int r = -errno;

                error_errno(reterr, r, "Cannot put a link in the place of %s", path);
                return error_hint(reterr, r, "It has a journal that was kept on the host: move it away, or take --link-journal=host.");
        }
        return symlink(target, path) < 0 ? error_errno(reterr, errno, "Cannot make the link %s", path) : 0;
}

int link_journal_prepare(const MachinePlan *p, Error **reterr) {
        char path[PATH_SIZE];

        if (p->link_journal == LINK_JOURNAL_NO)
                return 0;
        path_of(p, path);
        return p->link_journal == LINK_JOURNAL_HOST ? prepare_host(path, reterr) : prepare_guest(p, path, reterr);
}

void link_journal_make_directory(const MachinePlan *p, int root) {
        char path[PATH_SIZE];
        int fd;

        if (p->link_journal != LINK_JOURNAL_GUEST || p->read_only)
                return;
        path_of(p, path);
        fd = mkdir_in_root(root, path);
        if (fd < 0)
                log_warning("Cannot make %s in the machine: %s, ignoring", path, strerror(-fd));
        close_fd(fd);
}
