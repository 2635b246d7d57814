/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is between machines and the world. Who else filters, and what of ours is missing, is network_faults_find()'s to say, as in `nbox
 * network status`; here is what keeps it from coming up at all. */

#include <string.h>

#include "doctor.h"
#include "firewall.h"
#include "host-config.h"
#include "network-faults.h"
#include "network-lock.h"
#include "unit.h"
#include "zone-service.h"

static void check_host_config(Doctor *d) {
        _cleanup_(error_freep) Error *error = NULL;
        HostConfig config;

        if (host_config_load(&config, &error) >= 0)
                return;
        doctor_found_error(d, FOUND_STOPS, error);
        if (!error || !error->hint)
                doctor_means(d, "No machine with a network of its own starts until that line is right");
}

static void check_firewall(Doctor *d) {
        _cleanup_(error_freep) Error *error = NULL;
        char text[FIREWALL_TEXT_MAX];
        HostConfig config;

        if (host_config_load(&config, NULL) < 0 || firewall_look(text, &error) >= 0)
                return;
        doctor_found(d, FOUND_STOPS, "%s", error ? error->message : "Out of memory");
        doctor_means(d, "Machines start with --network=none or --network=host alone, for there is nothing that translates their addresses");
        doctor_mend(d, "modprobe -a nf_tables nft_chain_nat nft_masq nft_ct || modprobe -a iptable_nat iptable_mangle iptable_filter");
}

/* "run `nbox reboot web`" */
static void mend_by_words(Doctor *d, const char *words) {
        const char *begin = strchr(words, '`'), *end = begin ? strchr(begin + 1, '`') : NULL;

        doctor_means(d, "What is to pass may not: %s", words);
        if (end && !strchr(end + 1, '`'))
                doctor_mend(d, "%.*s", (int) (end - begin - 1), begin + 1);
}

static void check_faults(Doctor *d) {
        _cleanup_(network_state_clear) NetworkState state = {};
        _cleanup_(error_freep) Error *error = NULL;

        if (network_faults_find(&state, &error) < 0) {
                doctor_found_error(d, FOUND_TAKES, error);
                return;
        }
        for (size_t i = 0; i < state.n_faults; i++) {
                const NetworkFault *f = state.faults + i;

                doctor_found(d, FOUND_TAKES, "%s%s%s%s", f->machine[0] ? "Machine " : f->zone[0] ? "Zone " : "Network: ", f->machine[0] ? f->machine : f->zone,
                             f->machine[0] || f->zone[0] ? ": " : "", f->text);
                if (f->remedy[0])
                        mend_by_words(d, f->remedy);
                else {
                        doctor_means(d, "Machines that run now cannot reach, or be reached, as they should be");
                        doctor_mend(d, "nbox network repair");
                }
        }
}

/* Of the zone that the first machine will make: where nobody is in a zone yet, nobody has looked. What is shut, its start opens. */
static void check_doors(Doctor *d) {
        _cleanup_(door_list_clear) DoorList doors = {};
        _cleanup_close_ int lock = network_lock(NULL);

        if (lock < 0)
                return;
        if (doors_check(&(DoorZone){ .name = ZONE_DEFAULT, .bridge = "nbox0", .ipv6 = true }, 1, &doors, NULL) >= 0)
                for (size_t i = 0; i < doors.n; i++)
                        if (doors.items[i].state == DOOR_LOCKED) {
                                doctor_found(d, FOUND_TAKES, "The %s may drop what machines send", doors.items[i].where);
                                mend_by_words(d, doors.items[i].why);
                        }
        network_lock_remove();
}

static const Package dnsmasq_package = { { "dnsmasq-base", "dnsmasq", "dnsmasq", "dnsmasq", "dnsmasq" } };

static void check_dnsmasq(Doctor *d) {
        if (zone_service_program())
                return;
        doctor_found(d, FOUND_TAKES, "dnsmasq is not installed");
        doctor_means(d, "Machines do not find each other by name, and who asks for an address by DHCP gets none; they have their addresses without");
        doctor_mend_package(d, &dnsmasq_package);
}

static bool hosts_line_has(const char *word) {
        _cleanup_free_ char *text = doctor_text("/etc/nsswitch.conf");
        const char *line = text ? strstr(text, "\nhosts:") : NULL;
        size_t n;

        if (!line && text && strncmp(text, "hosts:", 6) == 0)
                line = text;
        if (!line)
                return false;
        line += *line == '\n';
        n = strcspn(line, "\n");
        return memmem(line, n, word, strlen(word)) != NULL;
}

static const Package mymachines_package = { { "libnss-mymachines", "systemd-container", NULL, "systemd-container" } };

/* systemd-resolved is told of each zone; nss-mymachines asks systemd-machined. */
static void check_names(Doctor *d) {
        _cleanup_free_ char *state = NULL;

        if (!d->bus || hosts_line_has("mymachines"))
                return;
        if (unit_active_state(d->bus, "systemd-resolved.service", &state, NULL) >= 0 && strcmp(state, "active") == 0)
                return;
        doctor_found(d, FOUND_ADVICE, "Neither systemd-resolved runs nor does the host look up names with nss-mymachines");
        doctor_means(d, "The host itself does not find machines by name (`ping web`); they find each other, and it");
        if (d->distribution.packager == PACKAGER_APT)
                doctor_mend_package(d, &mymachines_package); /* enters itself */
        else
                doctor_mend(d, "sed -i '/^hosts:/s/files/mymachines files/' /etc/nsswitch.conf");
}

const DoctorCheck network_checks[] = {
        { "nbox.conf", HOST_CONFIG_PATH, check_host_config },
        { "firewall", "a packet filter that can be used", check_firewall, .needs_root = true },
        { "network", "what is missing of the network of machines that run", check_faults, .needs_root = true },
        { "filters", "others who filter, and let nobody in", check_doors, .needs_root = true },
        { "dnsmasq", "dnsmasq, for names and DHCP", check_dnsmasq },
        { "names", "whether the host finds machines by name", check_names },
        {},
};
