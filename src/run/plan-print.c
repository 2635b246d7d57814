/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <string.h>
#include <sys/mount.h>

#include "parse.h"

#include "capabilities.h"
#include "json-text.h"
#include "limit-text.h"
#include "machine-plan.h"
#include "nics.h"
#include "plan-explain.h"
#include "port-map.h"

/* One description of the plan, as JSON; what people read is made of the same, so that the two cannot differ. */

static json_t *strings(char *const *v) {
        json_t *a = json_array();

        for (size_t i = 0; v && v[i]; i++)
                json_array_append_new(a, json_text(v[i]));
        return a;
}

static json_t *mounts(const MachinePlan *p) {
        static const char *const idmaps[] = {
                [MOUNT_IDMAP_NO] = "noidmap", [MOUNT_IDMAP_ALL] = "idmap", [MOUNT_IDMAP_ROOT] = "rootidmap",
                [MOUNT_IDMAP_OWNER] = "owneridmap",
        };
        static const char *const kinds[] = { [MOUNT_STEP_TMPFS] = "tmpfs", [MOUNT_STEP_BIND] = "bind", [MOUNT_STEP_OVERLAY] = "overlay",
                                             [MOUNT_STEP_VOLUME] = "volume", [MOUNT_STEP_COVER] = "inaccessible" };
        json_t *a = json_array();

        for (size_t i = 0; i < p->n_mounts; i++) {
                const MountStep *m = &p->mounts[i];
                json_t *o = json_object();

                json_object_set_new(o, "type", json_string(kinds[m->kind]));
                json_object_set_new(o, "destination", json_text(m->destination));
                if (m->source)
                        json_object_set_new(o, "source", json_text(m->source));
                if (m->sources && m->kind == MOUNT_STEP_OVERLAY)
                        json_object_set_new(o, "sources", strings(m->sources));
                if (m->options)
                        json_object_set_new(o, "options", json_text(m->options));
                json_object_set_new(o, "read_only", json_boolean(m->attr & MOUNT_ATTR_RDONLY));
                if (m->kind == MOUNT_STEP_BIND)
                        json_object_set_new(o, "idmap", json_string(idmaps[m->idmap]));
                json_array_append_new(a, o);
        }
        return a;
}

static json_t *devices(const MachinePlan *p) {
        json_t *a = json_array();

        for (size_t i = 0; i < p->devices.n; i++) {
                const MachineDevice *d = p->devices.items + i;
                char number[32];

                snprintf(number, sizeof(number), "%u:%u", d->major, d->minor);
                json_array_append_new(a, json_pack("{s:o, s:o, s:s, s:s, s:s}", "destination", json_text(d->destination), "source",
                                                   json_text(d->source), "type", d->block ? "block" : "char", "number", number,
                                                   "access", device_access_to_string(d->access)));
        }
        return a;
}

static json_t *nics(const NicList *list) {
        json_t *a = json_array();

        for (size_t i = 0; i < list->n; i++) {
                char text[NIC_TEXT_MAX];

                nic_format(list->items + i, text);
                json_array_append_new(a, json_string(text));
        }
        return a;
}

static json_t *ports(const PortList *list) {
        json_t *a = json_array();

        for (size_t i = 0; i < list->n; i++) {
                char text[PORT_MAP_TEXT_MAX];

                port_map_format(list->items + i, text);
                json_array_append_new(a, json_string(text));
        }
        return a;
}

static json_t *rate(uint64_t bits) {
        return bits > 0 ? json_integer((json_int_t) bits) : json_null();
}

static json_t *ready(const MachinePlan *p) {
        json_t *a = json_array();

        for (size_t i = 0; i < p->n_ready; i++)
                json_array_append_new(a, json_text(p->ready[i].text));
        return a;
}

static json_t *seconds(uint64_t usec) {
        return usec % 1000000 == 0 ? json_integer((json_int_t) (usec / 1000000)) : json_real((double) usec / 1000000);
}

static void describe_health(const MachinePlan *p, json_t *o) {
        json_t *checks = json_array();

        for (size_t i = 0; i < p->n_health; i++)
                json_array_append_new(checks, json_text(p->health[i].text));
        json_object_set_new(o, "health", checks);
        if (p->n_health == 0)
                return;
        json_object_set_new(o, "health_interval_seconds", seconds(p->health_interval_usec));
        json_object_set_new(o, "health_timeout_seconds", seconds(p->health_timeout_usec));
        json_object_set_new(o, "health_retries", json_integer(p->health_retries));
        json_object_set_new(o, "health_start_period_seconds", seconds(p->health_start_period_usec));
        json_object_set_new(o, "health_on_failure", json_string(enum_to_string(health_action_names, (int) p->health_on_failure)));
}

static void describe_program(const MachinePlan *p, json_t *o) {
        char id[33], signal_name[24] = "by init";

        if (p->kill_signal > 0)
                snprintf(signal_name, sizeof(signal_name), "%d", p->kill_signal);
        json_object_set_new(o, "machine", json_text(p->name));
        json_object_set_new(o, "mode", json_string(start_mode_to_string(p->mode)));
        json_object_set_new(o, "root", json_text(p->root));
        json_object_set_new(o, "os", json_text(p->os));
        json_object_set_new(o, "id", json_string(id128_to_text(p->id, id)));
        json_object_set_new(o, "command", strings(p->argv));
        if (p->mode == START_BOOT)
                json_object_set_new(o, "init", json_string(init_kind_to_string(p->init.kind)));
        json_object_set_new(o, "environment", strings(p->environment));
        json_object_set_new(o, "credentials", strings(p->credentials));
        json_object_set_new(o, "user", json_text(p->user ?: "root"));
        json_object_set_new(o, "chdir", json_text(p->chdir));
        json_object_set_new(o, "hostname", json_text(p->hostname));
        json_object_set_new(o, "ready", ready(p));
        describe_health(p, o);
        json_object_set_new(o, "stub_init", json_boolean(p->stub_init));
        json_object_set_new(o, "console", json_string(console_mode_to_string(p->console)));
        json_object_set_new(o, "kill_signal", json_string(signal_name));
        json_object_set_new(o, "stop_timeout_seconds", p->stop_timeout_usec >= DURATION_INFINITY ? json_null() :
                            json_integer((json_int_t) (p->stop_timeout_usec / 1000000)));
}

static json_t *capabilities(uint64_t set) {
        json_t *a = json_array();

        for (const EnumName *e = capability_names; e->name; e++)
                if (set & (UINT64_C(1) << e->value))
                        json_array_append_new(a, json_string(e->name));
        return a;
}

static json_t *limit_value(rlim_t v) {
        char text[24];

        snprintf(text, sizeof(text), "%llu", (unsigned long long) v);
        return json_string(v == RLIM_INFINITY ? "infinity" : text);
}

/* Those that were asked for. */
static json_t *limits(const MachinePlan *p) {
        json_t *a = json_array();

        for (const EnumName *e = limit_names; e->name; e++) {
                json_t *o;

                if (!(p->limits_asked & (1U << e->value)))
                        continue;
                o = json_object();
                json_object_set_new(o, "limit", json_string(e->name));
                json_object_set_new(o, "soft", limit_value(p->limits[e->value].rlim_cur));
                json_object_set_new(o, "hard", limit_value(p->limits[e->value].rlim_max));
                json_array_append_new(a, o);
        }
        return a;
}

static void describe_isolation(const MachinePlan *p, json_t *o) {
        char caps[20];

        snprintf(caps, sizeof(caps), "0x%llx", (unsigned long long) p->capabilities);
        json_object_set_new(o, "user_namespace", json_boolean(p->userns));
        json_object_set_new(o, "uid_base", json_integer(p->uid_base));
        json_object_set_new(o, "uid_range", json_integer(p->uid_range));
        json_object_set_new(o, "ownership", json_string(ownership_mode_to_string(p->ownership)));
        json_object_set_new(o, "disk_base", json_integer(p->disk_base));
        json_object_set_new(o, "idmapped", json_boolean(p->idmapped));
        json_object_set_new(o, "chown", json_boolean(p->rechown));
        json_object_set_new(o, "capabilities", json_string(caps));
        json_object_set_new(o, "system_call_filter", strings(p->system_call_filter));
        json_object_set_new(o, "ambient_capabilities", capabilities(p->ambient));
        json_object_set_new(o, "no_new_privileges", json_boolean(p->no_new_privileges));
        json_object_set_new(o, "suppress_sync", json_boolean(p->suppress_sync));
        json_object_set_new(o, "lxcfs", json_string(lxcfs_mode_to_string(p->lxcfs)));
        json_object_set_new(o, "limits", limits(p));
        json_object_set_new(o, "oom_score_adjust", json_text(p->oom_score_adjust));
        json_object_set_new(o, "cpu_affinity", json_text(p->cpu_affinity));
        json_object_set_new(o, "personality", json_text(enum_to_string(personality_names, p->personality)));
        json_object_set_new(o, "nesting", json_boolean(p->nesting));
        json_object_set_new(o, "selinux", json_text(p->labels.process));
        json_object_set_new(o, "selinux_mounts", json_text(p->labels.mount));
        json_object_set_new(o, "selinux_tree", json_text(p->labels.tree));
        json_object_set_new(o, "apparmor", json_text(p->labels.apparmor));
}

static void describe_tree(const MachinePlan *p, json_t *o) {
        json_object_set_new(o, "image", json_string(image_type_name(p->image_type)));
        json_object_set_new(o, "ephemeral", json_boolean(p->ephemeral));
        json_object_set_new(o, "volatile", json_string(volatile_mode_to_string(p->volatility)));
        json_object_set_new(o, "read_only", json_boolean(p->read_only));
        json_object_set_new(o, "mounts", mounts(p));
        json_object_set_new(o, "pivot_root", json_text(p->pivot_new));
        json_object_set_new(o, "pivot_root_old", json_text(p->pivot_old));
        json_object_set_new(o, "devices", devices(p));
        json_object_set_new(o, "resolv_conf", json_string(resolv_conf_mode_to_string(p->resolv_conf)));
        json_object_set_new(o, "link_journal", json_string(link_journal_mode_to_string(p->link_journal)));
        json_object_set_new(o, "timezone", json_string(timezone_mode_to_string(p->timezone)));
}

static void describe_network(const MachinePlan *p, json_t *o) {
        json_object_set_new(o, "network", json_string(network_word(p->network, &p->nics)));
        json_object_set_new(o, "zone", json_text(nic_list_zone(&p->nics)));
        json_object_set_new(o, "network_namespace", json_text(p->network_namespace));
        json_object_set_new(o, "nics", nics(&p->nics));
        json_object_set_new(o, "ports", ports(&p->ports));
        json_object_set_new(o, "host_ports", ports(&p->host_ports));
        json_object_set_new(o, "ingress_rate", rate(p->ingress_rate));
        json_object_set_new(o, "egress_rate", rate(p->egress_rate));
}

static void describe_host_side(const MachinePlan *p, json_t *o) {
        json_object_set_new(o, "registered", json_boolean(p->registered));
        json_object_set_new(o, "slice", json_text(p->slice));
        json_object_set_new(o, "slice_properties", strings(p->slice_properties));
        json_object_set_new(o, "properties", strings(p->scope_properties));
        json_object_set_new(o, "oom_policy", json_text(p->resources[RESOURCE_OOM_POLICY]));
        json_object_set_new(o, "settings_files", strings(p->settings_files));
}

json_t *plan_to_json(const MachinePlan *p) {
        json_t *o = json_object();

        if (!o)
                return NULL;
        describe_program(p, o);
        describe_isolation(p, o);
        describe_tree(p, o);
        describe_network(p, o);
        describe_host_side(p, o);
        return o;
}

#define INDENT "                     " /* as wide as a key and a blank */

void plan_put_value(const json_t *v, const char *between, FILE *out) {
        size_t i;
        json_t *e;

        switch (json_typeof(v)) {
        case JSON_STRING:
                fputs(json_string_value(v), out);
                break;
        case JSON_INTEGER:
                fprintf(out, "%lld", (long long) json_integer_value(v));
                break;
        case JSON_REAL:
                fprintf(out, "%g", json_real_value(v));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                fputs(json_is_true(v) ? "yes" : "no", out);
                break;
        case JSON_ARRAY:
                if (json_array_size(v) == 0)
                        fputs("-", out);
                json_array_foreach((json_t *) v, i, e) {
                        if (i > 0)
                                fputs(between, out);
                        plan_put_value(e, between, out);
                }
                break;
        case JSON_OBJECT: {
                const char *key, *separator = "";

                json_object_foreach((json_t *) v, key, e) {
                        fprintf(out, "%s%s=", separator, key);
                        plan_put_value(e, between, out);
                        separator = " ";
                }
                break;
        }
        default:
                fputs("-", out);
        }
}

int plan_print(const MachinePlan *p, bool json, FILE *out, Error **reterr) {
        json_t *o = plan_to_json(p), *v;
        const char *key;

        if (!o)
                return error_oom(reterr);
        if (json) {
                json_dumpf(o, out, JSON_INDENT(2));
                fputc('\n', out);
        } else
                json_object_foreach(o, key, v) {
                        fprintf(out, "%20s ", key);
                        plan_put_value(v, "\n" INDENT, out);
                        fputc('\n', out);
                }
        json_decref(o);
        return fflush(out) == EOF ? error_errno(reterr, errno, "Cannot write the plan") : 0;
}
