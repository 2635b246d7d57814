/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "fd.h"
#include "file.h"
#include "name.h"
#include "text.h"

#define STATE_MAX (1024 * 1024)

void zone_state_free(ZoneState *s) {
        if (!s)
                return;
        free(s->name);
        free(s->leases);
        free(s);
}

void zone_state_path(const char *zone, char ret[ZONE_STATE_PATH_MAX]) {
        snprintf(ret, ZONE_STATE_PATH_MAX, ZONE_STATE_DIRECTORY "/%.20s", zone);
}

static int add_lease(ZoneState *s, const char *machine, uint32_t address) {
        Lease *p = reallocarray(s->leases, s->n_leases + 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        s->leases = p;
        p += s->n_leases++;
        snprintf(p->machine, sizeof(p->machine), "%s", machine);
        p->address = address;
        return 0;
}

/* Leases outside the range are of an older range: dropped in silence, the machine gets a new one. */
static int parse_line(ZoneState *s, char *line) {
        char *save = NULL, *word = strtok_r(line, " \t", &save), *first, *second;
        struct in_addr address;

        if (!word || *word == '#')
                return 0;
        first = strtok_r(NULL, " \t", &save);
        second = strtok_r(NULL, " \t", &save);
        if (strcmp(word, "range") == 0 && first && !second)
                return range_parse(first, &s->range);
        if (strcmp(word, "machine") != 0 || !second || strtok_r(NULL, " \t", &save))
                return -EINVAL;
        if (!machine_name_is_valid(first) || inet_pton(AF_INET, second, &address) != 1)
                return -EINVAL;
        if (s->range.prefix == 0 || !range_contains(s->range, ntohl(address.s_addr)) || lease_find(s, first))
                return 0;
        return add_lease(s, first, ntohl(address.s_addr));
}

int zone_state_parse(ZoneState *s, const char *path, char *text, Error **reterr) {
        unsigned n = 0;

        for (char *line; (line = strsep(&text, "\n"));) { /* not strtok(): empty lines count */
                int r;

                n++;
                r = parse_line(s, line);
                if (r == -ENOMEM)
                        return error_oom(reterr);
                if (r < 0) {
                        error_set(reterr, r, "%s:%u: not a line of a zone's file", path, n);
                        return error_hint(reterr, r, "It takes 'range A.B.C.D/NN' (8 to 29) and 'machine NAME "
                                          "A.B.C.D'. Mend it, or remove the file to have new addresses chosen.");
                }
        }
        return 0;
}

int zone_state_load(const char *zone, ZoneState **ret, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *s = calloc(1, sizeof(*s));
        _cleanup_free_ char *text = NULL;
        char path[ZONE_STATE_PATH_MAX];
        int r;

        if (!s || !(s->name = strdup(zone)))
                return error_oom(reterr);
        zone_state_path(zone, path);
        r = file_read(AT_FDCWD, path, STATE_MAX, &text);
        if (r < 0 && r != -ENOENT)
                return error_errno(reterr, r, "Cannot read %s", path);
        if (r >= 0) {
                r = zone_state_parse(s, path, text, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

char *zone_state_format(const ZoneState *s) {
        char range[RANGE_TEXT_MAX], *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        range_format(s->range, range);
        fprintf(f, "# Addresses of the nbox zone '%s', kept so that they stay the same.\nrange %s\n", s->name, range);
        for (size_t i = 0; i < s->n_leases; i++) {
                uint32_t a = s->leases[i].address;

                fprintf(f, "machine %s %u.%u.%u.%u\n", s->leases[i].machine, a >> 24, a >> 16 & 0xff, a >> 8 & 0xff,
                        a & 0xff);
        }
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* Under the lock one temporary name will do: what a crash leaves is written over, and is no zone's name. */
static int replace_state(const char *zone, const char *text) {
        char path[ZONE_STATE_PATH_MAX], temporary[ZONE_STATE_PATH_MAX];
        _cleanup_close_ int fd = -1;
        int r;

        r = mkdir_parents(ZONE_STATE_DIRECTORY, 0755);
        if (r < 0)
                return r;
        zone_state_path(zone, path);
        snprintf(temporary, sizeof(temporary), ZONE_STATE_DIRECTORY "/.%.20s.new", zone);
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, text, strlen(text));
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r;
}

int zone_state_save(const ZoneState *s, Error **reterr) {
        _cleanup_free_ char *text = zone_state_format(s);
        char path[ZONE_STATE_PATH_MAX];
        int r;

        if (!text)
                return error_oom(reterr);
        r = replace_state(s->name, text);
        if (r >= 0)
                return 0;
        zone_state_path(s->name, path);
        return error_errno(reterr, r, "Cannot write %s", path);
}

const Lease *lease_find(const ZoneState *s, const char *machine) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (strcmp(s->leases[i].machine, machine) == 0)
                        return s->leases + i;
        return NULL;
}

/* Add or change the machine's lease. */
static int set_lease(ZoneState *s, const char *machine, uint32_t address) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (strcmp(s->leases[i].machine, machine) == 0) {
                        s->leases[i].address = address;
                        return 0;
                }
        return add_lease(s, machine, address);
}

static bool is_listed(uint32_t address, const uint32_t *in_use, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (in_use[i] == address)
                        return true;
        return false;
}

static bool is_leased(const ZoneState *s, uint32_t address) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (s->leases[i].address == address)
                        return true;
        return false;
}

static bool give_up_oldest(ZoneState *s, const uint32_t *in_use, size_t n, uint32_t *ret) {
        for (size_t i = 0; i < s->n_leases; i++)
                if (!is_listed(s->leases[i].address, in_use, n)) {
                        *ret = s->leases[i].address;
                        s->n_leases--;
                        memmove(s->leases + i, s->leases + i + 1, (s->n_leases - i) * sizeof(*s->leases));
                        return true;
                }
        return false;
}

int lease_choose(ZoneState *s, const char *machine, bool keep, const uint32_t *in_use, size_t n_in_use,
                 uint32_t *ret, bool *ret_changed) {
        uint32_t slots = range_slots(s->range), first = (uint32_t) (string_hash(machine) % slots), address = 0;
        const Lease *own = lease_find(s, machine);
        bool found = false, changed = false;

        if (own && !is_listed(own->address, in_use, n_in_use)) {
                *ret = own->address;
                *ret_changed = false;
                return 0;
        }
        for (uint32_t i = 0; i < slots && !found; i++) {
                address = range_slot(s->range, (first + i) % slots);
                found = !is_leased(s, address) && !is_listed(address, in_use, n_in_use);
        }
        if (!found) {
                found = changed = give_up_oldest(s, in_use, n_in_use, &address);
                if (!found)
                        return -ENOSPC;
        }
        if (keep) {
                if (set_lease(s, machine, address) < 0)
                        return -ENOMEM;
                changed = true;
        }
        *ret = address;
        *ret_changed = changed;
        return 0;
}
