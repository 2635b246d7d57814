/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "console-read.h"
#include "find.h"
#include "identity.h"
#include "image-names.h"
#include "json-text.h"
#include "machine-end.h"
#include "machine-leases.h"
#include "status.h"
#include "strv.h"

/* A machine that does not run: what it would run from, and what became of it, which its log says (console-log.h). */

typedef struct Stopped {
        const char *name;
        Image *image;      /* NULL: it is gone, or not to be seen by who asks */
        ImageNames names;
        char **leases;
        bool known;        /* when it ran last is known */
        uint64_t began_usec, ended_usec; /* CLOCK_REALTIME */
        uint64_t boot;
        MachineEnd end;
} Stopped;

static void stopped_done(Stopped *s) {
        image_free(s->image);
        image_names_done(&s->names);
        strv_free(s->leases);
}

/* Of the last boot that is kept. One without an end was cut off: it lived at least until the last that it said. */
static int learn_end(Stopped *s) {
        _cleanup_free_ uint64_t *lives = NULL;
        ConsoleReader reader;
        ConsoleEntry e = {};
        size_t n = 0;
        int r = console_lives(s->name, &lives, &n);

        if (r < 0 || n == 0)
                return r;
        r = console_reader_open(&reader, s->name, lives[n - 1], lives[n - 1]);
        if (r < 0)
                return r;
        while ((r = console_reader_next(&reader, &e)) > 0) {
                s->known = true;
                s->boot = e.life;
                s->ended_usec = e.usec;
                if (e.kind == CONSOLE_BEGIN)
                        s->began_usec = e.usec;
                if (e.kind == CONSOLE_END)
                        machine_end_parse(e.text, &s->end);
        }
        console_reader_done(&reader);
        return r;
}

static void learn_image(Stopped *s) {
        _cleanup_(image_entry_freep) ImageEntry *entry = NULL;

        if (image_find(s->name, &s->image, NULL) < 0)
                return;
        if (image_entry_find(s->name, &entry, NULL) >= 0)
                (void) image_names_find(entry, &s->names, NULL);
        (void) machine_leases_list(s->name, &s->leases, NULL);
}

static bool learn(Stopped *s) {
        if (strchr(s->name, '/'))
                return false;
        learn_image(s);
        return learn_end(s) >= 0 ? s->known || s->image : s->image != NULL;
}

static void print(const Stopped *s) {
        char text[MACHINE_END_TEXT_MAX + 64];

        printf("○ %s\n", s->name);
        show_line("State", "off");
        if (s->known) {
                show_time("Since", s->ended_usec);
                show_line("Ended", "it %s", machine_end_phrase(&s->end, text, sizeof(text)));
                show_time("Ran from", s->began_usec);
        }
        if (s->image) {
                show_line("Root", "%s", s->image->path);
                status_image(s->image->path);
                show_lines("Settings", s->names.settings);
                show_lines("Address", s->leases);
                show_line("Starts", "%s", image_names_enabled(&s->names) ? "with the host" : "when it is told to");
        }
}

bool status_stopped(const char *name) {
        _cleanup_(stopped_done) Stopped s = { .name = name };

        if (!learn(&s))
                return false;
        print(&s);
        return true;
}

static json_t *list(char *const *values) {
        json_t *all = json_array();

        for (; values && *values; values++)
                (void) json_array_append_new(all, json_text(*values));
        return all;
}

json_t *status_stopped_json(const char *name) {
        _cleanup_(stopped_done) Stopped s = { .name = name };
        json_t *o;

        if (!learn(&s))
                return NULL;
        o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b}", "Name", name, "State", "off",
                      "RootDirectory", json_text(s.image ? s.image->path : NULL),
                      "Image", status_image_json(s.image ? s.image->path : NULL), "SettingsFile", list(s.names.settings),
                      "Addresses", list(s.leases), "Enabled", (int) (s.image && image_names_enabled(&s.names)));
        if (o && s.known)
                (void) json_object_update_new(o, json_pack("{s:I, s:I, s:I, s:s, s:o, s:o}", "Boot", (json_int_t) s.boot,
                        "StartedUSec", (json_int_t) s.began_usec, "EndedUSec", (json_int_t) s.ended_usec, "End", machine_end_word(s.end.kind),
                        "EndCode", s.end.kind == END_EXIT || s.end.kind == END_SIGNAL ? json_integer(s.end.code) : json_null(),
                        "EndText", json_text(*s.end.text ? s.end.text : NULL)));
        return o;
}
