/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "id-chown.h"

#include <inttypes.h>

#include "chown.h"
#include "identity.h"
#include "idrange.h"
#include "log.h"

static bool is_cancelled(void *userdata) {
        supervisor_hear(userdata);
        return supervisor_is_cancelled(userdata);
}

/* From where one that was interrupted goes on: to where it was going, or back to where it came from. Only these two are known of a file. */
static int resume(const MachinePlan *p, const Identity *i, UidRange *from, Error **reterr) {
        *from = i->chown_from;
        if (i->chown_from.count == 0 || i->chown_to == p->uid_base)
                return 0;
        from->base = i->chown_to;
        if (i->chown_from.base == p->uid_base)
                return 0;
        error_set(reterr, EBUSY, "The files of %s were being given to users %u to %u, and that was not finished", p->root, i->chown_to,
                  i->chown_to + i->chown_from.count - 1);
        return error_hint(reterr, -EBUSY, "Finish it first: --private-users=%u:%u --private-users-ownership=chown", i->chown_to,
                          i->chown_from.count);
}

/* What the files are changed from, as it stands after this: a new chown is noted, one that was begun goes on as it was noted, and what is
 * done is noted no more (count 0). */
static int note(const Supervisor *s, bool begin, UidRange *from, Error **reterr) {
        _cleanup_(identity_freep) Identity *i = NULL;
        _cleanup_close_ int lock = identity_lock(reterr);
        int r;

        if (lock < 0)
                return lock;
        r = identity_load(s->plan->name, &i, reterr);
        if (r < 0)
                return r;
        if (begin && s->plan->half_chowned) {
                r = resume(s->plan, i, from, reterr);
                if (r < 0)
                        return r;
        } else if (begin && i->uids.base == from->base && i->uids.count > from->count)
                from->count = i->uids.count; /* a tree that goes back to root may have more ids than root has been given here */
        i->chown_from = begin ? *from : (UidRange){};
        i->chown_to = s->plan->uid_base;
        return identity_save(i, reterr);
}

static void tell(const MachinePlan *p, const ChownResult *done) {
        if (done->strange > 0)
                log_warning("%" PRIu64 " files in %s belong to users or groups that the machine has not, and are left as they are, "
                            "ignoring", done->strange, p->root);
        if (done->mounts > 0)
                log_warning("What is mounted at %" PRIu64 " places in %s is left as it is, ignoring", done->mounts, p->root);
        if (!p->quiet)
                log_info("The files of %s belong to users %u to %u of the host now (%" PRIu64 " changed)", p->root, p->uid_base,
                         p->uid_base + p->uid_range - 1, done->changed);
}

int ids_chown(Supervisor *s, Error **reterr) {
        MachinePlan *p = s->plan;
        UidRange from = { p->disk_base, p->uid_range };
        ChownRequest q = { .path = p->root, .to = p->uid_base, .is_cancelled = is_cancelled, .userdata = s };
        ChownResult done = {};
        int r;

        r = note(s, true, &from, reterr);
        if (r < 0)
                return r;
        q.from = from.base;
        q.from_unknown = from.count == 0;
        q.count = from.count > p->uid_range ? from.count : p->uid_range;
        r = tree_chown(s->image->fd, &q, &done, reterr);
        if (r == -ECANCELED && supervisor_is_cancelled(s))
                return 0;
        if (r >= 0)
                r = note(s, false, NULL, reterr);
        if (r < 0)
                return r;
        tell(p, &done);
        p->disk_base = p->uid_base;
        p->half_chowned = p->rechown = false;
        return 0;
}
