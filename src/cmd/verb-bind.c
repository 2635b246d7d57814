/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files and directories of the host's in machines that run: which there are, and those that come and go without a restart. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bind-changes.h"
#include "bind-look.h"
#include "enums.h"
#include "json-text.h"
#include "live-bind.h"
#include "log.h"
#include "machine.h"
#include "path.h"
#include "reach-warning.h"
#include "status.h"
#include "table.h"
#include "verb-list.h"

/* ---- nbox bind ---- */

enum { ID_OPTION = 256 }; /* and the BindOption */

const VerbOption bind_options[] = {
        { { "read-only" }, 'r', "Nothing is written to it from inside" },
        { { "mkdir" }, 'm', "Make the directory or file to mount on where it is not there" },
        { { "norbind" }, ID_OPTION + BIND_OPTION_NORBIND, "Without what is mounted in it" },
        { { "rbind" }, ID_OPTION + BIND_OPTION_RBIND, "With what is mounted in it (the default)" },
        { { "idmap" }, ID_OPTION + BIND_OPTION_IDMAP, "Its files are the same ids' inside (the default where its file system can)" },
        { { "rootidmap" }, ID_OPTION + BIND_OPTION_ROOTIDMAP, "Its owner's files are root's inside, the others nobody's" },
        { { "owneridmap" }, ID_OPTION + BIND_OPTION_OWNERIDMAP, "Its owner's files are inside whose DEST is, the others nobody's" },
        { { "noidmap" }, ID_OPTION + BIND_OPTION_NOIDMAP, "Its files are nobody's inside, unless they are of the machine's own range" },
        {},
};

static void take_option(LiveBind *b, int id) {
        int option = id - ID_OPTION;

        if (id == 'r')
                b->read_only = true;
        else if (id == 'm')
                b->make = true;
        else if (option == BIND_OPTION_RBIND || option == BIND_OPTION_NORBIND)
                b->recursive = option == BIND_OPTION_RBIND;
        else
                b->idmap = option - BIND_OPTION_NOIDMAP;
}

/* Without blank slashes at its end. */
static int clean_destination(const char *text, char **ret, Error **reterr) {
        size_t n = strlen(text);

        while (n > 1 && text[n - 1] == '/')
                n--;
        if (!path_is_clean(text))
                return error_set(reterr, EINVAL, "The destination '%.200s' is not an absolute path without '.' and '..'", text);
        if (n <= 1)
                return error_set(reterr, EINVAL, "The destination is the root of the machine; choose a directory in it");
        *ret = strndup(text, n);
        return *ret ? 0 : error_oom(reterr);
}

/* As it is found again when the machine reboots, whatever links lead to it now. */
static int find_source(const char *path, char **ret, Error **reterr) {
        _cleanup_free_ char *source = realpath(path, NULL);

        if (!source)
                return error_errno(reterr, errno, "Cannot bind %s", path);
        if (!path_is_clean(source))
                return error_set(reterr, EINVAL, "The path '%.200s' has control characters in it", path);
        *ret = TAKE_PTR(source);
        return 0;
}

static void warn(const Machine *m, const LiveBind *b, bool unmapped) {
        struct stat st;

        if (unmapped) {
                log_warning("The file system of %s, or of a mount in it, cannot map user ids: its files are nobody's in machine '%s', ignoring",
                            b->source, m->record->name);
                return;
        }
        if (!b->read_only && b->idmap != 0 && m->record->uid_base > 0 && stat(b->source, &st) >= 0 && S_ISDIR(st.st_mode))
                warn_of_reachable(b->source, "its owner's");
}

int verb_bind(int argc, char **argv, Error **reterr) {
        LiveBind bind = { .recursive = true, .idmap = -1 };
        _cleanup_free_ char *source = NULL, *destination = NULL;
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        bool unmapped;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                take_option(&bind, r);
        if (r >= 0)
                r = verb_check_operands(&args, 2, 3, reterr);
        if (r < 0)
                return r;
        r = find_source(args.operands[1], &source, reterr);
        if (r >= 0)
                r = clean_destination(args.operands[2] ?: (path_is_clean(args.operands[1]) ? args.operands[1] : source), &destination, reterr);
        if (r >= 0)
                r = machine_open_wait(args.operands[0], MACHINE_OPEN_WAIT_USEC, &m, reterr);
        if (r < 0)
                return r;
        bind.source = source;
        bind.destination = destination;
        r = live_bind_add(m, &bind, &unmapped, reterr);
        if (r >= 0)
                warn(m, &bind, unmapped);
        return r;
}

int verb_unbind(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 2, -1, reterr);

        for (int i = 1; r >= 0 && i < args.n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL; /* as it is by then */
                _cleanup_free_ char *destination = NULL;

                r = clean_destination(args.operands[i], &destination, reterr);
                if (r >= 0)
                        r = machine_open_wait(args.operands[0], MACHINE_OPEN_WAIT_USEC, &m, reterr);
                if (r >= 0)
                        r = live_bind_remove(m, destination, reterr);
                if (r > 0)
                        log_info("%s was no longer there: it had been unmounted inside", destination);
        }
        return r < 0 ? r : 0;
}

/* ---- nbox bind list ---- */

static const char *const headings[] = { "DEST", "ON HOST", "ACCESS", "IDS", "SINCE", "STATE", NULL };

typedef struct View {
        BindList list;
        MountTable mounts; /* of the machine */
        bool knows;        /* one may look at them */
} View;

static void view_done(View *v) {
        bind_list_done(&v->list);
        mount_table_done(&v->mounts);
}

static void look_at_mounts(const Machine *m, View *v) {
        _cleanup_close_ int proc = -1;
        char path[32];

        if (m->leader_fd < 0)
                return;
        snprintf(path, sizeof(path), "/proc/%d", (int) m->record->leader);
        proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        v->knows = proc >= 0 && mount_table_read(proc, &v->mounts) >= 0;
}

/* Those of its start, then what the file has, for the latter are the record's last as well. */
static int view_load(const Machine *m, View *v, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *start = NULL;
        BindList live;
        int r = record_load(m->record->name, &start, reterr);

        if (r < 0)
                return r;
        r = bind_changes_of(m->record->name, &live, reterr);
        look_at_mounts(m, v); /* behind the list: what it has been told of as mounted is there by now */
        if (r >= 0 && v->knows)
                bind_list_settle(&live, &v->mounts);
        if (r >= 0 && binds_from_text(start->binds, &v->list) < 0)
                r = error_oom(reterr);
        for (size_t i = 0; r >= 0 && i < live.n; i++)
                if (bind_list_take(&v->list, live.items + i) < 0)
                        r = error_oom(reterr);
        bind_list_done(&live);
        return r;
}

static const char *state_of(const View *v, const MachineBind *b) {
        return v->knows ? bind_state_to_string(bind_state(b, &v->mounts)) : NULL;
}

#define STATUS_BINDS_MAX 20

void status_binds(const Machine *m) {
        _cleanup_(view_done) View v = {};

        if (view_load(m, &v, NULL) < 0)
                return;
        for (size_t i = 0; i < v.list.n && i < STATUS_BINDS_MAX; i++) {
                const MachineBind *b = v.list.items + i;
                const char *state = state_of(&v, b);
                bool other = state && strcmp(state, bind_state_to_string(BIND_BOUND)) != 0;

                show_line(i == 0 ? "Binds" : "", "%s from %s%s%s%s", b->destination, b->source, b->read_only ? ", read-only" : "",
                          other ? ", " : "", other ? state : "");
        }
        if (v.list.n > STATUS_BINDS_MAX)
                show_line("", "%zu more: nbox bind list %s", v.list.n - STATUS_BINDS_MAX, m->record->name);
}

static int print_table(const View *v, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < v->list.n; i++) {
                const MachineBind *b = v->list.items + i;

                r = table_add(t, (const char *[]){ b->destination, b->source, b->read_only ? "ro" : "rw", bind_idmap_name(b->idmap),
                                                   b->stage == BIND_OF_START ? "start" : "added", state_of(v, b) });
        }
        if (r < 0)
                return error_oom(reterr);
        table_print_or(t, "No binds.", stdout);
        return 0;
}

static int print_json(const View *v, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < v->list.n; i++) {
                const MachineBind *b = v->list.items + i;

                json_array_append_new(all, json_pack("{s:o, s:o, s:b, s:b, s:s, s:b, s:o}", "destination", json_text(b->destination), "source",
                                                     json_text(b->source), "read_only", (int) b->read_only, "recursive", (int) b->recursive,
                                                     "idmap", bind_idmap_name(b->idmap), "added", (int) (b->stage != BIND_OF_START),
                                                     "state", json_text(state_of(v, b))));
        }
        return json_print(all, reterr);
}

int verb_bind_list(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_(view_done) View v = {};
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = machine_find(args.operands[0], &m, reterr);
        if (r >= 0)
                r = view_load(m, &v, reterr);
        if (r < 0)
                return r;
        return args.json ? print_json(&v, reterr) : print_table(&v, reterr);
}
