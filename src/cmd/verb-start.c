/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"
#include "verb-list.h"

int verb_boot(int argc, char **argv, Error **reterr) {
        return start_machine(START_BOOT, argc, argv, reterr);
}

int verb_run(int argc, char **argv, Error **reterr) {
        return start_machine(START_RUN, argc, argv, reterr);
}
