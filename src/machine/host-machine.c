/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-machine.h"

#include <fcntl.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "parse.h"
#include "pidfd.h"
#include "text.h"
#include "tree.h"

#define SMALL_FILE 4096

bool is_host_machine(const char *name) {
        return strcmp(name, HOST_MACHINE) == 0;
}

/* machine-id(5); a host need not have one. */
static void read_id(uint8_t ret[16]) {
        _cleanup_free_ char *text = NULL;

        if (file_read(AT_FDCWD, "/etc/machine-id", SMALL_FILE, &text) < 0)
                return;
        text[strcspn(text, "\n")] = 0;
        (void) parse_id128(text, ret);
}

static int fill(MachineRecord *r) {
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        OsRelease os = {};
        int k = root < 0 ? -errno : tree_os_release(root, &os);

        if (k >= 0)
                k = string_set(&r->os, os.pretty_name ?: os.id);
        os_release_done(&os);
        if (k < 0 || !(r->name = strdup(HOST_MACHINE)) || !(r->root = strdup("/")) || !(r->cgroup = strdup("/")))
                return -ENOMEM;
        read_id(r->id);
        r->version = RECORD_VERSION;
        r->state = MACHINE_RUNNING;
        r->leader = 1;
        r->ready = true;
        r->network = NETWORK_HOST;
        r->started_usec = clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME);
        return 0;
}

int host_machine(Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = calloc(1, sizeof(*m));

        if (!m)
                return error_oom(reterr);
        m->leader_fd = -1;
        m->record = record_new();
        if (!m->record || fill(m->record) < 0)
                return error_oom(reterr);
        m->state = MACHINE_RUNNING;
        m->leader_fd = pidfd_of(1);
        *ret = TAKE_PTR(m);
        return 0;
}

int machine_find_or_host(const char *name, Machine **ret, Error **reterr) {
        return is_host_machine(name) ? host_machine(ret, reterr) : machine_find(name, ret, reterr);
}
