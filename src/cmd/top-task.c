/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-task.h"

#include <fcntl.h>
#include <string.h>

#include "process.h"
#include "strv.h"

#define OUTPUT_MAX (256 * 1024) /* more than anybody scrolls through */

struct TopTask {
        pid_t pid;
        int fd;
        EventSource *source;
        char *text;
        size_t n;
        TopTaskEnd on_end;
        void *userdata;
};

TopTask *top_task_free(TopTask *t) {
        if (!t)
                return NULL;
        event_source_free(t->source);
        close_fd(t->fd);
        if (t->pid > 0)
                (void) process_end(t->pid);
        free(t->text);
        free(t);
        return NULL;
}

static char **lines_of(char *text) {
        _cleanup_strv_ char **lines = NULL;

        for (char *line; (line = strsep(&text, "\n"));) {
                if (!text && !*line) /* behind the last one */
                        break;
                for (char *tab = line; (tab = strchr(tab, '\t'));)
                        *tab = ' ';
                if (strv_append(&lines, line) < 0)
                        return NULL;
        }
        return TAKE_PTR(lines);
}

static void end(TopTask *t) {
        int status = process_end(t->pid);
        char **lines;

        t->pid = 0;
        t->text[t->n] = 0;
        lines = lines_of(t->text);
        t->on_end(status, lines, t->userdata);
}

static int on_output(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        TopTask *t = userdata;
        char rest[4096];
        bool room = t->n < OUTPUT_MAX;
        ssize_t n = room ? read(fd, t->text + t->n, OUTPUT_MAX - t->n) : read(fd, rest, sizeof(rest));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0)
                end(t);
        else if (room)
                t->n += (size_t) n;
        return 0;
}

static _Noreturn void run(char *const *words, int out) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        char *argv[8] = { (char *) "nbox" };

        for (size_t i = 0; words[i] && i + 2 < ELEMENTSOF(argv); i++)
                argv[i + 1] = words[i];
        process_reset_signals();
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
                _exit(125);
        execv("/proc/self/exe", argv);
        _exit(125);
}

int top_task_new(EventLoop *loop, char *const *words, TopTaskEnd on_end, void *userdata, TopTask **ret, Error **reterr) {
        TopTask *t = calloc(1, sizeof(*t));
        int ends[2], r;

        if (!t || !(t->text = malloc(OUTPUT_MAX + 1))) {
                free(t);
                return error_oom(reterr);
        }
        t->fd = -1;
        if (pipe2(ends, O_CLOEXEC) < 0) {
                r = -errno;
                top_task_free(t);
                return error_errno(reterr, r, "Cannot make a pipe");
        }
        t->fd = ends[0];
        t->on_end = on_end;
        t->userdata = userdata;
        t->pid = fork();
        if (t->pid == 0)
                run(words, ends[1]);
        r = t->pid < 0 ? -errno : event_add_io(loop, &t->source, t->fd, EPOLLIN, on_output, t);
        close_fd(ends[1]);
        if (r < 0) {
                top_task_free(t);
                return error_errno(reterr, r, "Cannot start `nbox %s`", words[0]);
        }
        *ret = t;
        return 0;
}
