/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-watch-parts.h"

#include <string.h>

#include "fd.h"

int host_watch_say(HostWatch *w, HostEvent *e) {
        _cleanup_(host_event_freep) HostEvent *event = e;

        return event ? w->handler(event, w->userdata) : -ENOMEM;
}

int host_watch_read_log(HostWatch *w) {
        HostEvent *e;
        int r;

        while ((r = event_reader_next(w->log, &e)) > 0) {
                bool overflow = e->kind == EVENT_OVERFLOW;

                r = watch_machines_hear(w, e);
                if (r >= 0)
                        r = host_watch_say(w, e);
                else
                        host_event_free(e);
                if (r >= 0 && overflow)
                        r = watch_machines_look_again(w);
                if (r < 0)
                        return r;
        }
        return r;
}

static int on_log(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        HostWatch *w = userdata;
        int r = host_watch_read_log(w);

        return r < 0 ? event_exit(w->loop, r) : 0;
}

/* The sources first, then how things are: so nothing falls between. */
int host_watch_new(EventLoop *loop, unsigned flags, HostWatchHandler handler, void *userdata, HostWatch **ret, Error **reterr) {
        _cleanup_(host_watch_freep) HostWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return error_oom(reterr);
        *w = (HostWatch){ .loop = event_loop_ref(loop), .handler = handler, .userdata = userdata, .records = -1, .frozen = -1 };
        r = event_reader_new(&w->log, reterr);
        if (r < 0)
                return r;
        r = event_add_io(loop, &w->log_source, event_reader_fd(w->log), EPOLLIN, on_log, w);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch for events");
        fd_make_room(SIZE_MAX); /* two for each machine, however many come */
        r = watch_machines_begin(w, reterr);
        if (r >= 0 && (flags & HOST_WATCH_OTHERS))
                r = watch_others_begin(w, reterr);
        if (r >= 0 && (flags & HOST_WATCH_IMAGES))
                r = watch_images_begin(w, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

static const WatchedMachine *find(const HostWatch *w, const char *name) {
        for (size_t i = 0; i < w->n_machines; i++)
                if (strcmp(w->machines[i]->name, name) == 0)
                        return w->machines[i];
        return NULL;
}

bool host_watch_has_machine(const HostWatch *w, const char *name) {
        return find(w, name);
}

bool host_watch_reboots(const HostWatch *w, const char *name) {
        const WatchedMachine *m = find(w, name);

        return m && m->reboots;
}

bool host_watch_has_other(const HostWatch *w, const char *name) {
        return strv_contains(w->others, name);
}

void host_watch_free(HostWatch *w) {
        if (!w)
                return;
        watch_images_end(w);
        watch_others_end(w);
        watch_machines_end(w);
        event_source_free(w->log_source);
        event_reader_free(w->log);
        strv_free(w->others);
        event_loop_unref(w->loop);
        free(w);
}
