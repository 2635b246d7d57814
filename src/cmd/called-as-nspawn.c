/* SPDX-License-Identifier: GPL-2.0-or-later */

/* systemd-nspawn OPTIONS [COMMAND…] is `nbox run --as-nspawn OPTIONS TREE COMMAND…`, and with -b `nbox boot`. The options are ours already;
 * --as-nspawn stands for what is not said (config.h). What is left is where the tree is when no operand names it: at --directory= or
 * --image=, both paths, else found by --machine=, else the working directory. */

#include <string.h>

#include "called-as.h"
#include "options.h"
#include "strv.h"

typedef struct NspawnLine {
        char **options; /* for nbox, in their order */
        const char *machine;
        bool has_tree, boots, asks_version;
} NspawnLine;

static int take_option(NspawnLine *line, const ArgSpec *spec, const char *value, Error **reterr) {
        char name[64];
        int r;

        if (spec->letter == 'b' || (spec->name && strcmp(spec->name, "boot") == 0)) {
                line->boots = true;
                return 0;
        }
        if (spec->letter == 'M')
                line->machine = value;
        if (spec->letter == 'D' || spec->letter == 'i')
                line->has_tree = true;
        args_spelling(spec, name);
        if (!value)
                r = strv_append(&line->options, name);
        else if (spec->letter == 'i' && !strchr(value, '/'))
                r = strv_appendf(&line->options, "%s=./%s", name, value);
        else
                r = strv_appendf(&line->options, "%s=%s", name, value);
        return r < 0 ? error_oom(reterr) : 0;
}

static int cut(int argc, char **argv, NspawnLine *line, int *ret_rest, Error **reterr) {
        ArgCursor args = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;
        int r;

        for (;;) {
                line->asks_version = args.next < argc && strcmp(argv[args.next], "--version") == 0;
                r = line->asks_version ? 0 : option_next(&args, &spec, &value, reterr);
                if (r <= 0)
                        break;
                r = take_option(line, spec, value, reterr);
                if (r < 0)
                        return r;
        }
        *ret_rest = args.next;
        return r;
}

static void nspawn_line_done(NspawnLine *line) {
        strv_free(line->options);
}

static int assemble(const NspawnLine *line, char **rest, char ***words) {
        int r = strv_append(words, "nbox");

        if (r >= 0)
                r = strv_append(words, line->boots ? "boot" : "run");
        if (r >= 0)
                r = strv_append(words, "--as-nspawn");
        for (char **o = line->options; r >= 0 && o && *o; o++)
                r = strv_append(words, *o);
        if (r >= 0 && !line->has_tree && !line->machine)
                r = strv_append(words, "--directory=.");
        if (r >= 0)
                r = strv_append(words, "--");
        if (r >= 0 && !line->has_tree && line->machine)
                r = strv_append(words, line->machine);
        for (; r >= 0 && *rest; rest++)
                r = strv_append(words, *rest);
        return r;
}

int called_as_nspawn(int argc, char **argv, char ***ret, Error **reterr) {
        _cleanup_(nspawn_line_done) NspawnLine line = {};
        _cleanup_strv_ char **words = NULL;
        int rest = argc, r;

        r = cut(argc, argv, &line, &rest, reterr);
        if (r < 0)
                return r;
        if (line.asks_version) {
                /* What scripts look at: systemd's version whose words are taken, as machinectl has it. */
                if (strv_append(&words, "nbox") < 0 || strv_append(&words, "__machinectl") < 0 || strv_append(&words, "--version") < 0)
                        return error_oom(reterr);
                *ret = TAKE_PTR(words);
                return 0;
        }
        if (assemble(&line, argv + rest, &words) < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(words);
        return 0;
}
