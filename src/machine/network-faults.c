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

/* Nobody listens where its supervisor is to: it could not, or knew nothing of it when it was started. */
static bool is_missing(const Endpoint *e, const PortMap *p) {
        PortScope scope = port_scope(e);

        return port_is_relayed(p, scope) && !port_is_heard(p, scope);
}

static int find_in(const Endpoint *e, NetworkState *ret) {
        char place[PORT_PLACE_MAX];

        for (const PortMap *p = e->ports.items; p < e->ports.items + e->ports.n; p++) {
                if (!is_missing(e, p))
                        continue;
                port_place_format(p, port_scope(e), p->host, place);
                if (!fault_add(ret, e->n_nics > 0 ? e->nics[0].zone : "", e->machine, "%s does not lead to it", place))
                        return -ENOMEM;
        }
        return 0;
}

/* They make good what they could not have before; one that cannot be asked is found to be at fault again. */
static int mend_in(const Endpoint *e, NetworkState *ret _unused_) {
        for (const PortMap *p = e->ports.items; p < e->ports.items + e->ports.n; p++)
                if (is_missing(e, p)) {
                        close_fd(control_request(e->machine, "ports", NULL, NULL));
                        break;
                }
        return 0;
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

        r = for_each(mend_in, NULL, reterr);
        if (r >= 0)
                r = network_repair(&state, reterr);
        if (r >= 0)
                r = for_each(find_in, &state, reterr);
        if (r < 0)
                return r;
        *ret = state;
        state = (NetworkState){};
        return 0;
}
