/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "verb.h"

/* `nbox -H [USER@]HOST[:PORT] VERB…` and `nbox -M [USER@]MACHINE VERB…`: the verb is another nbox's, on another host (ssh) or in a machine
 * (exec). What machines use, trees, binds, devices, settings, is there, as the machines are; what a verb reads or writes as its product
 * is here, and goes through the connection: the archive of an import, the file of an export, both ends of send and receive.
 *
 * A terminal of its own is asked for exactly where the verb would have one here; else stdin, stdout and stderr stay apart, and stdin is
 * left alone by verbs that do not read it. ssh is left to its own configuration in all else: keys, jumps, shared connections, time limits. */

typedef struct Remote {
        char *user, *host, *port; /* of -H; host NULL: not given. user and port may be NULL */
        char *machine_user, *machine; /* of -M, or behind a slash of -H; machine NULL: not given */
} Remote;

void remote_done(Remote *r);

/* [USER@]HOST[:PORT][/MACHINE]; an IPv6 address with a port stands in brackets. Nothing passes that ssh(1) could take for an option, or a
 * shell in its configuration (ProxyCommand with %h) for more than a name. -EINVAL. */
int remote_parse_host(Remote *r, const char *text, Error **reterr);

/* [USER@]MACHINE. */
int remote_parse_machine(Remote *r, const char *text, Error **reterr);

static inline bool remote_is_given(const Remote *r) {
        return r->host || r->machine;
}

/* Run the verb there; argv[0] is its name. The exit status is the other nbox's; 255 where there is no connection, as ssh has it. */
int remote_run(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr);

/* The command that runs `words` of nbox (a verb and its arguments) there, all of it: *ret is the caller's. */
typedef struct RemoteCall {
        char *const *words;
        bool terminal; /* it gets one of its own */
        bool reads;    /* its stdin is ours */
        bool quick;    /* nobody waits long, and nobody is asked for a password: for completion */
        bool runs;     /* VERB_RUNS */
        bool root;     /* VERB_ROOT */
} RemoteCall;
int remote_command(const Remote *r, const RemoteCall *call, char ***ret, Error **reterr);

/* Which verbs read, write, or want a terminal (remote-verbs.c). */
typedef enum RemoteTraits {
        REMOTE_READS = 1 << 0,          /* its stdin */
        REMOTE_TERMINAL_IN = 1 << 1,    /* a terminal where stdin is one */
        REMOTE_TERMINAL_OUT = 1 << 2,   /* where stdin and stdout are */
        REMOTE_TERMINAL_ALL = 1 << 3,   /* where all three are, and it does not go to the background */
        REMOTE_TERMINAL_OPTION = 1 << 4, /* where stdin is one and --tty is given */
        REMOTE_TERMINAL_ASKS = 1 << 5,  /* where stdin and stderr are */
        REMOTE_STREAM_IN = 1 << 6,      /* what stdin has is no text */
        REMOTE_STREAM_OUT = 1 << 7,     /* nor is what stdout gets */
} RemoteTraits;

typedef struct RemoteVerb {
        const char *name;
        unsigned traits;
        /* instead of passing the words on: 0 to 255, or -errno; or NULL */
        int (*run)(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr);
} RemoteVerb;

extern const RemoteVerb remote_verbs[]; /* ends with an empty one; verbs that are not in it have no traits */

/* ---- between the files that carry it out ---- */

/* A verb's words, options with their arguments apart from operands: both the caller's. -EINVAL with what is wrong with them. */
typedef struct RemoteWords {
        char **options, **operands;
} RemoteWords;
void remote_words_done(RemoteWords *w);
int remote_words_split(const Verb *verb, int argc, char **argv, RemoteWords *ret, Error **reterr);

/* "VERB OPTIONS… more -- OPERANDS…", without `more` where that is NULL. *ret is the caller's. */
int remote_put_together(const char *verb, char *const *options, const char *more, const char *const *operands, char ***ret, Error **reterr);

/* Run `words` there with these for stdin and stdout (-1: /dev/null, our own); and wait: the exit status, or -errno. */
int remote_start(const Remote *r, const Verb *verb, char *const *words, int in, int out, pid_t *ret, Error **reterr);
int remote_wait(pid_t pid, Error **reterr);
int remote_call(const Remote *r, const Verb *verb, char *const *words, int in, int out, Error **reterr); /* both */

/* Pass the words on as they are, in place of ourselves. */
int remote_pass_on(const Remote *r, const Verb *verb, unsigned traits, int argc, char **argv, Error **reterr);

int remote_import(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr);
int remote_copy(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr);
int remote_export(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr);
