/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "address.h"
#include "file.h"
#include "host-hash.h"
#include "names.h"
#include "pidfd.h"
#include "process.h"
#include "text.h"

#define SERVICE_FILE "service"
#define ALIAS_PREFIX "nbox service="

static const char *const kinds[] = { [ZONE_SERVICE_UNIT] = "unit", [ZONE_SERVICE_PROCESS] = "process" };

const char *zone_service_program(void) {
        static const char *const paths[] = { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq" };

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                if (access(paths[i], X_OK) >= 0)
                        return paths[i];
        return NULL;
}

static void file_path(const char *zone, char ret[NAMES_PATH_MAX + sizeof(SERVICE_FILE)]) {
        char directory[NAMES_PATH_MAX];

        names_path(zone, NAMES_ZONE, directory);
        snprintf(ret, NAMES_PATH_MAX + sizeof(SERVICE_FILE), "%s/" SERVICE_FILE, directory);
}

static int read_kind(const char *text, ZoneServiceKind *ret) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (strcmp(text, kinds[i]) == 0) {
                        *ret = (ZoneServiceKind) i;
                        return 0;
                }
        return -EINVAL;
}

/* The process as a pidfd, taken before its start time is compared: from then on no other can have its place. */
static int open_service(const char *zone, ZoneService *ret) {
        char path[NAMES_PATH_MAX + sizeof(SERVICE_FILE)], kind[16], address[ADDRESS_TEXT_MAX];
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;
        uint64_t start, now;
        int r;

        file_path(zone, path);
        r = file_read(AT_FDCWD, path, 128, &text);
        if (r < 0)
                return r;
        if (sscanf(text, "%d %" SCNu64 " %15s %15s", &ret->pid, &start, kind, address) != 4 || ret->pid <= 0 ||
            read_kind(kind, &ret->kind) < 0 || address_parse(address, &ret->address) < 0)
                return -EBADMSG;
        fd = pidfd_of(ret->pid);
        if (fd < 0)
                return fd;
        if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) > 0)
                return -ESRCH; /* it has ended, and nobody has reaped it yet */
        r = process_start_time(ret->pid, &now);
        if (r < 0)
                return r;
        return now == start ? TAKE_FD(fd) : -ESRCH;
}

bool zone_service_look(const char *zone, ZoneService *ret) {
        ZoneService service = {};
        _cleanup_close_ int fd = open_service(zone, &service);

        if (fd >= 0 && ret)
                *ret = service;
        return fd >= 0;
}

int zone_service_claim(const char *zone, ZoneServiceKind kind, uint32_t address) {
        char path[NAMES_PATH_MAX + sizeof(SERVICE_FILE)], text[64], where[ADDRESS_TEXT_MAX];
        uint64_t start;
        int r;

        file_path(zone, path);
        r = process_start_time(getpid(), &start);
        if (r < 0)
                return r;
        snprintf(text, sizeof(text), "%d %" PRIu64 " %s %s\n", (int) getpid(), start, kinds[kind], address_format(address, where));
        return file_replace(AT_FDCWD, path, text, 0644);
}

void zone_service_reload(const char *zone) {
        ZoneService service;
        _cleanup_close_ int fd = open_service(zone, &service);

        if (fd >= 0)
                (void) pidfd_kill(fd, SIGHUP);
}

int zone_service_kill(const char *zone) {
        ZoneService service;
        _cleanup_close_ int fd = open_service(zone, &service);
        int r;

        if (fd < 0) /* its file is gone, or says nothing of use, or the process is gone */
                return fd == -ENOENT || fd == -ENOTDIR || fd == -EBADMSG || fd == -ESRCH || fd == -EFBIG ? 0 : fd;
        /* it keeps nothing; a unit should not look as if it had failed */
        r = pidfd_kill(fd, service.kind == ZONE_SERVICE_PROCESS ? SIGKILL : SIGTERM);
        return r == -ESRCH ? 0 : r;
}

int zone_service_end(Netlink *nl, const char *zone) {
        char link[IF_NAMESIZE];
        int r = zone_service_kill(zone);

        if (r < 0)
                return r;
        zone_service_link_name(zone, link);
        (void) link_delete(nl, link);
        return 0;
}

void zone_service_mac(const char *zone, uint8_t ret[6]) {
        char purpose[64];

        snprintf(purpose, sizeof(purpose), "nbox-zone-%.*s", ZONE_NAME_MAX, zone);
        stable_mac(purpose, ret);
}

void zone_service_link_name(const char *zone, char ret[IF_NAMESIZE]) {
        char text[64];

        snprintf(text, sizeof(text), "service %.*s", ZONE_NAME_MAX, zone);
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(text) & 0xffffffffffffULL);
}

void zone_service_link_alias(const char *zone, char ret[LINK_ALIAS_MAX]) {
        snprintf(ret, LINK_ALIAS_MAX, ALIAS_PREFIX "%.*s", ZONE_NAME_MAX, zone);
}

bool link_is_zone_service(const LinkInfo *link) {
        return strcmp(link->kind, "veth") == 0 && strncmp(link->alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) == 0;
}
