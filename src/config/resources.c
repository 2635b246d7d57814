/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resources.h"

#include <string.h>

#include "enums.h"
#include "parse.h"
#include "strv.h"
#include "text.h"

#define WEIGHT_MAX 10000
#define CPU_MAX 8191                 /* the kernel's NR_CPUS has never been built larger */
#define MEMORY_MIN (UINT64_C(1) << 20) /* with less no init runs: a unit was forgotten */
#define WHITE " \t"

typedef struct Kind Kind;
struct Kind {
        int (*check)(const Kind *k, const char *text);
        uint64_t min;
        const char *takes;
        const char *examples[6];
};

static int check_size(const Kind *k, const char *text) {
        uint64_t n;

        if (strcmp(text, "infinity") == 0)
                return 0;
        if (strchr(text, '%'))
                return parse_percent(text, 100 * 100, &n) >= 0 && (n > 0 || k->min == 0) ? 0 : -EINVAL;
        return parse_size(text, &n) >= 0 && n >= k->min ? 0 : -EINVAL;
}

static int check_count(const Kind *k, const char *text) {
        uint64_t n;

        if (strcmp(text, "infinity") == 0)
                return 0;
        if (strchr(text, '%'))
                return parse_percent(text, 100 * 100, &n) >= 0 && n > 0 ? 0 : -EINVAL;
        return parse_u64(text, UINT32_MAX, &n) >= 0 && n >= k->min ? 0 : -EINVAL;
}

static int check_quota(const Kind *k, const char *text) {
        uint64_t n;

        return strcmp(text, "infinity") == 0 || (parse_percent(text, (CPU_MAX + 1) * 100 * 100, &n) >= 0 && n >= k->min) ? 0 : -EINVAL;
}

static int check_weight(const Kind *k, const char *text) {
        uint64_t n;

        return parse_u64(text, WEIGHT_MAX, &n) >= 0 && n >= k->min ? 0 : -EINVAL;
}

static int check_cpu_weight(const Kind *k, const char *text) {
        return strcmp(text, "idle") == 0 ? 0 : check_weight(k, text);
}

static int check_cpus(_unused_ const Kind *k, const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        char *state = NULL;
        size_t n = 0;

        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, "," WHITE, &state); word; word = strtok_r(NULL, "," WHITE, &state), n++) {
                char *dash = strchr(word, '-');
                uint64_t first, last;

                if (dash)
                        *dash = 0;
                if (parse_u64(word, CPU_MAX, &first) < 0 || parse_u64(dash ? dash + 1 : word, CPU_MAX, &last) < 0 || last < first)
                        return -EINVAL;
        }
        return n > 0 ? 0 : -EINVAL;
}

static int check_rate(const Kind *k, const char *text) {
        uint64_t n;

        return parse_byte_rate(text, &n) >= 0 && n >= k->min ? 0 : -EINVAL;
}

static int check_policy(_unused_ const Kind *k, const char *text) {
        int value;

        return enum_parse(oom_policy_names, text, &value, NULL);
}

static const Kind memory = { check_size, MEMORY_MIN, "a size of at least 1M such as 512M or 4G, a percentage of the host's memory, or infinity",
                             { "512M", "1G", "4G", "50%", "infinity" } };
static const Kind part_of_memory = { check_size, 0, "a size such as 512M or 4G, a percentage of the host's memory, or infinity",
                                     { "0", "512M", "1G", "50%", "infinity" } };
static const Kind quota = { check_quota, 1, "a percentage of one processor's time, such as 50% or 250%, or infinity", { "50%", "100%", "200%", "infinity" } };
static const Kind cpu_weight = { check_cpu_weight, 1, "a number from 1 to 10000, or idle", { "50", "100", "300", "idle" } };
static const Kind weight = { check_weight, 1, "a number from 1 to 10000", { "50", "100", "300" } };
static const Kind cpus = { check_cpus, 0, "numbers of processors and ranges of them, such as 0-3,8", { "0", "0-1", "0-3" } };
static const Kind count = { check_count, 1, "a number, a percentage of the host's limit, or infinity", { "500", "4000", "10%", "infinity" } };
static const Kind rate = { check_rate, 1, "bytes a second such as 10M, or a device's path and that: /dev/vdb:10M; or infinity", { "1M", "10M", "100M", "infinity" } };
static const Kind operations = { check_rate, 1, "a number a second, or a device's path and that: /dev/vdb:500; or infinity", { "100", "500", "2K", "infinity" } };
static const Kind policy = { check_policy, 0, "continue, kill or stop", { "continue", "kill", "stop" } };

static const Kind *const kinds[RESOURCES] = {
        [RESOURCE_MEMORY] = &memory,
        [RESOURCE_MEMORY_HIGH] = &memory,
        [RESOURCE_MEMORY_LOW] = &part_of_memory,
        [RESOURCE_SWAP] = &part_of_memory,
        [RESOURCE_CPU] = &quota,
        [RESOURCE_CPU_WEIGHT] = &cpu_weight,
        [RESOURCE_CPUS] = &cpus,
        [RESOURCE_TASKS] = &count,
        [RESOURCE_IO_WEIGHT] = &weight,
        [RESOURCE_IO_READ] = &rate,
        [RESOURCE_IO_WRITE] = &rate,
        [RESOURCE_IO_READ_OPS] = &operations,
        [RESOURCE_IO_WRITE_OPS] = &operations,
        [RESOURCE_OOM_POLICY] = &policy,
};

const Option *resource_option(Resource r) {
        const Option *o = options;

        while (o->field != FIELD_RESOURCES + r) /* each has its row */
                o++;
        return o;
}

static bool is_called(const char *name, size_t length, const char *called) {
        return strlen(called) == length && strncmp(name, called, length) == 0;
}

bool resource_find(const char *name, size_t length, Resource *ret) {
        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &options[i];

                if (o->field < FIELD_RESOURCES || o->field > FIELD_RESOURCES_LAST)
                        continue;
                if (is_called(name, length, o->spec.name) || is_called(name, length, o->key)) {
                        *ret = (Resource) (o->field - FIELD_RESOURCES);
                        return true;
                }
        }
        return false;
}

const char *resource_takes(Resource r) {
        return kinds[r]->takes;
}

const char *resource_example(Resource r, size_t i) {
        return i < ELEMENTSOF(kinds[r]->examples) ? kinds[r]->examples[i] : NULL;
}

/* ---- rates of devices ---- */

bool resource_is_of_devices(Resource r) {
        return kinds[r] == &rate || kinds[r] == &operations;
}

static char *cut_word(const char **text) {
        const char *word = *text + strspn(*text, WHITE);
        size_t n = strcspn(word, WHITE);

        *text = word + n;
        return strndup(word, n);
}

/* As systemd has it, a blank may stand between device and rate. */
int resource_next_device(const char **text, char **ret_device, char **ret_rate) {
        _cleanup_free_ char *word = NULL, *value = NULL;
        char *colon;

        if (!(*text)[strspn(*text, WHITE)])
                return 0;
        word = cut_word(text);
        if (!word)
                return -ENOMEM;
        if (*word != '/') {
                *ret_device = NULL;
                *ret_rate = TAKE_PTR(word);
                return 1;
        }
        colon = strrchr(word, ':'); /* /dev/disk/by-path/… has some */
        if (colon && !strchr(colon, '/')) {
                *colon = 0;
                value = strdup(colon + 1);
        } else
                value = cut_word(text);
        if (!value)
                return -ENOMEM;
        *ret_device = TAKE_PTR(word);
        *ret_rate = TAKE_PTR(value);
        return 1;
}

static bool is_device_path(const char *path) {
        return !path || (path[1] && !strstr(path, "/../") && strlen(path) < 4096);
}

static int check_devices(const Kind *k, const char *text, char **ret) {
        _cleanup_strv_ char **words = NULL;
        int r;

        for (;;) {
                _cleanup_free_ char *device = NULL, *value = NULL;

                r = resource_next_device(&text, &device, &value);
                if (r <= 0)
                        break;
                if (!is_device_path(device) || k->check(k, value) < 0)
                        return -EINVAL;
                if (strv_appendf(&words, "%s%s%s", device ?: "", device ? ":" : "", value) < 0)
                        return -ENOMEM;
        }
        if (r == 0 && !words)
                return -EINVAL;
        *ret = r < 0 ? NULL : strv_join(words, " ");
        return *ret ? 0 : -ENOMEM;
}

/* ---- all of them ---- */

int resource_check(Resource resource, const char *text, char **ret, Error **reterr) {
        const Kind *k = kinds[resource];
        char *kept = NULL;
        int r = string_is_clean(text) ? 0 : -EINVAL;

        if (r >= 0 && resource_is_of_devices(resource))
                r = check_devices(k, text, &kept);
        else if (r >= 0) {
                r = k->check(k, text);
                if (r >= 0 && !(kept = strdup(text)))
                        r = -ENOMEM;
        }
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not %s", text, k->takes);
        *ret = kept;
        return 0;
}

int resource_properties(Resource resource, const char *text, const char *tree, char ***list) {
        const char *key = resource_option(resource)->key;
        int r;

        if (resource == RESOURCE_OOM_POLICY)
                return 0;
        if (!resource_is_of_devices(resource))
                return strv_appendf(list, "%s=%s", key, text);
        for (;;) {
                _cleanup_free_ char *device = NULL, *value = NULL;

                r = resource_next_device(&text, &device, &value);
                if (r > 0)
                        r = strv_appendf(list, "%s=%s %s", key, device ?: tree, value) < 0 ? -ENOMEM : 1;
                if (r <= 0)
                        return r;
        }
}

/* Of a rate that is given again the later one counts for its device: systemd does that by itself. */
int parse_resource(MachineConfig *c, const OptionValue *v, Error **reterr) {
        Resource resource = (Resource) (v->option->field - FIELD_RESOURCES);
        char **place = &c->resources[resource], *text = NULL, *both;
        int r = resource_check(resource, v->text, &text, reterr);

        if (r < 0)
                return r;
        if (*place && resource_is_of_devices(resource)) {
                r = asprintf(&both, "%s %s", *place, text);
                free(text);
                if (r < 0)
                        return error_oom(reterr);
                text = both;
        }
        free(*place);
        *place = text;
        return 0;
}
