/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "cgroup.h"
#include "cgroup-limits.h"
#include "file.h"
#include "oci-cgroup.h"

#define VALUE_MAX 96

/* How a number of the bundle's is said to the kernel. */
typedef enum Form {
        FORM_NUMBER,     /* negative: no limit */
        FORM_POSITIVE,   /* zero, too */
        FORM_SHARES,     /* of cgroup v1, 2 to 262144, as a weight of 1 to 10000 */
        FORM_IO_WEIGHT,  /* 10 to 1000, likewise */
        FORM_PLAIN,
} Form;

static const struct {
        const char *group, *key, *file, *second; /* second: where the first is not there */
        Form form;
} numbers[] = {
        { "memory", "limit", "memory.max", NULL, FORM_NUMBER },
        { "memory", "reservation", "memory.low", NULL, FORM_NUMBER },
        { "cpu", "shares", "cpu.weight", NULL, FORM_SHARES },
        { "cpu", "burst", "cpu.max.burst", NULL, FORM_PLAIN },
        { "cpu", "idle", "cpu.idle", NULL, FORM_PLAIN },
        { "pids", "limit", "pids.max", NULL, FORM_POSITIVE },
        { "blockIO", "weight", "io.bfq.weight", "io.weight", FORM_IO_WEIGHT },
};

static const struct {
        const char *group, *key, *file;
} texts[] = {
        { "cpu", "cpus", "cpuset.cpus" },
        { "cpu", "mems", "cpuset.mems" },
};

static const struct {
        const char *key, *word;
} throttles[] = {
        { "throttleReadBpsDevice", "rbps" }, { "throttleWriteBpsDevice", "wbps" },
        { "throttleReadIOPSDevice", "riops" }, { "throttleWriteIOPSDevice", "wiops" },
};

static int put(const char *path, const char *field, const char *file, const char *value, Error **reterr) {
        int r = cgroup_put(path, file, value);

        if (r == -ENOENT) {
                error_set(reterr, EOPNOTSUPP, "linux.resources.%s: the control group %s has no %s", field, path, file);
                return error_hint(reterr, -EOPNOTSUPP, "The host has no such controller in its unified hierarchy (cgroup v2), or does not hand it down.");
        }
        return r < 0 ? error_errno(reterr, r, "linux.resources.%s: cannot write '%s' to %s of %s", field, value, file, path) : 0;
}

static void format(Form form, json_int_t n, char text[VALUE_MAX]) {
        if ((form == FORM_NUMBER && n < 0) || (form == FORM_POSITIVE && n <= 0))
                snprintf(text, VALUE_MAX, "max");
        else if (form == FORM_SHARES)
                snprintf(text, VALUE_MAX, "%" JSON_INTEGER_FORMAT, n < 2 ? 1 : n > 262144 ? 10000 : 1 + (n - 2) * 9999 / 262142);
        else
                snprintf(text, VALUE_MAX, "%" JSON_INTEGER_FORMAT, n);
}

/* BFQ knows the bundle's own measure, io.weight another one. */
static int put_io_weight(const char *path, json_int_t n, Error **reterr) {
        char text[VALUE_MAX];

        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, n);
        if (cgroup_put(path, "io.bfq.weight", text) >= 0)
                return 0;
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, 1 + (n - 10) * 9999 / 990);
        return put(path, "blockIO.weight", "io.weight", text, reterr);
}

static int apply_numbers(const char *path, json_t *json, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                json_t *n = json_object_get(json_object_get(json, numbers[i].group), numbers[i].key);
                char text[VALUE_MAX], field[64];
                int r;

                if (!json_is_integer(n))
                        continue;
                /* What is 0 was not set, but for those that can be. */
                if (json_integer_value(n) == 0 && (numbers[i].form == FORM_SHARES || numbers[i].form == FORM_IO_WEIGHT || numbers[i].form == FORM_NUMBER))
                        continue;
                snprintf(field, sizeof(field), "%s.%s", numbers[i].group, numbers[i].key);
                format(numbers[i].form, json_integer_value(n), text);
                r = numbers[i].form == FORM_IO_WEIGHT ? put_io_weight(path, json_integer_value(n), reterr) :
                        put(path, field, numbers[i].file, text, reterr);
                if (r == -EOPNOTSUPP && strcmp(text, "max") == 0) { /* no limit is what is there anyway */
                        if (reterr && *reterr)
                                *reterr = (error_free(*reterr), NULL);
                        continue;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_texts(const char *path, json_t *json, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                const char *value = json_string_value(json_object_get(json_object_get(json, texts[i].group), texts[i].key));
                char field[64];
                int r;

                if (!value || !*value)
                        continue;
                snprintf(field, sizeof(field), "%s.%s", texts[i].group, texts[i].key);
                r = put(path, field, texts[i].file, value, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The bundle's figure is of memory and swap together, as cgroup v1 counted. */
static int apply_swap(const char *path, json_t *memory, Error **reterr) {
        json_t *swap = json_object_get(memory, "swap"), *limit = json_object_get(memory, "limit");
        char text[VALUE_MAX];

        if (!json_is_integer(swap) || json_integer_value(swap) == 0)
                return 0;
        if (json_integer_value(swap) > 0 && json_integer_value(limit) <= 0)
                return error_set(reterr, EINVAL, "linux.resources.memory.swap is set, and memory.limit is not");
        if (json_integer_value(swap) > 0 && json_integer_value(swap) < json_integer_value(limit))
                return error_set(reterr, EINVAL, "linux.resources.memory.swap is less than memory.limit, which it includes");
        format(FORM_NUMBER, json_integer_value(swap) < 0 ? -1 : json_integer_value(swap) - json_integer_value(limit), text);
        return put(path, "memory.swap", "memory.swap.max", text, reterr);
}

static int apply_quota(const char *path, json_t *cpu, Error **reterr) {
        json_t *quota = json_object_get(cpu, "quota"), *period = json_object_get(cpu, "period");
        json_int_t usec = json_integer_value(period) > 0 ? json_integer_value(period) : 100000;
        char text[VALUE_MAX];

        if (json_integer_value(quota) == 0 && json_integer_value(period) <= 0)
                return 0;
        if (json_integer_value(quota) > 0)
                snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " %" JSON_INTEGER_FORMAT, json_integer_value(quota), usec);
        else
                snprintf(text, sizeof(text), "max %" JSON_INTEGER_FORMAT, usec);
        return put(path, "cpu.quota", "cpu.max", text, reterr);
}

static dev_t device_of(json_t *item) {
        return makedev((unsigned) json_integer_value(json_object_get(item, "major")), (unsigned) json_integer_value(json_object_get(item, "minor")));
}

static int apply_throttles(const char *path, json_t *io, Error **reterr) {
        json_t *item;
        size_t k;

        for (size_t i = 0; i < ELEMENTSOF(throttles); i++)
                json_array_foreach(json_object_get(io, throttles[i].key), k, item) {
                        uint64_t rate = (uint64_t) json_integer_value(json_object_get(item, "rate"));
                        int r = cgroup_put_io(path, device_of(item), throttles[i].word, rate == 0 ? UINT64_MAX : rate);

                        if (r < 0)
                                return error_errno(reterr, r, "linux.resources.blockIO.%s: cannot write io.max of %s", throttles[i].key, path);
                }
        json_array_foreach(json_object_get(io, "weightDevice"), k, item) {
                char text[VALUE_MAX];
                int r;

                snprintf(text, sizeof(text), "%u:%u %" JSON_INTEGER_FORMAT, major(device_of(item)), minor(device_of(item)),
                         json_integer_value(json_object_get(item, "weight")));
                r = put(path, "blockIO.weightDevice", "io.bfq.weight", text, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_huge_pages(const char *path, json_t *list, Error **reterr) {
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                const char *size = json_string_value(json_object_get(item, "pageSize"));
                char file[64], text[VALUE_MAX];
                int r;

                if (!size || strchr(size, '/') || snprintf(file, sizeof(file), "hugetlb.%s.max", size) >= (int) sizeof(file))
                        return error_set(reterr, EINVAL, "linux.resources.hugepageLimits[].pageSize: '%s' is no size", size ?: "");
                snprintf(text, sizeof(text), "%" PRIu64, (uint64_t) json_integer_value(json_object_get(item, "limit")));
                r = put(path, "hugepageLimits", file, text, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_rdma(const char *path, json_t *map, Error **reterr) {
        const char *name;
        json_t *item;

        json_object_foreach(map, name, item) {
                json_t *handles = json_object_get(item, "hcaHandles"), *objects = json_object_get(item, "hcaObjects");
                _cleanup_free_ char *line = NULL;
                char h[32] = "max", o[32] = "max";
                int r;

                if (handles)
                        snprintf(h, sizeof(h), "%" JSON_INTEGER_FORMAT, json_integer_value(handles));
                if (objects)
                        snprintf(o, sizeof(o), "%" JSON_INTEGER_FORMAT, json_integer_value(objects));
                if (asprintf(&line, "%s hca_handle=%s hca_object=%s", name, h, o) < 0)
                        return error_oom(reterr);
                r = put(path, "rdma", "rdma.max", line, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Files of the group's by their names, a line of the value after the other. */
static int apply_unified(const char *path, json_t *map, Error **reterr) {
        const char *file;
        json_t *value;

        json_object_foreach(map, file, value) {
                _cleanup_free_ char *copy = NULL;
                char *state = NULL;

                if (strchr(file, '/') || !strchr(file, '.') || strncmp(file, "cgroup.", 7) == 0)
                        return error_set(reterr, EINVAL, "linux.resources.unified: '%s' is no file of a controller's", file);
                copy = strdup(json_string_value(value));
                if (!copy)
                        return error_oom(reterr);
                for (char *line = strtok_r(copy, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                        int r = put(path, "unified", file, line, reterr);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* What holds with cgroup v2 anyway, and what would have processes killed for a change. */
static int check_memory(const char *path, json_t *memory, Error **reterr) {
        _cleanup_close_ int dir = -1;
        _cleanup_free_ char *used = NULL;
        json_int_t limit = json_integer_value(json_object_get(memory, "limit"));

        if (json_is_false(json_object_get(memory, "useHierarchy")))
                return error_set(reterr, EOPNOTSUPP, "linux.resources.memory.useHierarchy is false: with cgroup v2 it is always true");
        if (!json_is_true(json_object_get(memory, "checkBeforeUpdate")) || limit <= 0)
                return 0;
        dir = cgroup_open(path);
        if (dir < 0 || file_read(dir, "memory.current", 64, &used) < 0 || strtoll(used, NULL, 10) <= limit)
                return 0;
        return error_set(reterr, EBUSY, "linux.resources.memory.limit: %" JSON_INTEGER_FORMAT " is less than what is in use", limit);
}

int oci_resources_apply(const char *path, json_t *json, Error **reterr) {
        int r;

        if (!path || !json)
                return 0;
        r = check_memory(path, json_object_get(json, "memory"), reterr);
        if (r >= 0)
                r = apply_numbers(path, json, reterr);
        if (r >= 0)
                r = apply_texts(path, json, reterr);
        if (r >= 0)
                r = apply_swap(path, json_object_get(json, "memory"), reterr);
        if (r >= 0)
                r = apply_quota(path, json_object_get(json, "cpu"), reterr);
        if (r >= 0)
                r = apply_throttles(path, json_object_get(json, "blockIO"), reterr);
        if (r >= 0)
                r = apply_huge_pages(path, json_object_get(json, "hugepageLimits"), reterr);
        if (r >= 0)
                r = apply_rdma(path, json_object_get(json, "rdma"), reterr);
        if (r >= 0)
                r = apply_unified(path, json_object_get(json, "unified"), reterr);
        return r < 0 ? r : oci_device_rules_apply(path, json_object_get(json, "devices"), reterr);
}
