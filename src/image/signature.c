/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signature.h"

/* The exit status of gpgv counts for a text that is signed in itself; for a signature beside it, it is not 0 already when one of several is by a key
 * that we do not have, as Ubuntu's lists are when their key changes. What its status lines say counts always: one signature that is good and
 * valid, none that is bad. Signatures by keys that have expired or were revoked are not good ones (gnupg's doc/DETAILS). */

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "fd.h"
#include "file.h"
#include "namespace.h"
#include "nobody.h"
#include "process.h"
#include "small-root.h"
#include "strv.h"

#define KEYS_MAX (16U << 20)
#define STATUS_MAX (64U << 10)
#define TEXT_MAX (1U << 20)
#define SECONDS_MAX 20
#define MEMORY_MAX (512U << 20)
#define STATUS_FD 3
#define CANNOT_RUN 127 /* as shells have it */

static const char *const keyrings[] = {
        "/etc/nbox/import-pubring.gpg", "/etc/systemd/import-pubring.gpg", "/usr/lib/systemd/import-pubring.gpg",
};

typedef struct Keys {
        char *data[ELEMENTSOF(keyrings)];
        size_t size[ELEMENTSOF(keyrings)];
} Keys;

typedef struct Checked {
        char *status, *text;  /* what it wrote */
        size_t status_size, text_size;
        int exit_status;
} Checked;

static void keys_done(Keys *k) {
        for (size_t i = 0; i < ELEMENTSOF(keyrings); i++)
                free(k->data[i]);
}

static void checked_done(Checked *c) {
        free(c->status);
        free(c->text);
}

/* ---- keys ---- */

/* Whose keys are believed is root's to say. 1; 0: there is none. */
static int read_keyring(const char *path, char **ret, size_t *ret_size, Error **reterr) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;
        int r;

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot read the keyring %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EINVAL, "The keyring %s is not a regular file", path);
        if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & S_IWOTH)) {
                error_set(reterr, EPERM, "Others than root can write to the keyring %s: whoever they like could sign", path);
                return error_hint(reterr, -EPERM, "See whether its keys are the right ones (`gpg --show-keys %s`), then: chown root %s; chmod 644 %s",
                                  path, path, path);
        }
        r = fd_read_all(fd, KEYS_MAX, ret, ret_size);
        return r < 0 ? error_errno(reterr, r, "Cannot read the keyring %s", path) : 1;
}

static int read_keys(Keys *k, Error **reterr) {
        int n = 0;

        for (size_t i = 0; i < ELEMENTSOF(keyrings); i++) {
                int r = read_keyring(keyrings[i], &k->data[i], &k->size[i], reterr);

                if (r < 0)
                        return r;
                n += r;
        }
        if (n > 0)
                return 0;
        error_set(reterr, ENOKEY, "There are no keys to check the signature by: none of %s, %s and %s is there", keyrings[0], keyrings[1],
                  keyrings[2]);
        return error_hint(reterr, -ENOKEY,
                          "Put the publisher's key there: `gpg --no-default-keyring --keyring %s --import KEY`. Or --verify=checksum, which shows "
                          "damage, but not that somebody else has put the image there.", keyrings[0]);
}

int signature_check_keys(Error **reterr) {
        _cleanup_(keys_done) Keys keys = {};

        return read_keys(&keys, reterr);
}

/* ---- gpgv ---- */

static int confine(const SignedText *s, const Keys *keys) {
        static const char *const names[] = { "keys-0", "keys-1", "keys-2" };
        SmallRootFile files[ELEMENTSOF(keyrings) + 2] = {
                { .name = "text", .data = s->text, .size = s->size },
                { .name = "signature", .data = s->signature ?: "", .size = s->signature_size },
        };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CPU, SECONDS_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        size_t n = 2;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(keyrings); i++)
                if (keys->data[i])
                        files[n++] = (SmallRootFile){ .name = names[i], .data = keys->data[i], .size = keys->size[i] };
        r = small_root_enter(files, n);
        if (r >= 0)
                r = bound_process(bounds, ELEMENTSOF(bounds));
        return r >= 0 ? become_nobody(0) : r;
}

static _Noreturn void child(const SignedText *s, const Keys *keys, int out, int status) {
        char *argv[12] = { (char *) "gpgv", (char *) "--homedir", (char *) "/", (char *) "--status-fd", (char *) "3" };
        static char arguments[ELEMENTSOF(keyrings)][32];
        char *const environment[] = { (char *) "LC_ALL=C", (char *) "PATH=/usr/bin", NULL };
        int null = open("/dev/null", O_RDWR | O_CLOEXEC), n = 5;

        process_reset_signals();
        out = fcntl(out, F_DUPFD_CLOEXEC, 10);
        status = fcntl(status, F_DUPFD_CLOEXEC, 10);
        if (null < 0 || out < 0 || status < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
            dup2(null, STDERR_FILENO) < 0 || dup2(status, STATUS_FD) < 0 || close_range(STATUS_FD + 1, ~0U, 0) < 0 || confine(s, keys) < 0)
                _exit(EXIT_FAILURE);
        for (size_t i = 0; i < ELEMENTSOF(keyrings); i++)
                if (keys->data[i]) {
                        snprintf(arguments[i], sizeof(arguments[i]), "--keyring=/keys-%zu", i);
                        argv[n++] = arguments[i];
                }
        if (s->signature)
                argv[n++] = (char *) "/signature";
        else {
                argv[n++] = (char *) "--output";
                argv[n++] = (char *) "-";
        }
        argv[n] = (char *) "/text";
        execve("/usr/bin/gpgv", argv, environment);
        _exit(CANNOT_RUN);
}

/* Both pipes to their ends, in bounds. */
static int collect(int out, int status, Checked *c) {
        uint64_t until = clock_deadline((SECONDS_MAX + 10) * UINT64_C(1000000));
        struct pollfd fds[2] = { { .fd = out, .events = POLLIN }, { .fd = status, .events = POLLIN } };
        struct {
                char **data;
                size_t *size, max;
        } into[2] = { { &c->text, &c->text_size, TEXT_MAX }, { &c->status, &c->status_size, STATUS_MAX } };

        for (size_t i = 0; i < 2; i++) {
                *into[i].data = malloc(into[i].max + 1);
                if (!*into[i].data)
                        return -ENOMEM;
        }
        while (fds[0].fd >= 0 || fds[1].fd >= 0) {
                if (clock_usec(CLOCK_MONOTONIC) > until)
                        return -ETIMEDOUT;
                if (poll(fds, 2, 1000) <= 0)
                        continue;
                for (size_t i = 0; i < 2; i++) {
                        size_t room = into[i].max - *into[i].size;
                        ssize_t n = fds[i].fd >= 0 && fds[i].revents ? read(fds[i].fd, *into[i].data + *into[i].size, room + 1) : -1;

                        if (n > (ssize_t) room)
                                return -EFBIG;
                        if (n > 0)
                                *into[i].size += (size_t) n;
                        if (n == 0)
                                fds[i].fd = -1;
                }
        }
        c->text[c->text_size] = c->status[c->status_size] = 0;
        return 0;
}

static int run(const SignedText *s, const Keys *keys, Checked *c, Error **reterr) {
        _cleanup_close_ int out = -1, status = -1, pidfd = -1;
        int out_pipe[2], status_pipe[2], wait_status = 0, r;
        pid_t pid;

        if (pipe2(out_pipe, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        out = out_pipe[0];
        r = pipe2(status_pipe, O_CLOEXEC) < 0 ? -errno : 0;
        status = r < 0 ? -1 : status_pipe[0];
        pid = r < 0 ? r : clone_into(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET, -1, &pidfd);
        if (pid == 0)
                child(s, keys, out_pipe[1], status_pipe[1]);
        close_fd(out_pipe[1]);
        if (r >= 0)
                close_fd(status_pipe[1]);
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot start what checks signatures");
        r = collect(out, status, c);
        if (r < 0)
                (void) kill(pid, SIGKILL);
        while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
                ;
        c->exit_status = process_exit_status(wait_status);
        if (c->exit_status == CANNOT_RUN) {
                error_set(reterr, EOPNOTSUPP, "Cannot run gpgv, which checks signatures");
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package gpgv).");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot check the signature of %s", s->what) : 0;
}

/* ---- what it says ---- */

typedef enum Word { GOOD, VALID, BAD, EXPIRED, REVOKED, UNKNOWN, N_WORDS } Word;

static const struct {
        const char *name;
        Word word;
} words[] = {
        { "GOODSIG", GOOD },      { "VALIDSIG", VALID },    { "BADSIG", BAD },        { "EXPSIG", EXPIRED },
        { "EXPKEYSIG", EXPIRED }, { "REVKEYSIG", REVOKED }, { "NO_PUBKEY", UNKNOWN },
};

typedef struct Verdict {
        unsigned n[N_WORDS];
        char key[64]; /* of the last one that is not good */
} Verdict;

static void judge_line(Verdict *v, const char *line) {
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t n = strlen(words[i].name), key;

                if (strncmp(line, words[i].name, n) != 0 || line[n] != ' ')
                        continue;
                v->n[words[i].word]++;
                key = strspn(line + n + 1, "0123456789ABCDEFabcdef");
                if (words[i].word != GOOD && words[i].word != VALID && key < sizeof(v->key))
                        snprintf(v->key, sizeof(v->key), "%.*s", (int) key, line + n + 1);
        }
}

/* VALIDSIG comes with each signature that can be computed, also those by expired keys; a good one has its GOODSIG. */
static int judge(const SignedText *s, Checked *c, Error **reterr) {
        static const char before[] = "[GNUPG:] ";
        Verdict v = {};
        char *state = NULL;
        const char *why;

        for (char *line = strtok_r(c->status, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (strncmp(line, before, sizeof(before) - 1) == 0)
                        judge_line(&v, line + sizeof(before) - 1);
        if (v.n[GOOD] > 0 && v.n[VALID] >= v.n[GOOD] && v.n[BAD] == 0 && c->exit_status < 128 && (s->signature || c->exit_status == 0))
                return 0;
        why = v.n[BAD] > 0 ? "is wrong: it is not of this text; key" : v.n[REVOKED] > 0 ? "is by a key that was revoked:" :
              v.n[EXPIRED] > 0 ? "or the key that it is by has expired:" : v.n[UNKNOWN] > 0 ? "is by a key that is in no keyring of ours:" : NULL;
        if (why)
                error_set(reterr, EKEYREJECTED, "The signature of %s %s %s", s->what, why, v.key);
        else
                error_set(reterr, EKEYREJECTED, "There is no signature of %s that gpgv can read", s->what);
        return error_hint(reterr, -EKEYREJECTED, v.n[BAD] == 0 && v.n[UNKNOWN] + v.n[EXPIRED] > 0 ?
                          "If the publisher has this key: `gpg --no-default-keyring --keyring %s --import KEY`." :
                          "Do not use it. The publisher may know more; %s is where its keys are looked for.", keyrings[0]);
}

int signature_check(const SignedText *s, char **ret, size_t *ret_size, Error **reterr) {
        _cleanup_(checked_done) Checked c = {};
        _cleanup_(keys_done) Keys keys = {};
        int r = read_keys(&keys, reterr);

        if (r >= 0)
                r = run(s, &keys, &c, reterr);
        if (r >= 0)
                r = judge(s, &c, reterr);
        if (r < 0)
                return r;
        if (s->signature) { /* what was signed is what we gave */
                free(c.text);
                c.text = malloc(s->size + 1);
                if (!c.text)
                        return error_oom(reterr);
                memcpy(c.text, s->text, s->size);
                c.text[c.text_size = s->size] = 0;
        }
        *ret = TAKE_PTR(c.text);
        *ret_size = c.text_size;
        return 0;
}
