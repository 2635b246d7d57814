/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "health-check.h"
#include "options.h"
#include "port-map.h"
#include "property.h"
#include "ready.h"
#include "resources.h"
#include "strv.h"

/* Values of options and settings, one after the other: which option, whether it stands in a file, and the text. */

/* A text that is taken says the same when it is read again. */
static void check_resources(const char *text) {
        for (int k = 0; k < RESOURCES; k++) {
                _cleanup_free_ char *kept = NULL, *again = NULL;
                _cleanup_(error_freep) Error *error = NULL;
                const char *rest;
                char *device, *rate;
                int r = *text ? resource_check((Resource) k, text, &kept, &error) : -EINVAL;

                if (r < 0)
                        continue;
                r = resource_check((Resource) k, kept, &again, &error);
                fuzz_check(r == 0 && strcmp(kept, again) == 0);
                rest = kept;
                while (resource_is_of_devices((Resource) k) && resource_next_device(&rest, &device, &rate) > 0) {
                        fuzz_check(rate && *rate);
                        free(device);
                        free(rate);
                }
        }
}

static void check_ports(const char *text) {
        _cleanup_(error_freep) Error *error = NULL, *second = NULL;
        PortMap p = {}, q = {};
        char shown[PORT_MAP_TEXT_MAX];
        int r = port_map_parse(text, &p, &error);

        fuzz_check_error(r, error);
        if (r >= 0) {
                fuzz_check(p.count >= 1 && p.host + p.count <= 65536 && p.machine + p.count <= 65536);
                port_map_format(&p, shown);
                fuzz_check(port_map_parse(shown, &q, &second) >= 0 && p.host == q.host && p.count == q.count);
        }
        error_free(TAKE_PTR(error));
        r = host_port_parse(text, &p, &error);
        fuzz_check_error(r, error);
}

static void check_conditions(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        ReadyCondition ready = {};
        HealthCheck health = {};
        PropertyValue property = {};
        int r = ready_condition_parse(text, &ready, &error);

        fuzz_check_error(r, error);
        if (r >= 0)
                ready_condition_done(&ready);
        error_free(TAKE_PTR(error));
        r = health_check_parse(text, &health, &error);
        fuzz_check_error(r, error);
        if (r >= 0)
                health_check_done(&health);
        error_free(TAKE_PTR(error));
        r = property_parse(text, &property, &error);
        fuzz_check_error(r, error);
        if (r >= 0)
                property_done(&property);
}

void fuzz_values(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        _cleanup_strv_ char **texts = NULL; /* they outlive the config, as an argument vector does: it overwrites secrets there */
        _cleanup_(config_freep) MachineConfig *c = config_new(fuzz_byte(&in) % 2 ? START_RUN : START_BOOT);

        fuzz_check(c);
        for (int n = 0; n < 16 && in.size > 0; n++) {
                const Option *o = &options[fuzz_byte(&in) % n_options];
                bool from_file = fuzz_byte(&in) % 2;
                char *text = fuzz_string(&in);
                const OptionValue v = { .option = o, .text = text, .from_file = from_file, .file = from_file ? "web.conf" : NULL, .line = 1 };
                _cleanup_(error_freep) Error *error = NULL;
                int r = o->parse ? option_store(c, &v, &error) : 0;

                fuzz_check(strv_consume(&texts, text) >= 0);
                fuzz_check_error(r, error);
                check_resources(text);
                check_ports(text);
                check_conditions(text);
        }
}
