/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include "config.h"
#include "options.h"

#include "nics.h"
#include "unit.h"

/* The command line of a verb as C words: PARSE("boot", "-D", "/srv/web"). */
#define WORDS(...) (char **) (const char *[]){ __VA_ARGS__, NULL }
#define PARSE(...) parse(WORDS(__VA_ARGS__), &error)
#define REFUSED(text, ...) refused(WORDS(__VA_ARGS__), text, NULL)
#define REFUSED_WITH_HINT(text, hint, ...) refused(WORDS(__VA_ARGS__), text, hint)

static int parse_into(MachineConfig *c, char **argv, Error **reterr) {
        int r = config_parse_argv(c, (int) strv_length(argv), argv, reterr);

        return r < 0 ? r : config_validate(c, reterr);
}

static MachineConfig *parse(char **argv, Error **error) {
        MachineConfig *c = config_new(strcmp(argv[0], "boot") == 0 ? START_BOOT : START_RUN);

        assert_non_null(c);
        if (parse_into(c, argv, error) < 0)
                fail_msg("%s: refused: %s", argv[strv_length(argv) - 1], (*error)->message);
        return c;
}

static void refused(char **argv, const char *text, const char *hint) {
        _cleanup_(config_freep) MachineConfig *c = config_new(strcmp(argv[0], "boot") == 0 ? START_BOOT : START_RUN);
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *line = strv_join(argv, " ");
        int r = parse_into(c, argv, &error);

        if (r >= 0)
                fail_msg("'%s' is accepted", line);
        assert_non_null(error);
        assert_int_equal(r, error->code);
        if (!strstr(error->message, text))
                fail_msg("'%s': '%s' does not say '%s'", line, error->message, text);
        if (hint && (!error->hint || !strstr(error->hint, hint)))
                fail_msg("'%s': the hint '%s' does not say '%s'", line, error->hint ? error->hint : "", hint);
}

static void nothing_is_set_by_default(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("boot", "/srv/web");

        assert_string_equal(c->directory, "/srv/web");
        assert_string_equal(c->image, "/srv/web");
        assert_string_equal(c->machine, "web");
        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                if (f != FIELD_DIRECTORY && f != FIELD_MACHINE)
                        assert_false(field_is_set(c, f));
}

static void operand_is_directory_or_name(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *cwd = getcwd(NULL, 0), *relative = NULL;
        _cleanup_(config_freep) MachineConfig *name = PARSE("boot", "web-1");
        _cleanup_(config_freep) MachineConfig *here = PARSE("boot", "-Mx", ".");
        _cleanup_(config_freep) MachineConfig *below = PARSE("boot", "a/b_c");
        _cleanup_(config_freep) MachineConfig *option = PARSE("run", "-D", "/srv/t", "ls", "-l");
        _cleanup_(config_freep) MachineConfig *by_machine = PARSE("boot", "--machine=web");

        assert_null(name->directory);
        assert_string_equal(name->image, "web-1");
        assert_string_equal(name->machine, "web-1");
        assert_string_equal(here->directory, cwd);
        assert_string_equal(here->machine, "x");
        assert_true(asprintf(&relative, "%s/a/b_c", cwd) > 0);
        assert_string_equal(below->directory, relative);
        assert_string_equal(below->machine, "bc");
        assert_string_equal(option->directory, "/srv/t");
        assert_null(option->image);
        assert_string_equal(option->parameters[0], "ls");
        assert_string_equal(option->parameters[1], "-l");
        assert_string_equal(by_machine->image, "web");
        assert_null(by_machine->directory);
}

static void options_end_at_the_operand(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("run", "-q", "web", "sh", "-c", "--hostname=x", "--");
        _cleanup_(config_freep) MachineConfig *d = PARSE("run", "-q", "--", "web", "-x");

        assert_int_equal(strv_length(c->parameters), 4);
        assert_string_equal(c->parameters[2], "--hostname=x");
        assert_string_equal(c->parameters[3], "--");
        assert_null(c->hostname);
        assert_int_equal(c->quiet, 1);
        assert_string_equal(d->image, "web");
        assert_string_equal(d->parameters[0], "-x");
}

static void every_form_of_an_option(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *a = PARSE("run", "--user=joe", "w", "x");
        _cleanup_(config_freep) MachineConfig *b = PARSE("run", "--uid", "joe", "w", "x");
        _cleanup_(config_freep) MachineConfig *c = PARSE("run", "-qaujoe", "w", "x");
        _cleanup_(config_freep) MachineConfig *d = PARSE("run", "-qau", "joe", "-U", "w", "x");
        _cleanup_(config_freep) MachineConfig *e = PARSE("boot", "-bqUd", "--private-users", "w");

        assert_string_equal(a->user, "joe");
        assert_string_equal(b->user, "joe");
        assert_string_equal(c->user, "joe");
        assert_int_equal(c->as_pid2, 1);
        assert_string_equal(d->user, "joe");
        assert_int_equal(d->userns, USERNS_PICK);
        assert_int_equal(e->userns, USERNS_PICK);
        assert_int_equal(e->detach, 1);
        assert_string_equal(e->machine, "w");
}

static void bad_command_lines(void **state _unused_) {
        REFUSED_WITH_HINT("Unknown option --hostnmae", "--hostname?", "boot", "--hostnmae=x", "w");
        REFUSED_WITH_HINT("Unknown option --host", "--hostname?", "boot", "--host", "w");
        REFUSED("Unknown option --frobnicate-it", "boot", "--frobnicate-it", "w");
        REFUSED("Unknown option -y", "boot", "-qy", "w");
        REFUSED("Unknown option --", "boot", "--=", "w");
        REFUSED("--read-only takes no argument", "boot", "--read-only=yes", "w");
        REFUSED("--hostname needs an argument: NAME", "boot", "--hostname");
        REFUSED("only for `nbox run`", "boot", "--user=x", "w");
        REFUSED("only for `nbox boot`", "run", "-b", "w", "x");
        REFUSED_WITH_HINT("Which tree?", "nbox boot", "boot");
        REFUSED_WITH_HINT("No command", "/bin/sh", "run", "w");
        REFUSED("command to run is empty", "run", "w", "");
        REFUSED("is empty", "boot", "");
        REFUSED("control characters", "boot", "a\nb");
        REFUSED("control characters", "boot", "/srv/a\x1b[31m");
        REFUSED("begins with '.'", "boot", ".hidden");
        REFUSED("No machine name", "boot", "/");
        REFUSED("longer than 64", "boot", "a2345678901234567890123456789012345678901234567890123456789012345");
        REFUSED("Cannot find", "boot", "/no/such/../thing");
        REFUSED("is not a machine name", "boot", "-M", "a/b", "/srv/x");
}

static void good_values(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("run", "--hostname=h.example", "--uuid=01020304-0506-0708-090a-0b0c0d0e0f10",
                "--read-only", "-E", "A=1", "-EA=2", "--setenv=B=x y", "--chdir=/srv", "--register=no", "-S", "my.slice",
                "--property=MemoryMax=1G", "--property", "TasksMax=5", "--kill-signal=SIGRTMIN+4", "--resolv-conf=copy-host",
                "--timezone=off", "--stop-timeout=2min 30s", "--console=pipe", "--json", "--dry-run", "--settings=override",
                "--private-users=524288:131072", "web", "true");

        assert_string_equal(c->hostname, "h.example");
        assert_int_equal(c->id[0], 1);
        assert_int_equal(c->id[15], 16);
        assert_int_equal(c->read_only, 1);
        assert_int_equal(strv_length(c->environment), 2);
        assert_string_equal(strv_env_get(c->environment, "A"), "2");
        assert_string_equal(strv_env_get(c->environment, "B"), "x y");
        assert_string_equal(c->chdir, "/srv");
        assert_int_equal(c->registered, 0);
        assert_string_equal(c->slice, "my.slice");
        assert_int_equal(strv_length(c->properties), 2);
        assert_int_equal(c->kill_signal, SIGRTMIN + 4);
        assert_int_equal(c->resolv_conf, RESOLV_CONF_COPY_HOST);
        assert_int_equal(c->timezone, TIMEZONE_OFF);
        assert_int_equal(c->stop_timeout_usec, 150000000);
        assert_int_equal(c->console, CONSOLE_PIPE);
        assert_int_equal(c->settings, SETTINGS_OVERRIDE);
        assert_int_equal(c->userns, USERNS_FIXED);
        assert_int_equal(c->uid_base, 524288);
        assert_int_equal(c->uid_range, 131072);
}

static void bad_values(void **state _unused_) {
        REFUSED("--hostname=: 'a b' is not a host name", "boot", "--hostname=a b", "w");
        REFUSED("is not a host name", "boot", "--hostname=a\nb", "w");
        REFUSED("is not a machine id", "boot", "--uuid=12", "w");
        REFUSED("not all zero", "boot", "--uuid=00000000000000000000000000000000", "w");
        REFUSED("is not NAME=VALUE", "boot", "--setenv=1A=2", "w");
        REFUSED("is not NAME=VALUE", "boot", "--setenv==2", "w");
        REFUSED("control characters", "boot", "--setenv=A=\x1b[0m", "w");
        REFUSED("is not a group", "run", "--user=a:b:c", "w", "x");
        REFUSED("is not a group", "run", "--user=a:", "w", "x");
        REFUSED("is not a user", "run", "--user=:b", "w", "x");
        REFUSED("is not a group id", "run", "--user=0:4294967295", "w", "x");
        REFUSED("is not a user", "run", "--user=", "w", "x");
        REFUSED("is not a user id", "run", "--user=4294967295", "w", "x");
        REFUSED("is not an absolute path", "boot", "--chdir=srv", "w");
        REFUSED("is not an absolute path", "boot", "--chdir=/srv/../etc", "w");
        REFUSED("neither yes nor no", "boot", "--register=maybe", "w");
        REFUSED("is not a slice", "boot", "--slice=../x.slice", "w");
        REFUSED("is not a slice", "boot", "--slice=a--b", "w");
        REFUSED("is not a slice", "boot", "--slice=-.slice", "w");
        REFUSED("is not a slice", "boot", "--slice=.slice", "w");
        REFUSED("is not NAME=VALUE", "boot", "--property=MemoryMax", "w");
        REFUSED("is not NAME=VALUE", "boot", "--property=Memory Max=1", "w");
        REFUSED("is not NAME=VALUE", "boot", "--property=A=b\nc", "w");
        REFUSED("is not a signal", "boot", "--kill-signal=SIGNOPE", "w");
        REFUSED("is not a signal", "boot", "--kill-signal=99", "w");
        REFUSED("is not one of off, copy-host", "boot", "--resolv-conf=maybe", "w");
        REFUSED("is not one of off, copy, bind, symlink, delete or auto", "boot", "--timezone=UTC", "w");
        REFUSED("is not a time", "boot", "--stop-timeout=", "w");
        REFUSED("is not a time", "boot", "--stop-timeout=-5", "w");
        REFUSED("is not a time", "boot", "--stop-timeout=5 parsec", "w");
        REFUSED("is not a time", "boot", "--stop-timeout=99999999999999999999", "w");
        REFUSED("is not one of interactive", "boot", "--console=tty", "w");
        REFUSED("is not one of no, yes, override or trusted", "boot", "--settings=some", "w");
        REFUSED("is not one of no, pick", "boot", "--private-users=some", "w");
        REFUSED("is not BASE[:COUNT]", "boot", "--private-users=10:", "w");
        REFUSED("is not BASE[:COUNT]", "boot", "--private-users=10:0", "w");
        REFUSED("is not BASE[:COUNT]", "boot", "--private-users=4294967290:100", "w");
        REFUSED("--json is the form", "boot", "--json", "w");
        REFUSED_WITH_HINT("has no terminal", "nbox console w", "boot", "-d", "--console=interactive", "w");
}

static void good_mounts(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("boot", "--bind=/data", "--bind-ro=-/opt/x\\:y:/opt/z:norbind,idmap",
                "--bind=+/var/a:/var/b:rootidmap", "--bind=/usr/../usr:/mnt/usr", "--tmpfs=/scratch", "--tmpfs=/t:mode=0700,size=1M", "w");
        static const struct {
                const char *source, *destination;
                bool from_root, read_only, recursive, optional;
                int idmap;
        } expected[] = {
                { "/data", "/data", false, false, true, false, -1 },
                { "/opt/x:y", "/opt/z", false, true, false, true, 1 },
                { "/var/a", "/var/b", true, false, true, false, 2 },
                { "/usr", "/mnt/usr", false, false, true, false, -1 },
        };

        assert_int_equal(c->n_binds, ELEMENTSOF(expected));
        for (size_t i = 0; i < c->n_binds; i++) {
                const BindMount *b = &c->binds[i];

                assert_string_equal(b->source, expected[i].source);
                assert_string_equal(b->destination, expected[i].destination);
                assert_int_equal(b->from_root, expected[i].from_root);
                assert_int_equal(b->read_only, expected[i].read_only);
                assert_int_equal(b->recursive, expected[i].recursive);
                assert_int_equal(b->optional, expected[i].optional);
                assert_int_equal(b->idmap, expected[i].idmap);
        }
        assert_int_equal(c->n_tmpfs, 2);
        assert_string_equal(c->tmpfs[0].destination, "/scratch");
        assert_null(c->tmpfs[0].options);
        assert_string_equal(c->tmpfs[1].options, "mode=0700,size=1M");
}

static void bad_mounts(void **state _unused_) {
        REFUSED("source is empty", "boot", "--bind=:/x", "w");
        REFUSED("is not an absolute path", "boot", "--bind=/x:y", "w");
        REFUSED("is not an absolute path", "boot", "--bind=/x:/y/../..", "w");
        REFUSED("is not an absolute path", "boot", "--bind=/x:/y\n", "w");
        REFUSED("is not an absolute path", "boot", "--bind=/x:", "w");
        REFUSED("is not an absolute path", "boot", "--bind=+../x", "w");
        REFUSED("control characters", "boot", "--bind=/x\n:/y", "w");
        REFUSED("the root of the machine", "boot", "--bind=/x:/", "w");
        REFUSED("the root of the machine", "boot", "--tmpfs=//", "w");
        REFUSED("is not one of rbind", "boot", "--bind=/x:/y:exec", "w");
        REFUSED("More than SOURCE:DEST:OPTIONS", "boot", "--bind=/x:/y:rbind:z", "w");
        REFUSED("is not an absolute path", "boot", "--tmpfs=x", "w");
        REFUSED("control characters", "boot", "--tmpfs=/x:mode=1\n", "w");
        REFUSED_WITH_HINT("Two mounts", "Leave out one", "boot", "--tmpfs=/x/", "--bind=/a://x", "w");
}

static void network_words(void **state _unused_) {
        static const struct {
                const char *words[3];
                NetworkKind kind;
                const char *zone;
        } cases[] = {
                { { "--network=zone" }, NETWORK_OWN, "default" },
                { { "--network=default-zone" }, NETWORK_OWN, "default" },
                { { "--network=zone:lab" }, NETWORK_OWN, "lab" },
                { { "--network=host" }, NETWORK_HOST, NULL },
                { { "--network=none" }, NETWORK_NONE, NULL },
                { { "--private-network" }, NETWORK_NONE, NULL },
                { { "--private-network", "--network=none" }, NETWORK_NONE, NULL },
                { { "-n" }, NETWORK_OWN, "" },
                { { "--network=ns:/run/netns/x" }, NETWORK_NAMESPACE, NULL },
                { { "--network-namespace-path=/run/netns/x" }, NETWORK_NAMESPACE, NULL },
                { { "--network=zone", "--network=ns:/run/netns/x" }, NETWORK_NAMESPACE, NULL },
                { { "--network=ns:/run/netns/x", "--network=zone:lab" }, NETWORK_OWN, "lab" },
                { { "--network=none", "--network=zone:lab" }, NETWORK_OWN, "lab" },
                { { "--network-zone=lab" }, NETWORK_OWN, "lab" },
                { { "--network-zone=lab", "--private-network", "-n" }, NETWORK_OWN, "lab" },
                { { "--private-network", "--network-zone=lab" }, NETWORK_OWN, "lab" },
                { { "--network=zone:lab", "--network=none" }, NETWORK_NONE, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(config_freep) MachineConfig *c = NULL;
                char *argv[6] = { (char *) "boot" };
                size_t n = 1;

                for (size_t j = 0; j < 3 && cases[i].words[j]; j++)
                        argv[n++] = (char *) cases[i].words[j];
                argv[n] = (char *) "w";
                c = parse(argv, &error);
                assert_int_equal(c->network, cases[i].kind);
                if (cases[i].zone)
                        assert_string_equal(c->nics.items[0].zone, cases[i].zone);
                else
                        assert_int_equal(c->nics.n, 0);
        }
        REFUSED("contradicts", "boot", "--network=none", "--network-zone=x", "w");
        REFUSED("contradicts", "boot", "--network=host", "-n", "w");
        REFUSED("contradicts", "boot", "--network=host", "--private-network", "w");
        REFUSED("contradicts", "boot", "--network=ns:/x", "-n", "w");
        REFUSED("contradicts", "boot", "--network-namespace-path=/x", "--private-network", "w");
        REFUSED("contradicts", "boot", "--network-namespace-path=/x", "--network=host", "w");
        REFUSED("missing: ns:PATH", "boot", "--network=ns:", "w");
        REFUSED("missing: ns:PATH", "boot", "--network=ns", "w");
        REFUSED_WITH_HINT("is not one of zone", "Did you mean bridge?", "boot", "--network=bridges", "w");
        REFUSED_WITH_HINT("is not one of zone", "Did you mean veth?", "boot", "--network=veht,mac=02:00:00:00:00:01", "w");
        REFUSED("is not the name of a bridge", "boot", "--network=bridge:a:b", "w");
        REFUSED("missing: bridge:BRIDGE", "boot", "--network=bridge", "w");
        REFUSED("is not a zone", "boot", "--network=zone:", "w");
        REFUSED("is not a zone", "boot", "--network=zone:a/b", "w");
        REFUSED("is not a zone", "boot", "--network-zone=thirteenbytes", "w");
}

/* What the words were understood as, in order, with blanks between. */
static void check_nics(const char *wanted, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = parse(argv, &error);
        char all[NICS_MAX * (NIC_TEXT_MAX + 1)] = "";

        assert_int_equal(c->network, NETWORK_OWN);
        for (size_t i = 0; i < c->nics.n; i++) {
                char text[NIC_TEXT_MAX], text_again[NIC_TEXT_MAX];
                NicConfig again;

                nic_format(c->nics.items + i, text);
                assert_ok(nic_parse(text, &again, &error));
                nic_format(&again, text_again);
                assert_string_equal(text, text_again);
                strcat(strcat(all, i > 0 ? " " : ""), text);
        }
        assert_string_equal(all, wanted);
}

#define NICS(wanted, ...) check_nics(wanted, (char *[]){ (char *) "boot", __VA_ARGS__, (char *) "w", NULL })

static void kinds_of_interfaces(void **state _unused_) {
        char longest[LINK_NAME_MAX + 2] = "", word[LINK_NAME_MAX + 32];

        NICS("veth", (char *) "--network=veth");
        NICS("veth", (char *) "-n");
        NICS("bridge:br0", (char *) "-n", (char *) "--network-bridge=br0");
        NICS("zone:lab", (char *) "--network-zone=lab", (char *) "-n");
        NICS("zone:lab veth macvlan:eth0", (char *) "--network-macvlan=eth0", (char *) "--network=zone:lab", (char *) "-n");
        NICS("veth macvlan:eth0 ipvlan:eth1 interface:eth2,name=lan0 veth-extra:a veth-extra:b:c",
             (char *) "--network-macvlan=eth0", (char *) "--network-ipvlan=eth1", (char *) "--network-interface=eth2:lan0", (char *) "-n",
             (char *) "--network-veth-extra=a", (char *) "--network-veth-extra=b:c");
        NICS("bridge:br0,vlan=12,address=192.0.2.7/24,gateway=192.0.2.1,address=2001:db8::7/64,gateway=fe80::1,mac=02:00:00:00:00:01,name=lan0",
             (char *) "--network=bridge:br0,name=lan0,mac=02:00:00:00:00:01,address=192.0.2.7/24,gateway=192.0.2.1,address=2001:DB8::7/64,"
                      "gateway=fe80::1,vlan=12");
        NICS("veth-extra:a:b", (char *) "--network=veth:a:b");
        memset(longest, 'a', LINK_NAME_MAX);
        snprintf(word, sizeof(word), "--network=macvlan:%s", longest);
        NICS(word + strlen("--network="), word);
        memset(longest, 'a', LINK_NAME_MAX + 1);
        snprintf(word, sizeof(word), "--network=macvlan:%s", longest);
        REFUSED("is not the name of an interface", "boot", word, "w");
}

static void bad_interfaces(void **state _unused_) {
        static const char *const bad[] = {
                "macvlan:", "macvlan:a/b", "macvlan:..", "macvlan:a b", "macvlan:a\nb", "macvlan:a:b:c", "macvlan:a:", "macvlan:a:sixteen-bytes-ab",
                "macvlan:a:lo", "macvlan:a:x%d", "macvlan:a:*", "macvlan:a,vlan=1", "macvlan:a,name=", "macvlan:a,name", "macvlan:a,", "veth:", "veth:a*",
                "veth:sixteen-bytes-ab", "veth-extra", "bridge:b,vlan=0", "bridge:b,vlan=4095", "bridge:b,vlan=+1", "ipvlan:a,mac=02:00:00:00:00:01",
                "interface:a,mac=02:00:00:00:00:01", "interface:a,name=b,name=c", "veth,address=10.0.0.1", "veth,address=10.0.0.1/0",
                "veth,address=10.0.0.1/33", "veth,address=10.0.0.1/24/", "veth,address=fd00::1/129", "veth,address=::1/64", "veth,address=ff02::1/64",
                "veth,address=127.0.0.1/8", "veth,address=224.0.0.1/8", "veth,address=10.0.0.1/24,address=10.0.0.2/24", "veth,gateway=10.0.0.1",
                "veth,address=10.0.0.1/24,gateway=10.0.1.1", "veth,address=10.0.0.1/24,gateway=10.0.0.1", "veth,address=10.0.0.1/24,gateway=fd00::1",
                "veth,address=10.0.0.2/24,gateway=10.0.0.1,gateway=10.0.0.3", "zone:lab,gateway=10.0.0.1", "zone:lab,vlan=2", "host,mac=02:00:00:00:00:01",
                "none:x", "Veth", "",
        };
        char word[128];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                snprintf(word, sizeof(word), "--network=%s", bad[i]);
                REFUSED("", "boot", word, "w");
        }
        REFUSED("same link", "boot", "--network-interface=a", "--network-interface=a", "w");
        REFUSED("same link", "boot", "--network=veth:a", "--network-veth-extra=a:b", "w");
        REFUSED("same name", "boot", "--network=veth:a:x", "--network=macvlan:e:x", "w");
        REFUSED("same address", "boot", "--network=veth,address=10.0.0.1/24", "--network=bridge:b,address=10.0.0.1/8", "w");
        REFUSED("at most 8", "boot", "--network=veth", "--network=veth", "--network=veth", "--network=veth", "--network=veth", "--network=veth",
                "--network=veth", "--network=veth", "--network=veth", "w");
        REFUSED("cannot be published with --network=macvlan", "boot", "--network=macvlan:e", "-p", "80", "w");
}

/* What they are called inside, in order. */
static void check_names(const char *wanted, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = parse(argv, &error);
        char all[NICS_MAX * (IFNAMSIZ + 1)] = "";

        nic_list_choose_names(&c->nics);
        for (size_t i = 0; i < c->nics.n; i++)
                strcat(strcat(all, i > 0 ? " " : ""), c->nics.items[i].name);
        assert_string_equal(all, wanted);
}

#define NAMES(wanted, ...) check_names(wanted, (char *[]){ (char *) "boot", __VA_ARGS__, (char *) "w", NULL })

static void names_inside(void **state _unused_) {
        NAMES("host0 host1", (char *) "--network=zone", (char *) "--network=veth");
        NAMES("mv-eth0 host0", (char *) "--network=macvlan:eth0", (char *) "--network=veth");
        NAMES("host1 host0", (char *) "--network=bridge:b", (char *) "--network=veth,name=host0");
        NAMES("host1  x", (char *) "--network=bridge:b", (char *) "--network=interface:host0", (char *) "--network=interface:host2:x");
        /* The second on one link, and one whose name is too long with the prefix. */
        NAMES("iv-eth0 iv-eth0bbzhh", (char *) "--network=ipvlan:eth0", (char *) "--network=ipvlan:eth0");
        NAMES("mv-enp0s31vmzsz", (char *) "--network=macvlan:enp0s31f6123456");
}

static void interfaces(void **state _unused_) {
        NICS("zone:lab", (char *) "--network=zone:lab");
        NICS("zone:lab zone:lan", (char *) "--network-zone=lab", (char *) "--network-zone=lan");
        NICS("zone:lab zone:lan zone:lab", (char *) "--network-zone=lab lan", (char *) "--network-zone=lab");
        NICS("zone:lab zone:lan", (char *) "--network-zone=lan", (char *) "--network=zone:lab"); /* the first, wherever it stands */
        NICS("zone:lab zone:other zone:lan", (char *) "--network=zone:lab", (char *) "--network-zone=lan", (char *) "--network=zone:other");
        NICS("zone:default zone:lan", (char *) "--network-zone=lan", (char *) "--network=zone");
        NICS("zone:default,mac=02:00:00:00:00:01", (char *) "--network=zone,mac=02:00:00:00:00:01");
        NICS("zone:lab,address=10.1.0.9,mac=0a:00:00:00:00:01 zone:lan,mac=00:16:3e:aa:bb:cc",
             (char *) "--network=zone:lab,mac=0A:00:00:00:00:01,address=10.1.0.9", (char *) "--network-zone=lan,mac=00:16:3e:aa:bb:cc");
        REFUSED("is not a zone", "boot", "--network-zone=", "w");
        REFUSED("is not a zone", "boot", "--network-zone=,address=10.0.0.9", "w");
        REFUSED("is not what may follow", "boot", "--network-zone=a,addr=10.0.0.9", "w");
        REFUSED("is not what may follow", "boot", "--network-zone=a,", "w");
        REFUSED("is not an IPv4 address", "boot", "--network-zone=a,address=10.0.0", "w");
        REFUSED("is not an IPv4 address", "boot", "--network-zone=a,address=fd00::1", "w");
        REFUSED("is not an IPv4 address", "boot", "--network-zone=a,address=0.0.0.0", "w");
        REFUSED("is not a MAC address", "boot", "--network-zone=a,mac=02:00:00:00:00", "w");
        REFUSED("is not a MAC address", "boot", "--network-zone=a,mac=02:00:00:00:00:0g", "w");
        REFUSED("is not a MAC address", "boot", "--network-zone=a,mac=2:0:0:0:0:1", "w");
        REFUSED("that of a group", "boot", "--network-zone=a,mac=01:00:5e:00:00:01", "w");
        REFUSED("no interface's", "boot", "--network-zone=a,mac=00:00:00:00:00:00", "w");
        REFUSED("same address", "boot", "--network-zone=a,address=10.0.0.9", "--network-zone=a,address=10.0.0.9", "w");
        REFUSED("same MAC address", "boot", "--network-zone=a,mac=02:00:00:00:00:01 a,mac=02:00:00:00:00:01", "w");
        REFUSED("at most 8", "boot", "--network-zone=a a a a a a a a a", "w");
}

static void ports(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("boot", "-p8080:80", "--port=udp:53", "-p", "tcp:53:5353", "w");

        assert_int_equal(c->ports.n, 3);
        assert_int_equal(c->ports.items[0].protocol, IPPROTO_TCP);
        assert_int_equal(c->ports.items[0].host, 8080);
        assert_int_equal(c->ports.items[0].machine, 80);
        assert_int_equal(c->ports.items[1].protocol, IPPROTO_UDP);
        assert_int_equal(c->ports.items[1].host, 53);
        assert_int_equal(c->ports.items[1].machine, 53);
        assert_int_equal(c->ports.items[2].machine, 5353);

        REFUSED("is no port to publish", "boot", "-p0", "w");
        REFUSED("is no port to publish", "boot", "-p65536", "w");
        REFUSED("is no port to publish", "boot", "-p80:", "w");
        REFUSED("is no port to publish", "boot", "-p:80", "w");
        REFUSED("is no port to publish", "boot", "-psctp:80", "w");
        REFUSED("is no port to publish", "boot", "-p80:80:80", "w");
        REFUSED("is no port to publish", "boot", "-p+80", "w");
        REFUSED("meets tcp:80:80", "boot", "-p80", "-ptcp:80:81", "w");
        REFUSED("is no port to offer", "boot", "--host-port=192.0.2.1:80", "w");
        REFUSED("meets tcp:81:80", "boot", "--host-port=81:80", "--host-port=82:80", "w");
        REFUSED_WITH_HINT("--network=none", "--network=zone", "boot", "-p80", "--network=none", "w");
        REFUSED_WITH_HINT("--network=host", "Leave out --port=", "boot", "--network=host", "-p80", "w");
}

static void rates(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("boot", "--ingress-rate=100M", "--egress-rate", "8000", "w");

        assert_int_equal(c->ingress_rate, 100000000);
        assert_int_equal(c->egress_rate, 8000);
        REFUSED("is not a rate", "boot", "--ingress-rate=", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=M", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=7999", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=2T", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=1Mb", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=1m", "w");
        REFUSED("is not a rate", "boot", "--ingress-rate=18446744073709551616", "w");
        REFUSED_WITH_HINT("--network=host", "--network=zone", "boot", "--network=host", "--egress-rate=1M", "w");
}

static void environment_is_passed_on_by_name(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = NULL;

        setenv("NBOX_TEST_SET", "from outside", 1);
        unsetenv("NBOX_TEST_UNSET");
        c = PARSE("boot", "-E", "NBOX_TEST_SET", "-E", "NBOX_TEST_UNSET", "w");
        assert_int_equal(strv_length(c->environment), 1);
        assert_string_equal(c->environment[0], "NBOX_TEST_SET=from outside");
        setenv("NBOX_TEST_SET", "two\nlines", 1);
        REFUSED("control characters", "boot", "-E", "NBOX_TEST_SET", "w");
}

/* What the table says of itself: the one place from which parser, help, completion and man pages are made. */
/* The value is the user's bytes, and where it stood is overwritten. */
static void credentials_leave_the_command_line(void **state _unused_) {
        static const unsigned char wanted[] = { 'a', 0, '\n', 0xe2, 0x82, 0xac, 'A', ':' };
        char set[] = "--set-credential=db:a\\x00\\n\\u20ac\\101:", loaded[] = "--load-credential=file:/etc/hostname";
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(config_freep) MachineConfig *c = PARSE("boot", set, loaded, "--load-credential=own:name", "web");

        assert_int_equal(c->credentials.n, 3);
        assert_string_equal(c->credentials.items[0].id, "db");
        assert_int_equal(c->credentials.items[0].value.size, sizeof(wanted));
        assert_memory_equal(c->credentials.items[0].value.data, wanted, sizeof(wanted));
        assert_string_equal(c->credentials.items[1].path, "/etc/hostname");
        assert_string_equal(c->credentials.items[2].path, "name");
        config_free(TAKE_PTR(c));
        assert_string_equal(set, "--set-credential=db:******************");
        assert_string_equal(loaded, "--load-credential=file:/etc/hostname");
}

static void the_table_is_consistent(void **state _unused_) {
        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &options[i];

                assert_true(o->flags & OPTION_BOTH);
                assert_non_null(o->help);
                assert_non_null(o->group);
                assert_non_null(o->parse);
                assert_true(o->spec.name || o->spec.letter || o->key);
                assert_int_equal(!o->section, !o->key);
                assert_true(o->help[strlen(o->help) - 1] != '.');
                if (!o->spec.name)
                        assert_null(o->spec.alias);
                if ((o->spec.name || o->spec.letter) && (!o->spec.placeholder || o->spec.optional))
                        assert_non_null(o->implied);
                for (size_t j = 0; j < i; j++) {
                        const Option *p = &options[j];

                        if (o->spec.name && p->spec.name)
                                assert_string_not_equal(o->spec.name, p->spec.name);
                        if (o->spec.letter)
                                assert_int_not_equal(o->spec.letter, p->spec.letter);
                        if (o->key && p->key && strcmp(o->section, p->section) == 0)
                                assert_string_not_equal(o->key, p->key);
                        for (size_t k = 0; k < 2; k++) {
                                const char *a = k ? o->spec.alias : o->spec.name, *b = k ? p->spec.name : p->spec.alias;

                                if (a && b)
                                        assert_string_not_equal(a, b);
                        }
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_set_by_default),
                cmocka_unit_test(operand_is_directory_or_name),
                cmocka_unit_test(options_end_at_the_operand),
                cmocka_unit_test(every_form_of_an_option),
                cmocka_unit_test(bad_command_lines),
                cmocka_unit_test(good_values),
                cmocka_unit_test(bad_values),
                cmocka_unit_test(good_mounts),
                cmocka_unit_test(bad_mounts),
                cmocka_unit_test(network_words),
                cmocka_unit_test(interfaces),
                cmocka_unit_test(kinds_of_interfaces),
                cmocka_unit_test(bad_interfaces),
                cmocka_unit_test(names_inside),
                cmocka_unit_test(ports), cmocka_unit_test(rates),
                cmocka_unit_test(environment_is_passed_on_by_name),
                cmocka_unit_test(credentials_leave_the_command_line),
                cmocka_unit_test(the_table_is_consistent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
