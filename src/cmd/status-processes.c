/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "json-text.h"
#include "processes.h"
#include "status.h"
#include "table.h"

/* A machine's processes by their groups, and within a group as a tree of parents and children. Groups, names and who is whose parent are the
 * guest's to choose, and change while they are read: a tree that makes no sense is shown flat, and none is deep or long without end. */

#define SHOWN_PROCESSES 200
#define SHOWN_DEPTH 24
#define PREFIX_MAX (SHOWN_DEPTH * 8)

typedef struct Group {
        const GuestProcess *items;
        size_t n;
        bool *shown;
        size_t *left; /* how many more may be shown, of all groups */
} Group;

static bool is_parent_of(const GuestProcess *parent, const GuestProcess *p) {
        return parent->pid == p->parent && parent != p;
}

/* Its parent is none of this group. */
static bool is_top(const Group *g, const GuestProcess *p) {
        for (size_t i = 0; i < g->n; i++)
                if (is_parent_of(&g->items[i], p))
                        return false;
        return true;
}

static size_t next_child(const Group *g, const GuestProcess *parent, size_t from) {
        while (from < g->n && (g->shown[from] || !(parent ? is_parent_of(parent, &g->items[from]) : is_top(g, &g->items[from]))))
                from++;
        return from;
}

static void print_one(const Group *g, size_t i, const char *prefix, bool last) {
        char text[1024];

        g->shown[i] = true;
        (*g->left)--;
        printf("%12s%s%s%d %s\n", "", prefix, last ? "└─" : "├─", (int) g->items[i].pid, show_text(g->items[i].command, text, sizeof(text)));
}

static void print_children(const Group *g, const GuestProcess *parent, const char *prefix, unsigned depth) {
        for (size_t i = next_child(g, parent, 0); i < g->n && *g->left > 0;) {
                char below[PREFIX_MAX];
                size_t next = next_child(g, parent, i + 1);

                print_one(g, i, prefix, next == g->n);
                snprintf(below, sizeof(below), "%s%s", prefix, next == g->n ? "  " : "│ ");
                if (depth < SHOWN_DEPTH)
                        print_children(g, &g->items[i], below, depth + 1);
                i = next;
        }
}

static void print_group(const Group *g) {
        const char *prefix = *g->items->group ? "  " : "";
        char text[1024];

        if (*g->items->group)
                printf("%12s%s\n", "", show_text(g->items->group, text, sizeof(text)));
        print_children(g, NULL, prefix, 0);
        for (size_t i = 0; i < g->n && *g->left > 0; i++) /* too deep, or each other's parents by a pid that came again */
                if (!g->shown[i])
                        print_one(g, i, prefix, true);
}

void status_processes(const Machine *m) {
        GuestProcesses p;
        _cleanup_free_ bool *shown = NULL;
        size_t left = SHOWN_PROCESSES;

        if (guest_processes_read(m, &p, NULL) < 0)
                return;
        shown = calloc(p.n + 1, sizeof(*shown));
        for (size_t i = 0, end; shown && i < p.n && left > 0; i = end) {
                for (end = i + 1; end < p.n && strcmp(p.items[end].group, p.items[i].group) == 0;)
                        end++;
                print_group(&(Group){ p.items + i, end - i, shown + i, &left });
        }
        if (p.n > SHOWN_PROCESSES)
                printf("%12s… %zu more\n", "", p.n - SHOWN_PROCESSES);
        guest_processes_done(&p);
}

json_t *status_processes_json(const Machine *m) {
        json_t *all = json_array();
        GuestProcesses p;

        if (guest_processes_read(m, &p, NULL) < 0)
                return all;
        for (size_t i = 0; i < p.n; i++)
                json_array_append_new(all, json_pack("{s:i, s:i, s:o, s:o}", "PID", (int) p.items[i].pid, "Parent", (int) p.items[i].parent,
                                                     "Group", json_text(p.items[i].group), "Command", json_text(p.items[i].command)));
        guest_processes_done(&p);
        return all;
}
