/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-isolation.h"

#include "caps.h"
#include "capabilities.h"
#include "limits.h"
#include "rlimits.h"
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

        if (r < 0)
                return r;
        plan_limits(p, c);
        p->nesting = c->nesting > 0;
        p->no_new_privileges = c->no_new_privileges > 0;
        p->personality = c->personality;
        p->oom_score_asked = c->oom_score_adjust;
        if (string_set(&p->oom_score_adjust, c->oom_score_adjust ?: LIMIT_OOM_SCORE_ADJUST) < 0 ||
            string_set(&p->cpu_affinity, c->cpu_affinity) < 0)
                return error_oom(reterr);
        return 0;
}
