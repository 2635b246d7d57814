/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"
#include "link.h"

/* A zone's service from outside: whether there is one, telling it things, ending it. What it does is zone-serve.h's.
 *
 * It is a dnsmasq, which can hold no lock of ours (it closes all descriptors that it did not open), so a file says which process
 * it is: NAMES_DIRECTORY/ZONE/service; pid and start time, which together name a process for good. All of it is called with the network lock
 * held. */

typedef enum ZoneServiceKind {
        ZONE_SERVICE_UNIT,    /* systemd's: nbox-zone@ZONE.service. It ends when no machine wants it, and then clears the zone away */
        ZONE_SERVICE_PROCESS, /* nobody's: ended with the zone's last machine */
} ZoneServiceKind;

typedef struct ZoneService {
        ZoneServiceKind kind;
        pid_t pid;
        uint32_t address; /* where it is asked, host byte order */
} ZoneService;

/* The dnsmasq of this host, or NULL where none is installed. */
const char *zone_service_program(void);

/* Whether it runs; `ret` may be NULL. */
bool zone_service_look(const char *zone, ZoneService *ret);

/* Write down that the calling process is it. */
int zone_service_claim(const char *zone, ZoneServiceKind kind, uint32_t address);

/* Have it read its directories again. None is nothing to tell. */
void zone_service_reload(const char *zone);

/* End it; 0 also where there is none. What fails is to be tried again before the zone's files go: nobody else knows of the process. */
int zone_service_kill(const char *zone);

/* And take its link away. */
int zone_service_end(Netlink *nl, const char *zone);

/* Of its own end. */
void zone_service_mac(const char *zone, uint8_t ret[6]);

/* The bridge's port of it, by a hash as machines' are, and whether a link is one. */
void zone_service_link_name(const char *zone, char ret[IF_NAMESIZE]);
void zone_service_link_alias(const char *zone, char ret[LINK_ALIAS_MAX]);
bool link_is_zone_service(const LinkInfo *link);
