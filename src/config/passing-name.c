/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "passing-name.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "name.h"

#define SUFFIX 17 /* with the dash */

size_t passing_name_base(const char *name) {
        size_t n = strlen(name);

        if (n <= SUFFIX || name[n - SUFFIX] != '-' || strspn(name + n - SUFFIX + 1, "0123456789abcdef") != SUFFIX - 1)
                return 0;
        return n - SUFFIX;
}

int passing_name_choose(MachineConfig *c, const char *earlier, Error **reterr) {
        char *name = NULL;
        uint64_t number;

        if (getrandom(&number, sizeof(number), 0) != (ssize_t) sizeof(number))
                return error_errno(reterr, errno, "Cannot make up a name for the machine");
        if (earlier)
                name = strdup(earlier);
        else if (asprintf(&name, "%.*s-%016" PRIx64, MACHINE_NAME_MAX - SUFFIX, c->machine, number) < 0)
                name = NULL;
        if (!name)
                return error_oom(reterr);
        free(c->machine);
        c->machine = name;
        c->name_is_made_up = true;
        return 0;
}
