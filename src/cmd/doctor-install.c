/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nbox's own files on the host: units, what tells others to keep off, and what an administrator has put in their place. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor.h"
#include "shell-word.h"
#include "unit.h"

#define HOST_UNITS "/etc/systemd/system"

static const char *const our_units[] = { "nbox@.service", "nbox-zone@.service", "nbox-return@.service", "nbox-group@.target" };

static const char *const units_lost[] = {
        "No machine runs as a service: no start, no enable",
        "Machines do not find each other by name, and get no address by DHCP",
        "Interfaces of the host's own that a machine was lent do not come back by themselves when its supervisor is killed",
};

static void check_units(Doctor *d) {
        for (size_t i = 0; d->bus && i < ELEMENTSOF(our_units); i++) {
                _cleanup_free_ char *state = NULL;

                if (unit_file_state(d->bus, our_units[i], &state, NULL) < 0)
                        continue;
                if (strncmp(state, "masked", 6) == 0) {
                        doctor_found(d, FOUND_TAKES, "%s is masked", our_units[i]);
                        doctor_means(d, "%s", units_lost[i]);
                        doctor_mend(d, "systemctl unmask%s '%s'", strcmp(state, "masked") == 0 ? "" : " --runtime", our_units[i]);
                } else if (!*state) {
                        doctor_found(d, FOUND_TAKES, "%s is not installed, or systemd has not read it yet", our_units[i]);
                        doctor_means(d, "%s", units_lost[i]);
                        doctor_mend(d, "systemctl daemon-reload");
                }
        }
}

/* A whole file in /etc hides ours, and what later versions change in it. */
static void check_overridden(Doctor *d) {
        for (size_t i = 0; i < ELEMENTSOF(our_units); i++) {
                char path[PATH_MAX];
                struct stat st;

                snprintf(path, sizeof(path), "%s/%s", HOST_UNITS, our_units[i]);
                if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
                        continue;
                doctor_found(d, FOUND_ADVICE, "%s is there in place of the one that comes with nbox", path);
                doctor_means(d, "What a newer nbox changes in its own has no effect; a drop-in (`systemctl edit`) changes single lines");
                doctor_mend(d, "systemctl revert '%s'", our_units[i]);
        }
}

static bool limits_start(const char *path) {
        _cleanup_free_ char *text = doctor_text(path);
        char *save = NULL;

        for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
                line += strspn(line, " \t");
                if (strncmp(line, "TimeoutStartSec=", 16) == 0 && line[16] && strncmp(line + 16, "inf", 3) != 0 && strcmp(line + 16, "0") != 0)
                        return true;
        }
        return false;
}

/* "nbox@.service.d", "nbox@web.service.d" */
static bool is_drop_in_directory(const char *name) {
        size_t n = strlen(name);
        static const char tail[] = ".service.d";

        return strncmp(name, "nbox@", 5) == 0 && n > sizeof(tail) && strcmp(name + n - (sizeof(tail) - 1), tail) == 0;
}

static void look_at_drop_ins(Doctor *d, const char *directory) {
        _cleanup_free_ char *path = NULL;
        _cleanup_closedir_ DIR *dir = NULL;

        if (asprintf(&path, HOST_UNITS "/%s", directory) < 0)
                path = NULL;
        dir = path ? opendir(path) : NULL;
        for (struct dirent *e; dir && (e = readdir(dir));) {
                _cleanup_free_ char *file = NULL, *word = NULL;

                if (e->d_name[0] == '.' || asprintf(&file, "%s/%s", path, e->d_name) < 0 || !limits_start(file))
                        continue;
                word = shell_word(file);
                doctor_found(d, FOUND_TAKES, "%s limits how long a machine may take to start (TimeoutStartSec=)", file);
                doctor_means(d, "A first boot, or an upgrade inside, that takes longer is killed in the middle");
                doctor_mend(d, "sed -i /TimeoutStartSec=/d %s && systemctl daemon-reload", word ?: "");
        }
}

static void check_time_outs(Doctor *d) {
        _cleanup_closedir_ DIR *dir = opendir(HOST_UNITS);

        for (struct dirent *e; dir && (e = readdir(dir));)
                if (is_drop_in_directory(e->d_name))
                        look_at_drop_ins(d, e->d_name);
}

/* Files of ours for other programs, by where they may be. */
typedef struct Rules {
        const char *name, *own; /* below the directories; the administrator's, which hides it */
        const char *places[4];
        const char *unit;       /* that must run for it to matter; NULL: always */
        const char *lost;
} Rules;

static const Rules rules[] = {
        { "10-nbox.rules", "/etc/udev/rules.d/10-nbox.rules", { "/usr/lib/udev/rules.d", "/lib/udev/rules.d", "/usr/local/lib/udev/rules.d" }, NULL,
          "udev, NetworkManager and desktops look into guests' disks, and set up machines' links as if they were the host's" },
        { "10-nbox.network", "/etc/systemd/network/10-nbox.network", { "/usr/lib/systemd/network", "/lib/systemd/network", "/usr/local/lib/systemd/network" },
          "systemd-networkd.service", "systemd-networkd takes the addresses of nbox's bridges away, and machines' networks with them" },
};

static bool is_installed(const Rules *r) {
        for (size_t i = 0; i < ELEMENTSOF(r->places) && r->places[i]; i++) {
                char path[256];

                snprintf(path, sizeof(path), "%s/%s", r->places[i], r->name);
                if (access(path, R_OK) >= 0)
                        return true;
        }
        return false;
}

/* Where nothing is asked of systemd, it may run. */
static bool matters(const Doctor *d, const Rules *r) {
        _cleanup_free_ char *state = NULL;

        return !r->unit || (d->bus && unit_active_state(d->bus, r->unit, &state, NULL) >= 0 && strcmp(state, "active") == 0);
}

static bool has_udev(void) {
        return access("/run/udev/control", F_OK) >= 0;
}

static void check_rules(Doctor *d) {
        for (const Rules *r = rules; has_udev() && r < rules + ELEMENTSOF(rules); r++) {
                struct stat st;

                if (!matters(d, r))
                        continue;
                if (stat(r->own, &st) >= 0 && (S_ISCHR(st.st_mode) || st.st_size == 0)) {
                        doctor_found(d, FOUND_TAKES, "%s has been put in the place of nbox's own, and is empty", r->own);
                        doctor_means(d, "%s", r->lost);
                        doctor_mend(d, "rm %s && udevadm control --reload%s", r->own, r->unit ? " && networkctl reload" : "");
                } else if (!is_installed(r)) {
                        doctor_found(d, FOUND_TAKES, "%s is not installed", r->name);
                        doctor_means(d, "%s: install nbox as a whole (its package, or `meson install`)", r->lost);
                }
        }
}

static void check_completion(Doctor *d) {
        static const char *const places[] = { "/usr/share/bash-completion/completions/nbox", "/usr/local/share/bash-completion/completions/nbox",
                                              "/etc/bash_completion.d/nbox" };
        static const Package package = { { "bash-completion", "bash-completion", "bash-completion", "bash-completion", "bash-completion" } };

        if (!doctor_has_program("bash"))
                return;
        if (access("/usr/share/bash-completion/bash_completion", R_OK) < 0) {
                doctor_found(d, FOUND_ADVICE, "bash-completion is not installed");
                doctor_means(d, "<TAB> completes no verbs and names in bash");
                doctor_mend_package(d, &package);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (access(places[i], R_OK) >= 0)
                        return;
        doctor_found(d, FOUND_ADVICE, "nbox's completion for bash is not installed");
        doctor_means(d, "<TAB> completes no verbs and names: install nbox as a whole (its package, or `meson install`)");
}

const DoctorCheck install_checks[] = {
        { "units", "nbox's units", check_units },
        { "units-own", "units in place of nbox's", check_overridden },
        { "time-outs", "limits on how long a start may take", check_time_outs },
        { "rules", "what tells udev and networkd to keep off", check_rules },
        { "completion", "the shell's completion", check_completion },
        {},
};
