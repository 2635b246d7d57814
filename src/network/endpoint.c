/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "endpoint.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "endpoint-nics.h"
#include "fd.h"
#include "file.h"
#include "ifname.h"
#include "log.h"
#include "network-lock.h"
#include "nics.h"
#include "parse.h"
#include "port-map.h"

#define DIRECTORY NETWORK_RUN_DIRECTORY "/machines"
#define TEMPORARY DIRECTORY "/.new" /* no machine's name begins with a dot */
#define NO_END "-" /* of a link that has none on the host */
#define ENDPOINT_MAX (1024 * 1024)
#define ENDPOINT_PATH_MAX (sizeof(DIRECTORY) + 1 + MACHINE_NAME_MAX)

static void path_of(const char *machine, char ret[ENDPOINT_PATH_MAX]) {
        snprintf(ret, ENDPOINT_PATH_MAX, DIRECTORY "/%s", machine);
}

Endpoint *endpoint_new(const char *machine) {
        Endpoint *e = calloc(1, sizeof(*e));

        if (e)
                snprintf(e->machine, sizeof(e->machine), "%s", machine);
        return e;
}

static bool has_number(const Endpoint *e, NicKind kind, unsigned number) {
        for (size_t i = 0; i < e->n_links; i++)
                if (e->links[i].config.kind == kind && e->links[i].number == number)
                        return true;
        return false;
}

unsigned endpoint_free_number(const Endpoint *e, NicKind kind) {
        unsigned number = 0;

        while (has_number(e, kind, number))
                number++;
        return number;
}

static void changes_done(PortChanges *c) {
        port_list_done(&c->added);
        port_list_done(&c->removed);
}

void endpoint_free(Endpoint *e) {
        if (!e)
                return;
        for (size_t i = 0; i < e->n_given; i++)
                given_done(e->given + i);
        port_list_done(&e->ports);
        port_list_done(&e->host_ports);
        nic_changes_done(&e->nic_changes);
        changes_done(&e->changes);
        changes_done(&e->host_changes);
        free(e);
}

/* ---- the file ---- */

static bool no_clash(const PortMap *a _unused_, const PortMap *b _unused_) {
        return false;
}

/* What an interface in a zone is called inside where it is not said, as in files of an older nbox. */
static void usual_name(size_t i, char ret[IF_NAMESIZE]) {
        snprintf(ret, IF_NAMESIZE, "host%zu", i % NICS_MAX);
}

/* Words behind the first three; such as are of a newer nbox are passed over. */
static void parse_nic_word(EndpointNic *nic, const char *word) {
        static const char name[] = "name=", number[] = "number=";
        uint64_t n;

        if (strncmp(word, name, strlen(name)) == 0)
                snprintf(nic->name, sizeof(nic->name), "%.15s", word + strlen(name));
        else if (strncmp(word, number, strlen(number)) == 0 && parse_u64(word + strlen(number), NICS_MAX, &n) >= 0)
                nic->number = (unsigned) n;
        else
                (void) inet_pton(AF_INET6, word, &nic->address6);
}

static int parse_nic(Endpoint *e, char *text) {
        char *save = NULL, *zone = strtok_r(text, " ", &save), *address = strtok_r(NULL, " ", &save), *mac = strtok_r(NULL, " ", &save);
        EndpointNic nic = {};

        if (!mac || e->n_nics >= NICS_MAX || !machine_name_is_valid(zone) || strlen(zone) > ZONE_NAME_MAX ||
            address_parse(address, &nic.address) < 0 || mac_parse(mac, nic.mac) < 0)
                return -EBADMSG;
        snprintf(nic.zone, sizeof(nic.zone), "%s", zone);
        usual_name(e->n_nics, nic.name);
        nic.number = (unsigned) e->n_nics;
        for (char *word; (word = strtok_r(NULL, " ", &save));)
                parse_nic_word(&nic, word);
        e->nics[e->n_nics++] = nic;
        return 0;
}

static int parse_given(Endpoint *e, char *text) {
        int r = e->n_given < NICS_MAX ? given_parse(text, e->given + e->n_given) : -EBADMSG;

        e->n_given += r >= 0;
        return r;
}

/* NUMBER HOST MAC KIND:… */
static int parse_link(Endpoint *e, char *text) {
        char *save = NULL, *number = strtok_r(text, " ", &save), *host = strtok_r(NULL, " ", &save), *mac = strtok_r(NULL, " ", &save),
             *config = strtok_r(NULL, "", &save);
        EndpointLink link = {};
        uint64_t n;

        if (config && !nic_text_has_kind(config))
                return 0; /* of a newer nbox */
        if (!config || e->n_links >= NICS_MAX || parse_u64(number, NICS_MAX, &n) < 0 || mac_parse(mac, link.mac) < 0 ||
            !ifname_is_valid(host, IF_NAMESIZE - 1) || nic_parse(config, &link.config, NULL) < 0)
                return -EBADMSG;
        link.number = (unsigned) n;
        if (strcmp(host, NO_END) != 0)
                snprintf(link.host, sizeof(link.host), "%s", host);
        e->links[e->n_links++] = link;
        return 0;
}

/* The lists and numbers of the file by their keys, for both ways. */
static const struct {
        const char *key;
        size_t offset;
} lists[] = {
        { "Port", offsetof(Endpoint, ports) },
        { "HostPort", offsetof(Endpoint, host_ports) },
        { "AddedPort", offsetof(Endpoint, changes.added) },
        { "RemovedPort", offsetof(Endpoint, changes.removed) },
        { "AddedHostPort", offsetof(Endpoint, host_changes.added) },
        { "RemovedHostPort", offsetof(Endpoint, host_changes.removed) },
}, numbers[] = {
        { "IngressRate", offsetof(Endpoint, ingress_rate) },
        { "EgressRate", offsetof(Endpoint, egress_rate) },
};

static void *member(const Endpoint *e, size_t offset) {
        return (char *) e + offset;
}

static int parse_line(Endpoint *e, char *line) {
        char *value = strchr(line, '=');
        PortMap map;
        int r;

        if (!*line || *line == '#')
                return 0;
        if (!value)
                return -EBADMSG;
        *value++ = 0;
        if (strcmp(line, "Nic") == 0)
                return parse_nic(e, value);
        if (strcmp(line, "Link") == 0)
                return parse_link(e, value);
        if (strcmp(line, "Given") == 0)
                return parse_given(e, value);
        r = endpoint_parse_nic_change(e, line, value);
        if (r != 0)
                return r < 0 ? r : 0;
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (strcmp(line, numbers[i].key) == 0)
                        return parse_u64(value, UINT64_MAX, member(e, numbers[i].offset)) < 0 ? -EBADMSG : 0;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                if (strcmp(line, lists[i].key) == 0)
                        return port_map_parse(value, &map, NULL) < 0 ? -EBADMSG
                                : port_list_add(member(e, lists[i].offset), &map, no_clash, NULL);
        return 0;
}

int endpoint_parse(Endpoint *e, const char *path, char *text, Error **reterr) {
        unsigned n = 0;

        for (char *line; (line = strsep(&text, "\n"));) {
                int r = parse_line(e, line);

                n++;
                if (r == -ENOMEM)
                        return error_oom(reterr);
                if (r < 0)
                        return error_set(reterr, r, "%s:%u: not a line of a machine's network", path, n);
        }
        return 0;
}

static void print_nic(const EndpointNic *nic, size_t i, FILE *f) {
        char address[ADDRESS_TEXT_MAX], address6[IP_TEXT_MAX], mac[MAC_TEXT_MAX], usual[IF_NAMESIZE];
        IpAddress ip = ip_v6(&nic->address6);

        fprintf(f, "Nic=%s %s %s", nic->zone, address_format(nic->address, address), mac_format(nic->mac, mac));
        if (!IN6_IS_ADDR_UNSPECIFIED(&nic->address6))
                fprintf(f, " %s", ip_format(&ip, address6));
        if (nic->number != i)
                fprintf(f, " number=%u", nic->number);
        usual_name(i, usual);
        if (*nic->name && strcmp(nic->name, usual) != 0)
                fprintf(f, " name=%s", nic->name);
        fputc('\n', f);
}

static void print_link(const EndpointLink *link, FILE *f) {
        char mac[MAC_TEXT_MAX], text[NIC_TEXT_MAX];

        nic_format(&link->config, text);
        fprintf(f, "Link=%u %s %s %s\n", link->number, *link->host ? link->host : NO_END, mac_format(link->mac, mac), text);
}

char *endpoint_format(const Endpoint *e) {
        char *text = NULL, port[PORT_MAP_TEXT_MAX];
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        bool complete = true;

        if (!f)
                return NULL;
        for (size_t i = 0; i < e->n_nics; i++)
                print_nic(e->nics + i, i, f);
        for (size_t i = 0; i < e->n_links; i++)
                print_link(e->links + i, f);
        for (size_t i = 0; i < e->n_given; i++) {
                _cleanup_free_ char *given = given_format(e->given + i);

                if (given)
                        fprintf(f, "Given=%s\n", given);
                complete &= given != NULL;
        }
        endpoint_print_nic_changes(e, f);
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                const PortList *list = member(e, lists[i].offset);

                for (size_t j = 0; j < list->n; j++) {
                        port_map_format(list->items + j, port);
                        fprintf(f, "%s=%s\n", lists[i].key, port);
                }
        }
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                uint64_t value = *(const uint64_t *) member(e, numbers[i].offset);

                if (value > 0)
                        fprintf(f, "%s=%llu\n", numbers[i].key, (unsigned long long) value);
        }
        if (fclose(f) != 0 || !complete) {
                free(text);
                return NULL;
        }
        return text;
}

int endpoint_load(const char *machine, Endpoint **ret, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        _cleanup_free_ char *text = NULL;
        char path[ENDPOINT_PATH_MAX];
        int r;

        *ret = NULL;
        if (!machine_name_is_valid(machine))
                return 0;
        path_of(machine, path);
        r = file_read(AT_FDCWD, path, ENDPOINT_MAX, &text);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        e = endpoint_new(machine);
        if (!e)
                return error_oom(reterr);
        r = endpoint_parse(e, path, text, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e);
        return 1;
}

int endpoint_save(const Endpoint *e, Error **reterr) {
        _cleanup_free_ char *text = endpoint_format(e);
        char path[ENDPOINT_PATH_MAX];
        int r;

        if (!text)
                return error_oom(reterr);
        path_of(e->machine, path);
        r = mkdir_parents(DIRECTORY, 0755);
        if (r >= 0)
                r = file_replace_by(TEMPORARY, path, text, 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

void endpoint_remove(const char *machine) {
        char path[ENDPOINT_PATH_MAX];

        path_of(machine, path);
        (void) unlink(path);
        endpoint_tidy();
}

void endpoint_tidy(void) {
        (void) unlink(TEMPORARY);
        (void) rmdir(DIRECTORY);
}

void endpoint_list_free(Endpoint **endpoints, size_t n) {
        for (size_t i = 0; i < n; i++)
                endpoint_free(endpoints[i]);
        free(endpoints);
}

static int by_name(const void *a, const void *b) {
        return strcmp((*(Endpoint *const *) a)->machine, (*(Endpoint *const *) b)->machine);
}

static int load_listed(const char *name, Endpoint ***list, size_t *n) {
        _cleanup_(error_freep) Error *error = NULL;
        Endpoint *e = NULL, **grown;
        int r = endpoint_load(name, &e, &error);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                log_warning("%s, ignoring", error->message);
        if (r <= 0)
                return 0;
        grown = reallocarray(*list, *n + 1, sizeof(*grown));
        if (!grown) {
                endpoint_free(e);
                return -ENOMEM;
        }
        *list = grown;
        grown[(*n)++] = e;
        return 0;
}

int endpoint_list(Endpoint ***ret, size_t *ret_n, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(DIRECTORY);
        Endpoint **list = NULL;
        size_t n = 0;
        int r = 0;

        if (!dir && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot read " DIRECTORY);
        for (struct dirent *d; dir && r >= 0 && (d = fd_readdir(dir, &r));)
                if (machine_name_is_valid(d->d_name))
                        r = load_listed(d->d_name, &list, &n);
        if (r < 0) {
                endpoint_list_free(list, n);
                return error_errno(reterr, r, "Cannot read " DIRECTORY);
        }
        if (n > 0)
                qsort(list, n, sizeof(*list), by_name);
        *ret = list;
        *ret_n = n;
        return 0;
}
