/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind-changes.h"

#include <inttypes.h>
#include <string.h>

#include "record-side.h"
#include "strv.h"

static const RecordSide side = { "binds", "binds.lock", BINDS_MAX * 2 * 4096U /* two paths each, at their longest */, "the binds" };

static const EnumName stage_names[] = {
        { "adding", BIND_ADDING },
        { "added", BIND_ADDED },
        { "removing", BIND_REMOVING },
        {},
};

static int read_line(char *line, void *userdata) {
        _cleanup_(bind_done) MachineBind b = {};
        unsigned long long id, start;
        unsigned major, minor;
        int pid, stage, used = 0, r;
        char word[16];

        if (sscanf(line, "%15s %llu %u:%u %d %llu %n", word, &id, &major, &minor, &pid, &start, &used) != 6 || used == 0 ||
            enum_parse(stage_names, word, &stage, NULL) < 0)
                return 0;
        r = bind_parse(line + used, &b);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        b.stage = (BindStage) stage;
        b.mount_id = id;
        b.major = major;
        b.minor = minor;
        b.helper = pid;
        b.helper_start = start;
        return bind_list_take(userdata, &b);
}

int bind_changes_load(int dir, BindList *ret, Error **reterr) {
        int r;

        *ret = (BindList){};
        r = record_side_load(&side, dir, read_line, ret, reterr);
        if (r < 0)
                bind_list_done(ret);
        return r;
}

int bind_changes_of(const char *machine, BindList *ret, Error **reterr) {
        int r;

        *ret = (BindList){};
        r = record_side_load_of(&side, machine, read_line, ret, reterr);
        if (r < 0)
                bind_list_done(ret);
        return r;
}

static char *format(const BindList *list) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        bool complete = out;

        for (size_t i = 0; complete && i < list->n; i++) {
                const MachineBind *b = list->items + i;
                _cleanup_free_ char *bind = bind_format(b);

                complete = bind && fprintf(out, "%s %" PRIu64 " %u:%u %d %" PRIu64 " %s\n", enum_to_string(stage_names, (int) b->stage),
                                           b->mount_id, b->major, b->minor, (int) b->helper, b->helper_start, bind) > 0;
        }
        if (out && fclose(out) == 0 && complete)
                return text;
        free(text);
        return NULL;
}

int bind_changes_save(int dir, const BindList *list, Error **reterr) {
        return record_side_save(&side, dir, format(list), reterr);
}

void bind_changes_forget(int dir) {
        record_side_forget(&side, dir);
}

int bind_changes_open(const char *machine, bool wait, int *ret_lock, Error **reterr) {
        return record_side_open(&side, machine, wait, ret_lock, reterr);
}

int bind_changes_take(MachineRecord *rec) {
        BindList list;
        int r = bind_changes_of(rec->name, &list, NULL);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (size_t i = 0; r >= 0 && i < list.n; i++)
                r = strv_consume(&rec->binds, bind_format(list.items + i));
        bind_list_done(&list);
        return r;
}
