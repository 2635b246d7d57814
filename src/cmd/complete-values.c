/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The values of options: by the words that their table has, or by what --help calls their argument. */

#include <signal.h>
#include <string.h>

#include "complete.h"
#include "enums.h"
#include "machine-json.h"
#include "options.h"
#include "property.h"

static void offer_enum(const Completion *c, const EnumName *values) {
        for (const EnumName *v = values; v && v->name; v++)
                complete_offer(c, v->name, NULL);
}

static void offer_directories(const Completion *c) {
        complete_offer_paths(c, true);
}

/* SOURCE:DEST:OPTIONS. SOURCE is the host's; what is inside, we do not know. */
static void offer_bind(const Completion *c) {
        const char *part = complete_part(c), *first = strchr(part, ':');
        Completion inner = *c;

        if (!first) {
                inner.done += strspn(part, "+-");
                complete_offer_paths(&inner, false);
                return;
        }
        if (!strchr(first + 1, ':'))
                return;
        inner = complete_behind(c, ':');
        inner = complete_behind(&inner, ',');
        offer_enum(&inner, bind_option_names);
}

/* NAME[,address=A][,mac=M] */
static void offer_nic(const Completion *c) {
        Completion behind = complete_behind(c, ',');

        if (behind.done == c->done) {
                complete_zones(c);
                return;
        }
        complete_offer(&behind, "address=", "an address of the zone's range");
        complete_offer(&behind, "mac=", "the MAC address of the machine's end");
}

static void offer_network(const Completion *c) {
        static const char zone[] = "zone:";
        Completion behind = *c;

        if (strncmp(complete_part(c), zone, strlen(zone)) == 0) {
                behind.done += strlen(zone);
                offer_nic(&behind);
                return;
        }
        offer_enum(c, network_kind_names);
        complete_offer(c, "zone:", "a zone by its name");
}

/* The protocol stands before, as systemd-nspawn has it, or behind a slash. */
void complete_new_port(const Completion *c) {
        Completion behind = complete_behind(c, '/');

        if (behind.done > c->done) {
                offer_enum(&behind, protocol_names);
                return;
        }
        for (const EnumName *v = protocol_names; v->name; v++) {
                char word[32];

                snprintf(word, sizeof(word), "%s:", v->name);
                complete_offer(c, word, "HOST[:MACHINE]");
        }
        complete_offer(c, "127.0.0.1:", "HOST[:MACHINE], for the host alone");
}

static void offer_host_port(const Completion *c) {
        Completion behind = complete_behind(c, '/');

        if (behind.done > c->done)
                offer_enum(&behind, protocol_names);
}

static void offer_signals(const Completion *c) {
        static const struct {
                const char *name, *about;
        } special[] = {
                { "SIGRTMIN+3", "systemd: halt" }, { "SIGRTMIN+4", "systemd: power off" }, { "SIGRTMIN+5", "systemd: reboot" },
        };

        for (int i = 1; i < SIGRTMIN; i++) {
                const char *name = sigabbrev_np(i);
                char word[32];

                if (!name)
                        continue;
                snprintf(word, sizeof(word), "SIG%s", name);
                complete_offer(c, word, sigdescr_np(i));
        }
        for (size_t i = 0; i < ELEMENTSOF(special); i++)
                complete_offer(c, special[i].name, special[i].about);
}

static void offer_environment(const Completion *c) {
        for (char **e = environ; *e; e++) {
                _cleanup_free_ char *name = strndup(*e, strcspn(*e, "="));

                if (name && !strchr(complete_part(c), '='))
                        complete_offer(c, name, NULL);
        }
}

static void offer_properties(const Completion *c) {
        const char *name, *allowed;

        for (size_t i = 0; property_iterate(i, &name, &allowed); i++) {
                char word[80];

                snprintf(word, sizeof(word), "%s=", name);
                complete_offer(c, word, allowed);
        }
}

/* What `show` has; several with commas. */
static void offer_shown(const Completion *c) {
        Completion last = complete_behind(c, ',');

        for (const RecordField *f = record_fields; f->key; f++)
                complete_offer(&last, f->key, NULL);
}

static void offer_slices(const Completion *c) {
        _cleanup_closedir_ DIR *d = opendir("/sys/fs/cgroup/machine.slice");

        complete_offer(c, "machine.slice", "what all machines are below");
        for (struct dirent *e; d && (e = readdir(d));) {
                size_t n = strlen(e->d_name);

                if (n > strlen(".slice") && strcmp(e->d_name + n - strlen(".slice"), ".slice") == 0)
                        complete_offer(c, e->d_name, NULL);
        }
}

static void offer_root(const Completion *c) {
        complete_offer(c, "root", NULL);
}

/* What an argument's placeholder stands for; where several options share one, by the option's name. */
static const struct {
        const char *placeholder, *option;
        void (*offer)(const Completion *c);
} sources[] = {
        { "DIR", NULL, offer_directories },
        { "SOURCE[:DEST[:OPTIONS]]", NULL, offer_bind },
        { "KIND", NULL, offer_network },
        { "[ADDR:]HOST[:MACHINE][/PROTO]", NULL, complete_new_port },
        { "HOST[:MACHINE][/PROTO]", NULL, offer_host_port },
        { "SIGNAL", NULL, offer_signals },
        { "SLICE", NULL, offer_slices },
        { "USER", NULL, offer_root },
        { "NAME[=VALUE]", NULL, offer_environment },
        { "NAME=VALUE", "property", offer_properties },
        { "NAME", "property", offer_shown },
        { "NAME[,address=A][,mac=M]", NULL, offer_nic },
        { "NAME", "machine", complete_with_settings },
};

/* "leader|all", "busybox|debian[:RELEASE]": the words themselves. */
static void offer_alternatives(const Completion *c, const char *placeholder) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

        if (!strchr(placeholder, '|'))
                return;
        for (const char *p = placeholder; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
                _cleanup_free_ char *word = strndup(p, strspn(p, letters));

                if (word && *word)
                        complete_offer(c, word, NULL);
        }
}

void complete_values(const Completion *c, const ArgSpec *spec) {
        const Option *o = c->verb->flags & VERB_CONFIG ? (const Option *) spec : NULL;

        for (size_t i = 0; i < ELEMENTSOF(sources); i++)
                if (strcmp(spec->placeholder, sources[i].placeholder) == 0 &&
                    (!sources[i].option || (spec->name && strcmp(spec->name, sources[i].option) == 0))) {
                        sources[i].offer(c);
                        return;
                }
        if (o)
                offer_enum(c, strcmp(o->spec.placeholder, "BOOL") == 0 ? boolean_names : o->values);
        else
                offer_alternatives(c, spec->placeholder);
}
