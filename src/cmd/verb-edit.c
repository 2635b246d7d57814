/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nbox edit: the editor has a draft; what it leaves takes the place of the settings once it has been looked through, as `nbox verify` does, together
 * with the machine's other files. Until then all stays as it was. */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "edit-target.h"
#include "fd.h"
#include "log.h"
#include "process.h"
#include "settings-check.h"
#include "verb-list.h"

enum { OPT_DROP_IN = 256, OPT_RUNTIME, OPT_STDIN };

const VerbOption edit_options[] = {
        { { .name = "drop-in", .placeholder = "WORD" }, OPT_DROP_IN, "Edit a file of its own that adds to the settings: NAME.conf.d/WORD.conf" },
        { { .name = "runtime" }, OPT_RUNTIME, "In /run, until the host's next boot" },
        { { .name = "stdin" }, OPT_STDIN, "Take the new text from standard input" },
        {},
};

typedef struct Editing {
        const SettingsSubject *subject;
        EditTarget target;
        bool from_stdin;
} Editing;

/* ---- the editor ---- */

/* The words of a variable are the shell's matter, as with every program that asks them. */
#define EDITORS "for e in editor nano vim vi; do command -v $e >/dev/null && exec $e \"$1\"; done; echo 'nbox: no editor is installed; say one with $EDITOR' >&2; exit 127"

static char *editor_command(void) {
        static const char *const variables[] = { "SYSTEMD_EDITOR", "EDITOR", "VISUAL" };
        char *command;

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *value = getenv(variables[i]);

                if (value && *value)
                        return asprintf(&command, "exec %s \"$1\"", value) < 0 ? NULL : command;
        }
        return strdup(EDITORS);
}

static _Noreturn void exec_editor(const char *command, const char *draft) {
        process_reset_signals();
        execl("/bin/sh", "sh", "-c", command, "sh", draft, (char *) NULL);
        _exit(127);
}

static int wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return process_exit_status(status);
}

/* ^C is the editor's: we are there to clear up. */
static int run_editor(const EditTarget *t, Error **reterr) {
        _cleanup_free_ char *command = editor_command();
        struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
        pid_t pid;
        int r;

        if (!command)
                return error_oom(reterr);
        sigaction(SIGINT, &ignore, &interrupt);
        sigaction(SIGQUIT, &ignore, &quit);
        pid = fork();
        if (pid == 0)
                exec_editor(command, t->draft);
        r = pid < 0 ? -errno : wait_for(pid);
        sigaction(SIGINT, &interrupt, NULL);
        sigaction(SIGQUIT, &quit, NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot run an editor");
        if (r > 0) {
                error_set(reterr, ECANCELED, "The editor has ended with status %d; nothing is changed", r);
                return error_hint(reterr, -ECANCELED, "$EDITOR says which one it is.");
        }
        return 0;
}

/* ---- the text ---- */

static char *template(const Editing *e) {
        char *text;

        if (e->target.place.is_drop_in)
                return asprintf(&text, "# This adds to the settings of the machine '%s' (`nbox cat %s`), behind its main file: to lists it\n"
                                       "# adds, values it replaces, and `Key=` alone empties either. nbox.conf(5) lists the keys.\n"
                                       "# As long as all begins with '#', it is not written.\n\n", e->subject->machine, e->subject->machine) < 0 ? NULL : text;
        return asprintf(&text, "# Settings of the machine '%s'; nbox.conf(5) lists the keys, with what they are by default.\n"
                               "# As long as all begins with '#', it is not written.\n"
                               "#\n"
                               "#[Exec]\n#Hostname=%s\n#Environment=NAME=value\n#\n"
                               "#[Files]\n#Bind=/srv/%%n:/srv\n#\n"
                               "#[Network]\n#Zone=default\n#Port=8080:80\n", e->subject->machine, e->subject->machine) < 0 ? NULL : text;
}

static bool says_something(const char *text, size_t size) {
        for (const char *line = text; line < text + size;) {
                line += strspn(line, " \t");
                if (*line && *line != '\n' && *line != '#' && *line != ';')
                        return true;
                line = strchr(line, '\n') ?: text + size - 1;
                line++;
        }
        return false;
}

typedef struct Verdict {
        const char *path; /* of the file that is edited */
        unsigned errors;
} Verdict;

/* What was wrong in another file before is none of this one's errors. */
static void said(void *userdata, const SettingsRemark *r) {
        Verdict *v = userdata;
        char line[16] = "";

        v->errors += r->is_error && (r->line == 0 || strcmp(r->path, v->path) == 0);
        if (r->line > 0)
                snprintf(line, sizeof(line), ":%u", r->line);
        log_line(r->is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s%s: %s", r->path, line, r->text);
        if (r->hint)
                log_line(r->is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "  %s", r->hint);
}

static int look_through(const Editing *e, const char *text, size_t size, unsigned *ret_errors, Error **reterr) {
        Verdict v = { .path = e->target.place.path };
        SettingsWatch watch = { said, &v };
        SettingsCheck check = { .subject = e->subject, .watch = &watch, .candidate = &e->target.place, .text = text, .size = size };
        int r = settings_check(&check, reterr);

        *ret_errors = v.errors;
        return r;
}

static bool again(void) {
        char answer[16];

        fputs("Edit it again? [Y/n] ", stderr);
        fflush(stderr);
        return fgets(answer, sizeof(answer), stdin) && (answer[0] == '\n' || answer[0] == 'y' || answer[0] == 'Y');
}

static int refuse(const Editing *e, Error **reterr) {
        return error_set(reterr, EBADMSG, "%s is %s", e->target.place.path, e->target.is_new ? "not written" : "left as it was");
}

/* ---- all of it ---- */

static void tell_of_effect(const Editing *e) {
        const char *machine = e->subject->machine;

        log_info("Wrote %s", e->target.path);
        if (e->subject->runs)
                log_info("'%s' runs as it was started: this counts from its next boot on (`nbox reboot %s`)", machine, machine);
        else if (!e->subject->image)
                log_info("No image is called '%s' yet: it counts once one is", machine);
        else
                log_info("It counts from the next start of '%s' on", machine);
}

/* 1: it is taken; 0: there is nothing to take. -EAGAIN: there is something wrong with it. */
static int take(Editing *e, const char *text, size_t size, Error **reterr) {
        unsigned errors = 0;
        int r;

        if (!e->target.is_new && size == e->target.size && memcmp(text, e->target.text, size) == 0) {
                log_info("%s is as it was: nothing is changed", e->target.place.path);
                return 0;
        }
        if (e->target.is_new && !says_something(text, size)) {
                log_info("It says nothing: %s is not written", e->target.place.path);
                return 0;
        }
        r = look_through(e, text, size, &errors, reterr);
        if (r < 0)
                return r;
        if (errors > 0)
                return -EAGAIN;
        r = edit_target_replace(&e->target, text, size, reterr);
        return r < 0 ? r : 1;
}

static int edit_from_stdin(Editing *e, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = fd_read_all(STDIN_FILENO, SETTINGS_SIZE_MAX, &text, &size);

        if (r == -EFBIG)
                return error_set(reterr, r, "What standard input has is larger than %zu bytes", SETTINGS_SIZE_MAX);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read standard input");
        r = take(e, text, size, reterr);
        explicit_bzero(text, size);
        return r == -EAGAIN ? refuse(e, reterr) : r;
}

static int begin_draft(const Editing *e, Error **reterr) {
        _cleanup_free_ char *text = e->target.is_new ? template(e) : NULL;

        if (e->target.is_new && !text)
                return error_oom(reterr);
        return edit_draft_write(&e->target, text ?: e->target.text, text ? strlen(text) : e->target.size, reterr);
}

/* A draft that cannot be read at all, being too large, is something wrong with it, too. */
static int take_draft(Editing *e, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r = edit_draft_read(&e->target, &text, &size, &error);

        if (r < 0) {
                log_report(LOG_LEVEL_ERROR, r, error);
                return -EAGAIN;
        }
        r = take(e, text, size, reterr);
        explicit_bzero(text, size);
        return r;
}

static int edit_on_terminal(Editing *e, Error **reterr) {
        int r = begin_draft(e, reterr);

        while (r >= 0) {
                r = run_editor(&e->target, reterr);
                if (r < 0)
                        return r;
                r = take_draft(e, reterr);
                if (r != -EAGAIN)
                        return r;
                if (!again())
                        return refuse(e, reterr);
                r = 0;
        }
        return r;
}

static int edit(Editing *e, const EditWish *wish, Error **reterr) {
        int r;

        if (!e->from_stdin && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))) {
                error_set(reterr, ENOTTY, "An editor needs a terminal");
                return error_hint(reterr, -ENOTTY, "--stdin takes the new text from standard input.");
        }
        r = edit_target_open(wish, &e->target, reterr);
        if (r < 0)
                return r;
        if (!wish->drop_in && e->target.place.is_drop_in)
                log_info("What lies beside the image stays as it is: %s adds to it", e->target.place.path);
        r = e->from_stdin ? edit_from_stdin(e, reterr) : edit_on_terminal(e, reterr);
        if (r > 0)
                tell_of_effect(e);
        return r < 0 ? r : 0;
}

int verb_edit(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(settings_subject_done) SettingsSubject subject = {};
        EditWish wish = { .subject = &subject };
        Editing e = { .subject = &subject, .target = EDIT_TARGET_NONE };
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case OPT_DROP_IN:
                        wish.drop_in = args.value;
                        break;
                case OPT_RUNTIME:
                        wish.runtime = true;
                        break;
                case OPT_STDIN:
                        e.from_stdin = true;
                        break;
                }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = settings_subject_find(args.operands[0], &subject, reterr);
        if (r >= 0)
                r = edit(&e, &wish, reterr);
        edit_target_done(&e.target);
        return r;
}
