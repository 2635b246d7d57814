/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libiptc fetches a whole table, edits it in memory and puts the whole back: the kernel refuses a put with EAGAIN
 * when the table changed since. It takes no lock, so /run/xtables.lock is taken here, as iptables-legacy does; and it
 * loads no module, so that is done here too before a table is said to be missing. */

#include "iptables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "file.h"
#include "iptables-library.h"
#include "module.h"

#define LOCK_PATH "/run/xtables.lock"
#define LOCK_WAIT_MSEC 10000U
#define LOCK_STEP_MSEC 10U
#define COMMIT_TRIES 64

struct Table {
        int family;
        const IptablesProgram *program;
        Iptc api;
        struct xtc_handle *handle;
        const char *name;
        bool changed;
};

static int open_library(Table *t, int family, const char *name, Error **reterr) {
        *t = (Table){ .family = family, .program = iptables_program(family), .name = name };
        return iptc_load(t->program, &t->api, reterr);
}

int iptables_lock(Error **reterr) {
        _cleanup_close_ int fd = open(LOCK_PATH, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open %s", LOCK_PATH);
        for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MSEC) {
                const struct timespec step = { .tv_nsec = LOCK_STEP_MSEC * 1000000 };

                if (errno != EWOULDBLOCK && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot lock %s", LOCK_PATH);
                if (waited >= LOCK_WAIT_MSEC) {
                        error_set(reterr, EBUSY, "Another program has held %s for %u seconds", LOCK_PATH,
                                  LOCK_WAIT_MSEC / 1000);
                        return error_hint(reterr, -EBUSY, "See who with `fuser -v %s` and try again.", LOCK_PATH);
                }
                (void) nanosleep(&step, NULL);
        }
        return TAKE_FD(fd);
}

static int open_table(Table *t, Error **reterr) {
        char module[32];

        t->changed = false;
        t->handle = t->api.init(t->name);
        if (!t->handle && (errno == ENOPROTOOPT || errno == ENOENT)) {
                (void) module_load(t->program->core);
                snprintf(module, sizeof(module), "%s%s", t->program->module, t->name);
                (void) module_load(module);
                t->handle = t->api.init(t->name);
        }
        if (t->handle)
                return 0;
        if (errno != ENOPROTOOPT && errno != ENOENT)
                return error_set(reterr, errno, "Cannot read the %s table '%s': %s", t->program->name, t->name, t->api.strerror(errno));
        error_set(reterr, EOPNOTSUPP, "This kernel has no legacy %s table '%s'", t->program->name, t->name);
        return error_hint(reterr, -EOPNOTSUPP, "Load the module (`modprobe %s%s`), or %s.", t->program->module, t->name, t->program->instead);
}

static int edit_once(Table *t, TableEdit edit, void *userdata, bool commit, Error **reterr) {
        int r;

        r = open_table(t, reterr);
        if (r < 0)
                return r;
        r = edit(t, userdata, reterr);
        if (r >= 0 && t->changed && commit && !t->api.commit(t->handle)) {
                r = -errno;
                error_set(reterr, r, "Cannot change the %s table '%s': %s", t->program->name, t->name, t->api.strerror(-r));
        }
        t->api.free(t->handle);
        return r;
}

int iptables_edit(int family, const char *name, TableEdit edit, void *userdata, Error **reterr) {
        Table t;
        int r;

        r = open_library(&t, family, name, reterr);
        for (unsigned i = 0; r >= 0 || r == -EAGAIN; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = edit_once(&t, edit, userdata, true, &error);
                if (r >= 0)
                        return 0;
                if (r == -EAGAIN && i < COMMIT_TRIES)
                        continue;
                return error_pass(reterr, r, &error);
        }
        return r;
}

int iptables_check(int family, const char *name, TableEdit edit, void *userdata, Error **reterr) {
        Table t;
        int r;

        r = open_library(&t, family, name, reterr);
        if (r >= 0)
                r = edit_once(&t, edit, userdata, false, reterr);
        return r < 0 ? r : t.changed;
}

int table_family(const Table *t) {
        return t->family;
}

bool table_take_changed(Table *t) {
        bool changed = t->changed;

        t->changed = false;
        return changed;
}

static int edit_nothing(Table *t _unused_, void *userdata _unused_, Error **reterr _unused_) {
        return 0;
}

static bool can_fetch(int family, const char *name) {
        return iptables_check(family, name, edit_nothing, NULL, NULL) >= 0;
}

static bool has_line(const char *text, const char *line) {
        size_t n = strlen(line);

        for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
                if (strncmp(at, line, n) == 0 && (at[n] == '\n' || !at[n]))
                        return true;
        return false;
}

void iptables_tables_exist(int family, const char *const *names, size_t n, bool *ret) {
        _cleanup_free_ char *text = NULL;
        int r = file_read(AT_FDCWD, iptables_program(family)->names, 4096, &text);

        /* In a machine: its network namespace is as old as its user namespace, had no root yet whose the file could have been, and so
         * has it the host root's. Fetching is allowed, and what comes of it is no more than an empty table in there. */
        for (size_t i = 0; i < n; i++)
                ret[i] = r == -EACCES ? can_fetch(family, names[i]) : r >= 0 && has_line(text, names[i]);
}

bool iptables_table_exists(int family, const char *name) {
        bool exists;

        iptables_tables_exist(family, &name, 1, &exists);
        return exists;
}

bool iptables_usable(int family, const char *name) {
        return iptables_table_exists(family, name) || can_fetch(family, name);
}

/* What a table has, as the kernel keeps it; both families have the same two calls. *ret_size: of its entries alone. */
static struct ipt_get_entries *fetch(int family, const char *name, size_t *ret_size) {
        _cleanup_close_ int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        int level = family == AF_INET ? SOL_IP : SOL_IPV6;
        _cleanup_free_ struct ipt_get_entries *entries = NULL;
        struct ipt_getinfo info = {};
        socklen_t size = sizeof(info);

        snprintf(info.name, sizeof(info.name), "%s", name);
        if (fd < 0 || getsockopt(fd, level, IPT_SO_GET_INFO, &info, &size) < 0)
                return NULL;
        size = (socklen_t) (sizeof(*entries) + info.size);
        entries = calloc(1, size);
        if (!entries)
                return NULL;
        snprintf(entries->name, sizeof(entries->name), "%s", name);
        entries->size = info.size;
        if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, entries, &size) < 0)
                return NULL;
        *ret_size = info.size;
        return TAKE_PTR(entries);
}

bool iptables_may_have(int family, const char *name, const char *tag) {
        size_t size = 0;
        _cleanup_free_ struct ipt_get_entries *blob = fetch(family, name, &size);

        return !blob || memmem(blob->entrytable, size, tag, strlen(tag));
}

static uint64_t hash_more(uint64_t hash, const void *data, size_t n) {
        for (const uint8_t *p = data; p < (const uint8_t *) data + n; p++)
                hash = (hash ^ *p) * UINT64_C(0x100000001b3);
        return hash;
}

/* An entry of either family: where the next is, and what is between the head of its own and its counters, is of the same form. */
int iptables_fingerprint(int family, const char *name, char *const *tags, uint64_t *ret) {
        size_t size = 0, head = family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
        size_t next = family == AF_INET ? offsetof(struct ipt_entry, next_offset) : offsetof(struct ip6t_entry, next_offset);
        size_t noise = family == AF_INET ? offsetof(struct ipt_entry, comefrom) : offsetof(struct ip6t_entry, comefrom);
        _cleanup_free_ struct ipt_get_entries *blob = fetch(family, name, &size);
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        const uint8_t *at = blob ? (const uint8_t *) blob->entrytable : NULL;
        uint16_t length;

        if (!blob)
                return -EIO;
        for (const uint8_t *end = at + size; at < end; at += length) {
                if ((size_t) (end - at) < head)
                        return -EBADMSG;
                memcpy(&length, at + next, sizeof(length));
                if (length < head || length > end - at)
                        return -EBADMSG;
                hash = hash_more(hash, at, noise);
                hash = hash_more(hash, at + head, length - head);
        }
        *ret = hash;
        for (; tags && *tags; tags++)
                if (memmem(blob->entrytable, size, *tags, strlen(*tags)))
                        return 1;
        return 0;
}

static int failed(Table *t, const char *what, const char *chain, Error **reterr) {
        int r = errno > 0 ? -errno : -EIO;

        return error_set(reterr, r, "Cannot %s chain '%s' of the %s table '%s': %s", what, chain, t->program->name, t->name,
                         t->api.strerror(-r));
}

static int ensure_chain(Table *t, const char *chain, Error **reterr) {
        if (t->api.is_chain(chain, t->handle))
                return 0;
        if (!t->api.create_chain(chain, t->handle))
                return failed(t, "make", chain, reterr);
        t->changed = true;
        return 0;
}

/* The first rule of a chain, or none; and the one behind it. */
static RuleView first_rule(Table *t, const char *chain) {
        return (RuleView){ t->family, t->api.is_chain(chain, t->handle) ? t->api.first_rule(chain, t->handle) : NULL };
}

static RuleView next_rule(Table *t, RuleView r) {
        return (RuleView){ t->family, t->api.next_rule(r.bytes, t->handle) };
}

RuleView table_find(Table *t, const char *chain, RuleMatch match, void *userdata) {
        RuleView r = first_rule(t, chain);

        while (r.bytes && !match(r, userdata))
                r = next_rule(t, r);
        return r;
}

/* Deleting by number keeps no iterator alive over a change. */
static int delete_marked(Table *t, const char *chain, const bool *marked, size_t n, Error **reterr) {
        for (size_t i = n; i > 0; i--) {
                if (!marked[i - 1])
                        continue;
                if (!t->api.delete_num(chain, (unsigned) (i - 1), t->handle))
                        return failed(t, "delete from", chain, reterr);
                t->changed = true;
        }
        return 0;
}

static size_t count_rules(Table *t, const char *chain) {
        size_t n = 0;

        for (RuleView r = first_rule(t, chain); r.bytes; r = next_rule(t, r))
                n++;
        return n;
}

int table_delete(Table *t, const char *chain, RuleMatch match, void *userdata, Error **reterr) {
        size_t n = count_rules(t, chain), i = 0;
        _cleanup_free_ bool *marked = calloc(n + 1, sizeof(bool));

        if (!marked)
                return error_oom(reterr);
        if (n == 0)
                return 0;
        for (RuleView r = first_rule(t, chain); r.bytes; r = next_rule(t, r))
                marked[i++] = match(r, userdata);
        return delete_marked(t, chain, marked, n, reterr);
}

static bool has_tag(RuleView r, void *userdata) {
        return strcmp(rule_tag(r), userdata) == 0;
}

static bool rules_stand(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n) {
        size_t i = 0;

        for (RuleView r = first_rule(t, chain); r.bytes; r = next_rule(t, r)) {
                if (!has_tag(r, (void *) tag))
                        continue;
                if (i >= n || !rule_same(r, t->api.get_target(r.bytes, t->handle), rules + i))
                        return false;
                i++;
        }
        return i == n;
}

static int put(Table *t, const char *chain, const Rule *rule, int at, Error **reterr) {
        if (!(at < 0 ? t->api.append(chain, rule->bytes, t->handle) : t->api.insert(chain, rule->bytes, (unsigned) at, t->handle)))
                return failed(t, "add to", chain, reterr);
        t->changed = true;
        return 0;
}

typedef struct Sync {
        const char *chain, *tag;
        const Rule *rules;
        size_t n;
        bool top;
} Sync;

static int sync_rules(Table *t, const Sync *s, Error **reterr) {
        int r;

        if (rules_stand(t, s->chain, s->tag, s->rules, s->n))
                return 0;
        r = ensure_chain(t, s->chain, reterr);
        if (r >= 0)
                r = table_delete(t, s->chain, has_tag, (void *) s->tag, reterr);
        for (size_t i = 0; r >= 0 && i < s->n; i++)
                r = put(t, s->chain, s->rules + i, s->top ? (int) i : -1, reterr);
        return r;
}

int table_sync(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n, Error **reterr) {
        return sync_rules(t, &(Sync){ chain, tag, rules, n, false }, reterr);
}

int table_sync_top(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n, Error **reterr) {
        return sync_rules(t, &(Sync){ chain, tag, rules, n, true }, reterr);
}

typedef struct JumpSearch {
        Table *table;
        const char *chain;
} JumpSearch;

static bool jumps_to(RuleView r, void *userdata) {
        JumpSearch *s = userdata;

        return strcmp(s->table->api.get_target(r.bytes, s->table->handle), s->chain) == 0;
}

int table_link(Table *t, const char *from, const char *chain, const Rule *jump, bool top, Error **reterr) {
        JumpSearch search = { t, chain };
        RuleView standing = table_find(t, from, jumps_to, &search);
        bool wanted = count_rules(t, chain) > 0;
        int r;

        if (!wanted && !standing.bytes)
                return 0;
        if (wanted && standing.bytes && rule_same(standing, chain, jump) && (!top || standing.bytes == first_rule(t, from).bytes))
                return 0;
        r = table_delete(t, from, jumps_to, &search, reterr);
        if (r < 0 || !wanted)
                return r;
        return put(t, from, jump, top ? 0 : -1, reterr);
}

int table_drop_empty(Table *t, const char *chain, Error **reterr) {
        if (!t->api.is_chain(chain, t->handle) || count_rules(t, chain) > 0)
                return 0;
        if (!t->api.delete_chain(chain, t->handle))
                return failed(t, "delete", chain, reterr);
        t->changed = true;
        return 0;
}

bool table_accepts_all(Table *t, const char *builtin, const char *ours) {
        const char *policy = t->api.get_policy(builtin, &(struct xt_counters){}, t->handle);
        JumpSearch search = { t, ours };

        if (!policy || strcmp(policy, "ACCEPT") != 0)
                return false;
        for (RuleView r = first_rule(t, builtin); r.bytes; r = next_rule(t, r))
                if (!jumps_to(r, &search))
                        return false;
        return true;
}
