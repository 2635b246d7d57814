/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is right by itself but not together. Each check says which of the two to change. */

#include <string.h>

#include "health-check.h"
#include "nics.h"
#include "ready.h"

static bool has_zone(const MachineConfig *c) {
        return c->network == NETWORK_UNSET || (c->network == NETWORK_OWN && (c->nics.n == 0 || nic_list_has(&c->nics, NIC_ZONE)));
}

/* What the host can reach: what is stacked on a link of the host's it cannot. */
static bool has_pair(const MachineConfig *c) {
        return c->network == NETWORK_OWN && (nic_list_has(&c->nics, NIC_VETH) || nic_list_has(&c->nics, NIC_BRIDGE));
}

static int check_ports(const MachineConfig *c, Error **reterr) {
        bool of_host = c->ports.n == 0 || has_pair(c);
        const char *option = of_host ? "--host-port=" : "--port=", *key = of_host ? "HostPort=" : "Port=";

        if (c->ports.n + c->host_ports.n == 0 || has_zone(c) || (c->host_ports.n == 0 && has_pair(c)))
                return 0;
        if (of_host)
                error_set(reterr, EINVAL, "A port of the host's cannot be offered with --network=%s", network_word(c->network, &c->nics));
        else
                error_set(reterr, EINVAL, "A port cannot be published with --network=%s", network_word(c->network, &c->nics));
        if (c->network == NETWORK_HOST)
                return error_hint(reterr, -EINVAL, !of_host ? "Leave out --port=: the machine's ports are the host's already."
                                                                  : "Leave out --host-port=: the host's 127.0.0.1 is the machine's already.");
        return error_hint(reterr, -EINVAL, "Leave out %s (%s in the settings file), or take --network=zone%s.", option, key,
                          c->network == NETWORK_OWN ? ", alone or beside it" : "");
}

static int check_rates(const MachineConfig *c, Error **reterr) {
        if ((c->ingress_rate == UINT64_MAX && c->egress_rate == UINT64_MAX) || has_zone(c))
                return 0;
        error_set(reterr, EINVAL, "Nothing of the host's limits a rate with --network=%s", network_word(c->network, &c->nics));
        return error_hint(reterr, -EINVAL, "Leave out --ingress-rate= and --egress-rate=, or take --network=zone.");
}

static int check_command(const MachineConfig *c, Error **reterr) {
        if (c->mode == START_BOOT)
                return 0;
        if (c->as_nspawn && (!c->parameters || !c->parameters[0]))
                return 0; /* a shell */
        if (!c->parameters || !c->parameters[0]) {
                error_set(reterr, EINVAL, "No command to run is given");
                return error_hint(reterr, -EINVAL, "For a shell: nbox run %s /bin/sh. To boot the tree: nbox boot %s",
                                  c->image ? c->image : c->directory, c->image ? c->image : c->directory);
        }
        if (!*c->parameters[0])
                return error_set(reterr, EINVAL, "The command to run is empty");
        return 0;
}

static bool same_path(const char *a, const char *b) {
        for (;;) {
                size_t n, m;

                a += strspn(a, "/");
                b += strspn(b, "/");
                n = strcspn(a, "/");
                m = strcspn(b, "/");
                if (n != m || strncmp(a, b, n) != 0)
                        return false;
                if (n == 0)
                        return true;
                a += n;
                b += m;
        }
}

static const char *mount_destination(const MachineConfig *c, size_t i) {
        if (i < c->n_binds)
                return c->binds[i].destination;
        i -= c->n_binds;
        return i < c->n_tmpfs ? c->tmpfs[i].destination : c->overlays[i - c->n_tmpfs].destination;
}

static int check_mounts(const MachineConfig *c, Error **reterr) {
        for (size_t i = 0; i < c->n_binds + c->n_tmpfs + c->n_overlays; i++)
                for (size_t j = 0; j < i; j++)
                        if (same_path(mount_destination(c, i), mount_destination(c, j))) {
                                error_set(reterr, EEXIST, "Two mounts are asked for at '%s'", mount_destination(c, i));
                                return error_hint(reterr, -EEXIST, "Leave out one --bind=, --bind-ro=, --tmpfs= or --overlay=.");
                        }
        return 0;
}

/* A template's clone is there to be kept. */
static int check_template(const MachineConfig *c, Error **reterr) {
        if (!c->template || (c->ephemeral != 1 && !c->disk))
                return 0;
        error_set(reterr, EINVAL, "--template=%s does not go with %s", c->template, c->disk ? "--image=" : "--ephemeral");
        return error_hint(reterr, -EINVAL, c->disk ? "`nbox clone` makes a copy of a disk image." : "For a passing machine on that image: --ephemeral %s",
                          c->template);
}

static int check_detach(const MachineConfig *c, Error **reterr) {
        if (c->detach != 1 || c->console == CONSOLE_UNSET || c->console == CONSOLE_PASSIVE)
                return 0;
        error_set(reterr, EINVAL, "A detached machine has no terminal for --console=%s", console_mode_to_string(c->console));
        return error_hint(reterr, -EINVAL, "Leave out --console=; `nbox console %s` attaches to it later.", c->machine);
}

/* What the kernel shows of the host's network is everybody's: a port is the machine's when it is one of its own users' who listens. */
static int check_port_word(const MachineConfig *c, const char *option, const char *text, Error **reterr) {
        bool own_users = c->userns == USERNS_UNSET || c->userns == USERNS_PICK || (c->userns == USERNS_FIXED && c->uid_base > 0);

        if (c->network != NETWORK_HOST || own_users)
                return 0;
        error_set(reterr, EINVAL, "%s=%s cannot tell the machine's ports from the host's with --network=host and the host's user ids", option, text);
        return error_hint(reterr, -EINVAL, "Take another word, such as command:, or give the machine users or a network of its own.");
}

static int check_ready(const MachineConfig *c, Error **reterr) {
        for (char **text = c->ready; text && *text; text++) {
                _cleanup_(ready_condition_done) ReadyCondition ready = {};
                int r = ready_condition_parse(*text, &ready, reterr);

                if (r >= 0 && ready.kind == READY_PORT)
                        r = check_port_word(c, "--ready", ready.text, reterr);
                if (r >= 0 && ready.kind == READY_CONSOLE && c->console == CONSOLE_PIPE) {
                        error_set(reterr, EINVAL, "--ready=%s needs a console, and --console=pipe gives it away", ready.text);
                        r = error_hint(reterr, -EINVAL, "Leave out one of them.");
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_health(const MachineConfig *c, Error **reterr) {
        for (char **text = c->health; text && *text; text++) {
                _cleanup_(health_check_done) HealthCheck check = {};
                int r = health_check_parse(*text, &check, reterr);

                if (r >= 0 && check.kind == CHECK_PORT)
                        r = check_port_word(c, "--health", check.text, reterr);
                if (r >= 0 && check.kind == CHECK_INIT && c->mode == START_RUN && config_wants_health(c)) {
                        error_set(reterr, EINVAL, "--health=init asks an init, and nbox run starts a command");
                        r = error_hint(reterr, -EINVAL, "Take another check, such as command: or port:.");
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_json(const MachineConfig *c, Error **reterr) {
        if (c->json != 1 || c->dry_run == 1)
                return 0;
        error_set(reterr, EINVAL, "--json is the form of --dry-run's output");
        return error_hint(reterr, -EINVAL, "Leave it out, or add --dry-run.");
}

static int check_selinux(const MachineConfig *c, Error **reterr) {
        if (c->selinux != SELINUX_NO || (!c->selinux_context && !c->selinux_apifs_context))
                return 0;
        error_set(reterr, EINVAL, "With --selinux=no nothing gets the label '%s'", c->selinux_context ?: c->selinux_apifs_context);
        return error_hint(reterr, -EINVAL, "Leave out one of them.");
}

/* Root inside would be the host's root by its id, whose the sysctls are: parts of /proc are covered for good then, and nobody inside can
 * mount another. */
static int check_nesting(const MachineConfig *c, Error **reterr) {
        if (c->nesting != 1 || !(c->userns == USERNS_IDENTITY || (c->userns == USERNS_FIXED && c->uid_base == 0)))
                return 0;
        error_set(reterr, EINVAL, "--nesting does not go with the host root's id: containers inside could not mount a /proc of their own");
        return error_hint(reterr, -EINVAL, "Leave out --private-users=: the machine then has ids of its own, and more of them.");
}

int config_validate(const MachineConfig *c, Error **reterr) {
        static int (*const checks[])(const MachineConfig *c, Error **reterr) = {
                check_command, check_ports, check_rates, check_template, check_mounts, check_nesting, check_detach, check_ready, check_health, check_selinux, check_json,
        };

        for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
                int r = checks[i](c, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}
