/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "ini.h"
#include "log.h"
#include "suggest.h"

#define HOST_CONFIG_SIZE_MAX ((size_t) 64 * 1024)
#define PARALLEL_STARTS_PER_CPU 2

const EnumName firewall_choice_names[] = {
        { "auto", FIREWALL_AUTO },
        { "iptables", FIREWALL_IPTABLES },
        { "nft", FIREWALL_NFT },
        {},
};

const EnumName ipv6_choice_names[] = {
        { "yes", IPV6_YES }, { "true", IPV6_YES }, { "on", IPV6_YES }, { "1", IPV6_YES },
        { "no", IPV6_NO }, { "false", IPV6_NO }, { "off", IPV6_NO }, { "0", IPV6_NO },
        {},
};

typedef struct HostKey {
        const char *section, *key;
        const EnumName *names; /* NULL: a number from 1 on, or "infinity" */
        size_t offset; /* of an int in HostConfig */
} HostKey;

static const HostKey keys[] = {
        { "Host", "Firewall", firewall_choice_names, offsetof(HostConfig, firewall) },
        { "Host", "IPv6", ipv6_choice_names, offsetof(HostConfig, ipv6) },
        { "Host", "ParallelStarts", NULL, offsetof(HostConfig, parallel_starts) },
};

typedef struct HostReader {
        HostConfig *c;
        const char *path;
} HostReader;

static bool section_exists(const char *section) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].section, section) == 0)
                        return true;
        return false;
}

static const HostKey *find_key(const IniLine *l) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].section, l->section) == 0 && strcmp(keys[i].key, l->key) == 0)
                        return keys + i;
        return NULL;
}

static void warn_unknown_key(const HostReader *r, const IniLine *l) {
        Suggestion best = suggestion_begin(l->key, strlen(l->key));

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                suggestion_offer(&best, keys[i].key);
        log_warning("%s:%u: unknown key %s in section [%s]%s%s%s, ignoring", r->path, l->line, l->key, l->section,
                    best.name ? " (did you mean " : "", best.name ? best.name : "", best.name ? "?)" : "");
}

static int parse_number(const char *text, int *ret, Error **reterr) {
        char *end;
        long n;

        if (strcmp(text, "infinity") == 0) {
                *ret = INT_MAX;
                return 0;
        }
        errno = 0;
        n = strtol(text, &end, 10);
        if (errno > 0 || *text < '0' || *text > '9' || *end || n < 1 || n >= INT_MAX)
                return error_set(reterr, EINVAL, "'%s' is neither a number from 1 on nor \"infinity\"", text);
        *ret = (int) n;
        return 0;
}

static int found_line(const IniLine *l, void *userdata, Error **reterr) {
        const HostReader *reader = userdata;
        const HostKey *key;
        int *value, r;

        if (!l->key && !l->value) {
                if (!section_exists(l->section) && strncmp(l->section, "X-", 2) != 0)
                        log_warning("%s:%u: unknown section [%s], ignoring", reader->path, l->line, l->section);
                return 0;
        }
        if (!l->section || !l->key) {
                log_warning("%s:%u: '%.40s' %s, ignoring", reader->path, l->line, l->key ? l->key : l->value,
                            l->section ? "has no '='" : "stands before any section");
                return 0;
        }
        if (!section_exists(l->section))
                return 0;
        key = find_key(l);
        if (!key) {
                warn_unknown_key(reader, l);
                return 0;
        }
        if (!*l->value) {
                *(int *) ((char *) reader->c + key->offset) = 0;
                return 0;
        }
        value = (int *) ((char *) reader->c + key->offset);
        r = key->names ? enum_parse(key->names, l->value, value, reterr) : parse_number(l->value, value, reterr);
        return r < 0 ? error_prefix(reterr, r, "%s:%u: %s=", reader->path, l->line, key->key) : 0;
}

int host_config_parse(HostConfig *ret, const char *path, char *text, size_t size, Error **reterr) {
        HostConfig c = {};
        HostReader reader = { &c, path };
        int r = ini_parse(text, size, found_line, &reader, reterr);

        if (r == -EBADMSG)
                return error_prefix(reterr, r, "%s", path);
        if (r < 0)
                return r;
        *ret = c;
        return 0;
}

int host_config_load(HostConfig *ret, Error **reterr) {
        _cleanup_close_ int fd = open(HOST_CONFIG_PATH, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r = fd < 0 ? -errno : fd_read_all(fd, HOST_CONFIG_SIZE_MAX, &text, &size);

        if (r == -ENOENT) {
                *ret = (HostConfig){};
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", HOST_CONFIG_PATH);
        return host_config_parse(ret, HOST_CONFIG_PATH, text, size, reterr);
}

unsigned host_parallel_starts(const HostConfig *c) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        return c->parallel_starts > 0 ? (unsigned) c->parallel_starts : PARALLEL_STARTS_PER_CPU * (unsigned) (cpus > 0 ? cpus : 1);
}
