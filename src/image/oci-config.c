/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-config.h"

#include <string.h>
#include <sys/utsname.h>

#include "oci-json.h"
#include "text.h"

#define LAYERS_OF_ANYONE 1024 /* no image has as many */
#define HEX_LENGTH 64

void oci_config_free(OciConfig *c) {
        if (!c)
                return;
        strv_free(c->entrypoint);
        strv_free(c->command);
        strv_free(c->environment);
        free(c->user);
        free(c->directory);
        free(c->stop_signal);
        strv_free(c->volumes);
        strv_free(c->ports);
        strv_free(c->labels);
        free(c->architecture);
        free(c->os);
        strv_free(c->diff_ids);
        free(c);
}

/* What is empty there means what is missing. */
static int take_string(json_t *object, const char *key, char **ret, Error **reterr) {
        const char *s;
        int r = oci_json_string(object, key, &s, reterr);

        if (r < 0)
                return r;
        return string_set(ret, s && *s ? s : NULL) < 0 ? error_oom(reterr) : 0;
}

static int take_labels(json_t *config, char ***ret, Error **reterr) {
        _cleanup_strv_ char **labels = NULL;
        const char *key;
        json_t *map, *value;
        size_t i = 0;
        int r = oci_json_object(config, "Labels", &map, reterr);

        if (r < 0 || !map)
                return r;
        labels = calloc(json_object_size(map) + 1, sizeof(*labels));
        if (!labels)
                return error_oom(reterr);
        json_object_foreach(map, key, value) {
                if (!json_is_string(value))
                        return error_set(reterr, EBADMSG, "A label's value is not a string");
                if (asprintf(&labels[i++], "%s=%s", key, json_string_value(value)) < 0)
                        return error_oom(reterr);
        }
        strv_sort(labels);
        *ret = TAKE_PTR(labels);
        return 0;
}

static int take_config(json_t *config, OciConfig *c, Error **reterr) {
        int r = take_string(config, "User", &c->user, reterr);

        if (r >= 0)
                r = take_string(config, "WorkingDir", &c->directory, reterr);
        if (r >= 0)
                r = take_string(config, "StopSignal", &c->stop_signal, reterr);
        if (r >= 0)
                r = oci_json_strings(config, "Entrypoint", &c->entrypoint, reterr);
        if (r >= 0)
                r = oci_json_strings(config, "Cmd", &c->command, reterr);
        if (r >= 0)
                r = oci_json_strings(config, "Env", &c->environment, reterr);
        if (r >= 0)
                r = oci_json_keys(config, "Volumes", &c->volumes, reterr);
        if (r >= 0)
                r = oci_json_keys(config, "ExposedPorts", &c->ports, reterr);
        return r < 0 ? r : take_labels(config, &c->labels, reterr);
}

static int check_diff_id(const char *id, Error **reterr) {
        static const char prefix[] = "sha256:";
        const char *hex = id + strlen(prefix);

        if (strncmp(id, prefix, strlen(prefix)) == 0 && strlen(hex) == HEX_LENGTH && strspn(hex, "0123456789abcdef") == HEX_LENGTH)
                return 0;
        return error_set(reterr, EBADMSG, "One of its diff_ids is not \"sha256:\" and 64 hexadecimal digits");
}

static int take_layers(json_t *whole, OciConfig *c, Error **reterr) {
        json_t *rootfs;
        int r = oci_json_object(whole, "rootfs", &rootfs, reterr);

        if (r >= 0 && rootfs)
                r = oci_json_strings(rootfs, "diff_ids", &c->diff_ids, reterr);
        if (r >= 0 && strv_length(c->diff_ids) > LAYERS_OF_ANYONE)
                return error_set(reterr, E2BIG, "It has more than %d diff_ids", LAYERS_OF_ANYONE);
        for (size_t i = 0; r >= 0 && c->diff_ids && c->diff_ids[i]; i++)
                r = check_diff_id(c->diff_ids[i], reterr);
        return r;
}

int oci_config_parse(const char *text, size_t size, OciConfig **ret, Error **reterr) {
        static const char what[] = "The image's config";
        _cleanup_(oci_config_freep) OciConfig *c = calloc(1, sizeof(*c));
        _cleanup_json_ json_t *whole = NULL;
        json_t *config;
        int r;

        if (!c)
                return error_oom(reterr);
        r = oci_json_load(text, size, OCI_CONFIG_SIZE_MAX, JSON_OBJECT, what, &whole, reterr);
        if (r < 0)
                return r;
        r = oci_json_object(whole, "config", &config, reterr);
        if (r >= 0 && config)
                r = take_config(config, c, reterr);
        if (r >= 0)
                r = take_string(whole, "architecture", &c->architecture, reterr);
        if (r >= 0)
                r = take_string(whole, "os", &c->os, reterr);
        if (r >= 0)
                r = take_layers(whole, c, reterr);
        if (r < 0)
                return r == -ENOMEM ? r : error_prefix(reterr, r, "%s", what);
        *ret = TAKE_PTR(c);
        return 0;
}

/* The functions below add nothing for what there is nothing of; each is 0 or -1, as jansson has it. */

static int add_string(json_t *object, const char *key, const char *value) {
        return value ? json_object_set_new(object, key, json_string(value)) : 0;
}

static int add_strings(json_t *object, const char *key, char *const *v) {
        json_t *array;

        if (!v)
                return 0;
        array = json_array();
        for (; *v; v++)
                if (json_array_append_new(array, json_string(*v)) < 0) {
                        json_decref(array);
                        return -1;
                }
        return json_object_set_new(object, key, array);
}

static int add_set(json_t *object, const char *key, char *const *v) {
        json_t *set;

        if (!v || !*v)
                return 0;
        set = json_object();
        for (; *v; v++)
                if (json_object_set_new(set, *v, json_object()) < 0) {
                        json_decref(set);
                        return -1;
                }
        return json_object_set_new(object, key, set);
}

static int add_labels(json_t *object, char *const *labels) {
        json_t *map;

        if (!labels || !*labels)
                return 0;
        map = json_object();
        for (; *labels; labels++) {
                const char *eq = strchr(*labels, '=');

                if (!eq || json_object_setn_new(map, *labels, (size_t) (eq - *labels), json_string(eq + 1)) < 0) {
                        json_decref(map);
                        return -1;
                }
        }
        return json_object_set_new(object, "Labels", map);
}

static json_t *config_json(const OciConfig *c) {
        json_t *j = json_object();

        if (add_string(j, "User", c->user) < 0 || add_set(j, "ExposedPorts", c->ports) < 0 || add_strings(j, "Env", c->environment) < 0 ||
            add_strings(j, "Entrypoint", c->entrypoint) < 0 || add_strings(j, "Cmd", c->command) < 0 ||
            add_set(j, "Volumes", c->volumes) < 0 || add_string(j, "WorkingDir", c->directory) < 0 || add_labels(j, c->labels) < 0 ||
            add_string(j, "StopSignal", c->stop_signal) < 0) {
                json_decref(j);
                return NULL;
        }
        return j;
}

static json_t *rootfs_json(const OciConfig *c) {
        static char *const none[] = { NULL };
        json_t *j = json_object();

        if (add_string(j, "type", "layers") < 0 || add_strings(j, "diff_ids", c->diff_ids ?: none) < 0) {
                json_decref(j);
                return NULL;
        }
        return j;
}

int oci_config_text(const OciConfig *c, const char *created, char **ret, Error **reterr) {
        _cleanup_json_ json_t *j = json_object();

        if (add_string(j, "created", created) < 0 || add_string(j, "architecture", c->architecture ?: oci_architecture()) < 0 ||
            add_string(j, "os", c->os ?: "linux") < 0 || json_object_set_new(j, "config", config_json(c)) < 0 ||
            json_object_set_new(j, "rootfs", rootfs_json(c)) < 0)
                return error_set(reterr, EILSEQ, "The image's config has text that JSON cannot hold: it is not UTF-8");
        *ret = json_dumps(j, JSON_COMPACT);
        return *ret ? 0 : error_oom(reterr);
}

/* Go's names, which OCI takes (image-spec, image-index.md: GOARCH). */
const char *oci_architecture(void) {
        static const struct {
                const char *machine, *name;
        } table[] = {
                { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "i586", "386" }, { "i386", "386" },
                { "armv7l", "arm" }, { "armv6l", "arm" }, { "ppc64le", "ppc64le" }, { "s390x", "s390x" }, { "riscv64", "riscv64" },
                { "loongarch64", "loong64" }, { "mips64", "mips64le" },
        };
        struct utsname u;

        if (uname(&u) < 0)
                return "amd64";
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcmp(u.machine, table[i].machine) == 0)
                        return table[i].name;
        return "unknown";
}

const char *oci_config_program(const OciConfig *c) {
        char *const *words = c->entrypoint && *c->entrypoint ? c->entrypoint : c->command;

        return words && *words && **words ? *words : NULL;
}
