/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A machine that runs is started anew from the words that its supervisor was started with, which the kernel shows everybody; the settings
 * files are read as they are now. What does not run is started as `nbox start` would. */

#include "show-plan.h"

#include <stdio.h>
#include <string.h>

#include "called-as.h"
#include "machine.h"
#include "start.h"
#include "strv.h"

#define COMMAND_LINE_MAX ((size_t) 256 * 1024)

static int split_command_line(const char *text, size_t size, char ***ret) {
        _cleanup_strv_ char **words = NULL;

        for (const char *s = text; s < text + size; s += strlen(s) + 1)
                if (strv_append(&words, s) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(words);
        return 0;
}

static int read_command_line(pid_t pid, char ***ret) {
        _cleanup_free_ char *text = NULL;
        _cleanup_fclose_ FILE *f = NULL;
        char path[64];
        size_t size;

        snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
        f = fopen(path, "re");
        text = malloc(COMMAND_LINE_MAX + 1);
        if (!f || !text)
                return -ENOMEM;
        size = fread(text, 1, COMMAND_LINE_MAX, f);
        text[size] = 0;
        return split_command_line(text, size, ret);
}

/* From the verb on: what stands before it is for any verb. -1: it is none of these. */
static int find_verb(char *const *words, StartMode *ret) {
        for (int i = 1; words && words[0] && words[i]; i++) {
                if (strcmp(words[i], "boot") == 0 || strcmp(words[i], "run") == 0) {
                        *ret = strcmp(words[i], "run") == 0 ? START_RUN : START_BOOT;
                        return i;
                }
                if (words[i][0] != '-')
                        return -1;
        }
        return -1;
}

/* Paths of a command line begin where it was given. */
static void go_where_it_is(pid_t pid) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/cwd", (int) pid);
        if (chdir(path) < 0)
                return; /* not root: absolute ones are the rule */
}

/* Of systemd-nspawn's words those that they stand for. */
static int read_arguments(pid_t pid, char ***ret) {
        _cleanup_strv_ char **given = NULL;
        int r = read_command_line(pid, &given);

        if (r >= 0)
                r = called_as((int) strv_length(given), given, ret, NULL);
        if (r == 0)
                *ret = TAKE_PTR(given);
        return r;
}

int show_plan(const char *name, bool json, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_strv_ char **words = NULL, **made_up = NULL;
        StartExplanation q = { .mode = START_BOOT, .as_service = true, .json = json };
        int verb = -1;

        if (!strchr(name, '/') && machine_find(name, &m, NULL) >= 0 && read_arguments(m->record->supervisor, &words) >= 0)
                verb = find_verb(words, &q.mode);
        if (verb >= 0) {
                q.as_service = m->record->mode == START_RUN && q.mode == START_BOOT;
                q.argv = words + verb;
                go_where_it_is(m->record->supervisor);
        } else {
                if (strv_append(&made_up, "boot") < 0 || strv_append(&made_up, name) < 0)
                        return error_oom(reterr);
                q.argv = made_up;
        }
        q.argc = (int) strv_length(q.argv);
        return start_explain(&q, reterr);
}
