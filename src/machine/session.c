/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <fcntl.h>

#include "guest-user.h"
#include "guest.h"
#include "path.h"

/* What logind makes when it starts; pam_systemd looks for it too. */
#define LOGIND_DIRECTORY "/run/systemd/seats"
#define RUNUSER "/usr/sbin/runuser"

/* "$1" is the directory, "." for the user's own, who need not have one, as nobody; then come assignments for env(1) and the command. */
#define CHANGE "if [ \"$1\" = . ]; then cd . 2>/dev/null || cd /; else cd \"$1\"; fi && shift && "
#define RUN_COMMAND CHANGE "exec env \"$@\""
#define RUN_SHELL CHANGE "exec env \"$@\" \"$SHELL\" -l"

static bool is_there(int root, const char *path, int flags) {
        _cleanup_close_ int fd = open_in_root(root, path, O_PATH | flags, 0);

        return fd >= 0;
}

static int append_all(char ***to, char *const *from) {
        for (; from && *from; from++)
                if (strv_append(to, *from) < 0)
                        return -ENOMEM;
        return 0;
}

/* runuser -l alone for a plain shell: it is then the one whose name begins with '-'. */
static int build(const JoinRequest *q, const GuestUser *user, char ***ret) {
        _cleanup_strv_ char **argv = NULL;
        bool command = q->argv && q->argv[0], plain = !command && !q->chdir && !(q->environment && q->environment[0]);
        int r;

        r = strv_append(&argv, RUNUSER);
        if (r >= 0)
                r = strv_append(&argv, "-l");
        if (r >= 0 && command) /* the user's own may be none that runs commands */
                r = strv_append(&argv, "--shell=/bin/sh");
        if (r >= 0 && !plain)
                r = strv_appendf(&argv, "--session-command=%s", command ? RUN_COMMAND : RUN_SHELL);
        if (r >= 0) /* or it takes the command's options for its own */
                r = strv_append(&argv, "--");
        if (r >= 0)
                r = strv_append(&argv, user->name);
        if (r >= 0 && !plain)
                r = strv_append(&argv, "nbox");
        if (r >= 0 && !plain)
                r = strv_append(&argv, q->chdir ?: ".");
        if (r >= 0)
                r = append_all(&argv, q->environment);
        if (r >= 0 && command)
                r = append_all(&argv, q->argv);
        if (r >= 0)
                *ret = TAKE_PTR(argv);
        return r;
}

int session_command(const JoinRequest *q, char ***ret_argv, Error **reterr) {
        _cleanup_(guest_user_freep) GuestUser *user = NULL;
        bool usable;
        Guest g;
        int r;

        r = guest_open(&g, q->name, q->leader, q->leader_fd, reterr);
        if (r < 0)
                return r;
        usable = is_there(g.root, LOGIND_DIRECTORY, O_DIRECTORY) && is_there(g.root, RUNUSER, 0);
        r = usable ? guest_user_find(g.root, q->user, &user, reterr) : 0;
        guest_done(&g);
        if (r < 0 || !usable)
                return r;
        if (user->name[0] == '-' || (user->name[0] >= '0' && user->name[0] <= '9')) /* a bare uid: PAM knows only names */
                return 0;
        return build(q, user, ret_argv) < 0 ? error_oom(reterr) : 1;
}
