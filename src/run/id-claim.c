/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "id-claim.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "idrange.h"
#include "lock-file.h"
#include "log.h"
#include "plan-ids.h"
#include "supervisor.h"

#define SLOTS_MAX (IDRANGE_NESTING / IDRANGE_SIZE)
#define TRIES 64 /* ranges that others lock without anything else that tells of them */

struct IdClaim {
        uid_t base;
        size_t n;
        int fds[SLOTS_MAX];
        char *odd; /* path of the other kind of lock, or NULL */
        int odd_fd;
};

static size_t slots(const MachinePlan *p) {
        size_t n = ((size_t) p->uid_range + IDRANGE_SIZE - 1) / IDRANGE_SIZE;

        return p->uid_base < IDRANGE_SIZE || p->uid_base % IDRANGE_SIZE != 0 ? 0 : n < SLOTS_MAX ? n : SLOTS_MAX;
}

static uid_t slot(uid_t base, size_t i) {
        return base + (uid_t) i * IDRANGE_SIZE;
}

/* A range that was given may be no slot, or more than we lock, or shared: who chooses one finds it by a lock of another kind. */
static bool is_odd(const MachinePlan *p) {
        return p->userns && p->uid_base > 0 && !p->pick_ids;
}

static char *odd_path(const MachinePlan *p) {
        char *path = NULL;

        return asprintf(&path, LOCK_OF_ODD_IDS_DIRECTORY "/%s:%u:%u", p->name, p->uid_base, p->uid_range) < 0 ? NULL : path;
}

int ids_claim_files(const MachinePlan *p, char ***files) {
        int r = is_odd(p) ? strv_consume(files, odd_path(p)) : 0;

        for (size_t i = 0; r >= 0 && i < slots(p); i++)
                r = strv_appendf(files, LOCK_OF_IDS_DIRECTORY "/%u", slot(p->uid_base, i));
        return r;
}

static int open_lock_directory(const char *path) {
        int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

        if (fd >= 0 || errno != ENOENT)
                return fd < 0 ? -errno : fd;
        r = mkdir_parents(path, 0755);
        if (r < 0)
                return r;
        fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static void release_slots(IdClaim *claim) {
        _cleanup_close_ int dir = open_lock_directory(LOCK_OF_IDS_DIRECTORY);

        for (size_t i = 0; i < claim->n; i++) {
                char name[16];

                snprintf(name, sizeof(name), "%u", slot(claim->base, i));
                if (dir >= 0)
                        (void) unlinkat(dir, name, 0); /* before the lock goes */
                close_fd(claim->fds[i]);
        }
        claim->n = 0;
}

IdClaim *ids_release(IdClaim *claim) {
        if (!claim)
                return NULL;
        if (claim->n > 0)
                release_slots(claim);
        if (claim->odd_fd >= 0) {
                (void) unlink(claim->odd);
                close_fd(claim->odd_fd);
        }
        free(claim->odd);
        free(claim);
        return NULL;
}

static inline void ids_releasep(IdClaim **claim) {
        ids_release(*claim);
}

static int take_slots(const MachinePlan *p, IdClaim *claim) {
        _cleanup_close_ int dir = open_lock_directory(LOCK_OF_IDS_DIRECTORY);

        if (dir < 0)
                return dir;
        claim->base = p->uid_base;
        for (size_t i = 0; i < slots(p); i++) {
                char name[16];
                int fd;

                snprintf(name, sizeof(name), "%u", slot(p->uid_base, i));
                fd = lock_file_take(dir, name, false);
                if (fd < 0) {
                        release_slots(claim);
                        return fd;
                }
                claim->fds[claim->n++] = fd;
        }
        return 0;
}

static int take_odd_lock(const MachinePlan *p, IdClaim *claim) {
        _cleanup_close_ int dir = open_lock_directory(LOCK_OF_ODD_IDS_DIRECTORY);

        claim->odd = odd_path(p);
        if (!claim->odd || dir < 0)
                return claim->odd ? dir : -ENOMEM;
        claim->odd_fd = lock_file_take(dir, strrchr(claim->odd, '/') + 1, false);
        return claim->odd_fd < 0 ? claim->odd_fd : 0;
}

/* All of them that the plan is to have; -EBUSY: the slots are somebody else's, and the rest is taken. */
static int take_locks(const MachinePlan *p, IdClaim **ret) {
        _cleanup_(ids_releasep) IdClaim *claim = calloc(1, sizeof(*claim));
        int r = 0;

        if (!claim)
                return -ENOMEM;
        claim->odd_fd = -1;
        if (is_odd(p))
                r = take_odd_lock(p, claim);
        if (r >= 0)
                r = take_slots(p, claim);
        if (r >= 0 || r == -EBUSY)
                *ret = TAKE_PTR(claim);
        return r;
}

static int locking_failed(int r, Error **reterr) {
        return error_errno(reterr, r, "Cannot lock the machine's user ids in %s", LOCK_OF_IDS_DIRECTORY);
}

/* A range that the user has named is given as it is: he may want two machines to share one. */
static int claim_given(Supervisor *s, Error **reterr) {
        int r = supervisor_write_first_record(s, reterr);

        if (r < 0 || (slots(s->plan) == 0 && !is_odd(s->plan)))
                return r;
        r = take_locks(s->plan, &s->ids);
        if (r == -EBUSY)
                log_warning("The user ids %u to %u of --private-users= are in use by another machine: each can do to the other's processes "
                            "and files what it can do to its own, ignoring", s->plan->uid_base, s->plan->uid_base + s->plan->uid_range - 1);
        return r < 0 && r != -EBUSY ? locking_failed(r, reterr) : 0;
}

static int claim_picked(Supervisor *s, Error **reterr) {
        UidRange busy[TRIES];

        for (size_t n = 0; n < TRIES; n++) {
                int r = plan_choose_ids(s->plan, s->image->fd, busy, n, reterr);

                if (r >= 0)
                        r = supervisor_write_first_record(s, reterr);
                if (r < 0)
                        return r;
                r = take_locks(s->plan, &s->ids);
                if (r == -EBUSY)
                        s->ids = ids_release(s->ids);
                else
                        return r < 0 ? locking_failed(r, reterr) : 0;
                busy[n] = (UidRange){ s->plan->uid_base, s->plan->uid_range };
        }
        return error_set(reterr, EBUSY, "%d ranges of user ids in a row are in use by other machines", TRIES);
}

/* Whether a range that was given can be kept, too: what two machines share belongs to neither. */
static int is_nobody_elses(const Supervisor *s, Error **reterr) {
        _cleanup_(idranges_done) UidRanges ours = {}, taken = {};
        const MachinePlan *p = s->plan;

        if (!s->ids || s->ids->n < slots(p))
                return 0;
        if (idranges_of_ours(&ours) < 0 ||
            idranges_of_others(p->name, s->image->fd, OTHERS_LIVING | OTHERS_KEPT | OTHERS_TREES, &taken) < 0)
                return error_oom(reterr);
        return idrange_is_free((UidRange){ p->uid_base, p->uid_range }, &ours, &taken);
}

/* With the lock on what all machines keep. */
static int keep(Supervisor *s, Error **reterr) {
        _cleanup_(identity_freep) Identity *i = NULL;
        const MachinePlan *p = s->plan;
        int r = identity_load(p->name, &i, reterr);

        if (r < 0 || (i->uids.base == p->uid_base && i->uids.count >= p->uid_range))
                return r < 0 ? r : 0;
        r = p->pick_ids ? 1 : is_nobody_elses(s, reterr);
        if (r <= 0)
                return r;
        i->uids = (UidRange){ p->uid_base, p->uid_range };
        return identity_save(i, reterr);
}

/* A host whose /var cannot be written to gives a machine other ids at each start. */
static int lock_what_is_kept(Supervisor *s, int *ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int fd = identity_lock(&error);

        if (fd == -EROFS) {
                log_warning("%s, so the machine's user ids are not kept over its boots, ignoring", error->message);
                s->plan->keep_ids = false;
                return 0;
        }
        *ret = fd;
        return fd < 0 ? error_pass(reterr, fd, &error) : 0;
}

int ids_claim(Supervisor *s, Error **reterr) {
        _cleanup_close_ int lock = -1;
        int r = 0;

        s->plan->keep_ids = s->plan->keep_ids && (s->plan->pick_ids || slots(s->plan) > 0);
        if (s->plan->keep_ids)
                r = lock_what_is_kept(s, &lock, reterr);
        if (r >= 0)
                r = s->plan->pick_ids ? claim_picked(s, reterr) : claim_given(s, reterr);
        return r >= 0 && s->plan->keep_ids ? keep(s, reterr) : r;
}
