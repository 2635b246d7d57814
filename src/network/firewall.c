/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which backend: what the administrator says, else legacy iptables where the kernel has it (it is there on hosts of every age, and
 * two programs that know it get along), else nft. All machines of a host must share one: port maps of two would not know of
 * each other. So what was chosen is noted while anything stands, and the note is what counts. */

#include "firewall-backend.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge-isolation.h"
#include "bridge-quiet.h"
#include "fd.h"
#include "file.h"
#include "firewall-seen.h"
#include "host-config.h"
#include "network-lock.h"
#include "port-map.h"
#include "strv.h"

#define NOTE NETWORK_RUN_DIRECTORY "/firewall"

typedef struct Choice {
        const FirewallBackend *backend;
        const char *why;
} Choice;

/* In the order in which they are tried, and why one is taken. */
static const Choice preferred[] = { { &firewall_iptables, "legacy tables" }, { &firewall_nft, "no legacy tables" } };

static const FirewallBackend *find_backend(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(preferred); i++)
                if (strcmp(preferred[i].backend->name, name) == 0)
                        return preferred[i].backend;
        return NULL;
}

static const FirewallBackend *noted(void) {
        _cleanup_free_ char *text = NULL;

        if (file_read(AT_FDCWD, NOTE, 64, &text) < 0)
                return NULL;
        text[strcspn(text, "\n")] = 0;
        return find_backend(text);
}

/* Not replaced atomically, for all who act on it hold the lock, and a temporary file could be left behind. */
static int take_note(const FirewallBackend *b, Error **reterr) {
        _cleanup_close_ int fd = open(NOTE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        int r = fd < 0 ? -errno : fd_write_all(fd, b->name, strlen(b->name));

        return r < 0 ? error_errno(reterr, r, "Cannot write %s", NOTE) : 0;
}

void firewall_release(void) {
        bridge_isolation_release();
        bridge_quiet_release();
        firewall_forget_seen();
        (void) unlink(NOTE);
}

static int choose(Choice *ret, Error **reterr) {
        HostConfig config;
        int r = host_config_load(&config, reterr);

        if (r < 0)
                return r;
        if (config.firewall != FIREWALL_AUTO) {
                *ret = (Choice){ find_backend(enum_to_string(firewall_choice_names, config.firewall)), HOST_CONFIG_PATH };
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(preferred); i++)
                if (preferred[i].backend->usable()) {
                        *ret = preferred[i];
                        return 0;
                }
        error_set(reterr, EOPNOTSUPP, "This kernel has neither legacy iptables nor nftables");
        return error_hint(reterr, -EOPNOTSUPP, "Load the modules (`modprobe -a iptable_nat iptable_mangle`, or `modprobe nf_tables`), or start "
                          "the machine with --network=none or --network=host.");
}

static int begin_use(const FirewallBackend **ret, Error **reterr) {
        const FirewallBackend *b = noted();
        Choice choice;
        int r;

        if (!b) {
                r = choose(&choice, reterr);
                if (r >= 0)
                        r = take_note(choice.backend, reterr);
                if (r < 0)
                        return r;
                b = choice.backend;
        }
        *ret = b;
        return 0;
}

static bool needs_isolation(const FirewallSet *set) {
        for (size_t i = 0; i < set->n_zones; i++)
                if (set->zones[i].isolated)
                        return bridge_is_filtered();
        return false;
}

int firewall_apply(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr) {
        const FirewallBackend *b;
        int r;

        r = begin_use(&b, reterr);
        if (r >= 0)
                r = b->apply(set, oracle, reterr);
        if (r >= 0 && b == &firewall_iptables)
                firewall_note_seen(set);
        if (r >= 0 && needs_isolation(set))
                r = bridge_isolation_apply(reterr);
        return r < 0 ? r : 0;
}

int firewall_check(const FirewallSet *set, char ***ret_missing, Error **reterr) {
        _cleanup_strv_ char **missing = NULL;
        const FirewallBackend *b = noted();
        Choice choice;
        int r;

        r = choose(&choice, reterr);
        if (r >= 0 && b && b != choice.backend &&
            strv_appendf(&missing, "all, after a change from %s to %s (%s)", b->name, choice.backend->name, choice.why) < 0)
                r = error_oom(reterr);
        if (r >= 0)
                r = (b ?: choice.backend)->check(set, &missing, reterr);
        if (r >= 0 && needs_isolation(set) && !bridge_isolation_stands())
                r = firewall_miss(&missing, "table", "bridge nbox", reterr);
        if (r < 0)
                return r;
        r = (int) strv_length(missing);
        *ret_missing = TAKE_PTR(missing);
        return r;
}

bool firewall_stands(const FirewallSet *set) {
        _cleanup_strv_ char **missing = NULL;
        const FirewallBackend *b = noted();

        return !b || b->check(set, &missing, NULL) < 0 || !missing;
}

bool firewall_stands_as_seen(const FirewallSet *set) {
        return noted() == &firewall_iptables && firewall_seen(set);
}

/* What stands without a note is of an nbox that knew the legacy tables alone. */
int firewall_remove(const char *machine, const char *zone, Error **reterr) {
        const FirewallBackend *b = noted() ?: &firewall_iptables;

        return b->remove(machine, zone, reterr);
}

/* Both: a crash amid firewall_change() leaves two. */
int firewall_sweep(const FirewallOracle *oracle, Error **reterr) {
        int result = 0;

        for (size_t i = 0; i < ELEMENTSOF(preferred); i++) {
                int r = preferred[i].backend->sweep(oracle, result < 0 ? NULL : reterr);

                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

static bool is_dead(const char *name _unused_, void *userdata _unused_) {
        return false;
}

int firewall_change(Error **reterr) {
        const FirewallBackend *b = noted();
        Choice choice;
        int r;

        if (!b)
                return 0;
        r = choose(&choice, reterr);
        if (r < 0 || b == choice.backend)
                return r;
        r = b->sweep(&(FirewallOracle){ is_dead, is_dead, NULL }, reterr);
        if (r < 0)
                return r;
        (void) unlink(NOTE);
        return 1;
}

int firewall_look(char ret[FIREWALL_TEXT_MAX], Error **reterr) {
        const FirewallBackend *b = noted();
        Choice choice;
        int r = choose(&choice, reterr);

        if (r < 0)
                return r;
        if (!b || b == choice.backend)
                snprintf(ret, FIREWALL_TEXT_MAX, "%s (%s)", choice.backend->name, choice.why);
        else
                snprintf(ret, FIREWALL_TEXT_MAX, "%s (in use; `nbox network repair` changes it to %s: %s)", b->name,
                         choice.backend->name, choice.why);
        return 0;
}

void firewall_describe(char ret[FIREWALL_TEXT_MAX]) {
        _cleanup_(error_freep) Error *error = NULL;

        if (firewall_look(ret, &error) < 0)
                snprintf(ret, FIREWALL_TEXT_MAX, "%s", error ? error->message : "not known");
}

/* ---- what the backends share ---- */

IpAddress firewall_machine_address(const FirewallMachine *m, int family) {
        if (family == AF_INET)
                return ip_v4(m->address);
        return IN6_IS_ADDR_UNSPECIFIED(&m->address6) ? (IpAddress){} : ip_v6(&m->address6);
}

bool firewall_is_published(const FirewallMachine *m, const PortMap *p, int family) {
        return firewall_machine_address(m, family).family && port_address_is_of(&p->address, family) &&
               !(family == AF_INET6 && ip_is_loopback(&p->address));
}

bool firewall_is_routed(const FirewallMachine *m, const PortMap *p) {
        return m->routed6 && firewall_is_published(m, p, AF_INET6) && port_address_is_any(&p->address);
}

bool firewall_machine_is_dead(const FirewallOracle *o, const char *machine) {
        return o && o->machine_is_alive && !o->machine_is_alive(machine, o->userdata);
}

bool firewall_zone_is_dead(const FirewallOracle *o, const char *zone) {
        return o && o->zone_is_alive && !o->zone_is_alive(zone, o->userdata);
}

int firewall_miss(char ***missing, const char *kind, const char *name, Error **reterr) {
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "%s '%s'", kind, name) < 0)
                return error_oom(reterr);
        if (strv_contains(*missing, text))
                return 0;
        return strv_append(missing, text) < 0 ? error_oom(reterr) : 0;
}

int firewall_port_is_taken(int protocol, uint16_t port, const char *machine, Error **reterr) {
        error_set(reterr, EADDRINUSE, "Port %u/%s of the host is published by %s%s%s already", port, protocol_to_string(protocol),
                  machine ? "machine '" : "a rule of nobody's", machine ?: "", machine ? "'" : "");
        return error_hint(reterr, -EADDRINUSE, "Choose another port of the host, as HOST:MACHINE.");
}
