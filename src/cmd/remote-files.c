/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verbs whose product is a file here. */

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "export-output.h"
#include "export.h"
#include "import.h"
#include "log.h"
#include "remote.h"
#include "strv.h"

void remote_words_done(RemoteWords *w) {
        strv_free(w->options);
        strv_free(w->operands);
}

int remote_words_split(const Verb *verb, int argc, char **argv, RemoteWords *ret, Error **reterr) {
        VerbTables storage;
        const ArgTable *table = verb_tables(verb, &storage);
        ArgCursor cursor = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;

        for (bool ended = false;;) {
                int before = cursor.next, r = ended ? 0 : args_next(&cursor, table, &spec, &value, reterr);

                if (r < 0)
                        return r;
                if (r == 0) {
                        ended |= cursor.next > before;
                        if (cursor.next >= argc)
                                return 0;
                        if (strv_append(&ret->operands, argv[cursor.next++]) < 0)
                                return error_oom(reterr);
                        continue;
                }
                for (int i = before; i < cursor.next; i++)
                        if (strv_append(&ret->options, argv[i]) < 0)
                                return error_oom(reterr);
        }
}

int remote_put_together(const char *verb, char *const *options, const char *more, const char *const *operands, char ***ret, Error **reterr) {
        int r = strv_append(ret, verb);

        for (; r >= 0 && options && *options; options++)
                r = strv_append(ret, *options);
        if (r >= 0 && more)
                r = strv_append(ret, more);
        if (r >= 0)
                r = strv_append(ret, "--");
        for (; r >= 0 && *operands; operands++)
                r = strv_append(ret, *operands);
        return r < 0 ? error_oom(reterr) : 0;
}

static int check_number(const RemoteWords *w, const Verb *verb, Error **reterr) {
        VerbArgs args = { .verb = verb, .operands = w->operands, .n_operands = (int) strv_length(w->operands) };

        return verb_check_operands(&args, 1, 2, reterr);
}

/* A directory goes as a tar, written by another of us; what stops it is said by it, and the archive is cut short. */
static int open_directory(const char *path, pid_t *ret_pid, int *ret_fd, Error **reterr) {
        _cleanup_free_ char *place = NULL;
        int ends[2];

        if (asprintf(&place, "%s/", path) < 0) /* with a slash it is no name */
                return error_oom(reterr);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        *ret_pid = fork();
        if (*ret_pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                execl("/proc/self/exe", "nbox", "export", "--format=tar", "--", place, "-", NULL);
                _exit(126);
        }
        close_fd(ends[1]);
        if (*ret_pid < 0) {
                close_fd(ends[0]);
                return error_errno(reterr, errno, "Cannot fork");
        }
        *ret_fd = ends[0];
        return 0;
}

int remote_import(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr) {
        _cleanup_(remote_words_done) RemoteWords w = {};
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *name = NULL;
        _cleanup_(import_source_done) ImportSource source = { .fd = -1 };
        _cleanup_close_ int fd = -1;
        pid_t producer = 0;
        int k, status;

        k = remote_words_split(verb, argc, argv, &w, reterr);
        if (k >= 0)
                k = check_number(&w, verb, reterr);
        if (k >= 0 && !w.operands[1])
                k = import_name_of(w.operands[0], &name, reterr);
        if (k >= 0)
                k = import_source_open(w.operands[0], &source, reterr);
        if (k >= 0 && source.is_directory)
                k = open_directory(w.operands[0], &producer, &fd, reterr);
        if (k >= 0) /* there is no directory there */
                k = remote_put_together(strcmp(verb->name, "import-fs") == 0 ? "import" : verb->name, w.options, NULL,
                                 (const char *const[]){ "-", w.operands[1] ?: name, NULL }, &words, reterr);
        if (k >= 0)
                k = remote_call(r, verb, words, fd >= 0 ? fd : source.fd, -1, reterr);
        fd = close_fd(fd);
        if (producer > 0 && waitpid(producer, &status, 0) == producer && k == 0 && status != 0)
                return error_set(reterr, EIO, "Not all of %s could be read", w.operands[0]);
        return k;
}

/* What of a file's name says the format, "tar.gz" of "web.1.tar.gz"; NULL: nothing. Static, in path. */
static const char *suffix_of(const char *path) {
        Compression wanted, c;
        const ExportFormat *format = export_format_by_suffix(path, &wanted);
        const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

        for (const char *dot = base + strlen(base); format && dot > base; dot--) {
                char word[32];

                if (dot[-1] != '.' || snprintf(word, sizeof(word), "x.%s", dot) >= (int) sizeof(word))
                        continue;
                if (export_format_by_suffix(word, &c) == format && c == wanted)
                        return dot;
        }
        return NULL;
}

static int choose_format(const Verb *verb, const RemoteWords *w, const char *path, char **ret, Error **reterr) {
        const char *suffix = suffix_of(path);
        Compression c;
        const ExportFormat *format = suffix ? export_format_by_suffix(path, &c) : NULL;
        bool is_said = strchr(verb->name, '-') != NULL;

        for (char **o = w->options; o && *o; o++)
                is_said |= strncmp(*o, "--format", 8) == 0;
        if (!is_said && format && format->is_directory) {
                error_set(reterr, EINVAL, "An OCI layout that is a directory does not come over a connection");
                return error_hint(reterr, -EINVAL, "Take the same in one file: %s.tar.", path);
        }
        if (is_said || strcmp(path, "-") == 0)
                return 0;
        if (!suffix) {
                error_set(reterr, EINVAL, "What to write is not said by the name '%s'", path);
                return error_hint(reterr, -EINVAL, "Give it a suffix that does, such as .tar.zst, or say --format=tar.");
        }
        return asprintf(ret, "--format=%s", suffix) < 0 ? error_oom(reterr) : 0;
}

int remote_export(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr) {
        _cleanup_(export_output_done) ExportOutput output = { .fd = -1, .parent = -1, .lock = -1 };
        _cleanup_(remote_words_done) RemoteWords w = {};
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *format = NULL;
        const char *path;
        int k;

        k = remote_words_split(verb, argc, argv, &w, reterr);
        if (k >= 0)
                k = check_number(&w, verb, reterr);
        if (k < 0)
                return k;
        path = w.operands[1] ?: "-";
        output.path = path;
        output.force = verb_option_given(verb, argc, argv, "force");
        k = choose_format(verb, &w, path, &format, reterr);
        if (k >= 0)
                k = remote_put_together(verb->name, w.options, format, (const char *const[]){ w.operands[0], "-", NULL }, &words, reterr);
        if (k >= 0)
                k = export_output_open(&output, reterr);
        if (k >= 0)
                k = remote_call(r, verb, words, -1, output.fd, reterr);
        if (k != 0)
                return k;
        k = export_output_finish(&output, reterr);
        if (k >= 0 && !output.is_stream)
                log_info("Wrote %s: %s of %s.", path, w.operands[0], r->host ?: r->machine);
        return k;
}
