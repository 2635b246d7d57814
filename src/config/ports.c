/* SPDX-License-Identifier: GPL-2.0-or-later */

/* --port=, --host-port= and the rates. */

#include <string.h>

#include "parse.h"
#include "port-map.h"
#include "values.h"

#define RATE_MIN UINT64_C(8000)
#define RATE_MAX UINT64_C(1000000000000)

int parse_port_map(MachineConfig *c, const OptionValue *v, Error **reterr) {
        PortMap map;
        int r = port_map_parse(v->text, &map, reterr);

        return r < 0 ? r : port_list_add(&c->ports, &map, port_map_clash, reterr);
}

int parse_host_port(MachineConfig *c, const OptionValue *v, Error **reterr) {
        PortMap map;
        int r = host_port_parse(v->text, &map, reterr);

        return r < 0 ? r : port_list_add(&c->host_ports, &map, host_port_clash, reterr);
}

/* As networkd writes the rate of a token bucket: bits a second, units of 1000. */
int parse_rate(MachineConfig *c, const OptionValue *v, Error **reterr) {
        static const char units[] = "KMGT";
        size_t digits = strspn(v->text, "0123456789");
        const char *unit = v->text[digits] ? strchr(units, v->text[digits]) : NULL;
        uint64_t factor = 1, rate;
        char number[24];

        for (const char *u = units; unit && u <= unit; u++)
                factor *= 1000;
        snprintf(number, sizeof(number), "%.*s", (int) digits, v->text);
        if (digits == 0 || digits >= sizeof(number) || (v->text[digits] && (!unit || v->text[digits + 1])) ||
            parse_u64(number, RATE_MAX / factor, &rate) < 0 || rate * factor < RATE_MIN)
                return error_set(reterr, EINVAL, "'%.40s' is not a rate: bits a second from 8K to 1T, as 500K, 100M or 2G", v->text);
        *(v->option->field == FIELD_INGRESS_RATE ? &c->ingress_rate : &c->egress_rate) = rate * factor;
        return 0;
}
