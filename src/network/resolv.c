/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A stub resolver on the host's loopback (127.0.0.53 of systemd-resolved, dnsmasq of NetworkManager) cannot be reached
 * from another network namespace. resolved writes the servers behind its stub into a file of their own. */

#include "network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"

#define RESOLV_CONF_MAX (64 * 1024)

static bool is_usable_nameserver(const char *text) {
        char address[INET6_ADDRSTRLEN];
        struct in6_addr six;
        struct in_addr four;

        if (sscanf(text, "%45[0-9a-fA-F:.]", address) != 1)
                return false;
        if (inet_pton(AF_INET, address, &four) == 1)
                return ntohl(four.s_addr) >> 24 != 127 && four.s_addr != 0;
        return inet_pton(AF_INET6, address, &six) == 1 && !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_LINKLOCAL(&six);
}

/* Returns how many nameservers were kept, or -errno. */
static int filter(const char *path, char **ret) {
        _cleanup_free_ char *text = NULL, *out = NULL;
        char *save = NULL;
        size_t size = 0;
        int r, n = 0;
        FILE *f;

        r = file_read(AT_FDCWD, path, RESOLV_CONF_MAX, &text);
        if (r < 0)
                return r;
        f = open_memstream(&out, &size);
        if (!f)
                return -ENOMEM;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                size_t word = strcspn(line, " \t"), skip = word + strspn(line + word, " \t");

                if (word == 10 && strncmp(line, "nameserver", 10) == 0) {
                        if (!is_usable_nameserver(line + skip))
                                continue;
                        n++;
                } else if (!(word == 6 && strncmp(line, "search", 6) == 0) && !(word == 6 && strncmp(line, "domain", 6) == 0) &&
                           !(word == 7 && strncmp(line, "options", 7) == 0))
                        continue;
                fprintf(f, "%s\n", line);
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(out);
        return n;
}

static const char *const paths[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };

const char *network_resolv_path(void) {
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                _cleanup_free_ char *text = NULL;

                if (filter(paths[i], &text) > 0)
                        return paths[i];
        }
        return paths[0];
}

int network_resolv_conf(char **ret, Error **reterr) {
        _cleanup_free_ char *best = NULL;
        int n = 0;

        for (size_t i = 0; i < ELEMENTSOF(paths) && n == 0; i++) {
                char *text = NULL;
                int r;

                r = filter(paths[i], &text);
                if (r == -ENOENT || r == -ENOTDIR)
                        continue;
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read %s", paths[i]);
                free(best);
                best = text;
                n = r;
        }
        if (!best && !(best = strdup("")))
                return error_oom(reterr);
        *ret = TAKE_PTR(best);
        return n > 0;
}
