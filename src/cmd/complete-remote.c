/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Words for a verb that another nbox is to do (-H, -M): verbs and options are ours, names are there. So the other one is asked, if that
 * takes no password and no more than a moment; else nothing is offered, since what is called so here is not what is meant. */

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "complete.h"
#include "file.h"
#include "strv.h"
#include "text.h"

#define SECONDS_MAX 3
#define SSH_CONFIG_MAX ((size_t) 256 * 1024)

/* Paths are offered by the shell, and are those of here. */
static bool is_meant_here(const Completion *c) {
        return strncmp(c->verb->name, "export", 6) == 0 || strncmp(c->verb->name, "import", 6) == 0;
}

/* A word, and what is said about it behind a tab: whoever wrote it. */
static void offer_line(const Completion *c, char *line) {
        char *tab = strchr(line, '\t');

        line[strcspn(line, "\n")] = 0;
        if (*line == ':') {
                if (is_meant_here(c) && (strncmp(line, ":files\t", 7) == 0 || strncmp(line, ":dirs\t", 6) == 0))
                        complete_offer_paths(c, line[1] == 'd');
                return;
        }
        if (tab)
                *tab++ = 0;
        complete_offer(&(Completion){ .word = c->word }, line, tab);
}

static int ask(const Completion *c, char **command, const char *program) {
        _cleanup_fclose_ FILE *f = NULL;
        int ends[2], null;
        char line[4096];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                null = open("/dev/null", O_RDWR | O_CLOEXEC);
                if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(ends[1], STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
                        _exit(1);
                (void) alarm(SECONDS_MAX); /* outlives the exec */
                execvp(program, command);
                _exit(1);
        }
        close_fd(ends[1]);
        f = fdopen(ends[0], "r");
        if (!f)
                close_fd(ends[0]);
        while (f && pid > 0 && fgets(line, sizeof(line), f))
                offer_line(c, line);
        return pid > 0 && waitpid(pid, NULL, 0) < 0 ? -errno : 0;
}

void complete_elsewhere(const Completion *c, const Remote *where, char *const *words) {
        _cleanup_strv_ char **all = NULL, **command = NULL;

        if (strv_append(&all, "__complete") < 0)
                return;
        for (; *words; words++)
                if (strv_append(&all, *words) < 0)
                        return;
        if (strv_append(&all, c->word) >= 0 && remote_command(where, &(RemoteCall){ .words = all, .quick = true }, &command, NULL) >= 0)
                (void) ask(c, command, where->host ? command[0] : "/proc/self/exe");
}

/* Names that ssh_config(5) of this user has something to say about. */
void complete_hosts(const Completion *c) {
        Completion behind = complete_behind(c, '@');
        _cleanup_free_ char *path = NULL, *text = NULL;
        const char *home = getenv("HOME");
        char *save = NULL, *blank = NULL;

        if (!home || asprintf(&path, "%s/.ssh/config", home) < 0 || file_read(AT_FDCWD, path, SSH_CONFIG_MAX, &text) < 0)
                return;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                line += strspn(line, " \t");
                if (strncasecmp(line, "Host", 4) != 0 || !strchr(" \t=", line[4]))
                        continue;
                for (char *word = strtok_r(line + 4, " \t=", &blank); word; word = strtok_r(NULL, " \t=", &blank))
                        if (!strpbrk(word, "*?!\""))
                                complete_offer(&behind, word, NULL);
        }
}
