/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capabilities.h"

#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#include "suggest.h"
#include "values.h"

const EnumName capability_names[] = {
        { "CAP_CHOWN", CAP_CHOWN },
        { "CAP_DAC_OVERRIDE", CAP_DAC_OVERRIDE },
        { "CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH },
        { "CAP_FOWNER", CAP_FOWNER },
        { "CAP_FSETID", CAP_FSETID },
        { "CAP_KILL", CAP_KILL },
        { "CAP_SETGID", CAP_SETGID },
        { "CAP_SETUID", CAP_SETUID },
        { "CAP_SETPCAP", CAP_SETPCAP },
        { "CAP_LINUX_IMMUTABLE", CAP_LINUX_IMMUTABLE },
        { "CAP_NET_BIND_SERVICE", CAP_NET_BIND_SERVICE },
        { "CAP_NET_BROADCAST", CAP_NET_BROADCAST },
        { "CAP_NET_ADMIN", CAP_NET_ADMIN },
        { "CAP_NET_RAW", CAP_NET_RAW },
        { "CAP_IPC_LOCK", CAP_IPC_LOCK },
        { "CAP_IPC_OWNER", CAP_IPC_OWNER },
        { "CAP_SYS_MODULE", CAP_SYS_MODULE },
        { "CAP_SYS_RAWIO", CAP_SYS_RAWIO },
        { "CAP_SYS_CHROOT", CAP_SYS_CHROOT },
        { "CAP_SYS_PTRACE", CAP_SYS_PTRACE },
        { "CAP_SYS_PACCT", CAP_SYS_PACCT },
        { "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
        { "CAP_SYS_BOOT", CAP_SYS_BOOT },
        { "CAP_SYS_NICE", CAP_SYS_NICE },
        { "CAP_SYS_RESOURCE", CAP_SYS_RESOURCE },
        { "CAP_SYS_TIME", CAP_SYS_TIME },
        { "CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG },
        { "CAP_MKNOD", CAP_MKNOD },
        { "CAP_LEASE", CAP_LEASE },
        { "CAP_AUDIT_WRITE", CAP_AUDIT_WRITE },
        { "CAP_AUDIT_CONTROL", CAP_AUDIT_CONTROL },
        { "CAP_SETFCAP", CAP_SETFCAP },
        { "CAP_MAC_OVERRIDE", CAP_MAC_OVERRIDE },
        { "CAP_MAC_ADMIN", CAP_MAC_ADMIN },
        { "CAP_SYSLOG", CAP_SYSLOG },
        { "CAP_WAKE_ALARM", CAP_WAKE_ALARM },
        { "CAP_BLOCK_SUSPEND", CAP_BLOCK_SUSPEND },
        { "CAP_AUDIT_READ", CAP_AUDIT_READ },
        { "CAP_PERFMON", 38 }, /* Linux 5.8, 5.8 and 5.9: by number, so that older headers do */
        { "CAP_BPF", 39 },
        { "CAP_CHECKPOINT_RESTORE", 40 },
        {},
};

#define PREFIX "CAP_"

/* The name as the table has it, of what may lack its beginning; cut at 63 bytes, longer than any. */
static void complete(const char *word, size_t n, char ret[64]) {
        bool prefixed = n >= sizeof(PREFIX) - 1 && strncasecmp(word, PREFIX, sizeof(PREFIX) - 1) == 0;

        snprintf(ret, 64, "%s%.*s", prefixed ? "" : PREFIX, (int) (n > 48 ? 48 : n), word);
        for (char *p = ret; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char) (*p - 'a' + 'A');
}

static int parse_word(const char *word, size_t n, uint64_t all, uint64_t *ret, Error **reterr) {
        Suggestion best;
        char name[64];
        int r;

        if (n == 3 && strncmp(word, "all", 3) == 0) {
                if (all == 0)
                        return error_set(reterr, EINVAL, "'all' is not taken here: name the capabilities that the command needs");
                *ret |= all;
                return 0;
        }
        complete(word, n, name);
        best = suggestion_begin(name, strlen(name));
        for (const EnumName *e = capability_names; e->name; e++) {
                if (strcmp(e->name, name) == 0) {
                        *ret |= UINT64_C(1) << e->value;
                        return 0;
                }
                suggestion_offer(&best, e->name);
        }
        r = error_set(reterr, EINVAL, "'%.*s' is not a capability", (int) (n > 80 ? 80 : n), word);
        return best.name ? error_hint(reterr, r, "Did you mean %s?", best.name)
                         : error_hint(reterr, r, "`nbox boot --capability=help` lists them; capabilities(7) explains them.");
}

int capabilities_parse(const char *text, uint64_t all, uint64_t *ret, Error **reterr) {
        static const char separators[] = ", \t";
        uint64_t set = 0;
        size_t words = 0;

        for (const char *p = text + strspn(text, separators); *p; p += strspn(p, separators), words++) {
                size_t n = strcspn(p, separators);
                int r = parse_word(p, n, all, &set, reterr);

                if (r < 0)
                        return r;
                p += n;
        }
        if (words == 0)
                return error_set(reterr, EINVAL, "No capability is named");
        *ret = set;
        return 0;
}

/* Which words there are, the filter knows (seccomp_word_is_known()). */
int parse_system_call_filter(MachineConfig *c, const OptionValue *v, Error **reterr) {
        bool refused = v->text[0] == '~';
        const char *p = v->text + refused;
        size_t words = 0;

        for (p += strspn(p, " \t"); *p; p += strspn(p, " \t"), words++) {
                size_t n = strcspn(p, " \t");

                if (p[0] == '~')
                        return error_set(reterr, EINVAL, "A '~' stands once, before the whole list");
                if (n >= 64)
                        return error_set(reterr, EINVAL, "'%.80s' is not a system call", p);
                if (strv_appendf(&c->system_call_filter, "%s%.*s", refused ? "~" : "", (int) n, p) < 0)
                        return error_oom(reterr);
                p += n;
        }
        return words > 0 ? 0 : error_set(reterr, EINVAL, "No system call is named");
}

int parse_capabilities(MachineConfig *c, const OptionValue *v, Error **reterr) {
        uint64_t *stored = field_u64(c, v->option->field), set = 0;
        int r = capabilities_parse(v->text, v->option->field == FIELD_AMBIENT_CAPABILITIES ? 0 : CAPABILITIES_ALL, &set, reterr);

        if (r < 0)
                return r;
        *stored = (*stored == UINT64_MAX ? 0 : *stored) | set;
        return 0;
}
