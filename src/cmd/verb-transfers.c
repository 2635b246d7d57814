/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "log.h"
#include "parse.h"
#include "table.h"
#include "transfers.h"
#include "verb-list.h"

/* nbox list-transfers, cancel-transfer: who is at work bringing images in or out. */

const VerbOption list_transfers_options[] = {
        { { .name = "no-legend" }, 1, "Show no heading and no count" },
        {},
};

static const char *percent_text(const Transfer *t, char buf[8]) {
        snprintf(buf, 8, t->percent < 0 ? "n/a" : "%d%%", t->percent);
        return buf;
}

static int print_table(const Transfer *all, size_t n, bool plain, Error **reterr) {
        static const char *const headings[] = { "ID", "PERCENT", "TYPE", "LOCAL", "REMOTE", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);
        char id[16], percent[8];

        if (!t)
                return error_oom(reterr);
        for (size_t i = 0; i < n; i++) {
                snprintf(id, sizeof(id), "%u", all[i].id);
                if (table_add(t, (const char *[]){ id, percent_text(all + i, percent), all[i].type, all[i].local, all[i].remote }) < 0)
                        return error_oom(reterr);
        }
        if (n > 0)
                table_print(t, stdout, plain);
        if (!plain && n > 0)
                printf("\n%zu transfers listed.\n", n);
        else if (!plain)
                puts("No transfers.");
        return 0;
}

int verb_list_transfers(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        Transfer *all = NULL;
        bool plain = false;
        size_t n = 0;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                plain = true;
        if (r >= 0)
                r = verb_check_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = transfers_list(&all, &n, reterr);
        if (r < 0)
                return r;
        r = print_table(all, n, plain, reterr);
        transfers_free(all, n);
        return r;
}

static int cancel(const char *word, Error **reterr) {
        uint64_t id;

        if (parse_u64(word, UINT_MAX, &id) < 0 || id == 0) {
                error_set(reterr, EINVAL, "'%.40s' is no transfer's number", word);
                return error_hint(reterr, -EINVAL, "`nbox list-transfers` lists them.");
        }
        return transfer_cancel((unsigned) id, reterr);
}

/* All are tried. */
int verb_cancel_transfer(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 1, -1, reterr), failed = 0;

        if (r < 0)
                return r;
        for (int i = 0; i < args.n_operands; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = cancel(args.operands[i], &error);
                if (r < 0)
                        failed = log_report(LOG_LEVEL_ERROR, r, error);
        }
        return failed < 0 ? EXIT_FAILURE : 0;
}
