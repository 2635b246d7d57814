/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Several settings files of one machine: which are read, in which order, what they come to together, and where each value came from. The places
 * are fixed paths of the host's, so the tests run in a root of their own. */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "file.h"
#include "provenance.h"
#include "settings.h"
#include "settings-file.h"
#include "specifiers.h"

#include "unit.h"

typedef struct Root {
        int outside;
        char path[32];
} Root;

static int enter_root(void **state) {
        static Root root = { .path = "/tmp/nbox-unit-XXXXXX" };

        root.outside = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root.outside < 0 || !mkdtemp(root.path) || (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0) || chroot(root.path) < 0 || chdir("/") < 0)
                return -1;
        *state = &root;
        return 0;
}

static int leave_root(void **state) {
        Root *root = *state;
        char command[64];

        if (fchdir(root->outside) < 0 || chroot(".") < 0)
                return -1;
        close(root->outside);
        snprintf(command, sizeof(command), "rm -rf %s", root->path);
        return system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text) {
        _cleanup_free_ char *parent = strdup(path);
        _cleanup_close_ int fd = -1;

        *strrchr(parent, '/') = 0;
        assert_int_equal(mkdir_parents(parent, 0755), 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void drop(const char *path) {
        assert_int_equal(unlink(path), 0);
}

static int read_settings(StartMode mode, SettingsMode settings, MachineConfig **ret, Error **error) {
        MachineConfig *c = config_new(mode);
        int r;

        assert_non_null(c);
        c->settings = settings;
        c->machine = strdup("web");
        c->directory = strdup("/var/lib/machines/web");
        r = config_read_settings(c, error);
        *ret = c;
        return r;
}

static MachineConfig *settings(void) {
        _cleanup_(error_freep) Error *error = NULL;
        MachineConfig *c;

        if (read_settings(START_BOOT, SETTINGS_YES, &c, &error) < 0)
                fail_msg("refused: %s", error->message);
        return c;
}

static void refused(const char *says) {
        _cleanup_(config_freep) MachineConfig *c = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        assert_true(read_settings(START_BOOT, SETTINGS_YES, &c, &error) < 0);
        assert_error_says(error, says);
}

/* "Key=text FILE:LINE" of each, in a row. */
static char *provenance(const MachineConfig *c) {
        char *all = strdup("");

        for (const Assignment *a = c->assignments.first; a; a = a->next) {
                _cleanup_free_ char *key = provenance_key(a), *text = provenance_text(a);
                char *more;

                assert_true(asprintf(&more, "%s%s=%s %s\n", all, key, a->text, text) >= 0);
                free(all);
                all = more;
        }
        return all;
}

static void files_are_read_in_order(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = NULL;

        put("/etc/nbox/web.conf", "[Exec]\nHostname=main\nEnvironment=A=1\n[Files]\nBind=/main\n");
        put("/usr/lib/nbox/web.conf.d/10-a.conf", "[Exec]\nHostname=package\n[Files]\nBind=/package\n");
        put("/run/nbox/web.conf.d/20-b.conf", "[Files]\nBind=/run\n");
        put("/etc/nbox/web.conf.d/30-c.conf", "[Exec]\nEnvironment=B=2\n[Files]\nBind=/etc\n");
        put("/etc/nbox/web.conf.d/.40-hidden.conf", "[Exec]\nHostname=hidden\n");
        put("/etc/nbox/web.conf.d/50-other.txt", "[Exec]\nHostname=other\n");
        put("/etc/systemd/nspawn/web.nspawn.d/15-n.nspawn", "[Exec]\nEnvironment=C=%n\n");
        c = settings();
        assert_string_equal(c->hostname, "package");
        assert_int_equal(c->n_binds, 4);
        assert_string_equal(c->binds[0].source, "/main");
        assert_string_equal(c->binds[1].source, "/package");
        assert_string_equal(c->binds[2].source, "/run");
        assert_string_equal(c->binds[3].source, "/etc");
        assert_string_equal(strv_env_get(c->environment, "B"), "2");
        assert_string_equal(strv_env_get(c->environment, "C"), "%n");
        assert_int_equal(strv_length(c->settings_files), 5);
        assert_string_equal(c->settings_files[2], "/etc/systemd/nspawn/web.nspawn.d/15-n.nspawn");
}

static void a_higher_directory_hides(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = NULL, *masked = NULL, *bare = NULL;

        put("/etc/nbox/web.conf.d/10-a.conf", "[Exec]\nUser=x\n");
        c = settings();
        assert_string_equal(c->hostname, "main");
        assert_int_equal(c->n_binds, 3);
        drop("/etc/nbox/web.conf.d/10-a.conf");
        /* /dev/null of this root, which is none of the kernel's: an empty file masks as well. */
        put("/etc/nbox/web.conf.d/10-a.conf", "");
        masked = settings();
        assert_string_equal(masked->hostname, "main");
        drop("/etc/nbox/web.conf.d/10-a.conf");
        drop("/etc/nbox/web.conf");
        bare = settings(); /* also without a main file */
        assert_string_equal(bare->hostname, "package");
        assert_int_equal(bare->n_binds, 3);
}

static void nothing_empties_what_came_before(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = NULL;
        _cleanup_free_ char *from = NULL;

        put("/etc/nbox/web.conf", "[Network]\nPort=80\nPort=81\nZone=a\nBridge=br0\n[Exec]\nHostname=x\n[Files]\nVolume=/v\n");
        put("/etc/nbox/web.conf.d/60-d.conf", "[Network]\nPort=\nPort=443\nZone=\n[Exec]\nHostname=\n[Files]\nBind=\n");
        c = settings();
        assert_int_equal(c->ports.n, 1);
        assert_int_equal(c->ports.items[0].host, 443);
        assert_int_equal(c->nics.n, 1);
        assert_int_equal(c->nics.items[0].kind, NIC_BRIDGE);
        assert_null(c->hostname);
        assert_int_equal(c->n_binds, 0);
        assert_int_equal(strv_length(c->volumes), 1);
        from = provenance(c);
        assert_string_equal(from, "Environment=C=%n /etc/systemd/nspawn/web.nspawn.d/15-n.nspawn:2\n"
                                  "Environment=B=2 /etc/nbox/web.conf.d/30-c.conf:2\nVolume=/v /etc/nbox/web.conf:9\n"
                                  "Bridge=br0 /etc/nbox/web.conf:5\nPort=443 /etc/nbox/web.conf.d/60-d.conf:3\n");
        drop("/etc/nbox/web.conf.d/60-d.conf");
}

/* What lies beside the image may not do what drop-ins may, and they do not lend it their trust. */
static void trust_is_each_files_own(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = NULL, *trusted = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int saved = dup(STDERR_FILENO), null;

        drop("/etc/nbox/web.conf");
        put("/tmp/null", "");
        null = open("/tmp/null", O_WRONLY | O_CLOEXEC);
        put("/var/lib/machines/web.nspawn", "[Exec]\nHostname=beside\nUser=x\nPrivateUsers=no\n[Files]\nBind=/secret\n");
        put("/var/lib/machines/web.nspawn.d/10-x.nspawn", "[Files]\nBind=/worse\n");
        put("/var/lib/machines/web.conf.d/10-x.conf", "[Files]\nBind=/worse\n");
        dup2(null, STDERR_FILENO);
        c = settings();
        assert_int_equal(read_settings(START_BOOT, SETTINGS_TRUSTED, &trusted, &error), 0);
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(null);
        assert_int_equal(c->userns, USERNS_UNSET);
        assert_int_equal(c->n_binds, 3); /* the drop-ins' */
        assert_string_equal(c->binds[0].source, "/package");
        assert_int_equal(trusted->userns, USERNS_NO);
        assert_int_equal(trusted->n_binds, 4);
        drop("/var/lib/machines/web.nspawn");
}

static void what_is_no_file_is_refused(void **state _unused_) {
        char many[64];

        assert_int_equal(mkdir("/etc/nbox/web.conf.d/70-dir.conf", 0755), 0);
        refused("/etc/nbox/web.conf.d/70-dir.conf is not a regular file");
        rmdir("/etc/nbox/web.conf.d/70-dir.conf");
        assert_int_equal(mkfifo("/etc/nbox/web.conf.d/70-fifo.conf", 0644), 0);
        refused("/etc/nbox/web.conf.d/70-fifo.conf is not a regular file");
        drop("/etc/nbox/web.conf.d/70-fifo.conf");
        put("/etc/nbox/web.conf.d/70-\x1b[2J.conf", "");
        refused("control characters in its name");
        drop("/etc/nbox/web.conf.d/70-\x1b[2J.conf");
        put("/etc/nbox/web.conf.d/70-c.conf", "[Exec]\n\nHostname=a\x1b[2Jb\n");
        refused("/etc/nbox/web.conf.d/70-c.conf: 3: the control byte 0x1b");
        put("/etc/nbox/web.conf.d/70-c.conf", "[Exec]\n\nHostname=%n%z\n");
        refused("/etc/nbox/web.conf.d/70-c.conf:3: Hostname=: %z is no specifier");
        drop("/etc/nbox/web.conf.d/70-c.conf");
        put("/run/systemd/nspawn/web.nspawn.d", "");
        refused("Cannot read the directory of settings /run/systemd/nspawn/web.nspawn.d");
        drop("/run/systemd/nspawn/web.nspawn.d");
        for (int i = 0; i < 300; i++) {
                snprintf(many, sizeof(many), "/etc/nbox/web.conf.d/99-%03d.conf", i);
                put(many, "");
        }
        refused("more than 256 files");
        for (int i = 0; i < 300; i++) {
                snprintf(many, sizeof(many), "/etc/nbox/web.conf.d/99-%03d.conf", i);
                drop(many);
        }
}

static void the_command_line_hides_files(void **state _unused_) {
        char secret[] = "--set-credential=k:secret"; /* which is overwritten */
        char *argv[] = { (char *) "boot", (char *) "--hostname=cli", (char *) "--bind=/cli", (char *) "--rlimit=RLIMIT_NOFILE=8",
                         secret, (char *) "web", NULL };
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *from = NULL;

        put("/etc/nbox/web.conf", "[Exec]\nHostname=main\nLimitNOFILE=4\nUser=x\nTimezone=off\n");
        assert_int_equal(config_parse_argv(c, 6, argv, &error), 0);
        assert_int_equal(config_read_settings(c, &error), 0);
        from = provenance(c);
        assert_non_null(strstr(from, "Hostname=cli command line\n"));
        assert_non_null(strstr(from, "Bind=/cli command line\n"));
        assert_non_null(strstr(from, "--rlimit=RLIMIT_NOFILE=8 command line\n"));
        assert_non_null(strstr(from, "SetCredential=k:… command line\n"));
        assert_non_null(strstr(from, "Timezone=off /etc/nbox/web.conf:5\n"));
        assert_null(strstr(from, "/package"));
        assert_null(strstr(from, "LimitNOFILE"));
        assert_null(strstr(from, "User=")); /* run's */
        assert_null(strstr(from, "secret"));
}

/* What is sent to another host is one file that says what all of them say. */
static void all_of_them_in_one_file(void **state _unused_) {
        _cleanup_(settings_file_done) SettingsFile f = {}, beside = {};
        _cleanup_(config_freep) MachineConfig *several = NULL, *one = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        put("/etc/nbox/web.conf", "[Exec]\nHostname=main\n[Network]\nPort=80 \\\n");
        put("/etc/nbox/web.conf.d/05-a.conf", "Hostname=nowhere\n[Exec]\nEnvironment=D=%n E=5%%\n");
        assert_int_equal(chmod("/etc/nbox/web.conf.d/05-a.conf", 0600), 0);
        several = settings();
        assert_int_equal(settings_file_find("web", "/var/lib/machines", &f, &error), 1);
        assert_int_equal(f.place, STREAM_SETTINGS_NBOX);
        assert_int_equal(f.mode, 0600);
        assert_int_equal(strv_length(f.sources), strv_length(several->settings_files));
        put("/etc/nbox/one.conf", f.text);
        drop("/etc/nbox/web.conf");
        one = config_new(START_BOOT);
        one->machine = strdup("one");
        assert_int_equal(config_read_settings(one, &error), 0);
        assert_string_equal(one->hostname, several->hostname);
        assert_int_equal(one->ports.n, 1);
        assert_int_equal(one->n_binds, several->n_binds);
        for (char **e = several->environment; *e; e++)
                assert_string_equal(strv_env_get(one->environment, strndupa(*e, 1)), strcmp(*e, "D=web") == 0 ? "one" : *e + 2);
        assert_string_equal(strv_env_get(one->environment, "C"), "%n");
        assert_string_equal(strv_env_get(one->environment, "E"), "5%");
        put("/var/lib/machines/web.nspawn", "[Exec]\nHostname=beside\n");
        assert_int_equal(settings_file_find("web", "/var/lib/machines", &beside, &error), 1);
        assert_int_equal(beside.place, STREAM_SETTINGS_BESIDE);
        assert_string_equal(beside.text, "[Exec]\nHostname=beside\n");
        drop("/var/lib/machines/web.nspawn");
        drop("/etc/nbox/web.conf.d/05-a.conf");
}

static char *replaced(const char *text, int expected, const char *says) {
        SpecifierContext context = { .machine = "web", .path = "/etc/nbox/web.conf" };
        _cleanup_(error_freep) Error *error = NULL;
        char *out = NULL;
        int r = specifiers_replace(text, &context, &out, &error);

        assert_int_equal(r, expected);
        if (r < 0)
                assert_error_says(error, says);
        return out;
}

static void specifiers_are_replaced(void **state _unused_) {
        static const char *const texts[][2] = {
                { "", "" }, { "a", "a" }, { "%n", "web" }, { "/srv/%n/x", "/srv/web/x" }, { "%i%i", "webweb" }, { "%%n", "%n" }, { "%%%n", "%web" },
                { "50%", "50%" }, { "% x", "% x" }, { "%1", "%1" }, { "%-%", "%-%" }, { "%S/%t", "/var/lib//run" }, { "%u%U%g%G%h", "root0root0/root" },
                { "%y", "/etc/nbox/web.conf" }, { "%Y/x", "/etc/nbox/x" }, { "%o:%w", "te:st:9 %n" }, { "%A%B%M%W", "" }, { "%m", "0123" },
                { "%T%V%C%E%L", "/tmp/var/tmp/var/cache/etc/var/log" },
        };
        _cleanup_free_ char *huge = malloc(65536);

        put("/etc/os-release", "NAME=\"x\"\nIDX=no\nID=te:st\nVERSION_ID=\"9 %n\"\n");
        put("/etc/machine-id", "0123\n");
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *out = replaced(texts[i][0], 0, NULL);

                assert_string_equal(out, texts[i][1]);
        }
        for (const Specifier *s = specifiers; s->letter; s++) {
                char text[3] = { '%', s->letter, 0 };
                _cleanup_free_ char *out = replaced(text, 0, NULL);

                assert_null(strchr(out, '\n'));
        }
        assert_null(replaced("%Z", -EINVAL, "%Z is no specifier"));
        for (size_t i = 0; i < 65534; i += 2)
                memcpy(huge + i, "%h", 3);
        assert_null(replaced(huge, -E2BIG, "longer than 65536 bytes"));
        put("/etc/os-release", "ID=\x1b]0;x\n");
        assert_null(replaced("%o", -EINVAL, "has control characters"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(files_are_read_in_order),
                cmocka_unit_test(a_higher_directory_hides),
                cmocka_unit_test(nothing_empties_what_came_before),
                cmocka_unit_test(trust_is_each_files_own),
                cmocka_unit_test(what_is_no_file_is_refused),
                cmocka_unit_test(all_of_them_in_one_file),
                cmocka_unit_test(the_command_line_hides_files),
                cmocka_unit_test(specifiers_are_replaced),
        };

        return cmocka_run_group_tests(tests, enter_root, leave_root);
}
