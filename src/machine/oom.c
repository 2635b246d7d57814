/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oom.h"

#include <stdio.h>
#include <string.h>

#include "cgroup-memory.h"
#include "text.h"

#define MARK "nbox.oom-policy"

static const struct {
        const char *word, *text;
} causes[_OOM_CAUSES] = {
        [OOM_CAUSE_HOST] = { "host", "the host, or a slice above its own, had none left" },
        [OOM_CAUSE_LIMIT] = { "limit", "limit" },
        [OOM_CAUSE_INSIDE] = { "inside", "a limit that was set inside" },
};

/* systemd calls the slice as it calls the scope: "…/machine-web.slice/machine-web.scope". One that --slice= has named may hold others. */
char *oom_own_group(const char *group) {
        const char *scope = strrchr(group, '/'), *slice;
        size_t n;

        if (!scope || scope == group)
                return strdup(group);
        for (slice = scope; slice > group && slice[-1] != '/';)
                slice--;
        scope++;
        n = strlen(scope) - (strlen(scope) > 6 ? 6 : 0);
        if (strcmp(scope + n, ".scope") == 0 && strncmp(slice, scope, n) == 0 && strncmp(slice + n, ".slice/", 7) == 0)
                return strndup(group, (size_t) (scope - 1 - group));
        return strdup(group);
}

static int failed(int r, OomPolicy policy, Error **reterr) {
        if (r == -ENOENT)
                return error_set(reterr, ENOENT, "OOMPolicy=%s needs the kernel's memory controller, which this machine's group has not",
                                 oom_policy_to_string(policy));
        return error_errno(reterr, r, "Cannot set OOMPolicy=%s of the machine's group", oom_policy_to_string(policy));
}

int oom_policy_apply(const char *group, OomPolicy policy, Error **reterr) {
        _cleanup_free_ char *own = oom_own_group(group);
        int r;

        if (!own)
                return error_oom(reterr);
        if (policy == OOM_POLICY_UNSET)
                policy = OOM_POLICY_CONTINUE;
        r = cgroup_set_kill_together(own, policy == OOM_POLICY_KILL);
        if (r >= 0)
                r = cgroup_set_mark(own, MARK, policy == OOM_POLICY_STOP ? oom_policy_to_string(policy) : NULL);
        return r < 0 ? failed(r, policy, reterr) : 0;
}

int oom_policy_in_force(const char *group, OomPolicy *ret) {
        _cleanup_free_ char *own = oom_own_group(group), *word = NULL;
        int r = own ? cgroup_kills_together(own) : -ENOMEM;

        if (r < 0)
                return r;
        if (r == 0) {
                (void) cgroup_mark(own, MARK, &word);
                *ret = word ? OOM_POLICY_STOP : OOM_POLICY_CONTINUE;
        } else
                *ret = OOM_POLICY_KILL;
        return 0;
}

const char *oom_cause_word(OomCause cause) {
        return causes[cause].word;
}

OomCause oom_cause_from_word(const char *word) {
        for (size_t i = 0; word && i < _OOM_CAUSES; i++)
                if (strcmp(causes[i].word, word) == 0)
                        return (OomCause) i;
        return OOM_CAUSE_HOST;
}

const char *oom_cause_text(OomCause cause, uint64_t limit, char buf[OOM_CAUSE_TEXT_MAX]) {
        char size[SIZE_TEXT_MAX];

        if (cause == OOM_CAUSE_LIMIT && limit < UINT64_MAX)
                snprintf(buf, OOM_CAUSE_TEXT_MAX, "%s %s", causes[cause].text, size_text(limit, size));
        else
                snprintf(buf, OOM_CAUSE_TEXT_MAX, "%s", cause == OOM_CAUSE_LIMIT ? "its limit" : causes[cause].text);
        return buf;
}
