/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ready-look.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"

/* States of sockets in those tables (include/net/tcp_states.h): a bound UDP socket without a peer is "closed". */
#define STATE_LISTEN 0x0a
#define STATE_CLOSE 0x07

#define TABLE_LINES_MAX 8192 /* the kernel lists what listens before what is connected */

/* Field 11 of /proc/PID/stat, page faults of children that were waited for: what has run has some. */
static bool has_reaped(pid_t leader) {
        _cleanup_free_ char *text = NULL;
        char path[32], *p;
        uint64_t faults;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) leader);
        if (file_read(AT_FDCWD, path, 4096, &text) < 0)
                return false;
        p = strrchr(text, ')'); /* the name before it may hold anything */
        return p && sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %" SCNu64, &faults) == 1 && faults > 0;
}

bool look_for_child(pid_t leader) {
        _cleanup_close_ int fd = -1;
        char path[64], byte;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int) leader, (int) leader);
        fd = open(path, O_RDONLY | O_CLOEXEC); /* not there without CONFIG_PROC_CHILDREN */
        return (fd >= 0 && read(fd, &byte, 1) == 1) || has_reaped(leader);
}

bool look_for_file(pid_t leader, const char *path) {
        _cleanup_close_ int root = -1, fd = -1;
        char at[32];

        snprintf(at, sizeof(at), "/proc/%d/root", (int) leader);
        root = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root >= 0)
                fd = open_in_root(root, path, O_PATH, 0);
        return fd >= 0;
}

bool port_is_in_table(FILE *table, int protocol, uint16_t port, const ReadyUsers *users) {
        unsigned wanted = protocol == IPPROTO_TCP ? STATE_LISTEN : STATE_CLOSE;
        char line[512];

        for (int i = 0; i < TABLE_LINES_MAX && fgets(line, sizeof(line), table); i++) {
                unsigned local, state, uid;

                /* "0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 …" */
                if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u", &local, &state, &uid) != 3)
                        continue;
                if (local == port && state == wanted && (users->count == 0 || uid - users->base < users->count))
                        return true;
        }
        return false;
}

bool look_for_port(pid_t leader, int protocol, uint16_t port, const ReadyUsers *users) {
        const char *name = protocol == IPPROTO_TCP ? "tcp" : "udp";

        for (int family = 0; family < 2; family++) {
                _cleanup_fclose_ FILE *table = NULL;
                char path[32];

                snprintf(path, sizeof(path), "/proc/%d/net/%s%s", (int) leader, name, family == 0 ? "" : "6");
                table = fopen(path, "re");
                if (table && port_is_in_table(table, protocol, port, users))
                        return true;
        }
        return false;
}
