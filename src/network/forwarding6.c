/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The note lists every interface with what it had, and not just those that are changed: so what is not in it has come since, and has
 * what `default` gave it. It is written before the first change and removed after the last one; an acquisition that finds a note is
 * one that a crash has cut short, and what that says of an interface counts, not what the interface has by now.
 *
 * An interface that forwards already while the host does not (its own switch) is deaf already, and stays so. */

#include "forwarding6.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "file.h"
#include "forwarding.h"
#include "link.h"
#include "log.h"
#include "netns.h"
#include "strv.h"
#include "zone.h"

#define CONF "/proc/sys/net/ipv6/conf"
#define SWITCH "ipv6/conf/all/forwarding"
#define NOTE "forwarding6"
#define NOTE_MAX (1024U * 1024)

#define FOR_NEW_ONES "default"
#define LISTENS 1             /* accept_ra: unless it forwards */
#define LISTENS_AS_A_ROUTER 2 /* in any case */

typedef struct Setting {
        char name[IF_NAMESIZE]; /* of an interface, or "default" */
        int accept_ra, forwarding;
} Setting;

typedef struct SettingList {
        Setting *items;
        size_t n;
} SettingList;

static void setting_list_clear(SettingList *l) {
        free(l->items);
}

static int add_setting(SettingList *l, const Setting *s) {
        Setting *grown = reallocarray(l->items, l->n + 1, sizeof(Setting));

        if (!grown)
                return -ENOMEM;
        l->items = grown;
        grown[l->n++] = *s;
        return 0;
}

static const Setting *find(const SettingList *l, const char *name) {
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->items[i].name, name) == 0)
                        return l->items + i;
        return NULL;
}

static const char *path_of(const char *interface, const char *key, char ret[64]) {
        snprintf(ret, 64, "ipv6/conf/%.15s/%s", interface, key);
        return ret;
}

static int set(const char *interface, const char *key, const char *value) {
        char path[64];

        return netns_sysctl_write(-1, path_of(interface, key, path), value);
}

/* One that has gone since is none. */
static bool read_setting(const char *name, Setting *ret) {
        char path[64];

        *ret = (Setting){};
        snprintf(ret->name, sizeof(ret->name), "%.15s", name);
        return netns_sysctl_read(path_of(name, "accept_ra", path), &ret->accept_ra) >= 0 &&
               netns_sysctl_read(path_of(name, "forwarding", path), &ret->forwarding) >= 0;
}

static int read_settings(SettingList *ret) {
        _cleanup_closedir_ DIR *dir = opendir(CONF);
        Setting s;
        int r = 0;

        if (!dir)
                return -errno;
        for (struct dirent *d; r >= 0 && (d = readdir(dir));)
                if (d->d_name[0] != '.' && strcmp(d->d_name, "all") != 0 && strcmp(d->d_name, "lo") != 0 && read_setting(d->d_name, &s))
                        r = add_setting(ret, &s);
        return r;
}

/* ---- the note ---- */

/* 1, or 0 where there is none. */
static int read_note(int dir, SettingList *ret) {
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        Setting s = {};
        int r;

        r = file_read(dir, NOTE, NOTE_MAX, &text);
        if (r == -ENOENT)
                return 0;
        for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); r >= 0 && line; line = strtok_r(NULL, "\n", &save))
                if (sscanf(line, "%15s %d %d", s.name, &s.accept_ra, &s.forwarding) == 3)
                        r = add_setting(ret, &s);
        return r < 0 ? r : 1;
}

/* What was noted stays as it is: a crash in the middle loses nothing of it, and leaves no other file. */
static int add_to_note(int dir, const SettingList *l) {
        _cleanup_strv_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;

        for (size_t i = 0; i < l->n; i++)
                if (strv_appendf(&lines, "\n%s %d %d\n", l->items[i].name, l->items[i].accept_ra, l->items[i].forwarding) < 0)
                        return -ENOMEM;
        text = strv_join(lines, "");
        if (!text)
                return -ENOMEM;
        fd = openat(dir, NOTE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

/* What it had before all of this: `now` is what it has. */
static Setting had(const SettingList *note, const Setting *now) {
        const Setting *noted = find(note, now->name), *birth = find(note, FOR_NEW_ONES);
        Setting s = *now;

        if (noted)
                return *noted;
        if (birth && birth->accept_ra == LISTENS && birth->forwarding == 0 && s.accept_ra == LISTENS_AS_A_ROUTER)
                s.accept_ra = LISTENS;
        if (birth)
                s.forwarding = birth->forwarding;
        return s;
}

static int take_note(int dir) {
        _cleanup_(setting_list_clear) SettingList before = {}, all = {}, missing = {};
        int r;

        r = read_note(dir, &before);
        if (r >= 0)
                r = read_settings(&all);
        for (size_t i = 0; r >= 0 && i < all.n; i++) {
                Setting s = had(&before, all.items + i);

                if (!find(&before, s.name))
                        r = add_setting(&missing, &s);
        }
        return r < 0 ? r : add_to_note(dir, &missing);
}

/* ---- the settings ---- */

static bool would_listen(const Setting *before) {
        return before->accept_ra == LISTENS && before->forwarding == 0;
}

/* Interfaces are born with what `default` has: that first, and then look who there is. */
static int listen_all(const SettingList *note) {
        _cleanup_(setting_list_clear) SettingList all = {};
        const Setting *birth = find(note, FOR_NEW_ONES);
        int r = 0;

        if (birth && would_listen(birth))
                r = set(FOR_NEW_ONES, "accept_ra", "2");
        if (r >= 0)
                r = read_settings(&all);
        for (size_t i = 0; r >= 0 && i < all.n; i++) {
                Setting before = had(note, all.items + i);

                if (!would_listen(&before) || all.items[i].accept_ra != LISTENS)
                        continue;
                r = set(before.name, "accept_ra", "2");
                if (r == -ENOENT)
                        r = 0;
        }
        return r;
}

/* What somebody has set to something else meanwhile is his. */
static int give_back(const SettingList *note) {
        _cleanup_(setting_list_clear) SettingList all = {};
        int result, r;

        result = netns_sysctl_write(-1, SWITCH, "0");
        r = read_settings(&all);
        for (size_t i = 0; r >= 0 && i < all.n; i++) {
                Setting before = had(note, all.items + i);

                if (before.forwarding)
                        (void) set(before.name, "forwarding", "1");
                if (before.accept_ra == LISTENS && all.items[i].accept_ra == LISTENS_AS_A_ROUTER)
                        (void) set(before.name, "accept_ra", "1");
        }
        return result < 0 ? result : r;
}

/* ---- for others ---- */

int forwarding6_acquire(int dir, Error **reterr) {
        _cleanup_(setting_list_clear) SettingList note = {};
        int on = 0, r;

        r = netns_sysctl_read(SWITCH, &on);
        if (r < 0 || on)
                return r;
        r = take_note(dir);
        if (r >= 0)
                r = read_note(dir, &note);
        if (r >= 0)
                r = listen_all(&note);
        if (r >= 0)
                r = netns_sysctl_write(-1, SWITCH, "1");
        if (r >= 0)
                return 0;
        if (note.n > 0)
                (void) give_back(&note);
        (void) unlinkat(dir, NOTE, 0);
        error_errno(reterr, r, "Cannot switch on forwarding of IPv6 packets (/proc/sys/net/" SWITCH ")");
        return error_hint(reterr, r, "Run `sysctl net.ipv6.conf.all.forwarding=1` where it can be set, with accept_ra=2 for interfaces "
                          "that need router advertisements.");
}

static bool has_ipv6(const char *bridge) {
        char path[64];
        int off;

        return netns_sysctl_read(path_of(bridge, "disable_ipv6", path), &off) >= 0 && !off;
}

/* A bridge of ours is no reason to leave it on, but one whose zone has IPv6 is one not to have asked. */
static bool is_needed(Netlink *nl, const SettingList *note, bool *ret_by_others) {
        _cleanup_free_ LinkInfo *links = NULL;
        char zone[ZONE_NAME_MAX + 1];
        size_t n = 0;

        *ret_by_others = false;
        if (link_list(nl, 0, &links, &n) < 0)
                return true;
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone)) {
                        if (has_ipv6(links[i].name))
                                return true;
                } else if (forwarding_is_for(links + i) && !find(note, links[i].name))
                        *ret_by_others = true;
        return false;
}

/* The note goes last: a crash in between is repeated by the next sweep. */
void forwarding6_release(int dir, Netlink *nl) {
        _cleanup_(setting_list_clear) SettingList note = {};
        bool by_others;
        int r;

        r = read_note(dir, &note);
        if (r == 0 || is_needed(nl, &note, &by_others))
                return;
        if (r > 0 && !by_others && note.n > 0)
                r = give_back(&note);
        if (r < 0)
                log_warning("Cannot switch off forwarding of IPv6 packets: %s, ignoring", strerror(-r));
        (void) unlinkat(dir, NOTE, 0);
}

bool forwarding6_is_on(void) {
        int on = 0;

        return netns_sysctl_read(SWITCH, &on) < 0 || on;
}

int forwarding6_deaf(int dir, char ***ret) {
        _cleanup_(setting_list_clear) SettingList note = {}, all = {};
        _cleanup_strv_ char **deaf = NULL;

        if (read_note(dir, &note) <= 0 || read_settings(&all) < 0)
                return 0;
        for (size_t i = 0; i < all.n; i++) {
                Setting before = had(&note, all.items + i);

                if (would_listen(&before) && all.items[i].accept_ra == LISTENS && all.items[i].forwarding &&
                    strv_append(&deaf, before.name) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(deaf);
        return 0;
}

void forwarding6_listen(int dir) {
        _cleanup_(setting_list_clear) SettingList note = {};
        int r;

        if (read_note(dir, &note) <= 0)
                return;
        r = listen_all(&note);
        if (r < 0)
                log_warning("Cannot make the host's interfaces take router advertisements again: %s, ignoring", strerror(-r));
}
