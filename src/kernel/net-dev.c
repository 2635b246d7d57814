/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net-dev.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define TEXT_MAX (256 * 1024)
#define HEADING_LINES 2

/* "NAME: BYTES PACKETS ERRORS DROPPED" and four more received, and the same sent. No name has a colon or a blank in it. */
static int parse_line(char *line, NetDevWish *wishes, size_t n) {
        char *name = line + strspn(line, " "), *numbers = strchr(name, ':');
        LinkStats s;

        if (!numbers)
                return -EBADMSG;
        *numbers++ = 0;
        if (sscanf(numbers, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &s.rx_bytes, &s.rx_packets, &s.rx_errors, &s.rx_dropped, &s.tx_bytes, &s.tx_packets, &s.tx_errors, &s.tx_dropped) != 8)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                if (strcmp(wishes[i].name, name) == 0) {
                        wishes[i].stats = s;
                        wishes[i].found = true;
                }
        return 0;
}

int net_dev_parse(char *text, NetDevWish *wishes, size_t n) {
        size_t number = 0;

        for (char *end; (end = strchr(text, '\n')); text = end + 1) {
                *end = 0;
                if (number++ < HEADING_LINES)
                        continue;
                if (parse_line(text, wishes, n) < 0)
                        return -EBADMSG;
        }
        return 0;
}

/* The kernel gives as many whole lines as fit, so it is read until there is no more, or no more room. */
int net_dev_find(pid_t pid, NetDevWish *wishes, size_t n) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;
        size_t size = 0;
        ssize_t k = 1;
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/net/dev", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        text = malloc(TEXT_MAX + 1);
        if (!text)
                return -ENOMEM;
        for (; k > 0 && size < TEXT_MAX; size += (size_t) k) {
                k = read(fd, text + size, TEXT_MAX - size);
                if (k < 0)
                        return -errno;
        }
        text[size] = 0;
        return net_dev_parse(text, wishes, n);
}
