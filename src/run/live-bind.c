/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-bind.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bind-changes.h"
#include "bind-look.h"
#include "event-log.h"
#include "fd.h"
#include "bind-inside.h"
#include "log.h"
#include "machine-plan.h"
#include "mount.h"
#include "mount-table.h"
#include "namespace.h"
#include "process.h"
#include "text.h"

/* What a change works on. */
typedef struct Change {
        const MachineRecord *record;
        BindInside inside;
        BindList list;    /* those of the file (bind-changes.h) */
        int dir, lock;
} Change;

static void change_done(Change *c) {
        bind_inside_done(&c->inside);
        bind_list_done(&c->list);
        close_fd(c->dir);
        close_fd(c->lock);
}

static int begin(const Machine *m, bool wait, Change *c, Error **reterr) {
        int r;

        *c = (Change){ .record = m->record, .inside = BIND_INSIDE_NONE, .dir = -1, .lock = -1 };
        if (m->state == MACHINE_STARTING) /* its root may be ours still */
                return error_set(reterr, EAGAIN, "The machine '%s' is still starting", m->record->name);
        r = bind_inside_open(&c->inside, m->record->name, m->record->leader, m->leader_fd, reterr);
        if (r < 0)
                return r;
        c->dir = bind_changes_open(m->record->name, wait, &c->lock, reterr);
        if (c->dir < 0)
                return c->dir;
        return bind_changes_load(c->dir, &c->list, reterr);
}

/* What a killed one left undecided. */
static int settle(Change *c, Error **reterr) {
        size_t before = c->list.n;
        MountTable table;
        int r = mount_table_read(c->inside.proc, &table);

        if (r < 0)
                return error_errno(reterr, r, "Cannot read the mounts of machine '%s'", c->record->name);
        bind_list_settle(&c->list, &table);
        mount_table_done(&table);
        return c->list.n == before ? 0 : bind_changes_save(c->dir, &c->list, reterr);
}

/* ---- adding ---- */

typedef struct Adding {
        Change *change;
        MachineBind *bind; /* the last of the list, once it is there */
} Adding;

static int open_source(const char *path, struct stat *st, Error **reterr) {
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);

        if (fd < 0 || fstat(fd, st) < 0)
                return error_errno(reterr, errno, "Cannot bind %s", path);
        if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
                error_set(reterr, EOPNOTSUPP, "%s is a device, which is not bound into a machine that runs", path);
                return error_hint(reterr, -EOPNOTSUPP, "`nbox device add MACHINE %s` gives it the device.", path);
        }
        return TAKE_FD(fd);
}

/* Which ids the mount is mapped by: an fd of a user namespace, or -1 with 0 where it is not to be mapped. */
static int open_idmap(const Change *c, int idmap, const struct stat *source, int place, int *ret, Error **reterr) {
        const MachineRecord *rec = c->record;
        uid_t uid = rec->uid_base, gid = rec->uid_base;
        struct statx owner;

        *ret = -1;
        if (c->inside.users < 0 || idmap == MOUNT_IDMAP_NO || (idmap == MOUNT_IDMAP_ALL && rec->uid_base == 0))
                return 0;
        if (idmap == MOUNT_IDMAP_OWNER) {
                if (statx(place, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_UID | STATX_GID, &owner) < 0)
                        return error_errno(reterr, errno, "Cannot tell whose the place in the machine is");
                uid = owner.stx_uid;
                gid = owner.stx_gid;
        }
        *ret = idmap == MOUNT_IDMAP_ALL ? userns_of_range(0, rec->uid_base, rec->uid_range)
                                        : userns_of_pair((IdPair){ source->st_uid, uid }, (IdPair){ source->st_gid, gid });
        return *ret < 0 ? error_errno(reterr, *ret, "Cannot make a user namespace to map ids by") : 0;
}

/* EINVAL: its file system cannot. EPERM: we are in a machine ourselves, and it is not of that. */
static bool is_unable(int r) {
        return r == -EINVAL || r == -EPERM;
}

static int map_ids(const Change *c, const LiveBind *bind, const struct stat *source, int mount, int place, MachineBind *b, Error **reterr) {
        int wish = bind->idmap < 0 ? MOUNT_IDMAP_ALL : bind->idmap, r;
        _cleanup_close_ int userns = -1;

        r = open_idmap(c, wish, source, place, &userns, reterr);
        if (r < 0)
                return r;
        b->idmap = userns < 0 ? MOUNT_IDMAP_NO : wish;
        r = userns < 0 ? 0 : mount_idmap(mount, userns, bind->recursive);
        if (is_unable(r) && bind->idmap < 0) {
                b->idmap = MOUNT_IDMAP_NO;
                return 1;
        }
        if (is_unable(r)) {
                error_set(reterr, -r, "The file system of %s, or of a mount in it, cannot map user ids", bind->source);
                return error_hint(reterr, r, "--noidmap binds it with its files nobody's inside; ext4, xfs, btrfs and tmpfs can map.");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot map the ids of %s", bind->source) : 0;
}

/* Detached, and no longer told of what is mounted on its ground inside: it hears of the host's mounts, the host not of its. */
static int clone_source(const LiveBind *bind, int source, Error **reterr) {
        _cleanup_close_ int mount = mount_clone(source, "", bind->recursive);
        int r = mount < 0 ? mount : mount_propagation(mount, "", MS_SLAVE);

        if (r >= 0 && bind->read_only)
                r = mount_set_attr(mount, MOUNT_ATTR_RDONLY, 0, bind->recursive);
        return r < 0 ? error_errno(reterr, r, "Cannot bind %s", bind->source) : TAKE_FD(mount);
}

/* As mountinfo has it: st_dev is another one for the files of btrfs and of overlays. */
static int tell_device(int source, MachineBind *b, Error **reterr) {
        _cleanup_close_ int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        MountTable table = {};
        const MountEntry *m;
        uint64_t id;
        int r = proc < 0 ? -errno : mount_id_of(source, &id);

        if (r >= 0)
                r = mount_table_read(proc, &table);
        m = r < 0 ? NULL : mount_table_find(&table, id);
        if (m) {
                b->major = m->major;
                b->minor = m->minor;
        }
        mount_table_done(&table);
        return m ? 0 : error_errno(reterr, r < 0 ? r : ENOENT, "Cannot tell which mount %s is in", b->source);
}

static int describe(const LiveBind *bind, int source, MachineBind *b, Error **reterr) {
        b->stage = BIND_ADDING;
        b->read_only = bind->read_only;
        b->recursive = bind->recursive;
        if (string_set(&b->source, bind->source) < 0 || string_set(&b->destination, bind->destination) < 0)
                return error_oom(reterr);
        return tell_device(source, b, reterr);
}

/* Written down before it is there. */
static int on_about(uint64_t id, pid_t helper, void *userdata, Error **reterr) {
        Adding *a = userdata;

        a->bind->mount_id = id;
        a->bind->helper = helper;
        (void) process_start_time(helper, &a->bind->helper_start);
        if (bind_list_take(&a->change->list, a->bind) < 0)
                return error_oom(reterr);
        return bind_changes_save(a->change->dir, &a->change->list, reterr);
}

/* After a failure the kernel says what came of it: the helper may have been killed behind the mount. One that hangs in the machine's file system
 * stays on the list, for its mount may yet come about. */
static int end_adding(Change *c, size_t before, int r, Error **reterr) {
        if (c->list.n == before)
                return r;
        if (r >= 0) {
                c->list.items[before].stage = BIND_ADDED;
                return bind_changes_save(c->dir, &c->list, reterr);
        }
        if (settle(c, NULL) >= 0)
                (void) bind_changes_save(c->dir, &c->list, NULL);
        return r;
}

static int find_place(const Change *c, const LiveBind *bind, bool directory, Error **reterr) {
        _cleanup_close_ int place = bind_inside_find(&c->inside, &(BindPlace){ bind->destination, directory, bind->make }, reterr);
        struct statx x;

        if (place < 0)
                return place;
        if (!directory && statx(place, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &x) >= 0 && S_ISDIR(x.stx_mode))
                return error_set(reterr, EISDIR, "%s is a directory in the machine, and %s is none", bind->destination, bind->source);
        return TAKE_FD(place);
}

/* Returns 1 where it is not mapped and should have been. */
static int add(Change *c, const LiveBind *bind, Error **reterr) {
        _cleanup_close_ int source = -1, place = -1, mount = -1;
        _cleanup_(bind_done) MachineBind b = {};
        Adding adding = { c, &b };
        size_t before = c->list.n;
        int unmapped, r;
        struct stat st;

        if (before >= BINDS_MAX)
                return error_set(reterr, E2BIG, "The machine '%s' has %d binds already", c->record->name, BINDS_MAX);
        source = open_source(bind->source, &st, reterr);
        if (source < 0)
                return source;
        mount = clone_source(bind, source, reterr);
        if (mount < 0)
                return mount;
        place = find_place(c, bind, S_ISDIR(st.st_mode), reterr);
        if (place < 0)
                return place;
        unmapped = map_ids(c, bind, &st, mount, place, &b, reterr);
        if (unmapped < 0)
                return unmapped;
        r = describe(bind, source, &b, reterr);
        if (r < 0)
                return r;
        r = bind_inside_mount(&c->inside, &(BindMounting){ mount, place, on_about, &adding }, reterr);
        r = end_adding(c, before, r, reterr);
        return r < 0 ? r : unmapped;
}

int live_bind_add(const Machine *m, const LiveBind *bind, bool *ret_unmapped, Error **reterr) {
        Change c;
        int r = begin(m, true, &c, reterr);

        if (r >= 0)
                r = settle(&c, reterr);
        if (r >= 0)
                r = add(&c, bind, reterr);
        if (r >= 0)
                event_log(EVENT_BIND_ADDED, m->record->name, "bind", bind->destination, "source", bind->source, NULL);
        change_done(&c);
        *ret_unmapped = r > 0;
        return r < 0 ? r : 0;
}

/* ---- removing ---- */

static size_t find(const Change *c, const char *destination) {
        for (size_t i = c->list.n; i > 0; i--)
                if (strcmp(c->list.items[i - 1].destination, destination) == 0)
                        return i - 1;
        return SIZE_MAX;
}

static int not_found(const Change *c, const char *destination, Error **reterr) {
        BindList start = {};
        int r = binds_from_text(c->record->binds, &start) < 0 ? -ENOMEM : -ENOENT;

        for (size_t i = 0; i < start.n; i++)
                if (strcmp(start.items[i].destination, destination) == 0)
                        r = -EOPNOTSUPP;
        bind_list_done(&start);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r == -EOPNOTSUPP) {
                error_set(reterr, -r, "%s is in the machine by --bind=, which lasts until it ends", destination);
                return error_hint(reterr, r, "Change its settings and reboot it.");
        }
        error_set(reterr, ENOENT, "Nothing was bound to %s of machine '%s'", destination, c->record->name);
        return error_hint(reterr, -ENOENT, "`nbox bind list %s` shows what was. What the machine mounted itself, it unmounts itself.",
                          c->record->name);
}

static int forget(Change *c, size_t i, Error **reterr) {
        bind_list_remove(&c->list, i);
        return bind_changes_save(c->dir, &c->list, reterr);
}

/* By the place where it is now, and only if it is the one that stands uppermost there. */
static int unmount(Change *c, const MachineBind *b, const char *point, Error **reterr) {
        _cleanup_close_ int fd = bind_inside_find(&c->inside, &(BindPlace){ .path = point }, reterr);
        uint64_t id;
        int r = fd < 0 ? fd : 0;

        if (r < 0)
                return r;
        r = mount_id_of(fd, &id);
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell what is mounted on %s", point);
        if (id != b->mount_id) {
                error_set(reterr, EBUSY, "Something else stands over %s in machine '%s'", b->destination, c->record->name);
                return error_hint(reterr, -EBUSY, "Unmount that first, inside: nbox exec %s umount %s", c->record->name, b->destination);
        }
        return bind_inside_unmount(&c->inside, fd, reterr);
}

static int take(Change *c, size_t i, const MountTable *table, Error **reterr) {
        MachineBind *b = c->list.items + i;
        const MountEntry *there = bind_look(b, table);
        int r;

        if (b->stage == BIND_ADDING && !there)
                return error_set(reterr, EBUSY, "%s of machine '%s' is still being bound", b->destination, c->record->name);
        if (!there) {
                r = forget(c, i, reterr);
                return r < 0 ? r : 1;
        }
        b->stage = BIND_REMOVING;
        r = bind_changes_save(c->dir, &c->list, reterr);
        if (r < 0)
                return r;
        r = unmount(c, b, there->point, reterr);
        if (r >= 0)
                return forget(c, i, reterr);
        b->stage = BIND_ADDED;
        (void) bind_changes_save(c->dir, &c->list, NULL);
        return r;
}

int live_bind_remove(const Machine *m, const char *destination, Error **reterr) {
        MountTable table = {};
        size_t i = SIZE_MAX;
        Change c;
        int r = begin(m, true, &c, reterr);

        if (r >= 0)
                r = settle(&c, reterr);
        if (r >= 0 && (i = find(&c, destination)) == SIZE_MAX)
                r = not_found(&c, destination, reterr);
        if (r >= 0 && (r = mount_table_read(c.inside.proc, &table)) < 0)
                error_errno(reterr, r, "Cannot read the mounts of machine '%s'", m->record->name);
        if (r >= 0)
                r = take(&c, i, &table, reterr);
        if (r >= 0)
                event_log(EVENT_BIND_REMOVED, m->record->name, "bind", destination, NULL);
        mount_table_done(&table);
        change_done(&c);
        return r;
}

/* ---- another life ---- */

static int add_again(Change *c, const MachineBind *b, Error **reterr) {
        LiveBind bind = { .source = b->source, .destination = b->destination, .read_only = b->read_only, .recursive = b->recursive,
                          .make = true, .idmap = b->idmap };
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (b->stage != BIND_ADDED) /* nobody was told that it is there, or still there */
                return 0;
        r = add(c, &bind, &error);
        if (r == -ENOMEM)
                return error_pass(reterr, r, &error);
        if (r < 0)
                log_warning("Machine '%s' loses what was bound to %s: %s, ignoring", c->record->name, b->destination,
                            error ? error->message : strerror(-r));
        return 0;
}

int live_binds_again(Supervisor *s, Error **reterr) {
        Machine m = { .record = s->record, .leader_fd = s->leader_fd, .state = MACHINE_BOOTING }; /* it is in its tree */
        BindList before = {};
        Change c;
        int r = bind_changes_of(s->plan->name, &before, reterr);

        if (r < 0 || before.n == 0)
                return r;
        r = begin(&m, false, &c, reterr);
        if (r >= 0) {
                bind_list_done(&c.list); /* their mounts went with that life */
                r = bind_changes_save(c.dir, &c.list, reterr);
        }
        for (size_t i = 0; r >= 0 && i < before.n; i++)
                r = add_again(&c, before.items + i, reterr);
        change_done(&c);
        bind_list_done(&before);
        return r;
}
