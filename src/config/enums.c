/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enums.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/personality.h>

#include "config.h"
#include "health-check.h"
#include "ready.h"

const EnumName start_mode_names[] = {
        { "boot", START_BOOT },
        { "run", START_RUN },
        {},
};

const EnumName init_kind_names[] = {
        { "auto", INIT_AUTO },
        { "systemd", INIT_SYSTEMD },
        { "busybox", INIT_BUSYBOX },
        { "openrc-init", INIT_OPENRC },
        { "sysvinit", INIT_SYSVINIT },
        { "runit", INIT_RUNIT },
        { "finit", INIT_FINIT },
        { "s6", INIT_S6 },
        { "dinit", INIT_DINIT },
        { "tiny", INIT_TINY },
        { "other", INIT_OTHER },
        {},
};

const EnumName network_kind_names[] = {
        { "zone", NETWORK_OWN },
        { "default-zone", NETWORK_OWN },
        { "host", NETWORK_HOST },
        { "none", NETWORK_NONE },
        { "ns", NETWORK_NAMESPACE },
        {},
};

const EnumName nic_kind_names[] = {
        { "zone", NIC_ZONE },
        { "veth", NIC_VETH },
        { "veth-extra", NIC_EXTRA },
        { "bridge", NIC_BRIDGE },
        { "macvlan", NIC_MACVLAN },
        { "ipvlan", NIC_IPVLAN },
        { "interface", NIC_INTERFACE },
        {},
};

const EnumName userns_mode_names[] = {
        { "no", USERNS_NO },
        { "pick", USERNS_PICK },
        { "yes", USERNS_PICK },
        { "identity", USERNS_IDENTITY },
        {},
};

const EnumName ownership_mode_names[] = {
        { "auto", OWNERSHIP_AUTO },
        { "map", OWNERSHIP_MAP },
        { "chown", OWNERSHIP_CHOWN },
        { "off", OWNERSHIP_OFF },
        {},
};

const EnumName selinux_mode_names[] = {
        { "no", SELINUX_NO },
        { "auto", SELINUX_AUTO },
        { "require", SELINUX_REQUIRE },
        {},
};

const EnumName resolv_conf_mode_names[] = {
        { "off", RESOLV_CONF_OFF },
        { "copy-host", RESOLV_CONF_COPY_HOST },
        { "copy-static", RESOLV_CONF_COPY_STATIC },
        { "copy-uplink", RESOLV_CONF_COPY_UPLINK },
        { "copy-stub", RESOLV_CONF_COPY_STUB },
        { "replace-host", RESOLV_CONF_REPLACE_HOST },
        { "replace-static", RESOLV_CONF_REPLACE_STATIC },
        { "replace-uplink", RESOLV_CONF_REPLACE_UPLINK },
        { "replace-stub", RESOLV_CONF_REPLACE_STUB },
        { "bind-host", RESOLV_CONF_BIND_HOST },
        { "bind-static", RESOLV_CONF_BIND_STATIC },
        { "bind-uplink", RESOLV_CONF_BIND_UPLINK },
        { "bind-stub", RESOLV_CONF_BIND_STUB },
        { "delete", RESOLV_CONF_DELETE },
        { "auto", RESOLV_CONF_AUTO },
        {},
};

const EnumName timezone_mode_names[] = {
        { "off", TIMEZONE_OFF },
        { "copy", TIMEZONE_COPY },
        { "bind", TIMEZONE_BIND },
        { "symlink", TIMEZONE_SYMLINK },
        { "delete", TIMEZONE_DELETE },
        { "auto", TIMEZONE_AUTO },
        {},
};

const EnumName lxcfs_mode_names[] = {
        { "no", LXCFS_NO },
        { "auto", LXCFS_AUTO },
        { "yes", LXCFS_YES },
        {},
};

const EnumName link_journal_mode_names[] = {
        { "no", LINK_JOURNAL_NO },
        { "host", LINK_JOURNAL_HOST },
        { "try-host", LINK_JOURNAL_TRY_HOST },
        { "guest", LINK_JOURNAL_GUEST },
        { "try-guest", LINK_JOURNAL_TRY_GUEST },
        { "auto", LINK_JOURNAL_AUTO },
        {},
};

const EnumName volatile_mode_names[] = {
        { "no", VOLATILE_NO },
        { "yes", VOLATILE_YES },
        { "state", VOLATILE_STATE },
        { "overlay", VOLATILE_OVERLAY },
        {},
};

const EnumName oom_policy_names[] = {
        { "continue", OOM_POLICY_CONTINUE },
        { "kill", OOM_POLICY_KILL },
        { "stop", OOM_POLICY_STOP },
        {},
};

const EnumName console_mode_names[] = {
        { "interactive", CONSOLE_INTERACTIVE },
        { "read-only", CONSOLE_READ_ONLY },
        { "passive", CONSOLE_PASSIVE },
        { "pipe", CONSOLE_PIPE },
        { "autopipe", CONSOLE_AUTOPIPE },
        {},
};

const EnumName settings_mode_names[] = {
        { "no", SETTINGS_NO },
        { "yes", SETTINGS_YES },
        { "override", SETTINGS_OVERRIDE },
        { "trusted", SETTINGS_TRUSTED },
        {},
};

const EnumName ready_kind_names[] = {
        { "auto", READY_AUTO },
        { "notify", READY_NOTIFY },
        { "exec", READY_EXEC },
        { "life", READY_LIFE },
        { "file:", READY_FILE },
        { "port:", READY_PORT },
        { "command:", READY_COMMAND },
        { "console:", READY_CONSOLE },
        { "delay:", READY_DELAY },
        {},
};

const EnumName health_check_names[] = {
        { "init", CHECK_INIT },
        { "command:", CHECK_COMMAND },
        { "port:", CHECK_PORT },
        { "http:", CHECK_HTTP },
        {},
};

const EnumName health_action_names[] = {
        { "none", HEALTH_ACTION_NONE },
        { "restart", HEALTH_ACTION_RESTART },
        { "stop", HEALTH_ACTION_STOP },
        { "kill", HEALTH_ACTION_KILL },
        {},
};

const EnumName protocol_names[] = {
        { "tcp", IPPROTO_TCP },
        { "udp", IPPROTO_UDP },
        {},
};

const EnumName personality_names[] = {
        { "x86", PER_LINUX32 },
        { "x86-64", PER_LINUX },
        {},
};

const EnumName boolean_names[] = {
        { "yes", 1 },
        { "no", 0 },
        {},
};

const EnumName bind_option_names[] = {
        { "rbind", BIND_OPTION_RBIND },
        { "norbind", BIND_OPTION_NORBIND },
        { "noidmap", BIND_OPTION_NOIDMAP },
        { "idmap", BIND_OPTION_IDMAP },
        { "rootidmap", BIND_OPTION_ROOTIDMAP },
        { "owneridmap", BIND_OPTION_OWNERIDMAP },
        {},
};

char *enum_list(const EnumName *table) {
        size_t size = 1;
        char *list, *o;

        for (const EnumName *e = table; e->name; e++)
                size += strlen(e->name) + strlen(" or ");
        list = malloc(size);
        if (!list)
                return NULL;
        *list = 0;
        o = list;
        for (const EnumName *e = table; e->name; e++) {
                if (e != table)
                        o = stpcpy(o, e[1].name ? ", " : " or ");
                o = stpcpy(o, e->name);
        }
        return list;
}

int enum_parse(const EnumName *table, const char *text, int *ret, Error **reterr) {
        _cleanup_free_ char *list = NULL;

        for (const EnumName *e = table; e->name; e++)
                if (strcmp(e->name, text) == 0) {
                        *ret = e->value;
                        return 0;
                }
        list = enum_list(table);
        if (!list)
                return error_oom(reterr);
        return error_set(reterr, EINVAL, "'%.80s' is not one of %s", text, list);
}

const char *enum_to_string(const EnumName *table, int value) {
        for (const EnumName *e = table; e->name; e++)
                if (e->value == value)
                        return e->name;
        return NULL;
}

const char *start_mode_to_string(StartMode m) {
        return enum_to_string(start_mode_names, (int) m);
}

const char *network_kind_to_string(NetworkKind k) {
        return enum_to_string(network_kind_names, (int) k);
}

const char *nic_kind_to_string(NicKind k) {
        return enum_to_string(nic_kind_names, (int) k);
}

const char *console_mode_to_string(ConsoleMode m) {
        return enum_to_string(console_mode_names, (int) m);
}

const char *oom_policy_to_string(OomPolicy p) {
        return enum_to_string(oom_policy_names, (int) p);
}

const char *resolv_conf_mode_to_string(ResolvConfMode m) {
        return enum_to_string(resolv_conf_mode_names, (int) m);
}

const char *lxcfs_mode_to_string(LxcfsMode m) {
        return enum_to_string(lxcfs_mode_names, (int) m);
}

const char *link_journal_mode_to_string(LinkJournalMode m) {
        return enum_to_string(link_journal_mode_names, (int) m);
}

const char *timezone_mode_to_string(TimezoneMode m) {
        return enum_to_string(timezone_mode_names, (int) m);
}

const char *volatile_mode_to_string(VolatileMode m) {
        return enum_to_string(volatile_mode_names, (int) m);
}

const char *ownership_mode_to_string(OwnershipMode m) {
        return enum_to_string(ownership_mode_names, (int) m);
}

const char *protocol_to_string(int protocol) {
        return enum_to_string(protocol_names, protocol);
}

const char *init_kind_to_string(InitKind kind) {
        return enum_to_string(init_kind_names, (int) kind);
}

InitKind init_kind_from_string(const char *name) {
        for (const EnumName *e = init_kind_names; e->name; e++)
                if (strcmp(e->name, name) == 0)
                        return (InitKind) e->value;
        return INIT_AUTO;
}
