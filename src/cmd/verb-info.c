/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "cgroup.h"
#include "file.h"
#include "firewall.h"
#include "lxcfs.h"
#include "parse.h"
#include "registration.h"
#include "table.h"
#include "verb-list.h"

/* What this host has for machines, and thus what nbox will do on it: the first thing to ask for in a report of trouble. */

typedef struct Fact {
        const char *key, *label;
        char value[256];
} Fact;

enum { FACT_VERSION, FACT_KERNEL, FACT_SYSTEMD, FACT_CGROUPS, FACT_FIREWALL, FACT_USERNS, FACT_SELINUX, FACT_LXCFS, N_FACTS };

static void say(Fact *f, const char *text) {
        snprintf(f->value, sizeof(f->value), "%s", text);
}

static void find_kernel(Fact *f) {
        struct utsname u;

        if (uname(&u) >= 0)
                snprintf(f->value, sizeof(f->value), "%.60s (%.60s)", u.release, u.machine);
}

static void find_systemd(Fact *f) {
        _cleanup_(error_freep) Error *error = NULL;
        sd_bus *bus = NULL;
        int r = host_bus_open(&bus, &error);

        if (r > 0)
                say(f, "yes: machines are registered and have scopes and slices");
        else if (r == 0)
                say(f, "no: machines run without units, and are not registered");
        else
                snprintf(f->value, sizeof(f->value), "not usable: %.100s", error ? error->message : strerror(-r));
        sd_bus_flush_close_unref(bus);
}

static void find_cgroups(Fact *f) {
        const char *mount = cgroup_mount_point();
        const char *kind = mount && strcmp(mount, "/sys/fs/cgroup") == 0 ? "unified" : "hybrid";
        _cleanup_free_ char *controllers = NULL;

        if (!mount)
                say(f, "no unified hierarchy");
        else if (cgroup_controllers(&controllers) < 0 || !*controllers)
                snprintf(f->value, sizeof(f->value), "%s, without controllers: no limits", kind);
        else
                snprintf(f->value, sizeof(f->value), "%s, controllers: %.90s", kind, controllers);
}

static void find_firewall(Fact *f) {
        char text[FIREWALL_TEXT_MAX];

        if (geteuid() == 0)
                firewall_describe(text);
        say(f, geteuid() == 0 ? text : "not known without root");
}

static void find_userns(Fact *f) {
        _cleanup_free_ char *text = NULL;
        uint64_t max = 0;

        if (file_read(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64, &text) >= 0) {
                text[strcspn(text, "\n")] = 0;
                (void) parse_u64(text, UINT64_MAX, &max);
        }
        say(f, max > 0 ? "yes" : "no: only --private-users=no");
}

static void find_selinux(Fact *f) {
        _cleanup_free_ char *text = NULL;

        if (file_read(AT_FDCWD, "/sys/fs/selinux/enforce", 16, &text) < 0)
                say(f, "off");
        else
                say(f, text[0] == '1' ? "enforcing" : "permissive");
}

static int print_facts(const Fact *facts, bool as_json, Error **reterr) {
        json_t *o;

        if (!as_json) {
                for (size_t i = 0; i < N_FACTS; i++)
                        printf("%16s: %s\n", facts[i].label, facts[i].value);
                return 0;
        }
        o = json_object();
        for (size_t i = 0; i < N_FACTS; i++)
                if (json_object_set_new(o, facts[i].key, json_text(facts[i].value)) < 0) {
                        json_decref(o);
                        return error_oom(reterr);
                }
        return json_print(o, reterr);
}

int verb_info(int argc, char **argv, Error **reterr) {
        Fact facts[N_FACTS] = {
                [FACT_VERSION] = { "version", "nbox", NBOX_VERSION },
                [FACT_KERNEL] = { "kernel", "Kernel", "" },
                [FACT_SYSTEMD] = { "systemd", "systemd", "" },
                [FACT_CGROUPS] = { "cgroups", "Control groups", "" },
                [FACT_FIREWALL] = { "firewall", "Firewall", "" },
                [FACT_USERNS] = { "user_namespaces", "User namespaces", "" },
                [FACT_SELINUX] = { "selinux", "SELinux", "" },
                [FACT_LXCFS] = { "lxcfs", "lxcfs", "" },
        };
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 0, 0, reterr);
        if (r < 0)
                return r;
        find_kernel(&facts[FACT_KERNEL]);
        find_systemd(&facts[FACT_SYSTEMD]);
        find_cgroups(&facts[FACT_CGROUPS]);
        find_firewall(&facts[FACT_FIREWALL]);
        find_userns(&facts[FACT_USERNS]);
        find_selinux(&facts[FACT_SELINUX]);
        say(&facts[FACT_LXCFS], lxcfs_is_mounted() ? "yes: figures in /proc are the machine's" : "no: figures in /proc are the host's");
        return print_facts(facts, args.json, reterr);
}
