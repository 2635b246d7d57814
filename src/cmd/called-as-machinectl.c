/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "called-as.h"

#include "strv.h"

int called_as_machinectl(int argc, char **argv, char ***ret, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, "nbox");

        for (int i = 1; r >= 0 && i < argc; i++)
                r = strv_append(&words, argv[i]);
        if (r >= 0 && argc <= 1)
                r = strv_append(&words, "list");
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(words);
        return 0;
}
