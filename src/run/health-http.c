/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health-http.h"

#include <stdint.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "clock.h"
#include "namespace.h"
#include "netns.h"
#include "pidfd.h"

#define REQUEST_MAX (4096 + 512)

/* Whether something can be done with it before its time is over. */
static int wait_for(int fd, short events, uint64_t deadline) {
        for (;;) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC), left = now < deadline ? (deadline - now) / 1000 + 1 : 0;
                int r;

                if (left == 0)
                        return -ETIMEDOUT;
                r = poll(&(struct pollfd){ .fd = fd, .events = events }, 1, left > INT32_MAX ? INT32_MAX : (int) left);
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

static int dial(int netns, const IpAddress *address, uint16_t port, uint64_t deadline) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address->v6 };
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address->v4) };
        bool is_six = address->family == AF_INET6;
        _cleanup_close_ int fd = netns_socket(netns, address->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        socklen_t size = sizeof(int);
        int error = 0, r;

        if (fd < 0)
                return fd;
        r = is_six ? connect(fd, (struct sockaddr *) &six, sizeof(six)) : connect(fd, (struct sockaddr *) &four, sizeof(four));
        if (r < 0 && errno != EINPROGRESS)
                return -errno;
        r = wait_for(fd, POLLOUT, deadline);
        if (r >= 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                r = -errno;
        return r < 0 ? r : error > 0 ? -error : TAKE_FD(fd);
}

static int dial_any(const HealthCheck *c, int netns, uint64_t deadline) {
        const IpAddress four = ip_v4(INADDR_LOOPBACK), six = ip_v6(&in6addr_loopback);
        int fd, other;

        if (c->address.family != 0)
                return dial(netns, &c->address, c->port, deadline);
        fd = dial(netns, &four, c->port, deadline);
        if (fd >= 0)
                return fd;
        other = dial(netns, &six, c->port, deadline);
        return other >= 0 ? other : fd;
}

static int send_request(int fd, const HealthCheck *c, uint64_t deadline) {
        char request[REQUEST_MAX];
        size_t sent = 0, size = (size_t) snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nbox\r\nAccept: */*\r\n"
                                                  "Connection: close\r\n\r\n", c->path, c->host);

        if (size >= sizeof(request))
                return -E2BIG;
        while (sent < size) {
                ssize_t n = send(fd, request + sent, size - sent, MSG_NOSIGNAL);
                int r = n < 0 ? -errno : 0;

                if (n > 0)
                        sent += (size_t) n;
                if (r == -EAGAIN)
                        r = wait_for(fd, POLLOUT, deadline);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

/* Its bytes may come one by one, and any number of them. */
static int read_line(int fd, char line[HTTP_LINE_MAX], uint64_t deadline) {
        size_t used = 0;

        while (used < HTTP_LINE_MAX - 1) {
                int r = wait_for(fd, POLLIN, deadline);
                ssize_t n = r < 0 ? 0 : recv(fd, line + used, HTTP_LINE_MAX - 1 - used, MSG_DONTWAIT);

                if (r < 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                        return r < 0 ? r : -errno;
                if (n == 0)
                        break;
                used += n > 0 ? (size_t) n : 0;
                line[used] = 0;
                if (strchr(line, '\n'))
                        break;
        }
        line[used] = 0;
        line[strcspn(line, "\r\n")] = 0;
        return 0;
}

int http_status(const char *line) {
        const char *p = strchr(line, ' ');

        if (strncmp(line, "HTTP/", 5) != 0 || !p || strspn(p + 1, "0123456789") != 3 || (p[4] && p[4] != ' '))
                return -EPROTO;
        return (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
}

static int ask(const HealthCheck *c, pid_t leader, int leader_fd, uint64_t deadline, char line[HTTP_LINE_MAX]) {
        _cleanup_close_ int netns = namespace_open(leader, "net"), fd = -1;
        int r;

        if (netns < 0)
                return netns;
        r = pidfd_kill(leader_fd, 0); /* after it was opened: it still is the one that it was */
        if (r < 0)
                return r;
        fd = dial_any(c, netns, deadline);
        if (fd < 0)
                return fd;
        r = send_request(fd, c, deadline);
        return r < 0 ? r : read_line(fd, line, deadline);
}

bool health_http(const HealthCheck *c, pid_t leader, int leader_fd, uint64_t deadline, char words[ASK_WORDS_MAX]) {
        char line[HTTP_LINE_MAX] = "";
        int r = ask(c, leader, leader_fd, deadline, line), status;

        *words = 0;
        if (r < 0) {
                snprintf(words, ASK_WORDS_MAX, "%s", r == -ETIMEDOUT ? "no answer in time" : strerror(-r));
                return false;
        }
        status = http_status(line);
        if (status >= 200 && status < 400)
                return true;
        if (status < 0)
                snprintf(words, ASK_WORDS_MAX, "%s", *line ? "it does not speak HTTP" : "it has closed the connection without an answer");
        else
                ask_words(line, strlen(line), words);
        return false;
}
