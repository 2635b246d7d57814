/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "called-as.h"
#include "machinectl-args.h"
#include "strv.h"

/* All of it goes to a verb of ours that reads it (verb-machinectl.c); only where that is to run has to stand before it. */

int called_as_machinectl(int argc, char **argv, char ***ret, Error **reterr) {
        const char *host = NULL, *machine = NULL;
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, "nbox");

        machinectl_args_place(argc, argv, &host, &machine);
        if (r >= 0 && host)
                r = strv_appendf(&words, "--host=%s", host);
        if (r >= 0 && machine)
                r = strv_appendf(&words, "--machine=%s", machine);
        if (r >= 0)
                r = strv_append(&words, "__machinectl");
        for (int i = 1; r >= 0 && i < argc; i++)
                r = strv_append(&words, argv[i]);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(words);
        return 0;
}
