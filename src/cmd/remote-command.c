/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is executed for a verb elsewhere.
 *
 * ssh joins its words with blanks and has the other user's login shell read them, whichever that is: bash and dash quote alike, csh takes "!" and
 * a newline within quotes for its own, fish a backslash. So what that shell gets to see is one line of characters that mean the same to all of
 * them within single quotes; in it, words are octal escapes of printf(1), and sh puts them together again. In a machine, exec hands words over
 * as they are.
 *
 * The other nbox may be missing, or older: what it does not know is found out before, and said with both versions. */

#include <string.h>

#include "exit-status.h"
#include "remote.h"
#include "shell-word.h"
#include "strv.h"

/* $0: "nbox", $1: our version, $2: where, $3: the status of a failure of ours, $4: the verb in one or two words, $5: "root" where it needs that,
 * then the words. No single quote, no exclamation mark and no newline in it. Whoever is not root there goes by sudo where it lets him without
 * a password. */
static const char script[] =
        "command -v nbox >/dev/null 2>&1 || { echo \"nbox: $2 has no nbox, or not where its users look for programs (PATH)\" >&2; exit $3; }; "
        "n=nbox; "
        "if [ \"$(id -u)\" = 0 ]; then :; elif sudo -n nbox --version >/dev/null 2>&1; then n=\"sudo -n nbox\"; "
        "elif [ \"$5\" = root ]; then echo \"nbox: nbox $4 needs root, and $(id -un) is not root on $2, nor lets sudo without a password\" >&2; "
        "echo \"Log in there as root (-H root@HOST), or have sudo let that user run nbox (NOPASSWD: in sudoers)\" >&2; exit $3; fi; "
        "v=$(nbox --version 2>/dev/null); "
        "[ \"$v\" = \"nbox $1\" ] || nbox $4 --help >/dev/null 2>&1 || "
        "{ echo \"nbox: the nbox of $2 is another version ($v, here it is nbox $1) and does not know: nbox $4\" >&2; exit $3; }; "
        "shift 5; exec $n \"$@\"";

/* Of a machine: root is whoever exec makes us. */
static int append_place(const Remote *r, char ***words) {
        if (r->host && r->machine) {
                if (strv_append(words, "-M") < 0)
                        return -ENOMEM;
                return r->machine_user ? strv_appendf(words, "%s@%s", r->machine_user, r->machine) : strv_append(words, r->machine);
        }
        return 0;
}

static int append_all(char *const *words, char ***ret) {
        for (; *words; words++)
                if (strv_append(ret, *words) < 0)
                        return -ENOMEM;
        return 0;
}

/* Of two words the table has one name ("zone list"). */
static int append_verb(const char *name, char ***ret) {
        const char *blank = strchr(name, ' ');

        if (!blank)
                return strv_append(ret, name);
        return strv_appendf(ret, "%.*s", (int) (blank - name), name) < 0 ? -ENOMEM : strv_append(ret, blank + 1);
}

/* The script's positional parameters. */
static int parameters(const Remote *r, const RemoteCall *call, char ***ret) {
        if (strv_append(ret, "nbox") < 0 || strv_append(ret, NBOX_VERSION) < 0 || strv_append(ret, r->host ?: r->machine) < 0 ||
            strv_appendf(ret, "%d", call->runs ? EXIT_OWN_FAILURE : EXIT_FAILURE) < 0 || strv_append(ret, call->words[0]) < 0 ||
            strv_append(ret, call->root && !(r->host && r->machine) ? "root" : "") < 0 || append_place(r, ret) < 0)
                return -ENOMEM;
        return append_verb(call->words[0], ret) < 0 || append_all(call->words + 1, ret) < 0 ? -ENOMEM : 0;
}

/* Octal escapes of printf's %b for all that a shell could take for more than itself. */
static char *escaped(const char *s) {
        char *out = malloc(strlen(s) * 5 + 1), *at = out;

        for (; out && *s; s++) {
                char one[2] = { *s, 0 };

                if (shell_word_is_plain(one) || *s == '=')
                        *at++ = *s;
                else
                        at += sprintf(at, "\\0%03o", (unsigned) (unsigned char) *s);
        }
        if (out)
                *at = 0;
        return out;
}

static int ssh_options(const Remote *r, const RemoteCall *call, char ***ret) {
        static const char *const quick[] = { "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-o", "LogLevel=QUIET" };

        if (strv_append(ret, "ssh") < 0 || strv_append(ret, call->terminal ? "-t" : "-T") < 0)
                return -ENOMEM;
        if (!call->reads && !call->terminal && strv_append(ret, "-n") < 0)
                return -ENOMEM;
        if (call->terminal && (strv_append(ret, "-o") < 0 || strv_append(ret, "LogLevel=ERROR") < 0)) /* "Connection to … closed." */
                return -ENOMEM;
        for (size_t i = 0; call->quick && i < ELEMENTSOF(quick); i++)
                if (strv_append(ret, quick[i]) < 0)
                        return -ENOMEM;
        if (r->user && (strv_append(ret, "-l") < 0 || strv_append(ret, r->user) < 0))
                return -ENOMEM;
        if (r->port && (strv_append(ret, "-p") < 0 || strv_append(ret, r->port) < 0))
                return -ENOMEM;
        return strv_append(ret, "--") < 0 ? -ENOMEM : strv_append(ret, r->host);
}

static int by_ssh(const Remote *r, const RemoteCall *call, char ***ret) {
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *quoted = NULL, *line = NULL;

        if (parameters(r, call, &words) < 0)
                return -ENOMEM;
        quoted = shell_words(words + 1);
        line = quoted ? escaped(quoted) : NULL;
        if (!line || ssh_options(r, call, ret) < 0)
                return -ENOMEM;
        return strv_appendf(ret, "exec sh -c 'eval \"set -- $(printf %%b \"$0\")\"; %s' '%s'", script, line);
}

static int by_exec(const Remote *r, const RemoteCall *call, char ***ret) {
        _cleanup_strv_ char **words = NULL;

        if (parameters(r, call, &words) < 0 || strv_append(ret, "nbox") < 0 || strv_append(ret, "exec") < 0)
                return -ENOMEM;
        if ((call->terminal && strv_append(ret, "--tty") < 0) || (r->machine_user && strv_appendf(ret, "--user=%s", r->machine_user) < 0))
                return -ENOMEM;
        if (strv_append(ret, "--") < 0 || strv_append(ret, r->machine) < 0 || strv_append(ret, "sh") < 0 || strv_append(ret, "-c") < 0 ||
            strv_append(ret, script) < 0)
                return -ENOMEM;
        return append_all(words, ret);
}

int remote_command(const Remote *r, const RemoteCall *call, char ***ret, Error **reterr) {
        _cleanup_strv_ char **argv = NULL;

        if ((r->host ? by_ssh(r, call, &argv) : by_exec(r, call, &argv)) < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(argv);
        return 0;
}
