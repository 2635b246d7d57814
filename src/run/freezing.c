/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "freezing.h"

#include <string.h>
#include <sys/socket.h>

#include "cgroup.h"
#include "freeze-server.h"
#include "freeze.h"
#include "log.h"

/* Freezing is asked of the kernel and not waited for: how long it takes is up to the guest. The one who asked sees in the group when it is
 * so. */

void freezing_end(Supervisor *s) {
        if (!s->freezing.connection)
                return;
        s->freezing.connection = event_source_free(s->freezing.connection);
        s->freezing.silence = event_source_free(s->freezing.silence);
        if (s->cgroup && !s->freezing.stays && cgroup_freeze(s->cgroup, false) < 0)
                log_warning("Cannot let the machine '%s' go on, ignoring", s->plan->name);
}

static int on_silence(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        log_warning("Who had the machine '%s' held still has not been heard of for a while: it goes on", s->plan->name);
        freezing_end(s);
        return 0;
}

static int on_word(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        char word[16];
        ssize_t n = recv(fd, word, sizeof(word) - 1, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                freezing_end(s);
                return 0;
        }
        word[n] = 0;
        if (strcmp(word, "thaw") != 0)
                return event_source_set_time_relative(s->freezing.silence, FREEZE_SILENCE_USEC);
        /* Before the machine goes on, so that nothing else can have ended it meanwhile. */
        (void) send(fd, "ok", 2, MSG_NOSIGNAL | MSG_DONTWAIT);
        freezing_end(s);
        return 0;
}

static int watch(Supervisor *s, int fd) {
        int r = event_add_time_relative(s->event, &s->freezing.silence, FREEZE_SILENCE_USEC, on_silence, s);

        if (r >= 0)
                r = event_add_io(s->event, &s->freezing.connection, fd, EPOLLIN, on_word, s);
        if (r < 0)
                s->freezing.silence = event_source_free(s->freezing.silence);
        return r;
}

/* Not by what is above it: that is lifted by others. */
static bool is_frozen_by_itself(const Supervisor *s) {
        _cleanup_free_ char *by = NULL;

        return cgroup_frozen_by(s->cgroup, &by) >= 0 && strcmp(by, s->cgroup) == 0;
}

int freezing_begin(Supervisor *s, int fd, Error **reterr) {
        int r = freeze_check(s, reterr);

        if (r < 0)
                return r;
        if (s->freezing.late)
                return error_set(reterr, EBUSY, "The machine '%s' is being frozen", s->plan->name);
        s->freezing.stays = is_frozen_by_itself(s);
        r = watch(s, fd);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch the connection");
        r = cgroup_freeze(s->cgroup, true);
        if (r >= 0)
                event_source_set_io_fd_own(s->freezing.connection, true);
        if (r < 0) {
                freezing_end(s);
                return error_errno(reterr, r, "Cannot hold the machine '%s' still", s->plan->name);
        }
        return 0;
}
