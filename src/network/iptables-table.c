/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libiptc fetches a whole table, edits it in memory and puts the whole back: the kernel refuses a put with EAGAIN
 * when the table changed since. It takes no lock, so /run/xtables.lock is taken here, as iptables-legacy does; and it
 * loads no module, so that is done here too before a table is said to be missing.
 *
 * The library is opened by dlopen(3): a machine without a network of its own does not pay for it. */

#include "iptables.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <libiptc/libiptc.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "file.h"
#include "host-config.h"
#include "module.h"

#define LOCK_PATH "/run/xtables.lock"
#define LOCK_WAIT_MSEC 10000U
#define LOCK_STEP_MSEC 10U
#define COMMIT_TRIES 64

typedef struct Iptc {
        void *library;
        typeof(iptc_init) *init;
        typeof(iptc_free) *free;
        typeof(iptc_commit) *commit;
        typeof(iptc_strerror) *strerror;
        typeof(iptc_is_chain) *is_chain;
        typeof(iptc_create_chain) *create_chain;
        typeof(iptc_delete_chain) *delete_chain;
        typeof(iptc_first_rule) *first_rule;
        typeof(iptc_next_rule) *next_rule;
        typeof(iptc_get_target) *get_target;
        typeof(iptc_get_policy) *get_policy;
        typeof(iptc_insert_entry) *insert;
        typeof(iptc_append_entry) *append;
        typeof(iptc_delete_num_entry) *delete_num;
} Iptc;

struct Table {
        Iptc api;
        struct xtc_handle *handle;
        const char *name;
        bool changed;
};

static int load_library(Iptc *api, Error **reterr) {
        const struct {
                const char *name;
                void **where;
        } symbols[] = {
                { "iptc_init", (void **) &api->init },
                { "iptc_free", (void **) &api->free },
                { "iptc_commit", (void **) &api->commit },
                { "iptc_strerror", (void **) &api->strerror },
                { "iptc_is_chain", (void **) &api->is_chain },
                { "iptc_create_chain", (void **) &api->create_chain },
                { "iptc_delete_chain", (void **) &api->delete_chain },
                { "iptc_first_rule", (void **) &api->first_rule },
                { "iptc_next_rule", (void **) &api->next_rule },
                { "iptc_get_target", (void **) &api->get_target },
                { "iptc_get_policy", (void **) &api->get_policy },
                { "iptc_insert_entry", (void **) &api->insert },
                { "iptc_append_entry", (void **) &api->append },
                { "iptc_delete_num_entry", (void **) &api->delete_num },
        };

        /* never closed: it is asked for again within the same boot, and has no state of its own */
        api->library = dlopen("libip4tc.so.2", RTLD_NOW | RTLD_LOCAL);
        for (size_t i = 0; api->library && i < ELEMENTSOF(symbols); i++) {
                *symbols[i].where = dlsym(api->library, symbols[i].name);
                if (!*symbols[i].where)
                        api->library = NULL;
        }
        if (api->library)
                return 0;
        error_set(reterr, EOPNOTSUPP, "Cannot load libip4tc.so.2, which edits the firewall: %s", dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (package libip4tc2), or start the machine with "
                          "--network=none or --network=host.");
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

bool iptables_table_exists(const char *name) {
        _cleanup_free_ char *names = NULL;
        char *save = NULL;

        if (file_read(AT_FDCWD, "/proc/thread-self/net/ip_tables_names", 4096, &names) < 0)
                return false;
        for (char *s = strtok_r(names, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
                if (strcmp(s, name) == 0)
                        return true;
        return false;
}

static int open_table(Table *t, Error **reterr) {
        char module[32];

        t->changed = false;
        t->handle = t->api.init(t->name);
        if (!t->handle && (errno == ENOPROTOOPT || errno == ENOENT)) {
                (void) module_load("ip_tables");
                snprintf(module, sizeof(module), "iptable_%s", t->name);
                (void) module_load(module);
                t->handle = t->api.init(t->name);
        }
        if (t->handle)
                return 0;
        if (errno != ENOPROTOOPT && errno != ENOENT)
                return error_set(reterr, errno, "Cannot read the iptables table '%s': %s", t->name, t->api.strerror(errno));
        error_set(reterr, EOPNOTSUPP, "This kernel has no legacy iptables table '%s'", t->name);
        return error_hint(reterr, -EOPNOTSUPP, "Load the module (`modprobe iptable_%s`), or have Firewall=auto in "
                          HOST_CONFIG_PATH ".", t->name);
}

static int edit_once(Table *t, TableEdit edit, void *userdata, bool commit, Error **reterr) {
        int r;

        r = open_table(t, reterr);
        if (r < 0)
                return r;
        r = edit(t, userdata, reterr);
        if (r >= 0 && t->changed && commit && !t->api.commit(t->handle)) {
                r = -errno;
                error_set(reterr, r, "Cannot change the iptables table '%s': %s", t->name, t->api.strerror(-r));
        }
        t->api.free(t->handle);
        return r;
}

int iptables_edit(const char *name, TableEdit edit, void *userdata, Error **reterr) {
        Table t = { .name = name };
        int r;

        r = load_library(&t.api, reterr);
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

int iptables_check(const char *name, TableEdit edit, void *userdata, Error **reterr) {
        Table t = { .name = name };
        int r;

        r = load_library(&t.api, reterr);
        if (r >= 0)
                r = edit_once(&t, edit, userdata, false, reterr);
        return r < 0 ? r : t.changed;
}

bool table_take_changed(Table *t) {
        bool changed = t->changed;

        t->changed = false;
        return changed;
}

static int edit_nothing(Table *t _unused_, void *userdata _unused_, Error **reterr _unused_) {
        return 0;
}

bool iptables_usable(const char *name) {
        return iptables_table_exists(name) || iptables_check(name, edit_nothing, NULL, NULL) >= 0;
}

static int failed(Table *t, const char *what, const char *chain, Error **reterr) {
        int r = errno > 0 ? -errno : -EIO;

        return error_set(reterr, r, "Cannot %s chain '%s' of the iptables table '%s': %s", what, chain, t->name,
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

const struct ipt_entry *table_find(Table *t, const char *chain, RuleMatch match, void *userdata) {
        if (!t->api.is_chain(chain, t->handle))
                return NULL;
        for (const struct ipt_entry *e = t->api.first_rule(chain, t->handle); e; e = t->api.next_rule(e, t->handle))
                if (match(e, userdata))
                        return e;
        return NULL;
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

        if (!t->api.is_chain(chain, t->handle))
                return 0;
        for (const struct ipt_entry *e = t->api.first_rule(chain, t->handle); e; e = t->api.next_rule(e, t->handle))
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
        for (const struct ipt_entry *e = t->api.first_rule(chain, t->handle); e; e = t->api.next_rule(e, t->handle))
                marked[i++] = match(e, userdata);
        return delete_marked(t, chain, marked, n, reterr);
}

static bool has_tag(const struct ipt_entry *e, void *userdata) {
        return strcmp(rule_tag(e), userdata) == 0;
}

static bool rules_stand(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n) {
        size_t i = 0;

        if (!t->api.is_chain(chain, t->handle))
                return n == 0;
        for (const struct ipt_entry *e = t->api.first_rule(chain, t->handle); e; e = t->api.next_rule(e, t->handle)) {
                if (!has_tag(e, (void *) tag))
                        continue;
                if (i >= n || !rule_same(e, t->api.get_target(e, t->handle), rules + i))
                        return false;
                i++;
        }
        return i == n;
}

int table_sync(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n, Error **reterr) {
        int r;

        if (rules_stand(t, chain, tag, rules, n))
                return 0;
        r = ensure_chain(t, chain, reterr);
        if (r >= 0)
                r = table_delete(t, chain, has_tag, (void *) tag, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                if (!t->api.append(chain, &rules[i].entry, t->handle))
                        r = failed(t, "add to", chain, reterr);
                t->changed = true;
        }
        return r;
}

typedef struct JumpSearch {
        Table *table;
        const char *chain;
} JumpSearch;

static bool jumps_to(const struct ipt_entry *e, void *userdata) {
        JumpSearch *s = userdata;

        return strcmp(s->table->api.get_target(e, s->table->handle), s->chain) == 0;
}

int table_link(Table *t, const char *from, const char *chain, const Rule *jump, bool top, Error **reterr) {
        JumpSearch search = { t, chain };
        const struct ipt_entry *standing = table_find(t, from, jumps_to, &search);
        bool wanted = count_rules(t, chain) > 0;
        int r;

        if (!wanted && !standing)
                return 0;
        if (wanted && standing && rule_same(standing, chain, jump) && (!top || standing == t->api.first_rule(from, t->handle)))
                return 0;
        r = table_delete(t, from, jumps_to, &search, reterr);
        if (r < 0 || !wanted)
                return r;
        if (!(top ? t->api.insert(from, &jump->entry, 0, t->handle) : t->api.append(from, &jump->entry, t->handle)))
                return failed(t, "add to", from, reterr);
        t->changed = true;
        return 0;
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
        for (const struct ipt_entry *e = t->api.first_rule(builtin, t->handle); e; e = t->api.next_rule(e, t->handle))
                if (!jumps_to(e, &search))
                        return false;
        return true;
}
