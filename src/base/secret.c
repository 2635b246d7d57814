/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include <string.h>
#include <sys/mman.h>

int secret_new(Secret *s, size_t space) {
        size_t page = (size_t) sysconf(_SC_PAGESIZE), size = space == 0 ? page : (space + page - 1) / page * page;
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                return -ENOMEM;
        (void) mlock(p, size); /* more than RLIMIT_MEMLOCK, without CAP_IPC_LOCK: then it can be swapped */
        (void) madvise(p, size, MADV_DONTDUMP);
        (void) madvise(p, size, MADV_DONTFORK);
        *s = (Secret){ .data = p, .space = size };
        return 0;
}

void secret_done(Secret *s) {
        if (s->data) {
                explicit_bzero(s->data, s->space);
                (void) munmap(s->data, s->space);
        }
        *s = (Secret){};
}
