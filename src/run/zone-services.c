/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-services.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "assemble.h"
#include "log.h"
#include "process.h"
#include "registration.h"
#include "strv.h"
#include "supervisor.h"
#include "zone-name.h"
#include "zone-serve.h"

void zone_services_warn(const MachinePlan *p) {
        char bridge[IF_NAMESIZE];

        if (p->quiet || p->mode != START_BOOT || zone_service_program())
                return;
        for (size_t i = 0; i < p->nics.n; i++) {
                if (p->nics.items[i].kind != NIC_ZONE)
                        continue;
                zone_bridge_name(p->nics.items[i].zone, bridge);
                if (if_nametoindex(bridge) == 0)
                        log_warning("dnsmasq is not installed: machines of the zone '%s' have no names, and get no answer to DHCP; all "
                                    "else works. Install it with `apt install dnsmasq-base`.", p->nics.items[i].zone);
        }
}

int zone_services_units(const Supervisor *s, char ***ret, Error **reterr) {
        _cleanup_strv_ char **units = NULL;

        for (size_t i = 0; i < s->lease.n_nics; i++)
                if (s->lease.nics[i].service.s_addr != 0 && strv_consume(&units, zone_service_name(s->lease.nics[i].zone)) < 0)
                        return error_oom(reterr);
        *ret = TAKE_PTR(units);
        return 0;
}

/* Until here it speaks to whom the supervisor speaks to. */
static void silence(_unused_ const ZoneServing *serving, _unused_ void *userdata) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; null >= 0 && fd <= 2; fd++)
                (void) dup2(null, fd);
}

/* The supervisor's mount namespace holds the machine's tree, and its descriptors much else: neither must last longer than it. */
static void leave_supervisor(void) {
        (void) close_range(3, ~0U, 0);
        if (unshare(CLONE_NEWNS) >= 0)
                (void) umount2(STAGING_DIRECTORY, MNT_DETACH);
        process_reset_signals();
}

static _Noreturn void serve(const char *zone) {
        _cleanup_(error_freep) Error *error = NULL;
        ZoneServeRequest req = { .zone = zone, .kind = ZONE_SERVICE_PROCESS, .before_exec = silence };
        int r;

        leave_supervisor();
        r = zone_serve(&req, &error);
        if (r != -EALREADY && r != -ECANCELED)
                log_warning("The zone '%s' has no names and no DHCP: %s, ignoring", zone, error ? error->message : strerror(-r));
        _exit(1);
}

/* By way of a child that ends at once, so that it is not ours and outlives us. */
void zone_service_spawn(const char *zone) {
        pid_t pid;

        if (zone_service_look(zone, NULL))
                return;
        pid = fork();

        if (pid == 0) {
                if (setsid() < 0 || chdir("/") < 0 || fork() != 0)
                        _exit(0);
                serve(zone);
        }
        if (pid < 0)
                log_warning("Cannot start the service of the zone '%s': %s, ignoring", zone, strerror(errno));
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

void zone_services_spawn(const Supervisor *s) {
        for (size_t i = 0; !s->bus && i < s->lease.n_nics; i++)
                if (s->lease.nics[i].service.s_addr != 0)
                        zone_service_spawn(s->lease.nics[i].zone);
}
