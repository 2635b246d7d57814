/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind-look.h"

#include <string.h>

#include "process.h"

const char *bind_state_to_string(BindState s) {
        static const char *const names[] = {
                [BIND_BOUND] = "bound", [BIND_HIDDEN] = "hidden", [BIND_GONE] = "gone", [BIND_PENDING] = "pending",
        };

        return names[s];
}

const MountEntry *bind_look(const MachineBind *b, const MountTable *table) {
        const MountEntry *m;

        if (b->stage == BIND_OF_START)
                return mount_table_at(table, b->destination);
        m = mount_table_find(table, b->mount_id);
        return m && m->major == b->major && m->minor == b->minor ? m : NULL;
}

static bool is_being_mounted(const MachineBind *b) {
        uint64_t start;

        return b->stage == BIND_ADDING && b->helper > 0 && process_start_time(b->helper, &start) >= 0 && start == b->helper_start;
}

BindState bind_state(const MachineBind *b, const MountTable *table) {
        const MountEntry *m = bind_look(b, table);

        if (!m)
                return is_being_mounted(b) ? BIND_PENDING : BIND_GONE;
        return mount_table_cover(table, m) ? BIND_HIDDEN : BIND_BOUND;
}

void bind_list_settle(BindList *list, const MountTable *table) {
        for (size_t i = list->n; i > 0; i--) {
                MachineBind *b = list->items + i - 1;

                if (b->stage == BIND_ADDED || is_being_mounted(b))
                        continue;
                if (bind_look(b, table))
                        b->stage = BIND_ADDED;
                else
                        bind_list_remove(list, i - 1);
        }
}
