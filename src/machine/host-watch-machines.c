/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "cgroup.h"
#include "file.h"
#include "host-watch-parts.h"
#include "pidfd.h"
#include "process.h"
#include "record.h"

/* Who is killed writes nothing. So of each machine that runs there are the pidfds of its init and of its supervisor: when both have ended,
 * and the log does not say how, it was lost. A supervisor of an older nbox writes no log at all; that its machine is gone shows when the
 * directory of its record goes. */

#define MACHINES RUN_DIRECTORY "/machines"
#define EVENTS_MAX 4096

static WatchedMachine *find(HostWatch *w, const char *name) {
        for (size_t i = 0; i < w->n_machines; i++)
                if (strcmp(w->machines[i]->name, name) == 0)
                        return w->machines[i];
        return NULL;
}

static WatchedMachine *find_or_add(HostWatch *w, const char *name) {
        WatchedMachine *m = find(w, name), **grown;

        if (m)
                return m;
        m = calloc(1, sizeof(*m));
        grown = reallocarray(w->machines, w->n_machines + 1, sizeof(*grown));
        if (grown)
                w->machines = grown;
        if (!m || !grown || !(m->name = strdup(name))) {
                free(m);
                return NULL;
        }
        m->watch = w;
        m->frozen_watch = -1;
        w->machines[w->n_machines++] = m;
        return m;
}

static void let_go(WatchedMachine *m) {
        m->leader = event_source_free(m->leader);
        m->supervisor = event_source_free(m->supervisor);
        if (m->frozen_watch >= 0)
                (void) inotify_rm_watch(m->watch->frozen, m->frozen_watch);
        m->frozen_watch = -1;
        m->frozen = m->had_supervisor = false;
        m->leader_pid = 0;
}

static void drop(HostWatch *w, WatchedMachine *m) {
        for (size_t i = 0; i < w->n_machines; i++)
                if (w->machines[i] == m)
                        w->machines[i] = w->machines[--w->n_machines];
        let_go(m);
        free(m->name);
        free(m);
}

static int say_ended(WatchedMachine *m, const char *reason) {
        HostWatch *w = m->watch;
        HostEvent *e = host_event_new(EVENT_STOPPED, m->name);
        int r = e ? strv_appendf(&e->words, "reason=%s", reason) : -ENOMEM;

        drop(w, m);
        if (r >= 0)
                return host_watch_say(w, e);
        host_event_free(e);
        return r;
}

/* Neither init nor supervisor is left, and nothing more will be written. */
static int look_whether_lost(HostWatch *w, const char *name) {
        int r = host_watch_read_log(w);
        WatchedMachine *m = r < 0 ? NULL : find(w, name);

        if (!m || m->leader || m->supervisor || m->reboots || !m->had_supervisor)
                return r;
        return say_ended(m, "lost");
}

static int on_pidfd(EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        WatchedMachine *m = userdata;
        HostWatch *w = m->watch;
        EventSource **its = source == m->leader ? &m->leader : &m->supervisor;
        _cleanup_free_ char *name = strdup(m->name);
        int r;

        *its = event_source_free(*its);
        r = name ? look_whether_lost(w, name) : -ENOMEM;
        return r < 0 ? event_exit(w->loop, r) : 0;
}

/* `start`: when it began, or 0; `latest`: it has begun by then, or is another process. 0 where it is none that can be watched. */
static int watch_process(WatchedMachine *m, pid_t pid, uint64_t start, uint64_t latest, EventSource **ret) {
        _cleanup_close_ int fd = pid > 0 ? pidfd_of(pid) : -ESRCH;
        uint64_t began;
        int r;

        if (fd < 0)
                return 0;
        if (process_start_time(pid, &began) >= 0 && ((start > 0 && began != start) || began > latest))
                return 0;
        r = event_add_io(m->watch->loop, ret, fd, EPOLLIN, on_pidfd, m);
        if (r >= 0)
                event_source_set_io_fd_own(*ret, true);
        if (r >= 0)
                TAKE_FD(fd);
        return r;
}

static bool read_frozen(const char *path) {
        _cleanup_free_ char *text = NULL;

        return file_read(AT_FDCWD, path, EVENTS_MAX, &text) >= 0 && strstr(text, "frozen 1");
}

static bool frozen_path(const char *cgroup, char path[static PATH_MAX]) {
        const char *top = cgroup_mount_point();

        return top && cgroup && snprintf(path, PATH_MAX, "%s%s/cgroup.events", top, cgroup) < PATH_MAX;
}

static void watch_frozen(WatchedMachine *m, const MachineRecord *rec) {
        char path[PATH_MAX];

        if (m->frozen_watch >= 0 || !frozen_path(rec->cgroup, path))
                return;
        m->frozen_watch = inotify_add_watch(m->watch->frozen, path, IN_MODIFY);
        m->frozen = m->frozen_watch >= 0 && read_frozen(path);
}

/* What its record says by now of who it is. A record that has gone already is no matter: then the log has its end, too. */
static int take_record(WatchedMachine *m) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        char boot[33];
        int r = 0;

        if (record_load(m->name, &rec, NULL) < 0 || boot_id(boot) < 0 || strcmp(boot, rec->boot_id) != 0)
                return 0;
        m->reboots = rec->state == MACHINE_REBOOTING;
        if (!m->supervisor) {
                r = watch_process(m, rec->supervisor, 0, rec->leader > 0 ? rec->leader_start : UINT64_MAX, &m->supervisor);
                m->had_supervisor = m->had_supervisor || m->supervisor;
        }
        if (r >= 0 && m->leader_pid != rec->leader) {
                m->leader = event_source_free(m->leader);
                m->leader_pid = rec->leader;
                r = watch_process(m, rec->leader, rec->leader_start, UINT64_MAX, &m->leader);
        }
        if (rec->leader > 0)
                watch_frozen(m, rec);
        return r;
}

static void watch_records(HostWatch *w) {
        if (!w->has_records)
                w->has_records = inotify_add_watch(w->records, MACHINES, IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR) >= 0;
}

int watch_machines_hear(HostWatch *w, const HostEvent *e) {
        WatchedMachine *m;

        switch (e->kind) {
        case EVENT_STARTING: /* another supervisor, perhaps */
                if ((m = find(w, e->subject)))
                        let_go(m);
                __attribute__((fallthrough));
        case EVENT_BOOTING:
        case EVENT_READY:
        case EVENT_STOPPING:
                watch_records(w);
                m = find_or_add(w, e->subject);
                if (m)
                        m->reboots = false;
                return m ? take_record(m) : -ENOMEM;
        case EVENT_REBOOTING:
                if ((m = find(w, e->subject)))
                        m->reboots = true;
                return 0;
        case EVENT_STOPPED:
        case EVENT_FAILED:
                if ((m = find(w, e->subject)))
                        drop(w, m);
                return 0;
        default:
                return 0;
        }
}

int watch_machines_look_again(HostWatch *w) {
        int r = 0;

        for (size_t i = 0; i < w->n_machines && r >= 0;) {
                _cleanup_(record_freep) MachineRecord *rec = NULL;

                if (record_load(w->machines[i]->name, &rec, NULL) == -ESRCH)
                        r = say_ended(w->machines[i], "unknown");
                else
                        r = take_record(w->machines[i++]);
        }
        return r;
}

/* ---- records that go ---- */

static int gone(HostWatch *w, const char *name) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        WatchedMachine *m = find(w, name);

        if (!m || record_load(name, &rec, NULL) != -ESRCH)
                return 0;
        return say_ended(m, "unknown");
}

static int read_records(HostWatch *w) {
        _Alignas(struct inotify_event) char buf[4096];
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = read(w->records, buf, sizeof(buf))) > 0)
                for (char *p = buf; r >= 0 && p < buf + n;) {
                        const struct inotify_event *e = (const struct inotify_event *) p;

                        if (e->mask & IN_IGNORED)
                                w->has_records = false;
                        if (e->mask & IN_Q_OVERFLOW)
                                r = watch_machines_look_again(w);
                        else if (e->len > 0)
                                r = gone(w, e->name);
                        p += sizeof(*e) + e->len;
                }
        return r;
}

static int on_records(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        HostWatch *w = userdata;
        int r = host_watch_read_log(w);

        if (r >= 0)
                r = read_records(w);
        return r < 0 ? event_exit(w->loop, r) : 0;
}

/* ---- machines that stand still ---- */

static int look_whether_frozen(HostWatch *w, WatchedMachine *m) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        char path[PATH_MAX];
        bool now;

        if (record_load(m->name, &rec, NULL) < 0 || !frozen_path(rec->cgroup, path))
                return 0;
        now = read_frozen(path);
        if (now == m->frozen)
                return 0;
        m->frozen = now;
        return host_watch_say(w, host_event_new(now ? EVENT_FROZEN : EVENT_THAWED, m->name));
}

/* Which of them it was does not matter much: there are few. */
static int on_frozen(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        _Alignas(struct inotify_event) char buf[4096];
        HostWatch *w = userdata;
        int r = host_watch_read_log(w);
        ssize_t n;

        while (r >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
                for (char *p = buf; r >= 0 && p < buf + n;) {
                        const struct inotify_event *e = (const struct inotify_event *) p;

                        for (size_t i = 0; r >= 0 && i < w->n_machines; i++)
                                if (w->machines[i]->frozen_watch == e->wd || (e->mask & IN_Q_OVERFLOW))
                                        r = look_whether_frozen(w, w->machines[i]);
                        p += sizeof(*e) + e->len;
                }
        return r < 0 ? event_exit(w->loop, r) : 0;
}

static int watch_inotify(HostWatch *w, int *fd, EventSource **source, EventIoHandler handler) {
        *fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        return *fd < 0 ? -errno : event_add_io(w->loop, source, *fd, EPOLLIN, handler, w);
}

int watch_machines_begin(HostWatch *w, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        int r;

        r = watch_inotify(w, &w->records, &w->records_source, on_records);
        if (r >= 0)
                r = watch_inotify(w, &w->frozen, &w->frozen_source, on_frozen);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch for events");
        watch_records(w);
        r = record_list(&names, reterr);
        for (char **name = names; r >= 0 && *name; name++) {
                WatchedMachine *m = find_or_add(w, *name);

                r = m ? take_record(m) : -ENOMEM;
                if (r < 0)
                        return error_errno(reterr, r, "Cannot watch the machine '%s'", *name);
                if (!m->leader && !m->supervisor && !m->reboots) /* dead already, and swept by the next who looks */
                        drop(w, m);
        }
        return r;
}

void watch_machines_end(HostWatch *w) {
        while (w->n_machines > 0)
                drop(w, w->machines[0]);
        free(w->machines);
        event_source_free(w->records_source);
        event_source_free(w->frozen_source);
        close_fd(w->records);
        close_fd(w->frozen);
}
