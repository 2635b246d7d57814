/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ranges of user ids. A machine keeps the one that it was given; whoever was given the same later is its neighbour in all but name. */

#include <string.h>

#include "doctor.h"
#include "idrange.h"
#include "machine.h"
#include "shell-word.h"

static void check_free(Doctor *d) {
        _cleanup_(idranges_done) UidRanges ours = {}, taken = {};
        _cleanup_(error_freep) Error *error = NULL;
        UidRange range;

        if (idranges_of_ours(&ours) < 0 || idranges_of_others("", -1, OTHERS_LIVING | OTHERS_KEPT | OTHERS_TREES, &taken) < 0)
                return;
        if (idrange_pick("", IDRANGE_SIZE, true, &ours, &taken, &range, &error) < 0)
                doctor_found_error(d, FOUND_STOPS, error);
}

static bool is_running(const char *name) {
        _cleanup_(machine_freep) Machine *m = NULL;

        return machine_open(name, &m, NULL) >= 0;
}

static void look_at_machine(Doctor *d, const char *name, const UidRanges *living) {
        _cleanup_(identity_freep) Identity *identity = NULL;
        _cleanup_free_ char *word = shell_word(name);

        if (!word || identity_load(name, &identity, NULL) <= 0)
                return;
        for (size_t i = 0; i < living->n; i++) {
                if (!idrange_meets(identity->uids, living->items[i]))
                        continue;
                doctor_found(d, is_running(name) ? FOUND_TAKES : FOUND_ADVICE, "%s has the user ids from %u on, of which some are somebody else's: %u to %u", name,
                             identity->uids.base, living->items[i].base, living->items[i].base + living->items[i].count - 1);
                doctor_means(d, is_running(name) ? "Each can do to the other's processes and files what it can do to its own, until the machine is started anew with others"
                                                 : "Its next start gives it others; who reads its files from outside until then is the other");
                if (is_running(name))
                        doctor_mend(d, "nbox reboot --wait %s", word);
                return;
        }
}

static void check_clashes(Doctor *d) {
        _cleanup_(idranges_done) UidRanges living = {};
        _cleanup_strv_ char **names = NULL;

        if (idranges_of_others("", -1, OTHERS_LIVING, &living) < 0 || identity_list(&names, NULL) < 0)
                return;
        for (char **name = names; name && *name; name++)
                look_at_machine(d, *name, &living);
}

const DoctorCheck id_checks[] = {
        { "ids", "user ids that are free", check_free },
        { "id-clashes", "user ids that a machine and somebody else have", check_clashes },
        {},
};
