/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limit-text.h"

#include <string.h>

#include "parse.h"
#include "suggest.h"
#include "text.h"
#include "values.h"

const EnumName limit_names[] = {
        { "RLIMIT_CPU", RLIMIT_CPU },
        { "RLIMIT_FSIZE", RLIMIT_FSIZE },
        { "RLIMIT_DATA", RLIMIT_DATA },
        { "RLIMIT_STACK", RLIMIT_STACK },
        { "RLIMIT_CORE", RLIMIT_CORE },
        { "RLIMIT_RSS", RLIMIT_RSS },
        { "RLIMIT_NOFILE", RLIMIT_NOFILE },
        { "RLIMIT_AS", RLIMIT_AS },
        { "RLIMIT_NPROC", RLIMIT_NPROC },
        { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
        { "RLIMIT_LOCKS", RLIMIT_LOCKS },
        { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
        { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
        { "RLIMIT_NICE", RLIMIT_NICE },
        { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
        { "RLIMIT_RTTIME", RLIMIT_RTTIME },
        {},
};

#define PREFIX "RLIMIT_"
#define NICE_WORST 20 /* a limit of 1 is nice 19, one of 40 is nice -20 */

static int parse_seconds(const char *s, uint64_t *ret) {
        uint64_t usec;
        int r = parse_duration(s, &usec);

        if (r >= 0)
                *ret = (usec + 999999) / 1000000; /* rounded up: 0 would kill at once */
        return r;
}

/* A bare number is microseconds here, as the kernel's is. */
static int parse_microseconds(const char *s, uint64_t *ret) {
        return parse_u64(s, UINT64_MAX - 1, ret) >= 0 ? 0 : parse_duration(s, ret);
}

static int parse_nice(const char *s, uint64_t *ret) {
        bool is_nice = s[0] == '+' || s[0] == '-', negative = s[0] == '-';
        uint64_t n;
        int r = parse_u64(s + is_nice, 2 * NICE_WORST, &n);

        if (r < 0)
                return r;
        if (!is_nice) {
                *ret = n;
                return 0;
        }
        if (n > NICE_WORST - !negative)
                return -ERANGE;
        *ret = negative ? NICE_WORST + n : NICE_WORST - n;
        return 0;
}

static int parse_count(const char *s, uint64_t *ret) {
        return parse_u64(s, UINT64_MAX - 1, ret);
}

static int parse_value(int resource, const char *s, rlim_t *ret) {
        static int (*const parsers[RLIM_NLIMITS])(const char *s, uint64_t *ret) = {
                [RLIMIT_CPU] = parse_seconds, [RLIMIT_RTTIME] = parse_microseconds, [RLIMIT_NICE] = parse_nice,
                [RLIMIT_FSIZE] = parse_size, [RLIMIT_DATA] = parse_size, [RLIMIT_STACK] = parse_size, [RLIMIT_CORE] = parse_size,
                [RLIMIT_RSS] = parse_size, [RLIMIT_AS] = parse_size, [RLIMIT_MEMLOCK] = parse_size, [RLIMIT_MSGQUEUE] = parse_size,
        };
        uint64_t v;
        int r;

        if (strcmp(s, "infinity") == 0) {
                *ret = RLIM_INFINITY;
                return 0;
        }
        r = (parsers[resource] ?: parse_count)(s, &v);
        if (r >= 0)
                *ret = (rlim_t) v;
        return r;
}

int limit_parse(int resource, const char *text, struct rlimit *ret, Error **reterr) {
        const char *colon = strchr(text, ':');
        struct rlimit limit;
        char soft[64];
        int r;

        snprintf(soft, sizeof(soft), "%.*s", (int) (colon ? colon - text : 60), text);
        r = strlen(text) > 60 ? -EINVAL : parse_value(resource, soft, &limit.rlim_cur);
        if (r >= 0)
                r = parse_value(resource, colon ? colon + 1 : soft, &limit.rlim_max);
        if (r < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a limit: VALUE or SOFT:HARD, each a number or infinity", text);
        if (limit.rlim_cur > limit.rlim_max)
                return error_set(reterr, EINVAL, "The soft limit of '%.80s' is above the hard one", text);
        *ret = limit;
        return 0;
}

/* With RLIMIT_ or without it. */
static int limit_from_name(const char *name, Error **reterr) {
        Suggestion best;
        char full[64];
        int r;

        snprintf(full, sizeof(full), "%s%.40s", strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0 ? "" : PREFIX, name);
        best = suggestion_begin(full, strlen(full));
        for (const EnumName *e = limit_names; e->name; e++) {
                if (strcmp(e->name, full) == 0)
                        return e->value;
                suggestion_offer(&best, e->name);
        }
        r = error_set(reterr, EINVAL, "'%.40s' is not a resource limit", name);
        return best.name ? error_hint(reterr, r, "Did you mean %s?", best.name)
                         : error_hint(reterr, r, "`nbox boot --rlimit=help` lists them; setrlimit(2) explains them.");
}

static int store(MachineConfig *c, int resource, const char *text, Error **reterr) {
        struct rlimit limit;
        int r = limit_parse(resource, text, &limit, reterr);

        if (r >= 0)
                c->limits[resource] = (LimitConfig){ true, limit };
        return r;
}

int parse_limit(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return store(c, (int) v->option->field - FIELD_LIMITS, v->text, reterr);
}

int parse_rlimit(MachineConfig *c, const OptionValue *v, Error **reterr) {
        const char *eq = strchr(v->text, '=');
        char name[48];
        int resource;

        if (!eq || eq == v->text || !string_is_clean(v->text))
                return error_set(reterr, EINVAL, "'%.80s' is not LIMIT=SOFT[:HARD], such as RLIMIT_NOFILE=8192:16384", v->text);
        snprintf(name, sizeof(name), "%.*s", (int) (eq - v->text > 40 ? 40 : eq - v->text), v->text);
        resource = limit_from_name(name, reterr);
        return resource < 0 ? resource : store(c, resource, eq + 1, reterr);
}

int parse_oom_score_adjust(MachineConfig *c, const OptionValue *v, Error **reterr) {
        bool negative = v->text[0] == '-';
        char text[16];
        uint64_t n;

        if (parse_u64(v->text + negative, 1000, &n) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a number from -1000 to 1000", v->text);
        snprintf(text, sizeof(text), "%s%u", negative && n > 0 ? "-" : "", (unsigned) n);
        return string_set(field_string(c, v->option->field), text) < 0 ? error_oom(reterr) : 0;
}

/* One "0-3"; *s moves behind it. */
static int parse_cpu_range(const char **s, cpu_set_t *set) {
        size_t n = strcspn(*s, ", \t");
        uint64_t first, last;
        char word[32], *dash;
        int r;

        if (n >= sizeof(word))
                return -EINVAL;
        snprintf(word, sizeof(word), "%.*s", (int) n, *s);
        dash = strchr(word, '-');
        if (dash)
                *dash = 0;
        r = parse_u64(word, CPU_SETSIZE - 1, &first);
        last = first;
        if (r >= 0 && dash)
                r = parse_u64(dash + 1, CPU_SETSIZE - 1, &last);
        if (r < 0)
                return r;
        if (last < first)
                return -EINVAL;
        for (; first <= last; first++)
                CPU_SET(first, set);
        *s += n;
        return 0;
}

int cpu_list_parse(const char *text, cpu_set_t *ret) {
        static const char separators[] = ", \t";
        cpu_set_t set;

        CPU_ZERO(&set);
        for (const char *p = text + strspn(text, separators); *p; p += strspn(p, separators)) {
                int r = parse_cpu_range(&p, &set);

                if (r < 0)
                        return r;
        }
        if (CPU_COUNT(&set) == 0)
                return -EINVAL;
        *ret = set;
        return 0;
}

int parse_cpu_affinity(MachineConfig *c, const OptionValue *v, Error **reterr) {
        cpu_set_t set;

        if (cpu_list_parse(v->text, &set) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a list of CPUs, such as 0-3,8, each below %d", v->text, CPU_SETSIZE);
        return string_set(field_string(c, v->option->field), v->text) < 0 ? error_oom(reterr) : 0;
}
