/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network-faults.h"

#include "control.h"
#include "port-listen.h"
#include "repair-parts.h"

/* Only a supervisor can listen, and where there is none the machine is no machine of this host's. */
static bool is_supervised(const Endpoint *e) {
        _cleanup_free_ char *path = control_path(e->machine);

        return path && access(path, F_OK) >= 0;
}

/* The next of its ports, from *i on, that nobody listens for where its supervisor is to: it could not, or knew nothing of it when it was
 * started. NULL: no more. What is beyond the limit is nobody's fault. */
static const PortMap *next_missing(const Endpoint *e, size_t *i, unsigned *n) {
        PortScope scope = port_scope(e);

        while (*i < e->ports.n) {
                const PortMap *p = e->ports.items + (*i)++;

                if (!port_is_relayed(p, scope) || *n + p->count > RELAYED_PORTS_MAX)
                        continue;
                *n += p->count;
                if (!port_is_heard(p, scope))
                        return p;
        }
        return NULL;
}

static int find_in(const Endpoint *e, NetworkState *ret) {
        char place[PORT_PLACE_MAX];
        unsigned n = 0;
        size_t i = 0;

        for (const PortMap *p; (p = next_missing(e, &i, &n));) {
                port_place_format(p, port_scope(e), p->host, place);
                if (!fault_add(ret, e->n_nics > 0 ? e->nics[0].zone : "", e->machine, "%s does not lead to it", place))
                        return -ENOMEM;
        }
        return 0;
}

/* They make good what they could not have before. One that cannot do that is of an older nbox, which its next start mends. */
static int mend_in(const Endpoint *e, NetworkState *ret) {
        unsigned n = 0;
        size_t i = 0, before = ret->n_faults;
        int r;

        if (!next_missing(e, &i, &n))
                return 0;
        close_fd(control_request(e->machine, "ports", NULL, NULL));
        r = find_in(e, ret);
        for (size_t k = before; k < ret->n_faults; k++)
                snprintf(ret->faults[k].remedy, sizeof(ret->faults[k].remedy), "run `nbox reboot %s`", e->machine);
        return r;
}

static int for_each(int (*call)(const Endpoint *e, NetworkState *ret), NetworkState *ret, Error **reterr) {
        Endpoint **machines;
        size_t n;
        int r;

        r = endpoint_list(&machines, &n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (machines[i]->n_nics + machines[i]->n_links > 0 && is_supervised(machines[i]))
                        r = call(machines[i], ret);
        endpoint_list_free(machines, n);
        return r < 0 ? error_oom(reterr) : 0;
}

int network_faults_find(NetworkState *ret, Error **reterr) {
        _cleanup_(network_state_clear) NetworkState state = {};
        int r;

        r = network_inspect(&state, reterr);
        if (r >= 0)
                r = for_each(find_in, &state, reterr);
        if (r < 0)
                return r;
        *ret = state;
        state = (NetworkState){};
        return 0;
}

int network_faults_mend(NetworkState *ret, Error **reterr) {
        _cleanup_(network_state_clear) NetworkState state = {};
        int r;

        r = network_repair(&state, reterr);
        if (r >= 0)
                r = for_each(mend_in, &state, reterr);
        if (r < 0)
                return r;
        *ret = state;
        state = (NetworkState){};
        return 0;
}
