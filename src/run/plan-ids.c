/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-ids.h"

#include <sys/stat.h>

#include "chown.h"
#include "idrange.h"

/* Owner of the top directory of a tree whose files are just being chowned: systemd-nspawn's sign, and ours, for one that was
 * not finished. */
#define IS_BUSY(uid) (((uid) & 0xFFFF0000U) == CHOWN_BUSY)

/* What is not mapped may still have to be changed, and must be changeable then. */
static int check_chown(const MachinePlan *p, Error **reterr) {
        if (!p->rechown || (p->is_plain && !p->read_only))
                return 0;
        if (!p->is_plain) {
                error_set(reterr, EOPNOTSUPP, "--private-users-ownership=chown changes the files of a directory, and %s %s", p->root,
                          p->shares_tree ? "is only read" : "is none");
                return error_hint(reterr, -EOPNOTSUPP, "Leave it out: the files are mapped then.");
        }
        error_set(reterr, EROFS, "--private-users-ownership=chown changes the files of %s, and --read-only does not allow it", p->root);
        return error_hint(reterr, -EROFS, "Start it once without --read-only.");
}

static void use(MachinePlan *p, uid_t base) {
        p->uid_base = base;
        p->idmapped = p->ownership == OWNERSHIP_MAP && p->disk_base != base;
        p->rechown = p->ownership == OWNERSHIP_CHOWN && (p->half_chowned || p->disk_base != base);
}

static int not_a_root(const MachinePlan *p, uid_t owner, Error **reterr) {
        error_set(reterr, EINVAL, "%s belongs to user %u, not to root: it is not the root of a system's tree", p->root, owner);
        return error_hint(reterr, -EINVAL,
                          "Give it the owners that it had (chown root:root %s), or start it with --private-users-ownership=off, which "
                          "leaves all as it is.", p->root);
}

/* Who cannot be told from where it was, and whether it went there. */
static int is_half_done(const MachinePlan *p, Error **reterr) {
        error_set(reterr, EBUSY, "The files of %s were being given to other users (chown), and that was not finished", p->root);
        return error_hint(reterr, -EBUSY,
                          "Finish it with --private-users-ownership=chown; with --private-users=no as well, they are root's again.");
}

static int look_at_owner(MachinePlan *p, int root, Error **reterr) {
        struct stat st;

        if (fstat(root, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", p->root);
        p->half_chowned = IS_BUSY(st.st_uid);
        if (p->ownership == OWNERSHIP_OFF)
                return 0;
        if (p->half_chowned)
                return p->ownership == OWNERSHIP_CHOWN ? 0 : is_half_done(p, reterr);
        if (st.st_uid % IDRANGE_SIZE != 0)
                return p->userns ? not_a_root(p, st.st_uid, reterr) : 0;
        p->disk_base = st.st_uid;
        return 0;
}

int plan_ids(MachinePlan *p, const MachineConfig *c, int look, int tree, Error **reterr) {
        int r;

        p->userns = c->userns != USERNS_NO;
        p->ownership = c->ownership == OWNERSHIP_UNSET || c->ownership == OWNERSHIP_AUTO ? OWNERSHIP_MAP : c->ownership;
        p->pick_ids = c->userns == USERNS_UNSET || c->userns == USERNS_PICK;
        /* The wider range only where it is chosen to meet nobody else's. */
        p->uid_range = c->uid_range ?: c->nesting > 0 && p->pick_ids ? IDRANGE_NESTING : IDRANGE_SIZE;
        p->keep_ids = ((c->mode == START_BOOT || c->as_service || c->detach > 0) && !p->name_is_made_up) || p->ownership == OWNERSHIP_CHOWN; /* what is on disk lasts */
        r = look_at_owner(p, look, reterr);
        if (r < 0)
                return r;
        use(p, c->userns == USERNS_FIXED ? c->uid_base : 0);
        if (p->pick_ids && c->dry_run > 0)
                return plan_choose_ids(p, tree, NULL, 0, reterr);
        return p->pick_ids ? 0 : check_chown(p, reterr);
}

typedef struct Choice {
        UidRange kept;
        UidRanges ours, taken;
} Choice;

static void choice_done(Choice *c) {
        idranges_done(&c->ours);
        idranges_done(&c->taken);
}

static bool is_free(const Choice *c, uid_t base, uint32_t count) {
        return idrange_is_free((UidRange){ base, count }, &c->ours, &c->taken) && !idrange_is_locked((UidRange){ base, count });
}

/* Those that need no search. What is kept may be wider than what is wanted this time. */
static bool choose_known(MachinePlan *p, const Choice *c) {
        if (p->disk_base >= IDRANGE_SIZE && is_free(c, p->disk_base, p->uid_range))
                use(p, p->disk_base);
        else if (c->kept.count >= p->uid_range && is_free(c, c->kept.base, p->uid_range))
                use(p, c->kept.base);
        else
                return false;
        return true;
}

static int choose_new(MachinePlan *p, Choice *c, Error **reterr) {
        UidRange r = {};

        for (;;) {
                int k = idrange_pick(p->name, p->uid_range, p->keep_ids, &c->ours, &c->taken, &r, reterr);

                if (k < 0)
                        return k;
                if (!idrange_is_locked(r) && (!p->keep_ids || !idrange_has_names(r)))
                        break;
                if (idranges_add(&c->taken, r) < 0)
                        return error_oom(reterr);
        }
        use(p, r.base);
        return 0;
}

/* In a machine there are fewer ids: half as many do for --nesting, and half of that, down to what one user's subordinate ids need. */
static int choose_fitting(MachinePlan *p, Choice *c, Error **reterr) {
        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = choose_new(p, c, &error);

                if (r != -EBUSY || !p->nesting || p->uid_range / 2 < IDRANGE_NESTING_LEAST)
                        return r < 0 ? error_pass(reterr, r, &error) : 0;
                p->uid_range /= 2;
        }
}

int plan_choose_ids(MachinePlan *p, int tree, const UidRange *not_these, size_t n, Error **reterr) {
        _cleanup_(identity_freep) Identity *kept = NULL;
        _cleanup_(choice_done) Choice c = {};
        int r;

        r = identity_load(p->name, &kept, reterr);
        if (r < 0)
                return r;
        c.kept = kept->uids;
        r = idranges_of_ours(&c.ours);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = idranges_add(&c.taken, not_these[i]);
        /* What is kept was looked at when it was chosen. A tree has as good a right to the range that it is in as its copies. */
        if (r >= 0)
                r = idranges_of_others(p->name, tree, OTHERS_LIVING | (p->disk_base > 0 ? OTHERS_KEPT : 0), &c.taken);
        if (r < 0)
                return error_oom(reterr);
        if (!choose_known(p, &c)) {
                r = p->keep_ids ? idranges_of_others(p->name, tree, OTHERS_KEPT | OTHERS_TREES_LATELY, &c.taken) : 0;
                if (r < 0)
                        return error_oom(reterr);
                r = choose_fitting(p, &c, reterr);
                if (r < 0)
                        return r;
        }
        return check_chown(p, reterr);
}
