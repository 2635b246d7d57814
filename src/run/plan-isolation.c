/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-isolation.h"

#include <string.h>

#include "caps.h"
#include "capabilities.h"
#include "limits.h"
#include "rlimits.h"
#include "seccomp.h"
#include "strv.h"
#include "suggest.h"
#include "text.h"

static uint64_t bits(uint64_t set) {
        return set == UINT64_MAX ? 0 : set;
}

static const char *first_name(uint64_t set) {
        for (const EnumName *e = capability_names; e->name; e++)
                if (set & CAP_BIT(e->value))
                        return e->name;
        return "CAP_?";
}

static int plan_capabilities(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        uint64_t missing;

        p->capabilities = caps_default_set(plan_makes_network(p), p->userns);
        p->capabilities |= bits(c->capabilities);
        p->capabilities &= ~bits(c->dropped_capabilities);
        p->ambient = bits(c->ambient_capabilities);
        missing = p->ambient & ~p->capabilities;
        if (missing == 0)
                return 0;
        error_set(reterr, EINVAL, "--ambient-capability=%s is not among what the machine has", first_name(missing));
        return error_hint(reterr, -EINVAL, "Add --capability=%s, or do not drop it.", first_name(missing));
}

static int unknown_word(const char *word, Error **reterr) {
        Suggestion best = suggestion_begin(word, strlen(word));
        const char *name;
        int r;

        for (size_t i = 0; (name = seccomp_word(i)); i++)
                suggestion_offer(&best, name);
        r = error_set(reterr, EINVAL, "--system-call-filter=: '%.80s' is not a %s", word,
                      *word == '@' ? "group of system calls" : "system call that is known here");
        return best.name ? error_hint(reterr, r, "Did you mean %s?", best.name)
                         : error_hint(reterr, r, "`systemd-analyze syscall-filter` lists the groups and what is in them.");
}

static int plan_filter(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        SeccompWishes wishes = { .private_users = p->userns, .capabilities = p->capabilities, .words = c->system_call_filter,
                                 .suppress_sync = c->suppress_sync > 0 };
        int r;

        for (char *const *w = wishes.words; w && *w; w++)
                if (!seccomp_word_is_known(*w + (**w == '~')))
                        return unknown_word(*w + (**w == '~'), reterr);
        p->system_call_filter = strv_copy(c->system_call_filter);
        if (!p->system_call_filter)
                return error_oom(reterr);
        if (!wishes.words && !wishes.suppress_sync && bits(c->capabilities) == 0 && bits(c->dropped_capabilities) == 0)
                return 0;
        if (!seccomp_wishes_differ(&wishes))
                return 0;
        r = seccomp_make(&wishes, &p->filter, &p->n_filter);
        return r < 0 ? error_errno(reterr, r, "Cannot make the system call filter") : 0;
}

static void plan_limits(MachinePlan *p, const MachineConfig *c) {
        limits_default(p->limits);
        for (int i = 0; i < RLIM_NLIMITS; i++)
                if (c->limits[i].is_set) {
                        p->limits[i] = c->limits[i].value;
                        p->limits_asked |= 1U << i;
                }
}

int plan_isolation(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        int r = plan_capabilities(p, c, reterr);

        if (r >= 0)
                r = plan_filter(p, c, reterr);
        if (r < 0)
                return r;
        plan_limits(p, c);
        p->nesting = c->nesting > 0;
        p->no_new_privileges = c->no_new_privileges > 0;
        p->suppress_sync = c->suppress_sync > 0;
        p->lxcfs = c->lxcfs == LXCFS_UNSET ? LXCFS_AUTO : c->lxcfs;
        p->personality = c->personality;
        p->oom_score_asked = c->oom_score_adjust;
        if (string_set(&p->oom_score_adjust, c->oom_score_adjust ?: LIMIT_OOM_SCORE_ADJUST) < 0 ||
            string_set(&p->cpu_affinity, c->cpu_affinity) < 0)
                return error_oom(reterr);
        return 0;
}
