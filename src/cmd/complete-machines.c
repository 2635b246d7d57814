/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names for completion, from where anybody may look: no bus, no locks, and nothing that could block. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "complete.h"
#include "bind-changes.h"
#include "device-changes.h"
#include "endpoint.h"
#include "fd.h"
#include "find.h"
#include "layer-look.h"
#include "mounted.h"
#include "name.h"
#include "network.h"
#include "path.h"
#include "port-map.h"
#include "record.h"
#include "snapshot.h"
#include "zone-state.h"

#define PASSWD_MAX (256 * 1024)
#define ENABLED_DIRECTORY "/etc/systemd/system/machines.target.wants"

static bool is_given(const Completion *c, const char *name) {
        for (int i = 1; i < c->n_words; i++)
                if (strcmp(c->words[i], name) == 0)
                        return true;
        return false;
}

static void offer_names(const Completion *c, char **names, const char *about) {
        for (char **n = names; n && *n; n++)
                if (!is_given(c, *n))
                        complete_offer(c, *n, about);
}

static char **running_names(void) {
        char **names = NULL;

        return record_list(&names, NULL) < 0 ? NULL : names;
}

void complete_running(const Completion *c) {
        _cleanup_strv_ char **names = running_names();

        for (char **n = names; n && *n; n++) {
                _cleanup_(record_freep) MachineRecord *rec = NULL;
                char about[256];

                if (is_given(c, *n))
                        continue;
                if (record_load(*n, &rec, NULL) < 0) {
                        complete_offer(c, *n, NULL);
                        continue;
                }
                snprintf(about, sizeof(about), "%s%s%s", machine_state_to_string(rec->state), rec->os ? ", " : "", rec->os ?: "");
                complete_offer(c, *n, about);
        }
}

/* Entries of a directory that are prefix, a machine's name, suffix: the names. */
static void collect(char ***names, const char *directory, const char *prefix, const char *suffix) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        size_t before = strlen(prefix), behind = strlen(suffix);

        for (struct dirent *e; d && (e = readdir(d));) {
                size_t n = strlen(e->d_name);
                _cleanup_free_ char *name = NULL;

                if (n <= before + behind || strncmp(e->d_name, prefix, before) != 0 || strcmp(e->d_name + n - behind, suffix) != 0)
                        continue;
                name = strndup(e->d_name + before, n - before - behind);
                if (machine_name_is_valid(name) && !strv_contains(*names, name))
                        (void) strv_append(names, name);
        }
}

static char **names_with_settings(void) {
        static const struct {
                const char *directory, *suffix;
        } places[] = {
                { "/etc/nbox", ".conf" }, { "/run/nbox", ".conf" }, { "/etc/systemd/nspawn", ".nspawn" }, { "/run/systemd/nspawn", ".nspawn" },
        };
        char **names = NULL;

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                collect(&names, places[i].directory, "", places[i].suffix);
        return names;
}

static char **names_of_images(void) {
        char **names = NULL;
        Image **images;
        size_t n;

        if (image_list(&images, &n, NULL) < 0)
                return NULL;
        for (size_t i = 0; i < n; i++)
                (void) strv_append(&names, images[i]->name);
        image_list_free(images, n);
        return names;
}

void complete_with_settings(const Completion *c) {
        _cleanup_strv_ char **names = names_with_settings();

        offer_names(c, names, "has settings");
}

void complete_images(const Completion *c) {
        _cleanup_strv_ char **names = names_of_images();

        offer_names(c, names, "image");
}

void complete_known_images(const Completion *c) {
        _cleanup_strv_ char **names = names_of_images();

        offer_names(c, names, "image");
}

void complete_snapshots_of(const Completion *c, const char *name) {
        _cleanup_(image_freep) Image *image = NULL;
        Snapshot **list = NULL;
        size_t n = 0;

        if (image_find(name, &image, NULL) < 0 || snapshot_list(image, &list, &n, NULL) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (!is_given(c, list[i]->name))
                        complete_offer(c, list[i]->name, list[i]->current ? "snapshot, current" : "snapshot");
        snapshot_list_free(list, n);
}

/* A user who may not look into /var/lib/machines is offered what stands in /etc. */
static void offer_known_but(const Completion *c, char **left_out) {
        _cleanup_strv_ char **images = names_of_images(), **settings = names_with_settings();

        for (char **n = images; n && *n; n++)
                if (!strv_contains(left_out, *n) && machine_name_is_valid(*n) && !is_given(c, *n))
                        complete_offer(c, *n, "image");
        for (char **n = settings; n && *n; n++)
                if (!strv_contains(left_out, *n) && !strv_contains(images, *n) && !is_given(c, *n))
                        complete_offer(c, *n, "has settings");
}

static char **names_enabled(void) {
        char **names = NULL;

        collect(&names, ENABLED_DIRECTORY, "nbox@", ".service");
        return names;
}

void complete_startable(const Completion *c) {
        _cleanup_strv_ char **running = running_names();

        offer_known_but(c, running);
}

void complete_disabled(const Completion *c) {
        _cleanup_strv_ char **enabled = names_enabled();

        offer_known_but(c, enabled);
}

void complete_enabled(const Completion *c) {
        _cleanup_strv_ char **enabled = names_enabled();

        offer_names(c, enabled, "starts with the host");
}

void complete_zones(const Completion *c) {
        _cleanup_strv_ char **zones = NULL;

        collect(&zones, ZONE_STATE_DIRECTORY, "", "");
        if (!strv_contains(zones, ZONE_DEFAULT))
                complete_offer(c, ZONE_DEFAULT, "zone");
        offer_names(c, zones, "zone");
}

void complete_nics_of(const Completion *c, const char *machine) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;

        if (!machine_name_is_valid(machine) || endpoint_load(machine, &e, NULL) <= 0)
                return;
        for (size_t i = 0; i < e->n_nics; i++)
                complete_offer(c, e->nics[i].name, e->nics[i].zone);
        for (size_t i = 0; i < e->n_links; i++)
                complete_offer(c, e->links[i].config.name, nic_kind_to_string(e->links[i].config.kind));
}

void complete_devices_of(const Completion *c, const char *machine) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        DeviceList list = {};

        if (record_load(machine, &rec, NULL) < 0 || device_changes_take(rec) < 0)
                return;
        (void) devices_from_text(rec->devices, &list);
        for (size_t i = 0; i < list.n; i++)
                if (!is_given(c, list.items[i].destination))
                        complete_offer(c, list.items[i].destination, list.items[i].source);
        device_list_done(&list);
}

void complete_mounted(const Completion *c) {
        MountedImages all;

        if (mounted_list(&all, NULL) < 0)
                return;
        for (size_t i = 0; i < all.n; i++)
                if (!is_given(c, all.items[i].point))
                        complete_offer(c, all.items[i].point, all.items[i].name);
        mounted_images_done(&all);
}

void complete_binds_of(const Completion *c, const char *machine) {
        BindList list = {};

        if (!machine_name_is_valid(machine) || bind_changes_of(machine, &list, NULL) < 0)
                return;
        for (size_t i = 0; i < list.n; i++)
                if (!is_given(c, list.items[i].destination))
                        complete_offer(c, list.items[i].destination, list.items[i].source);
        bind_list_done(&list);
}

void complete_ports_of(const Completion *c, const char *machine) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        _cleanup_strv_ char **ports = NULL;

        if (!machine_name_is_valid(machine) || endpoint_load(machine, &e, NULL) <= 0 || port_list_format(&e->ports, &ports) < 0)
                return;
        offer_names(c, ports, "published");
}

/* The tree is a guest's: opened beneath its root, never waited for, and read up to a bound. */
static char *read_passwd(const char *machine) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_close_ int fd = -1;
        char *text = NULL;
        struct stat st;

        if (record_load(machine, &rec, NULL) < 0 || !rec->root || image_open_directory(rec->root, &image, NULL) < 0)
                return NULL;
        if (image->type == IMAGE_LAYERED)
                return layers_read_file(image, "/etc/passwd", PASSWD_MAX, &text) < 0 ? NULL : text;
        fd = open_in_root(image->fd, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd_read_all(fd, PASSWD_MAX, &text, NULL) < 0)
                return NULL;
        return text;
}

void complete_users_of(const Completion *c, const char *machine) {
        _cleanup_free_ char *passwd = read_passwd(machine);
        char *rest = passwd;

        for (char *line; (line = strsep(&rest, "\n"));)
                if (*line && strchr(line, ':')) {
                        line[strcspn(line, ":")] = 0;
                        complete_offer(c, line, "user");
                }
}
