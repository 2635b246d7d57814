/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "config.h"
#include "nics.h"
#include "options.h"
#include "settings.h"

#include "unit.h"

/* Warnings go to stderr: what is said there while a test runs. */
typedef struct Captured {
        FILE *file;
        int saved;
} Captured;

static Captured capture_begin(void) {
        Captured c = { .file = tmpfile() };

        assert_non_null(c.file);
        fflush(stderr);
        c.saved = dup(STDERR_FILENO);
        assert_true(c.saved >= 0 && dup2(fileno(c.file), STDERR_FILENO) >= 0);
        return c;
}

static char *capture_end(Captured *c) {
        char *text = calloc(1, 8192);

        assert_non_null(text);
        assert_true(dup2(c->saved, STDERR_FILENO) >= 0);
        close(c->saved);
        rewind(c->file);
        assert_true(fread(text, 1, 8191, c->file) <= 8191);
        fclose(c->file);
        return text;
}

static int read_text(MachineConfig *c, bool trusted, const char *text, size_t size, char **ret_warnings, Error **error) {
        _cleanup_free_ char *copy = malloc(size + 1);
        Captured captured = capture_begin();
        int r;

        assert_non_null(copy);
        memcpy(copy, text, size);
        copy[size] = 0;
        r = settings_parse(c, "web.conf", trusted, copy, size, error);
        *ret_warnings = capture_end(&captured);
        return r;
}

/* Good settings; `warning` is what must be said, NULL: nothing may be. */
static MachineConfig *settings(StartMode mode, bool trusted, const char *text, const char *warning) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *warnings = NULL;
        MachineConfig *c = config_new(mode);

        assert_non_null(c);
        if (read_text(c, trusted, text, strlen(text), &warnings, &error) < 0)
                fail_msg("'%s' is refused: %s", text, error->message);
        if (warning && !strstr(warnings, warning))
                fail_msg("'%s': '%s' does not say '%s'", text, warnings, warning);
        if (!warning && *warnings)
                fail_msg("'%s': warns '%s'", text, warnings);
        return c;
}

static void refused_bytes(const char *text, size_t size, const char *message) {
        _cleanup_(config_freep) MachineConfig *c = config_new(START_RUN);
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *warnings = NULL;

        if (read_text(c, true, text, size, &warnings, &error) >= 0)
                fail_msg("'%s' is accepted", text);
        assert_error_says(error, message);
}

static void refused(const char *text, const char *message) {
        refused_bytes(text, strlen(text), message);
}

static void an_empty_file_changes_nothing(void **state _unused_) {
        static const char *const texts[] = { "", "\n", "# comment\n", "[Exec]\n[Files]\n[Network]\n", "[Network]\n;Private=no\n" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, true, texts[i], NULL);

                for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                        assert_false(field_is_set(c, f));
                assert_int_equal(c->network, NETWORK_UNSET); /* and what is unset is private */
        }
}

static void every_key(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = settings(START_RUN, true,
                "[Exec]\nProcessTwo=yes\nParameters=/bin/sh -c 'echo \"a b\"' c\\ d\nEnvironment=A=1\nEnvironment=B=x=y\n"
                "User=joe\nWorkingDirectory=/srv\nKillSignal=SIGRTMIN+3\nMachineID=000102030405060708090a0b0c0d0e0f\n"
                "PrivateUsers=identity\nHostname=inner\nResolvConf=off\nTimezone=copy\nStopTimeout=90\nRegister=no\n"
                "Slice=my\nProperty=TasksMax=3\nBoot=no\n"
                "[Files]\nReadOnly=true\nVolume=/srv\nVolume=/srv\nVolume=/data\nBind=/a:/b\nBindReadOnly=/c\nTemporaryFileSystem=/t:size=1M\n"
                "[Network]\nPrivate=yes\nVirtualEthernet=yes\nZone=lab lan\nZone=lab\nPort=8080:80\nPort=udp:53\n", NULL);

        assert_int_equal(c->as_pid2, 1);
        assert_int_equal(strv_length(c->parameters), 4);
        assert_string_equal(c->parameters[2], "echo \"a b\"");
        assert_string_equal(c->parameters[3], "c d");
        assert_int_equal(strv_length(c->environment), 2);
        assert_string_equal(c->environment[1], "B=x=y");
        assert_string_equal(c->user, "joe");
        assert_int_equal(c->boot, 0);
        assert_int_equal(strv_length(c->volumes), 2);
        assert_string_equal(c->chdir, "/srv");
        assert_int_equal(c->kill_signal, SIGRTMIN + 3);
        assert_true(c->id_set);
        assert_int_equal(c->userns, USERNS_IDENTITY);
        assert_string_equal(c->hostname, "inner");
        assert_int_equal(c->resolv_conf, RESOLV_CONF_OFF);
        assert_int_equal(c->timezone, TIMEZONE_COPY);
        assert_int_equal(c->stop_timeout_usec, 90000000);
        assert_int_equal(c->registered, 0);
        assert_string_equal(c->slice, "my.slice");
        assert_int_equal(strv_length(c->properties), 1);
        assert_int_equal(c->read_only, 1);
        assert_int_equal(c->n_binds, 2);
        assert_true(c->binds[1].read_only);
        assert_int_equal(c->n_tmpfs, 1);
        assert_int_equal(c->network, NETWORK_OWN);
        assert_int_equal(c->nics.n, 3);
        assert_string_equal(c->nics.items[0].zone, "lab");
        assert_string_equal(c->nics.items[1].zone, "lan");
        assert_int_equal(c->ports.n, 2);
}

static void network_keys(void **state _unused_) {
        static const struct {
                const char *text;
                NetworkKind kind;
        } cases[] = {
                { "[Network]\nPrivate=no\n", NETWORK_HOST },
                { "[Network]\nVirtualEthernet=no\n", NETWORK_HOST },
                { "[Network]\nPrivate=yes\n", NETWORK_NONE },
                { "[Network]\nPrivate=yes\nVirtualEthernet=no\n", NETWORK_NONE },
                { "[Network]\nVirtualEthernet=yes\nPrivate=no\n", NETWORK_OWN },
                { "[Network]\nZone=a\nPrivate=yes\n", NETWORK_OWN },
                { "[Network]\nPrivate=no\nPrivate=\n", NETWORK_UNSET },
                { "[Network]\nBridge=br0\n", NETWORK_OWN },
                { "[Network]\nVirtualEthernet=no\nMACVLAN=eth0\n", NETWORK_OWN },
                { "[Network]\nNamespacePath=/run/netns/x\n", NETWORK_NAMESPACE },
                { "[Network]\nNamespacePath=/run/netns/x\nNamespacePath=\nPrivate=yes\n", NETWORK_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, true, cases[i].text, NULL);

                assert_int_equal(c->network, cases[i].kind);
        }
}

static void syntax(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, true,
                "  # one\n ; two\n [Exec] \n  Hostname =  a  \nEnvironment=A=1 \\\n# between\n  C=2 \\\nD=3\nEnvironment=\"B=x y\"\n"
                "Parameters=a\\\n\n[X-Notes]\nwhatever\nKey=value\n[Files]\nReadOnly=yes", NULL);

        assert_string_equal(c->hostname, "a");
        assert_int_equal(strv_length(c->environment), 4);
        assert_string_equal(c->environment[0], "A=1");
        assert_string_equal(c->environment[1], "C=2");
        assert_string_equal(c->environment[2], "D=3");
        assert_string_equal(c->environment[3], "B=x y");
        assert_string_equal(c->parameters[0], "a");
        assert_int_equal(c->read_only, 1);
}

static void empty_assignment_resets(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, true,
                "[Exec]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\nHostname=x\nHostname=\nKillSignal=TERM\nKillSignal=\n"
                "StopTimeout=1\nStopTimeout=\nMachineID=000102030405060708090a0b0c0d0e0f\nMachineID=\nPrivateUsers=no\nPrivateUsers=\n"
                "Boot=no\nBoot=\nParameters=x\n"
                "[Files]\nBind=/a\nBind=\nTemporaryFileSystem=/t:x\nTemporaryFileSystem=\n[Network]\nPort=1\nPort=\nZone=a\nZone=\n", NULL);

        assert_int_equal(strv_length(c->environment), 1);
        assert_string_equal(c->environment[0], "B=2");
        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                assert_int_equal(field_is_set(c, f), f == FIELD_ENVIRONMENT || f == FIELD_PARAMETERS);
}

static void what_is_unknown_is_warned_about(void **state _unused_) {
        static const struct {
                const char *text, *warning;
        } cases[] = {
                { "[Exec]\nFoo=1\n", "web.conf:2: unknown key Foo in section [Exec], ignoring" },
                { "[Exec]\nHostnam=1\n", "did you mean Hostname?" },
                { "\n\n[Exex]\nHostname=1\n", "web.conf:3: unknown section [Exex], ignoring" },
                { "Hostname=1\n", "web.conf:1: 'Hostname' stands before any section, ignoring" },
                { "[Exec]\nhello\n", "web.conf:2: 'hello' has no '=', ignoring" },
                { "[Files]\nHostname=1\n", "unknown key Hostname in section [Files] (it belongs in [Exec]), ignoring" },
                { "[Exec]\nA=\\\nb\nFoo=1\n", "web.conf:4: unknown key Foo" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, true, cases[i].text, cases[i].warning);

                assert_false(field_is_set(c, FIELD_HOSTNAME));
        }
}

static void bad_values(void **state _unused_) {
        refused("[Exec]\n\nHostname=a b\n", "web.conf:3: Hostname=: 'a b' is not a host name");
        refused("[Exec]\nBoot=perhaps\n", "web.conf:2: Boot=: 'perhaps' is neither yes nor no");
        refused("[Exec]\nProcessTwo=2\n", "neither yes nor no");
        refused("[Exec]\nParameters=a 'b\n", "A quote is not closed");
        refused("[Exec]\nParameters=a \"b\\\"\n", "A quote is not closed");
        refused("[Exec]\nEnvironment=PATH\n", "is not NAME=VALUE");
        refused("[Exec]\nUser=-x\n", "is not a user");
        refused("[Exec]\nWorkingDirectory=srv\n", "is not an absolute path");
        refused("[Exec]\nKillSignal=KILLME\n", "is not a signal");
        refused("[Boot]\nInit=upstart\n", "is not one of auto, systemd");
        refused("[Boot]\nInit=../init\n", "not an absolute path");
        refused("[Boot]\nInit=/sbin/../init\n", "not an absolute path");
        refused("[Exec]\nMachineID=1\n", "is not a machine id");
        refused("[Exec]\nPrivateUsers=perhaps\n", "is not one of");
        refused("[Exec]\nResolvConf=perhaps\n", "is not one of");
        refused("[Exec]\nTimezone=perhaps\n", "is not one of");
        refused("[Exec]\nStopTimeout=soon\n", "is not a time");
        refused("[Exec]\nRegister=perhaps\n", "neither yes nor no");
        refused("[Exec]\nSlice=a/b\n", "is not a slice");
        refused("[Exec]\nProperty=a\n", "is not NAME=VALUE");
        refused("[Exec]\nCapability=CAP_CHWON\n", "is not a capability");
        refused("[Exec]\nAmbientCapability=all\n", "'all' is not taken here");
        refused("[Exec]\nNoNewPrivileges=perhaps\n", "neither yes nor no");
        refused("[Exec]\nLimitNOFILE=many\n", "is not a limit");
        refused("[Exec]\nOOMScoreAdjust=-1001\n", "is not a number from -1000 to 1000");
        refused("[Exec]\nCPUAffinity=3-1\n", "is not a list of CPUs");
        refused("[Exec]\nPersonality=x87\n", "is not one of");
        refused("[Files]\nReadOnly=perhaps\n", "neither yes nor no");
        refused("[Files]\nBind=relative:/x\n", "is not absolute");
        refused("[Files]\nBindReadOnly=/x:/\n", "the root of the machine");
        refused("[Files]\nTemporaryFileSystem=x\n", "is not an absolute path");
        refused("[Files]\nVolatile=perhaps\n", "is not one of");
        refused("[Files]\nOverlay=/x\n", "is not of the form");
        refused("[Files]\nOverlay=/x:\n", "may be left empty");
        refused("[Files]\nOverlay=:/y:/x\n", "may be left empty");
        refused("[Files]\nOverlayReadOnly=/x::/y\n", "may be left empty");
        refused("[Files]\nOverlay=x:/y:/z\n", "is not absolute");
        refused("[Files]\nOverlay=/x::relative\n", "is not an absolute path");
        refused("[Network]\nPrivate=perhaps\n", "neither yes nor no");
        refused("[Network]\nVirtualEthernet=perhaps\n", "neither yes nor no");
        refused("[Network]\nZone=a_b\n", "is not a zone");
        refused("[Network]\nZone=a b,mac=x\n", "is not a MAC address");
        refused("[Network]\nPort=http\n", "is no port to publish");
}

static void bad_bytes(void **state _unused_) {
        refused("\xef\xbb\xbf[Exec]\n", "web.conf: 1: the file begins with a byte order mark");
        refused("[Exec]\r\n", "web.conf: 1: a carriage return");
        refused("[Exec]\nHostname=\x1b[31m\n", "web.conf: 2: the control byte 0x1b");
        refused_bytes("[Exec]\n\n#\0\n", 11, "web.conf: 3: the control byte 0x00");
}

static void beside_the_image_nothing_is_widened(void **state _unused_) {
        static const char text[] =
                "[Exec]\nHostname=inner\nMachineID=000102030405060708090a0b0c0d0e0f\nPrivateUsers=no\nStopTimeout=infinity\nRegister=no\n"
                "Slice=system\nProperty=DevicePolicy=auto\nEnvironment=A=1\nKillSignal=TERM\n"
                "Capability=all\nDropCapability=CAP_MKNOD\nAmbientCapability=CAP_CHOWN\nLimitNPROC=infinity\nOOMScoreAdjust=-1000\nCPUAffinity=0\n"
                "[Files]\nReadOnly=yes\nBind=/etc\nBindReadOnly=/etc\nTemporaryFileSystem=/x\nOverlay=/etc::/etc\nOverlayReadOnly=/etc:/srv\n"
                "[Network]\nPrivate=no\nVirtualEthernet=no\nZone=other\nBridge=br0\nMACVLAN=eth0\nIPVLAN=eth0\nInterface=eth0\n"
                "VirtualEthernetExtra=a\nNamespacePath=/proc/1/ns/net\nPort=22\nHostPort=22\nIngressRate=1M\n";
        _cleanup_(config_freep) MachineConfig *c = settings(START_BOOT, false, text,
                "web.conf:4: PrivateUsers= has no effect in a file beside the image, ignoring");

        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                assert_int_equal(field_is_set(c, f),
                                 f == FIELD_HOSTNAME || f == FIELD_ENVIRONMENT || f == FIELD_KILL_SIGNAL || f == FIELD_READ_ONLY ||
                                 f == FIELD_DROPPED_CAPABILITIES);
        /* What is ignored is not looked at either: a file that comes with an image cannot stop the boot with it. */
        config_free(settings(START_BOOT, false, "[Network]\nPort=http\n", "Port= has no effect"));
        config_free(settings(START_BOOT, false, "[Exec]\nSystemCallFilter=@swap\n", "SystemCallFilter= has no effect"));
        config_free(settings(START_BOOT, false, "[Exec]\nSystemCallFilter=~@swap\n", NULL)); /* only takes away */
}

/* systemd.nspawn(5) lists these as privileged; ours that reach into the host come on top. */
static void trust_is_as_nspawn_has_it(void **state _unused_) {
        static const char *const privileged[] = { "MachineID", "PrivateUsers", "PrivateUsersOwnership", "PrivateUsersChown",
                "Nesting", "SELinux", "SELinuxContext", "SELinuxAPIFSContext", "AppArmorProfile", "Bind", "BindReadOnly", "TemporaryFileSystem", "Overlay", "OverlayReadOnly", "Inaccessible", "Device",
                "LoadCredential", "SetCredential", "LoadCredentialEncrypted", "SetCredentialEncrypted",
                "Ready", "ReadyWait", "NotifyReady", "VirtualEthernet", "VirtualEthernetExtra", "Bridge", "MACVLAN",
                "IPVLAN", "Interface", "NamespacePath", "Zone", "Port", "HostPort", "IngressRate", "EgressRate", "Private", "Slice", "Property", "Register", "StopTimeout",
                "SystemCallFilter", "Capability", "AmbientCapability", "LimitCPU", "LimitFSIZE", "LimitDATA", "LimitSTACK", "LimitCORE", "LimitRSS",
                "LimitNOFILE", "LimitAS", "LimitNPROC", "LimitMEMLOCK", "LimitLOCKS", "LimitSIGPENDING", "LimitMSGQUEUE", "LimitNICE", "LimitRTPRIO",
                "LimitRTTIME", "OOMScoreAdjust", "CPUAffinity", "LinkJournal", "MemoryMax", "MemoryHigh", "MemoryLow", "MemorySwapMax", "CPUQuota",
                "CPUWeight", "AllowedCPUs", "TasksMax", "IOWeight", "IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax", "OOMPolicy",
                "OnFailure" };
        static const char *const free_for_all[] = { "Boot", "ProcessTwo", "Parameters", "Environment", "User", "WorkingDirectory",
                "KillSignal", "Init", "Hostname", "ResolvConf", "Timezone", "Ephemeral", "Volatile", "ReadOnly", "DropCapability", "NoNewPrivileges",
                "Personality", "Volume", "SuppressSync", "PivotRoot", "Lxcfs", "Check", "Interval", "Timeout", "Retries", "StartPeriod" };
        size_t n = 0;

        for (size_t i = 0; i < n_options; i++) {
                bool want = false, found = false;

                if (!options[i].key)
                        continue;
                n++;
                for (size_t j = 0; j < ELEMENTSOF(privileged); j++)
                        if (strcmp(options[i].key, privileged[j]) == 0)
                                want = found = true;
                for (size_t j = 0; j < ELEMENTSOF(free_for_all); j++)
                        found = found || strcmp(options[i].key, free_for_all[j]) == 0;
                if (!found)
                        fail_msg("nobody decided whether %s= is privileged", options[i].key);
                assert_int_equal(!!(options[i].flags & OPTION_PRIVILEGED), want);
        }
        assert_int_equal(n, ELEMENTSOF(privileged) + ELEMENTSOF(free_for_all));
}

/* What a file's [Network] is understood as: its interfaces in order, with blanks between. */
static void check_nics(const char *wanted, const char *keys) {
        _cleanup_free_ char *text = NULL;
        _cleanup_(config_freep) MachineConfig *c = NULL;
        char all[NICS_MAX * (NIC_TEXT_MAX + 1)] = "", one[NIC_TEXT_MAX];

        assert_true(asprintf(&text, "[Network]\n%s", keys) > 0);
        c = settings(START_BOOT, true, text, NULL);
        for (size_t i = 0; i < c->nics.n; i++) {
                nic_format(c->nics.items + i, one);
                strcat(strcat(all, i > 0 ? " " : ""), one);
        }
        assert_string_equal(all, wanted);
}

static void interfaces(void **state _unused_) {
        check_nics("veth", "VirtualEthernet=yes\n");
        check_nics("bridge:br0", "VirtualEthernet=yes\nBridge=br0\n");
        check_nics("bridge:br0,vlan=7", "VirtualEthernet=no\nBridge=br0,vlan=7\n");
        check_nics("veth macvlan:eth0 macvlan:eth1 ipvlan:eth2 interface:eth3 interface:eth4,name=lan0",
                   "MACVLAN=eth0 eth1\nIPVLAN=eth2\nInterface=eth3  eth4:lan0\nVirtualEthernet=1\n");
        check_nics("veth-extra:a:b veth-extra:c", "VirtualEthernetExtra=a:b\nVirtualEthernetExtra=c\n");
        /* An empty value takes back its own key's alone. */
        check_nics("zone:lab ipvlan:eth2", "Zone=lab\nMACVLAN=eth0\nIPVLAN=eth1\nMACVLAN=\nIPVLAN=\nIPVLAN=eth2\n");
        refused("[Network]\nMACVLAN=a/b\n", "MACVLAN=: 'a/b' is not the name of an interface");
        refused("[Network]\nNamespacePath=run/netns/x\n", "is not absolute");
        refused("[Network]\nNamespacePath=/run/netns/x\nZone=a\n", "contradicts");
}

static void the_other_verbs_keys_do_not_apply(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *boot = settings(START_BOOT, true,
                "[Exec]\nProcessTwo=yes\nUser=joe\nBoot=no\nParameters=/bin/sh\nKillSignal=SIGTERM\nWorkingDirectory=/srv\n", NULL);
        _cleanup_(config_freep) MachineConfig *run = settings(START_RUN, true, "[Exec]\nParameters=single\nBoot=on\n", NULL);
        _cleanup_(config_freep) MachineConfig *same = settings(START_BOOT, true, "[Exec]\nParameters=single\nBoot=1\n", NULL);

        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                assert_int_equal(field_is_set(boot, f), f == FIELD_BOOT);
        assert_int_equal(boot->boot, 0);
        assert_null(run->parameters);
        assert_string_equal(same->parameters[0], "single");
}

static void the_command_line_wins(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT), *d = config_new(START_BOOT), *e = config_new(START_BOOT);
        _cleanup_(error_freep) Error *error = NULL;
        const char *argv[] = { "boot", "--hostname=mine", "-EA=mine", "--network=none", "web", NULL };
        static const char text[] = "[Exec]\nHostname=theirs\nEnvironment=B=theirs\nTimezone=off\n[Network]\nZone=lab\nPort=80\n";
        MachineConfig *all[] = { c, d };

        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                assert_ok(config_parse_argv(all[i], 5, (char **) argv, &error));
        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                _cleanup_(config_freep) MachineConfig *s = settings(START_BOOT, true, text, NULL);

                if (i == 0)
                        config_fill(c, s);
                else
                        config_override(d, s);
        }
        assert_string_equal(c->hostname, "mine");
        assert_string_equal(c->environment[0], "A=mine");
        assert_int_equal(strv_length(c->environment), 1);
        assert_int_equal(c->timezone, TIMEZONE_OFF);
        assert_int_equal(c->network, NETWORK_NONE);
        assert_int_equal(c->nics.n, 0);
        assert_int_equal(c->ports.n, 0); /* they belong to the network that was overruled */
        assert_ok(config_validate(c, &error));

        assert_string_equal(d->hostname, "theirs");
        assert_string_equal(d->environment[0], "B=theirs");
        assert_int_equal(d->network, NETWORK_OWN);
        assert_string_equal(d->nics.items[0].zone, "lab");
        assert_int_equal(d->ports.n, 1);
        assert_string_equal(d->machine, "web");
        assert_string_equal(d->image, "web");
        assert_ok(config_validate(d, &error));
}

/* Files: a machine's name that no file in /etc has, so that only the file beside the tree is found. */
typedef struct Place {
        char dir[64], tree[128], file[160];
} Place;

static MachineConfig *read_beside(const Place *p, const char *option) {
        _cleanup_(error_freep) Error *error = NULL;
        const char *argv[] = { "boot", "-D", p->tree, option, NULL };
        MachineConfig *c = config_new(START_BOOT);

        assert_ok(config_parse_argv(c, option ? 4 : 3, (char **) argv, &error));
        return c;
}

static void put(const Place *p, const char *text, size_t size) {
        _cleanup_fclose_ FILE *f = fopen(p->file, "we");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, size, f), size);
}

static void make_place(Place *p) {
        strcpy(p->dir, "/tmp/nbox-unit-XXXXXX");
        assert_non_null(mkdtemp(p->dir));
        snprintf(p->tree, sizeof(p->tree), "%s/no-such-machine-%d", p->dir, (int) getpid());
        snprintf(p->file, sizeof(p->file), "%s.nspawn", p->tree);
        assert_int_equal(mkdir(p->tree, 0755), 0);
}

static void remove_place(const Place *p) {
        unlink(p->file);
        rmdir(p->tree);
        assert_int_equal(rmdir(p->dir), 0);
}

static void the_file_beside_the_tree(void **state _unused_) {
        static const char text[] = "[Exec]\nHostname=inner\n[Network]\nPrivate=no\n";
        static const struct {
                const char *option;
                bool hostname, network;
        } cases[] = {
                { NULL, true, false },
                { "--settings=yes", true, false },
                { "--settings=no", false, false },
                { "--settings=override", true, false },
                { "--settings=trusted", true, true },
        };
        Place p;

        make_place(&p);
        put(&p, text, strlen(text));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(config_freep) MachineConfig *c = read_beside(&p, cases[i].option);
                Captured captured = capture_begin();
                _cleanup_free_ char *warnings = NULL;
                int r = config_read_settings(c, &error);

                warnings = capture_end(&captured);
                assert_ok(r);
                assert_int_equal(c->hostname != NULL, cases[i].hostname);
                assert_int_equal(c->network == NETWORK_HOST, cases[i].network);
                assert_int_equal(strv_length(c->settings_files), cases[i].hostname);
                if (cases[i].hostname)
                        assert_string_equal(c->settings_files[0], p.file);
        }
        remove_place(&p);
}

static void hostile_files_beside_the_tree(void **state _unused_) {
        Place p;

        make_place(&p);
        for (int i = 0; i < 4; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(config_freep) MachineConfig *c = read_beside(&p, NULL);
                static const char *const messages[] = { "symbolic link", "not a regular file", "not a regular file", "larger than" };
                _cleanup_free_ char *big = calloc(1, SETTINGS_SIZE_MAX + 1);

                unlink(p.file);
                rmdir(p.file);
                if (i == 0)
                        assert_int_equal(symlink("/etc/passwd", p.file), 0);
                if (i == 1)
                        assert_int_equal(mkfifo(p.file, 0644), 0);
                if (i == 2)
                        assert_int_equal(mkdir(p.file, 0755), 0);
                if (i == 3)
                        put(&p, big, SETTINGS_SIZE_MAX + 1);
                assert_true(config_read_settings(c, &error) < 0);
                assert_error_says(error, messages[i]);
                assert_error_says(error, p.file);
        }
        remove_place(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_file_changes_nothing),
                cmocka_unit_test(every_key),
                cmocka_unit_test(network_keys),
                cmocka_unit_test(syntax),
                cmocka_unit_test(empty_assignment_resets),
                cmocka_unit_test(what_is_unknown_is_warned_about),
                cmocka_unit_test(bad_values),
                cmocka_unit_test(bad_bytes),
                cmocka_unit_test(beside_the_image_nothing_is_widened),
                cmocka_unit_test(trust_is_as_nspawn_has_it),
                cmocka_unit_test(interfaces),
                cmocka_unit_test(the_other_verbs_keys_do_not_apply),
                cmocka_unit_test(the_command_line_wins),
                cmocka_unit_test(the_file_beside_the_tree),
                cmocka_unit_test(hostile_files_beside_the_tree),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
