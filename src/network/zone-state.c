/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-state.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "address.h"
#include "fd.h"
#include "file.h"
#include "ifname.h"
#include "parse.h"
#include "strv.h"
#include "text.h"
#include "zone-name.h"

#define STATE_MAX (1024 * 1024)
#define WORDS_MAX 6
#define OLDER_PASS_OVER "#:" /* before words that the first nbox, which knew range and machine alone, takes for a comment */

ZoneState *zone_state_new(const char *zone) {
        _cleanup_(zone_state_freep) ZoneState *s = calloc(1, sizeof(*s));

        return s && (s->name = strdup(zone)) ? TAKE_PTR(s) : NULL;
}

void zone_state_free(ZoneState *s) {
        if (!s)
                return;
        free(s->name);
        free(s->leases);
        strv_free(s->unknown);
        free(s);
}

void zone_state_path(const char *zone, char ret[ZONE_STATE_PATH_MAX]) {
        snprintf(ret, ZONE_STATE_PATH_MAX, ZONE_STATE_DIRECTORY "/%.20s", zone);
}

/* ---- reading ---- */

static int read_range(ZoneState *s, char **words, size_t n) {
        return n == 2 ? range_parse(words[1], &s->range) : -EINVAL;
}

static int read_created(ZoneState *s, char **words _unused_, size_t n) {
        s->created = true;
        return n == 1 ? 0 : -EINVAL;
}

static int read_isolated(ZoneState *s, char **words _unused_, size_t n) {
        s->isolated = true;
        return n == 1 ? 0 : -EINVAL;
}

static int read_closed(ZoneState *s, char **words _unused_, size_t n) {
        s->closed = true;
        return n == 1 ? 0 : -EINVAL;
}

static int read_uplink(ZoneState *s, char **words, size_t n) {
        uint64_t vlan = 0;

        if ((n != 2 && n != 4) || !ifname_is_valid(words[1], IF_NAMESIZE - 1))
                return -EINVAL;
        if (n == 4 && (strcmp(words[2], "vlan") != 0 || parse_u64(words[3], VLAN_MAX, &vlan) < 0 || vlan == 0))
                return -EINVAL;
        snprintf(s->uplink, sizeof(s->uplink), "%s", words[1]);
        s->vlan = (unsigned) vlan;
        return 0;
}

static int read_range6(ZoneState *s, char **words, size_t n) {
        if (n == 2 && strcmp(words[1], "none") == 0) {
                s->no_range6 = true;
                return 0;
        }
        if ((n != 2 && n != 3) || (n == 3 && strcmp(words[2], "routed") != 0))
                return -EINVAL;
        s->routed6 = n == 3;
        return range6_parse(words[1], &s->range6);
}

static int read_service(ZoneState *s, char **words, size_t n) {
        return n == 2 ? address_parse(words[1], &s->service) : -EINVAL;
}

static int read_machine(ZoneState *s, char **words, size_t n) {
        uint64_t nic = 1;
        uint32_t address;
        Lease *p;

        if ((n != 3 && n != 5) || !machine_name_is_valid(words[1]) || address_parse(words[2], &address) < 0)
                return -EINVAL;
        if (n == 5 && (strcmp(words[3], "nic") != 0 || parse_u64(words[4], ZONE_LEASES_MAX, &nic) < 0 || nic == 0))
                return -EINVAL;
        if (s->n_leases >= ZONE_LEASES_MAX)
                return -E2BIG;
        p = reallocarray(s->leases, s->n_leases + 1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        s->leases = p;
        p += s->n_leases++;
        *p = (Lease){ .nic = (unsigned) nic, .address = address };
        snprintf(p->machine, sizeof(p->machine), "%s", words[1]);
        return 0;
}

static const struct {
        const char *word;
        int (*read)(ZoneState *s, char **words, size_t n);
} line_kinds[] = {
        { "range", read_range },   { "created", read_created }, { "isolated", read_isolated }, { "closed", read_closed },
        { "uplink", read_uplink }, { "range6", read_range6 },   { "service", read_service },   { "machine", read_machine },
};

static bool is_word(const char *s) {
        return *s >= 'a' && *s <= 'z' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == 0;
}

static int read_line(ZoneState *s, char *line) {
        _cleanup_free_ char *whole = strdup(line);
        char *all[WORDS_MAX + 2], **words = all, *save = NULL;
        size_t n = 0;

        if (!whole)
                return -ENOMEM;
        for (char *w = strtok_r(line, " \t", &save); w && n < ELEMENTSOF(all); w = strtok_r(NULL, " \t", &save))
                all[n++] = w;
        if (n > 1 && strcmp(words[0], OLDER_PASS_OVER) == 0) {
                words++;
                n--;
        }
        if (n == 0 || words[0][0] == '#')
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(line_kinds); i++)
                if (strcmp(words[0], line_kinds[i].word) == 0)
                        return line_kinds[i].read(s, words, n);
        if (words > all && !is_word(words[0]))
                return 0; /* somebody's comment after all */
        if (!is_word(words[0]) || strv_length(s->unknown) >= ZONE_UNKNOWN_MAX)
                return -EINVAL;
        return strv_append(&s->unknown, whole);
}

static bool is_usable(const ZoneState *s, uint32_t address) {
        return range_contains(s->range, address) && address != s->range.base && address != range_gateway(s->range) &&
                address != (s->range.base | ~range_mask(s->range));
}

/* What lies outside the range is of an older range: dropped in silence, the machine gets a new one. */
static void drop_strays(ZoneState *s) {
        size_t kept = 0;

        for (size_t i = 0; i < s->n_leases; i++)
                if (s->range.prefix > 0 && is_usable(s, s->leases[i].address))
                        s->leases[kept++] = s->leases[i];
        s->n_leases = kept;
        if (s->range.prefix == 0 || !is_usable(s, s->service))
                s->service = 0;
}

static int bad_line(const char *path, unsigned line, int r, Error **reterr) {
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r == -E2BIG) {
                error_set(reterr, r, "%s:%u: more than %d machines", path, line, ZONE_LEASES_MAX);
                return error_hint(reterr, r, "Remove the lines of machines that are no more.");
        }
        error_set(reterr, r, "%s:%u: not a line of a zone's file", path, line);
        return error_hint(reterr, r, "It takes 'range A.B.C.D/NN' (8 to 29), 'created', 'isolated', 'closed', 'uplink IF [vlan N]', "
                          "'range6 PREFIX/NN [routed]' (48 to 112) or 'range6 none', 'service A.B.C.D' and 'machine NAME A.B.C.D "
                          "[nic N]'. Mend it, or remove the file to have new addresses chosen.");
}

int zone_state_parse(ZoneState *s, const char *path, char *text, Error **reterr) {
        unsigned n = 0;

        for (char *line; (line = strsep(&text, "\n"));) { /* not strtok(): empty lines count */
                int r;

                n++;
                r = read_line(s, line);
                if (r < 0)
                        return bad_line(path, n, r, reterr);
        }
        drop_strays(s);
        return 0;
}

int zone_state_load(const char *zone, ZoneState **ret, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *s = zone_state_new(zone);
        _cleanup_free_ char *text = NULL;
        char path[ZONE_STATE_PATH_MAX];
        int there, r;

        if (!s)
                return error_oom(reterr);
        zone_state_path(zone, path);
        there = file_read(AT_FDCWD, path, STATE_MAX, &text);
        if (there < 0 && there != -ENOENT)
                return error_errno(reterr, there, "Cannot read %s", path);
        if (there >= 0) {
                r = zone_state_parse(s, path, text, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(s);
        return there >= 0;
}

int zone_state_list(char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(ZONE_STATE_DIRECTORY);
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        if (!dir && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot list %s", ZONE_STATE_DIRECTORY);
        for (struct dirent *d; dir && (d = fd_readdir(dir, &r));)
                if (zone_name_check(d->d_name, NULL) >= 0 && strv_append(&names, d->d_name) < 0)
                        return error_oom(reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list %s", ZONE_STATE_DIRECTORY);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* ---- writing ---- */

static void put_lease(FILE *f, const Lease *l) {
        char address[ADDRESS_TEXT_MAX];

        fprintf(f, "%smachine %s %s", l->nic > 1 ? OLDER_PASS_OVER " " : "", l->machine, address_format(l->address, address));
        if (l->nic > 1)
                fprintf(f, " nic %u", l->nic);
        fputc('\n', f);
}

static void put_range6(FILE *f, const ZoneState *s) {
        char range[RANGE6_TEXT_MAX];

        range6_format(&s->range6, range);
        if (s->no_range6)
                fprintf(f, OLDER_PASS_OVER " range6 none\n");
        else if (s->range6.prefix > 0)
                fprintf(f, OLDER_PASS_OVER " range6 %s%s\n", range, s->routed6 ? " routed" : "");
}

static void put_zone(FILE *f, const ZoneState *s) {
        char range[RANGE_TEXT_MAX], address[ADDRESS_TEXT_MAX];

        range_format(s->range, range);
        fprintf(f, "# The nbox zone '%s', kept so that addresses stay the same.\n", s->name);
        if (s->range.prefix > 0)
                fprintf(f, "range %s\n", range);
        fprintf(f, "%s%s%s", s->created ? OLDER_PASS_OVER " created\n" : "", s->isolated ? "isolated\n" : "", s->closed ? "closed\n" : "");
        if (s->uplink[0] && s->vlan > 0)
                fprintf(f, "uplink %s vlan %u\n", s->uplink, s->vlan);
        else if (s->uplink[0])
                fprintf(f, "uplink %s\n", s->uplink);
        put_range6(f, s);
        if (s->service)
                fprintf(f, OLDER_PASS_OVER " service %s\n", address_format(s->service, address));
}

char *zone_state_format(const ZoneState *s) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        put_zone(f, s);
        for (size_t i = 0; i < s->n_leases; i++)
                put_lease(f, s->leases + i);
        for (char **line = s->unknown; line && *line; line++)
                fprintf(f, "%s\n", *line);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

int zone_state_save(const ZoneState *s, Error **reterr) {
        _cleanup_free_ char *text = zone_state_format(s);
        char path[ZONE_STATE_PATH_MAX], temporary[ZONE_STATE_PATH_MAX];
        int r;

        if (!text)
                return error_oom(reterr);
        zone_state_path(s->name, path);
        snprintf(temporary, sizeof(temporary), ZONE_STATE_DIRECTORY "/.%.20s.new", s->name); /* no zone's name */
        r = mkdir_parents(ZONE_STATE_DIRECTORY, 0755);
        if (r >= 0)
                r = file_replace_by(temporary, path, text, 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

void zone_state_sweep(void) {
        file_sweep_by(ZONE_STATE_DIRECTORY);
}

int zone_state_remove(const char *zone, Error **reterr) {
        char path[ZONE_STATE_PATH_MAX];

        zone_state_path(zone, path);
        if (unlink(path) < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove %s", path);
        return 0;
}
