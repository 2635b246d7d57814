/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "error.h"
#include "tag.h"

/* Legacy iptables and ip6tables: rules as the kernel has them, and tables edited through libiptc. Used by
 * firewall-iptables.c for what is ours and by doors-legacy.c. Rules of ours are known by their comment, the tag (tag.h).
 *
 * The two are one thing but for the width of addresses and some names: wherever a family is asked for, it is AF_INET or AF_INET6, and
 * what is put into a rule is of the rule's family. */

/* ---- rules (iptables-rule.c) ---- */

#define RULE_MAX 1024 /* an entry with comment, conntrack and a target is about 800 bytes */

/* A struct ipt_entry or ip6t_entry with its matches and its target behind it. */
typedef struct Rule {
        int family;
        _Alignas(8) uint8_t bytes[RULE_MAX];
} Rule;

/* One that is only looked at: the table's, or a Rule's. */
typedef struct RuleView {
        int family;
        const uint8_t *bytes; /* NULL: none */
} RuleView;

RuleView rule_view(const Rule *r);

/* Begin with a rule that matches everything and has the comment `tag`; add conditions, then end with one target. */
void rule_begin(Rule *r, int family, const char *tag);
void rule_source(Rule *r, const IpAddress *address, unsigned prefix);
void rule_destination(Rule *r, const IpAddress *address, unsigned prefix);
void rule_not_destination(Rule *r, const IpAddress *address, unsigned prefix);
void rule_in(Rule *r, const char *ifname, bool invert);
void rule_out(Rule *r, const char *ifname, bool invert);
void rule_ports(Rule *r, int protocol, uint16_t first, uint16_t count); /* destination ports, host byte order */
void rule_udp(Rule *r, uint16_t source, uint16_t destination);          /* ports, host byte order */
void rule_protocol(Rule *r, int protocol);
void rule_icmp6(Rule *r, uint8_t type);                                 /* IPv6 alone */
void rule_to_local(Rule *r);                                            /* to an address of the host's own */
void rule_ctstate(Rule *r, uint16_t mask, bool invert);                 /* XT_CONNTRACK_STATE_* */
void rule_jump(Rule *r, const char *chain_or_verdict);
void rule_masquerade(Rule *r);
void rule_mark(Rule *r, uint32_t bits);                                 /* set in the packet's mark */

/* Translate the destination to `address` and ports from `base` on to as many from `to` on. Host byte order. */
typedef struct PortShift {
        uint16_t base, to, count;
} PortShift;
void rule_dnat(Rule *r, const IpAddress *address, PortShift ports);
void rule_snat(Rule *r, uint32_t address);                              /* IPv4 alone; host byte order */

/* What a rule says: its comment ("" for none); whether two are the same but for counters, where `target` names the
 * target of `a`, which libiptc keeps elsewhere. */
const char *rule_tag(RuleView r);
bool rule_same(RuleView a, const char *target, const Rule *b);

/* Whether a rule is for one of these ports on an address that `address` (none, unspecified: all) may be; *ret is the first of them. */
typedef struct PortSpan {
        int protocol;
        IpAddress address;
        uint16_t first, last;
} PortSpan;
bool rule_meets_ports(RuleView r, const PortSpan *span, uint16_t *ret);

/* ---- tables (iptables-table.c) ---- */

typedef struct Table Table;

/* Take /run/xtables.lock, which is for both families, as iptables does, waiting at most some seconds. Returns an fd that holds it, or -EBUSY. */
int iptables_lock(Error **reterr);

/* Fetch a table, let `edit` change it, commit what changed; all of it again when somebody else committed in
 * between. -EOPNOTSUPP when the kernel has no such legacy table. Call with the lock held. */
typedef int (*TableEdit)(Table *t, void *userdata, Error **reterr);
int iptables_edit(int family, const char *name, TableEdit edit, void *userdata, Error **reterr);

/* The same without the commit: 1 when `edit` would change the table, 0 when all stands as it wants it. Needs no lock. */
int iptables_check(int family, const char *name, TableEdit edit, void *userdata, Error **reterr);

/* Whose rules it has. */
int table_family(const Table *t);

/* Whether something was changed since the edit began or this was asked last; for an edit that is only checked. */
bool table_take_changed(Table *t);

/* Whether this kernel has a legacy table of that name, loading its module if need be. Fetching one makes it in the namespace, so this
 * is to be called in another than the host's where none of ours stands. */
bool iptables_usable(int family, const char *name);

/* Whether this table exists in this namespace already: fetching it would create it. */
bool iptables_table_exists(int family, const char *name);

/* The same of some at once, for what says it takes as long as to read one of them. */
void iptables_tables_exist(int family, const char *const *names, size_t n, bool *ret);

/* Whether a table may have a rule with `tag`: without the library, which costs more than to find that it has none. */
bool iptables_may_have(int family, const char *name, const char *tag);

/* A hash of all that stands in a table that exists, but for what its rules have counted. 1: it may have a rule with one of these tags; 0; or
 * -errno. */
int iptables_fingerprint(int family, const char *name, char *const *tags, uint64_t *ret);

/* Make the rules tagged `tag` in `chain` (made if need be) exactly these, behind all others, or with _top before them; no change where
 * they stand already. */
int table_sync(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n, Error **reterr);
int table_sync_top(Table *t, const char *chain, const char *tag, const Rule *rules, size_t n, Error **reterr);

/* Delete the rules of a chain that `match` chooses. No such chain is fine. */
typedef bool (*RuleMatch)(RuleView r, void *userdata);
int table_delete(Table *t, const char *chain, RuleMatch match, void *userdata, Error **reterr);

/* The first rule of a chain that `match` chooses, or none. */
RuleView table_find(Table *t, const char *chain, RuleMatch match, void *userdata);

/* Where `chain` has rules, have exactly one rule `jump` to it in `from`, the first there (`top`: what stands before it may drop), or
 * added at the end; where it has none, remove such jumps. table_drop_empty() then removes the chain. */
int table_link(Table *t, const char *from, const char *chain, const Rule *jump, bool top, Error **reterr);
int table_drop_empty(Table *t, const char *chain, Error **reterr);

/* Whether a built-in chain accepts all that reaches it: policy ACCEPT and no rules but jumps to `ours`. */
bool table_accepts_all(Table *t, const char *builtin, const char *ours);
