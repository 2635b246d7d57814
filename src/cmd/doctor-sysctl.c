/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Numbers that the kernel counts by, and switches. Those that are counted by user are counted for each machine by itself, since its
 * user namespace belongs to its own root (kernel/namespace.h); for machines without one they are the host root's. */

#include <string.h>

#include "doctor.h"
#include "shell-word.h"

#define NEIGHBOURS_OF_MACHINE 4 /* IPv4, IPv6, its link-local address, and what it asks for */

typedef struct LeastNumber {
        const char *key, *path;
        long long least, better; /* what is enough for some machines, and what to set where there is less */
        const char *means;
} LeastNumber;

static const LeastNumber least_numbers[] = {
        { "kernel.pid_max", "/proc/sys/kernel/pid_max", 32768, 4194304,
          "Some machines at once use them up, and nothing starts any more, not even on the host" },
        { "fs.inotify.max_user_instances", "/proc/sys/fs/inotify/max_user_instances", 128, 512,
          "A machine's systemd, and what else watches files, fails with \"Too many open files\"" },
        { "fs.inotify.max_user_watches", "/proc/sys/fs/inotify/max_user_watches", 8192, 65536,
          "What watches files in a machine fails with \"No space left on device\"" },
        { "kernel.keys.maxkeys", "/proc/sys/kernel/keys/maxkeys", 200, 2000,
          "Containers inside machines (--nesting) fail with \"Disk quota exceeded\"" },
};

static void check_numbers(Doctor *d) {
        for (const LeastNumber *n = least_numbers; n < least_numbers + ELEMENTSOF(least_numbers); n++) {
                long long value = doctor_number(n->path);

                if (value < 0 || value >= n->least)
                        continue;
                doctor_found(d, FOUND_ADVICE, "%s is %lld", n->key, value);
                doctor_means(d, "%s", n->means);
                doctor_mend_sysctl(d, n->key, (unsigned long long) n->better);
        }
}

/* What the kernel drops packets for, saying so in its log alone. */
static void check_neighbours(Doctor *d) {
        static const char *const families[] = { "ipv4", "ipv6" };

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                long long least = 1024, value;
                char path[96], key[64];

                snprintf(path, sizeof(path), "/proc/sys/net/%s/neigh/default/gc_thresh3", families[i]);
                snprintf(key, sizeof(key), "net.%s.neigh.default.gc_thresh3", families[i]);
                while (least < (long long) d->n_images * NEIGHBOURS_OF_MACHINE)
                        least *= 2;
                value = doctor_number(path);
                if (value < 0 || value >= least)
                        continue;
                doctor_found(d, FOUND_ADVICE, "%s is %lld, and there are %zu images", key, value, d->n_images);
                doctor_means(d, "With that many machines at once the host forgets who is where, and connections hang (\"neighbour table overflow\")");
                doctor_mend_sysctl(d, key, (unsigned long long) least);
        }
}

/* nbox makes the user namespaces of machines as the host's root, whom neither binds. In a machine nobody is the host's root. */
static void check_unprivileged(Doctor *d) {
        static const char means[] = "Machines start all the same, for the host's root makes them; but what makes user namespaces inside one fails, "
                                    "as podman and browsers' sandboxes do";

        if (doctor_number("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
                doctor_found(d, FOUND_ADVICE, "kernel.unprivileged_userns_clone is 0");
                doctor_means(d, "%s", means);
                doctor_mend_sysctl(d, "kernel.unprivileged_userns_clone", 1);
        }
        if (doctor_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
                doctor_found(d, FOUND_ADVICE, "kernel.apparmor_restrict_unprivileged_userns is 1");
                doctor_means(d, "%s", means);
                doctor_mend_sysctl(d, "kernel.apparmor_restrict_unprivileged_userns", 0);
        }
}

/* The last word in a file is what `sysctl --system` sets, at each boot and with many an upgrade. */
static bool switches_off(const char *path, const char *key) {
        _cleanup_free_ char *text = doctor_text(path);
        char *save = NULL;
        bool off = false;

        for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
                line += strspn(line, " \t-");
                if (strncmp(line, key, strlen(key)) == 0) {
                        line += strlen(key);
                        line += strspn(line, " \t");
                        if (*line == '=')
                                off = strtol(line + 1, NULL, 10) == 0;
                }
        }
        return off;
}

static void found_off(Doctor *d, const char *path) {
        doctor_found(d, FOUND_TAKES, "%s switches net.ipv4.ip_forward off", path);
        doctor_means(d, "A start of a machine switches it on; each time that the host's sysctls are set anew, machines that run lose the network");
        doctor_mend(d, "sed -i 's/^[ \\t-]*net\\.ipv4\\.ip_forward/#&/' %s", path);
}

static void check_forwarding_file(Doctor *d) {
        static const char directory[] = "/etc/sysctl.d";
        _cleanup_closedir_ DIR *dir = opendir(directory);

        if (switches_off("/etc/sysctl.conf", "net.ipv4.ip_forward"))
                found_off(d, "/etc/sysctl.conf");
        for (struct dirent *e; dir && (e = readdir(dir));) {
                char path[sizeof(directory) + sizeof(e->d_name)];

                snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
                if (shell_word_is_plain(path) && strcmp(path, "/etc/sysctl.d/99-sysctl.conf") != 0 &&
                    switches_off(path, "net.ipv4.ip_forward"))
                        found_off(d, path);
        }
}

const DoctorCheck sysctl_checks[] = {
        { "sysctls", "how many of what the kernel allows", check_numbers },
        { "neighbours", "the tables of neighbours, for many machines", check_neighbours },
        { "unprivileged", "user namespaces inside machines", check_unprivileged },
        { "sysctl-files", "files that switch forwarding off", check_forwarding_file },
        {},
};
