/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "labels.h"

#include <string.h>
#include <sys/random.h>

#include "apparmor.h"
#include "identity.h"
#include "label.h"
#include "log.h"
#include "text.h"

#define CATEGORIES 1024 /* what policies have for MCS: c0 to c1023 */

void labels_done(PlanLabels *l) {
        free(l->process);
        free(l->mount);
        free(l->tree);
        free(l->missing);
        free(l->apparmor);
        *l = (PlanLabels){};
}

/* ---- deciding ---- */

static int set_range(char **context, const char *range, Error **reterr) {
        char *with = NULL;

        if (!*context)
                return 0;
        if (label_with_range(*context, range, &with) < 0)
                return error_oom(reterr);
        free(*context);
        *context = with;
        return 0;
}

/* What is only read may be several machines' at once, and has no categories. */
static int give_categories(PlanLabels *l, const char *categories, Error **reterr) {
        _cleanup_free_ char *range = NULL;
        const char *old = label_range(l->process);
        int r;

        if (asprintf(&range, "%.*s:%s", (int) strcspn(old, "-:"), old, categories) < 0)
                return error_oom(reterr);
        r = set_range(&l->process, range, reterr);
        if (r >= 0)
                r = set_range(&l->mount, range, reterr);
        if (r >= 0 && !l->tree_is_shared)
                r = set_range(&l->tree, range, reterr);
        if (r >= 0)
                l->wants_categories = false;
        return r;
}

static int no_selinux(const MachineConfig *c, Error **reterr) {
        const char *context = c->selinux_context ?: c->selinux_apifs_context;

        if (context)
                error_set(reterr, EOPNOTSUPP, "SELinux is not enabled on this host: nothing can get the label '%s'", context);
        else
                error_set(reterr, EOPNOTSUPP, "SELinux is not enabled on this host, and --selinux=require wants it");
        return error_hint(reterr, -EOPNOTSUPP, context ? "Leave out --selinux-context= and --selinux-apifs-context=."
                                                       : "Take --selinux=auto, or enable it.");
}

static int check_by_hand(const char *context, Error **reterr) {
        return context ? label_check(context, reterr) : 0;
}

/* The tree is left to who knows about labels better. */
static int plan_by_hand(const MachineConfig *c, const LabelTypes *types, PlanLabels *l, Error **reterr) {
        int r = check_by_hand(c->selinux_context, reterr);

        if (r >= 0)
                r = check_by_hand(c->selinux_apifs_context, reterr);
        if (r < 0)
                return r;
        if (string_set(&l->process, c->selinux_context ?: types->process) < 0 ||
            string_set(&l->mount, c->selinux_apifs_context ?: types->file) < 0)
                return error_oom(reterr);
        /* Of what the one is that was not given: as the other. */
        if (c->selinux_context && !c->selinux_apifs_context)
                return set_range(&l->mount, label_range(l->process), reterr);
        if (!c->selinux_context && *label_range(l->mount))
                return set_range(&l->process, label_range(l->mount), reterr);
        return 0;
}

static int plan_by_policy(const MachineConfig *c, const LabelTypes *types, bool read_only, PlanLabels *l, Error **reterr) {
        _cleanup_(identity_freep) Identity *identity = NULL;
        int r;

        l->tree_is_shared = read_only && types->read_only;
        if (string_set(&l->process, types->process) < 0 || string_set(&l->mount, types->file) < 0 ||
            string_set(&l->tree, l->tree_is_shared ? types->read_only : types->file) < 0)
                return error_oom(reterr);
        l->wants_categories = *label_range(l->process);
        if (!l->wants_categories)
                return 0;
        r = identity_load(c->machine, &identity, reterr);
        return r < 0 || !identity->categories ? r : give_categories(l, identity->categories, reterr);
}

static int plan_selinux(const MachineConfig *c, bool read_only, PlanLabels *l, Error **reterr) {
        bool by_hand = c->selinux_context || c->selinux_apifs_context;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(label_types_done) LabelTypes types = {};
        int r;

        if (c->selinux == SELINUX_NO)
                return 0;
        if (!label_is_enabled())
                return by_hand || c->selinux == SELINUX_REQUIRE ? no_selinux(c, reterr) : 0;
        if (c->selinux_context && c->selinux_apifs_context)
                return plan_by_hand(c, &types, l, reterr);
        r = label_types_read(&types, &error);
        if (r < 0 && (by_hand || c->selinux == SELINUX_REQUIRE))
                return error_pass(reterr, r, &error);
        if (r < 0)
                return string_set(&l->missing, error->message) < 0 ? error_oom(reterr) : 0;
        return by_hand ? plan_by_hand(c, &types, l, reterr) : plan_by_policy(c, &types, read_only, l, reterr);
}

int labels_plan(const MachineConfig *c, bool read_only, PlanLabels *ret, Error **reterr) {
        int r = plan_selinux(c, read_only, ret, reterr);

        if (r < 0 || !c->apparmor_profile)
                return r;
        r = apparmor_check(c->apparmor_profile, reterr);
        return r < 0 ? r : string_set(&ret->apparmor, c->apparmor_profile) < 0 ? error_oom(reterr) : 0;
}

/* ---- carrying out ---- */

/* Another machine has that pair. */
static int is_taken(char *const *machines, const char *categories, bool *ret, Error **reterr) {
        *ret = false;
        for (char *const *name = machines; name && *name && !*ret; name++) {
                _cleanup_(identity_freep) Identity *other = NULL;
                int r = identity_load(*name, &other, reterr);

                if (r < 0)
                        return r;
                *ret = other->categories && strcmp(other->categories, categories) == 0;
        }
        return 0;
}

/* Two different ones, the lower first, as the kernel writes them; any of 523,776 pairs. */
static int draw(char **ret, Error **reterr) {
        uint16_t c[2];

        do {
                if (getrandom(c, sizeof(c), 0) != (ssize_t) sizeof(c))
                        return error_errno(reterr, errno, "Cannot choose SELinux categories");
                c[0] %= CATEGORIES;
                c[1] %= CATEGORIES;
        } while (c[0] >= c[1]);
        return asprintf(ret, "c%u,c%u", c[0], c[1]) < 0 ? error_oom(reterr) : 0;
}

static int choose(Identity *identity, Error **reterr) {
        _cleanup_strv_ char **machines = NULL;
        bool taken = true;
        int r;

        r = identity_list(&machines, reterr);
        while (r >= 0 && taken) {
                free(identity->categories);
                identity->categories = NULL;
                r = draw(&identity->categories, reterr);
                if (r >= 0)
                        r = is_taken(machines, identity->categories, &taken, reterr);
        }
        return r < 0 ? r : identity_save(identity, reterr);
}

int labels_claim(const char *machine, PlanLabels *l, Error **reterr) {
        _cleanup_(identity_freep) Identity *identity = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        if (!l->wants_categories)
                return 0;
        lock = identity_lock(reterr);
        r = lock < 0 ? lock : identity_load(machine, &identity, reterr);
        if (r >= 0 && !identity->categories)
                r = choose(identity, reterr);
        return r < 0 ? r : give_categories(l, identity->categories, reterr);
}

int labels_give_tree(const MachinePlan *p, int root, const RelabelWatch *watch, Error **reterr) {
        const char *context = p->labels.tree;
        uint64_t changed;
        int r;

        if (!context || relabel_is_done(root, context))
                return 0;
        if (!p->quiet)
                log_info("Labelling the files of %s for SELinux, once", p->root);
        r = relabel_tree(root, context, watch, &changed, reterr);
        if (r == -EOPNOTSUPP || r == -EROFS)
                return error_hint(reterr, r, "Keep the tree on a file system with labels that can be written to, as ext4, xfs, btrfs; or "
                                  "mount it with -o context=, and give both labels by hand (SELINUX in nbox(1)); or take --selinux=no.");
        return r;
}
