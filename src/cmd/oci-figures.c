/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup.h"
#include "fd.h"
#include "file.h"
#include "oci-command.h"
#include "oci-processes.h"
#include "oci-state.h"
#include "process.h"
#include "strv.h"

static json_t *pids_json(const pid_t *pids, size_t n) {
        json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_integer(pids[i]));
        return list;
}

static bool contains(const pid_t *pids, size_t n, pid_t pid) {
        for (size_t i = 0; i < n; i++)
                if (pids[i] == pid)
                        return true;
        return false;
}

/* The host's own ps(1), whose lines about others are left out: the column "PID" tells. */
static int filter_ps(char *text, const pid_t *pids, size_t n, Error **reterr) {
        char *state = NULL, *line = strtok_r(text, "\n", &state);
        const char *column = line ? strstr(line, "PID") : NULL;
        int number = 0;

        if (!column)
                return error_set(reterr, EINVAL, "ps does not print the column PID");
        for (const char *c = line; c < column; c++)
                number += (*c != ' ' && (c == line || c[-1] == ' ')) ? 1 : 0;
        puts(line);
        while ((line = strtok_r(NULL, "\n", &state))) {
                const char *word = line + strspn(line, " ");

                for (int i = 0; i < number; i++) {
                        word += strcspn(word, " ");
                        word += strspn(word, " ");
                }
                if (contains(pids, n, (pid_t) strtol(word, NULL, 10)))
                        puts(line);
        }
        return 0;
}

#define PS_MAX (16U << 20)

static int print_ps(const OciWords *w, const pid_t *pids, size_t n, Error **reterr) {
        _cleanup_strv_ char **argv = NULL;
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int out = memfd_create("ps", MFD_CLOEXEC);
        size_t size;
        int r = strv_append(&argv, "ps");

        for (int i = 1; r >= 0 && i < w->n_operands; i++)
                r = strv_append(&argv, w->operands[i]);
        if (r >= 0 && w->n_operands == 1)
                r = strv_append(&argv, "-ef");
        if (r < 0 || out < 0)
                return error_oom(reterr);
        r = process_run(argv, out, -1, reterr);
        if (r != 0)
                return r < 0 ? r : error_set(reterr, EINVAL, "ps has failed");
        r = lseek(out, 0, SEEK_SET) < 0 ? -errno : fd_read_all(out, PS_MAX, &text, &size);
        return r < 0 ? error_errno(reterr, r, "Cannot read what ps says") : filter_ps(text, pids, n, reterr);
}

static int print(json_t *j, size_t how, Error **reterr) {
        _cleanup_free_ char *text = j ? json_dumps(j, how) : NULL;

        json_decref(j);
        if (!text)
                return error_oom(reterr);
        puts(text);
        return fflush(stdout) == 0 ? 0 : -errno;
}

int oci_verb_ps(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int r = oci_state_open(w->root, w->operands[0], false, &s, reterr);

        if (r >= 0)
                r = oci_processes(s, &pids, &n, reterr);
        if (r < 0)
                return r;
        if (w->format && strcmp(w->format, "json") == 0)
                return print(pids_json(pids, n), JSON_INDENT(2), reterr);
        return print_ps(w, pids, n, reterr);
}

/* A number, or of "KEY NUMBER" lines the one of a key; 0 where there is none. */
static json_int_t read_figure(int group, const char *file, const char *key) {
        _cleanup_free_ char *text = NULL;
        char *state = NULL;
        size_t n = key ? strlen(key) : 0;

        if (group < 0 || file_read(group, file, 64 * 1024, &text) < 0)
                return 0;
        if (!key)
                return strncmp(text, "max", 3) == 0 ? -1 : strtoll(text, NULL, 10);
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return strtoll(line + n + 1, NULL, 10);
        return 0;
}

static json_t *memory_json(int group) {
        json_int_t limit = read_figure(group, "memory.max", NULL);

        return json_pack("{s:{s:I, s:I}, s:I, s:{s:I, s:I, s:I}}", "usage", "usage", read_figure(group, "memory.current", NULL), "limit",
                         limit < 0 ? INT64_MAX : limit, "cache", read_figure(group, "memory.stat", "file"), "raw", "anon",
                         read_figure(group, "memory.stat", "anon"), "file", read_figure(group, "memory.stat", "file"), "kernel_stack",
                         read_figure(group, "memory.stat", "kernel_stack"));
}

/* Nanoseconds, as engines count. */
static json_t *cpu_json(int group) {
        return json_pack("{s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}}", "usage", "total", read_figure(group, "cpu.stat", "usage_usec") * 1000, "kernel",
                         read_figure(group, "cpu.stat", "system_usec") * 1000, "user", read_figure(group, "cpu.stat", "user_usec") * 1000,
                         "throttling", "periods", read_figure(group, "cpu.stat", "nr_periods"), "throttledPeriods",
                         read_figure(group, "cpu.stat", "nr_throttled"), "throttledTime", read_figure(group, "cpu.stat", "throttled_usec") * 1000);
}

static json_t *stats_json(const OciState *s) {
        _cleanup_close_ int group = s->cgroup ? cgroup_open(s->cgroup) : -1;
        json_int_t limit = read_figure(group, "pids.max", NULL);

        return json_pack("{s:s, s:s, s:{s:o, s:o, s:{s:I, s:I}}}", "type", "stats", "id", s->id, "data", "cpu", cpu_json(group), "memory",
                         memory_json(group), "pids", "current", read_figure(group, "pids.current", NULL), "limit", limit < 0 ? 0 : limit);
}

int oci_verb_events(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        int r = oci_state_open(w->root, w->operands[0], false, &s, reterr);
        OciStatus status;

        if (r < 0)
                return r;
        status = oci_state_status(s);
        if (status == OCI_STOPPED || status == OCI_CREATING)
                return error_set(reterr, EINVAL, "Container %s is not running: it is %s", s->id, oci_status_name(status));
        do {
                r = print(stats_json(s), JSON_COMPACT, reterr);
                if (r >= 0 && !w->stats)
                        (void) sleep(w->interval > 0 ? w->interval : 5);
        } while (r >= 0 && !w->stats && oci_state_status(s) != OCI_STOPPED);
        return r;
}
