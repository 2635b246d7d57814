/* SPDX-License-Identifier: GPL-2.0-or-later */

/* dnsmasq 2.90 takes a new file of either directory at once, and the removal of one in hosts/; a change or a removal in dhcp/
 * waits for a SIGHUP. It reads a file when it is closed after writing or moved in, so files are written beside the directory and
 * moved in: else it would read the half of one, or the same twice.
 *
 * Nothing in these files comes from a guest: the name is the machine's, which is checked, the addresses are ours. */

#include "names.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "address.h"
#include "dhcp-release.h"
#include "file.h"
#include "zone-name.h"
#include "zone-service.h"

#define HOST_FILE "_host"
#define STALE_FILE "/stale" /* of the zone's directory: its service knows machines that are gone */
#define LABEL_MAX 63
#define FILE_MAX 4096

static const char *const kinds[] = { [NAMES_ZONE] = "", [NAMES_DHCP] = "/dhcp", [NAMES_HOSTS] = "/hosts" };

void names_path(const char *zone, NamesKind kind, char ret[NAMES_PATH_MAX]) {
        snprintf(ret, NAMES_PATH_MAX, NAMES_DIRECTORY "/%.*s%s", ZONE_NAME_MAX, zone, kinds[kind]);
}

static bool are_labels(const char *name) {
        while (*name) {
                size_t n = strcspn(name, ".");

                if (n > LABEL_MAX)
                        return false;
                name += n + (name[n] == '.');
        }
        return true;
}

void names_of(const char *machine, const char *zone, char ret[NAMES_TEXT_MAX]) {
        *ret = 0;
        if (strcasecmp(machine, "host") == 0 || !are_labels(machine))
                return;
        if (strchr(machine, '.') || strcasecmp(machine, zone) == 0 || strcasecmp(machine, "localhost") == 0)
                snprintf(ret, NAMES_TEXT_MAX, "%s.%s", machine, zone);
        else
                snprintf(ret, NAMES_TEXT_MAX, "%s %s.%s", machine, machine, zone);
}

/* What its service has leased by the lines of a dhcp/ file. */
static void release_leases(const char *zone, const char *path) {
        _cleanup_free_ char *text = NULL;
        char *save = NULL, address[ADDRESS_TEXT_MAX], mac[MAC_TEXT_MAX];
        ZoneService service;
        EndpointNic nic;

        if (!zone_service_look(zone, &service) || file_read(AT_FDCWD, path, FILE_MAX, &text) < 0)
                return;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                if (sscanf(line, "%17[0-9a-f:],%15[0-9.]", mac, address) == 2 && mac_parse(mac, nic.mac) >= 0 &&
                    address_parse(address, &nic.address) >= 0)
                        (void) dhcp_release(service.address, nic.address, nic.mac);
}

/* Put `text` there where it is not there already. 1: another text was. */
static int put(const char *zone, NamesKind kind, const char *name, const char *text) {
        char directory[NAMES_PATH_MAX], temporary[NAMES_PATH_MAX + 8], path[NAMES_PATH_MAX + MACHINE_NAME_MAX + 2];
        _cleanup_free_ char *old = NULL;
        int r;

        names_path(zone, kind, directory);
        snprintf(path, sizeof(path), "%s/%.*s", directory, MACHINE_NAME_MAX, name);
        if (file_read(AT_FDCWD, path, FILE_MAX, &old) >= 0 && strcmp(old, text) == 0)
                return 0;
        if (old && kind == NAMES_DHCP)
                release_leases(zone, path);
        names_path(zone, NAMES_ZONE, directory);
        snprintf(temporary, sizeof(temporary), "%s/new", directory);
        r = file_replace_by(temporary, path, text, 0644);
        return r < 0 ? r : old != NULL;
}

static int make_directory(const char *path, mode_t mode) {
        if (mkdir(path, mode) < 0)
                return errno == EEXIST ? 0 : -errno;
        return chmod(path, mode) < 0 ? -errno : 0; /* whatever our umask is: the service's user must get through */
}

int names_begin(const char *zone, uint32_t gateway, Error **reterr) {
        static const mode_t modes[] = { [NAMES_ZONE] = 0711, [NAMES_DHCP] = 0755, [NAMES_HOSTS] = 0755 };
        char path[NAMES_PATH_MAX], address[ADDRESS_TEXT_MAX], text[128];
        int r;

        r = make_directory(NAMES_DIRECTORY, 0711);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(modes); i++) {
                names_path(zone, (NamesKind) i, path);
                r = make_directory(path, modes[i]);
        }
        if (r >= 0) {
                snprintf(text, sizeof(text), "%s host host.%s\n", address_format(gateway, address), zone);
                r = put(zone, NAMES_HOSTS, HOST_FILE, text);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot write down the names of the zone '%s' in " NAMES_DIRECTORY, zone) : 0;
}

/* The text of a machine's file in a zone: a line for each NIC there. */
static int format(const Endpoint *e, const char *zone, NamesKind kind, char **ret) {
        char names[NAMES_TEXT_MAX], address[ADDRESS_TEXT_MAX], address6[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        names_of(e->machine, zone, names);
        for (const EndpointNic *nic = e->nics; nic < e->nics + e->n_nics; nic++) {
                bool has_ipv6 = !IN6_IS_ADDR_UNSPECIFIED(&nic->address6);
                IpAddress ip = ip_v6(&nic->address6);

                if (strcmp(nic->zone, zone) != 0)
                        continue;
                address_format(nic->address, address);
                ip_format(&ip, address6);
                if (kind == NAMES_DHCP) {
                        fprintf(f, "%s,%s," NAMES_LEASE "\n", mac_format(nic->mac, mac), address);
                        if (has_ipv6)
                                fprintf(f, "%s,[%s]," NAMES_LEASE6 "\n", mac, address6);
                } else if (*names) {
                        fprintf(f, "%s %s\n", address, names);
                        if (has_ipv6)
                                fprintf(f, "%s %s\n", address6, names);
                }
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

static void stale_path(const char *zone, char ret[NAMES_PATH_MAX + sizeof(STALE_FILE)]) {
        names_path(zone, NAMES_ZONE, ret);
        strcat(ret, STALE_FILE);
}

static void make_stale(const char *zone) {
        char path[NAMES_PATH_MAX + sizeof(STALE_FILE)];

        stale_path(zone, path);
        close_fd(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
}

/* Whether it was. */
static bool end_stale(const char *zone) {
        char path[NAMES_PATH_MAX + sizeof(STALE_FILE)];

        stale_path(zone, path);
        return unlink(path) >= 0;
}

static int add_to_zone(const Endpoint *e, const char *zone) {
        bool changed = false;
        int r = 0;

        for (NamesKind kind = NAMES_DHCP; r >= 0 && kind <= NAMES_HOSTS; kind++) {
                _cleanup_free_ char *text = NULL;

                r = format(e, zone, kind, &text);
                if (r >= 0)
                        r = put(zone, kind, e->machine, text);
                changed = changed || r > 0;
        }
        if (end_stale(zone) || changed)
                zone_service_reload(zone);
        return r;
}

int names_add(const Endpoint *e, Error **reterr) {
        const EndpointNic *nics = e->nics;

        for (size_t i = 0; i < e->n_nics; i++) {
                size_t before = 0;
                int r;

                while (before < i && strcmp(nics[before].zone, nics[i].zone) != 0)
                        before++;
                if (before < i)
                        continue; /* done with that one */
                r = add_to_zone(e, nics[i].zone);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot write down the name of the machine '%s' in " NAMES_DIRECTORY, e->machine);
        }
        return 0;
}

void names_remove_from(const char *machine, const char *zone) {
        bool removed = false;

        for (NamesKind kind = NAMES_DHCP; kind <= NAMES_HOSTS; kind++) {
                char directory[NAMES_PATH_MAX], path[NAMES_PATH_MAX + MACHINE_NAME_MAX + 2];

                names_path(zone, kind, directory);
                snprintf(path, sizeof(path), "%s/%.*s", directory, MACHINE_NAME_MAX, machine);
                if (kind == NAMES_DHCP)
                        release_leases(zone, path);
                removed = unlink(path) >= 0 || removed;
        }
        if (removed)
                make_stale(zone);
}

static int open_machines(const char *zone) {
        char path[NAMES_PATH_MAX];

        names_path(zone, NAMES_DHCP, path);
        return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The first that is found is enough. */
bool names_has_others(const char *zone, const char *machine) {
        char buffer[512] __attribute__((aligned(8)));
        _cleanup_close_ int fd = open_machines(zone);
        ssize_t n;

        while (fd >= 0 && (n = getdents64(fd, buffer, sizeof(buffer))) > 0)
                for (const char *at = buffer; at < buffer + n; at += ((const struct dirent64 *) (const void *) at)->d_reclen) {
                        const char *name = ((const struct dirent64 *) (const void *) at)->d_name;

                        if (machine_name_is_valid(name) && strcmp(name, machine) != 0)
                                return true;
                }
        return false;
}

size_t names_count(const char *zone) {
        char buffer[32768] __attribute__((aligned(8)));
        _cleanup_close_ int fd = open_machines(zone);
        size_t count = 0;
        ssize_t n;

        while (fd >= 0 && (n = getdents64(fd, buffer, sizeof(buffer))) > 0)
                for (const char *at = buffer; at < buffer + n; at += ((const struct dirent64 *) (const void *) at)->d_reclen)
                        count += machine_name_is_valid(((const struct dirent64 *) (const void *) at)->d_name);
        return count;
}

void names_remove(const char *machine) {
        _cleanup_closedir_ DIR *dir = opendir(NAMES_DIRECTORY);

        for (struct dirent *d; dir && (d = readdir(dir));)
                if (zone_name_check(d->d_name, NULL) >= 0)
                        names_remove_from(machine, d->d_name);
}

static void empty_directory(const char *path) {
        _cleanup_closedir_ DIR *dir = opendir(path);

        for (struct dirent *d; dir && (d = readdir(dir));)
                if (d->d_type != DT_DIR)
                        (void) unlinkat(dirfd(dir), d->d_name, 0);
}

void names_end(const char *zone) {
        for (int kind = NAMES_HOSTS; kind >= NAMES_ZONE; kind--) {
                char path[NAMES_PATH_MAX];

                names_path(zone, (NamesKind) kind, path);
                empty_directory(path);
                (void) rmdir(path);
        }
        (void) rmdir(NAMES_DIRECTORY);
}

static void sweep_machines(const char *zone, const FirewallOracle *oracle) {
        _cleanup_closedir_ DIR *dir = NULL;
        char path[NAMES_PATH_MAX];

        names_path(zone, NAMES_DHCP, path);
        dir = opendir(path);
        for (struct dirent *d; dir && (d = readdir(dir));)
                if (machine_name_is_valid(d->d_name) && firewall_machine_is_dead(oracle, d->d_name))
                        names_remove_from(d->d_name, zone);
}

void names_sweep(const FirewallOracle *oracle) {
        _cleanup_closedir_ DIR *dir = opendir(NAMES_DIRECTORY);

        for (struct dirent *d; dir && (d = readdir(dir));) {
                if (zone_name_check(d->d_name, NULL) < 0)
                        continue;
                if (!firewall_zone_is_dead(oracle, d->d_name))
                        sweep_machines(d->d_name, oracle);
                else if (zone_service_kill(d->d_name) >= 0)
                        names_end(d->d_name);
        }
}
