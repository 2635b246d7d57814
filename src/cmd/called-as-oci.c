/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "called-as.h"
#include "strv.h"

/* Engines take a runtime's name for a program, and have no room for a word more. */
int called_as_oci(int argc, char **argv, char ***ret, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, "nbox");

        if (r >= 0)
                r = strv_append(&words, "oci");
        for (int i = 1; r >= 0 && i < argc; i++)
                r = strv_append(&words, argv[i]);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(words);
        return 0;
}
