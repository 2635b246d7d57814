/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Settings files and command lines that nobody wrote: good ones, mutated, with a fixed seed so that a failure comes
 * again. What is looked for is what the sanitizers see, and that an error is always made. */

#include <fcntl.h>
#include <time.h>

#include "config.h"
#include "fields.h"
#include "provenance.h"
#include "settings.h"

#include "unit.h"

#define ROUNDS 20000
#define SECONDS 10

static const char *const seeds[] = {
        "[Exec]\nBoot=yes\nParameters=/bin/sh -c 'a b' \"c\\\"d\" e\\ f\nEnvironment=A=1\\\n  2\nUser=joe\nWorkingDirectory=/srv\n",
        "[Exec]\nKillSignal=SIGRTMIN+3\nMachineID=000102030405060708090a0b0c0d0e0f\nPrivateUsers=524288:65536\nHostname=inner\n",
        "[Exec]\nResolvConf=copy-host\nTimezone=auto\nStopTimeout=2min 30s\nSlice=a-b.slice\nProperty=MemoryMax=1G\nRegister=no\n",
        "# c\n[Files]\nReadOnly=yes\nBind=-+/a\\:b:/c:rbind,idmap\nBindReadOnly=/x\nTemporaryFileSystem=/t:mode=0755,size=1M\n",
        "[Exec]\nHostname=%n\nEnvironment=A=%%%H B=50% C=%o-%w\nEnvironment=\nParameters=/bin/%i '%y' \"%v\"\n[Files]\nBind=/srv/%n:/%S/%t\nBind=\nVolume=%E/x\n",
        "[Network]\nPrivate=yes\nVirtualEthernet=no\nZone=lab\nBridge=br0,vlan=4\nMACVLAN=a b:c\nInterface=a\nVirtualEthernetExtra=a:b,address=10.0.0.2/24,gateway=10.0.0.1\nNamespacePath=\nPort=tcp:8080:80\nPort=udp:53\nPort=\nPort=192.0.2.1:8000-8099:9000-9099/udp\nHostPort=5432\nIngressRate=100M\nEgressRate=8K\n;\n[X-A]\nb\n",
};

typedef struct Random {
        uint64_t state;
} Random;

static uint32_t next(Random *r, uint32_t below) {
        r->state = r->state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (r->state >> 33) % below;
}

/* Change, insert, remove, repeat, or cut: one to eight times. */
static size_t mutate(Random *rnd, char *text, size_t size, size_t max) {
        static const char special[] = "%n=[]\\'\"\n#;:,+-/. \t0129aZ\xff\x7f\x1b";

        for (uint32_t n = 1 + next(rnd, 8); n > 0; n--) {
                size_t at = size ? next(rnd, (uint32_t) size) : 0, length = size - at;

                switch (next(rnd, 5)) {
                case 0:
                        if (size)
                                text[at] = (char) next(rnd, 256);
                        break;
                case 1:
                        if (size < max) {
                                memmove(text + at + 1, text + at, length);
                                text[at] = special[next(rnd, sizeof(special) - 1)];
                                size++;
                        }
                        break;
                case 2:
                        length = length ? next(rnd, (uint32_t) length) : 0;
                        memmove(text + at, text + at + length, size - at - length);
                        size -= length;
                        break;
                case 3:
                        length = length ? next(rnd, (uint32_t) length) : 0;
                        if (size + length <= max) {
                                memmove(text + at + length, text + at, size - at);
                                size += length;
                        }
                        break;
                default:
                        if (next(rnd, 20) == 0)
                                size = at;
                }
        }
        return size;
}

static size_t make_text(Random *rnd, char *text, size_t max) {
        size_t size = 0;

        for (uint32_t n = 1 + next(rnd, 3); n > 0; n--) {
                const char *seed = seeds[next(rnd, ELEMENTSOF(seeds))];

                memcpy(text + size, seed, strlen(seed));
                size += strlen(seed);
        }
        return mutate(rnd, text, size, max);
}

static void check_result(const MachineConfig *c, int r, const Error *error) {
        if (r < 0) {
                assert_non_null(error);
                assert_int_equal(error->code, r);
                return;
        }
        assert_null(error);
        assert_true(c->network == NETWORK_UNSET || c->network == NETWORK_OWN || c->network == NETWORK_HOST ||
                    c->network == NETWORK_NONE || c->network == NETWORK_NAMESPACE);
        for (size_t i = 0; i < c->n_binds; i++)
                assert_true(c->binds[i].source[0] == '/' && c->binds[i].destination[0] == '/');
}

static void said(void *userdata, const SettingsRemark *remark) {
        assert_true(remark->path && remark->text);
        *(unsigned *) userdata += remark->is_error;
}

/* A main file and a drop-in, of which all that is wrong is told: only what cannot be read at all ends it. */
static void fuzz_parts(void **state _unused_) {
        Random rnd = { 20120229 };
        time_t end = time(NULL) + SECONDS;
        int good = 0;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_(config_freep) MachineConfig *c = config_new(i % 2 ? START_BOOT : START_RUN), *into = config_new(c->mode);
                unsigned errors = 0;
                SettingsWatch watch = { said, &errors };
                int r = 0;

                for (int part = 0; part < 2 && r >= 0; part++) {
                        SettingsSource source = { .path = part ? "/etc/nbox/web.conf.d/10-a.conf" : "/etc/nbox/web.conf", .trusted = part || i % 3,
                                                  .specifiers_for = i % 4 ? "web" : NULL, .watch = &watch };
                        _cleanup_(error_freep) Error *error = NULL;
                        char buffer[2048];
                        size_t size = make_text(&rnd, buffer, sizeof(buffer));
                        _cleanup_free_ char *text = malloc(size + 1);

                        memcpy(text, buffer, size);
                        text[size] = 0;
                        r = settings_parse_part(c, &source, text, size, &error);
                        assert_true(r == 0 || (r == -EBADMSG && error));
                        good += r >= 0 && errors == 0;
                }
                for (const Assignment *a = c->assignments.first; a; a = a->next)
                        assert_true(a->line > 0 && a->file && a->text && field_is_set(c, a->field));
                config_fill(into, c);
        }
        assert_true(good > 100);
}

static void fuzz_settings(void **state _unused_) {
        Random rnd = { 20240229 };
        time_t end = time(NULL) + SECONDS;
        int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC), good = 0;

        assert_true(saved >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0);
        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                StartMode mode = i % 2 ? START_BOOT : START_RUN;
                _cleanup_(config_freep) MachineConfig *c = config_new(mode), *into = config_new(mode);
                _cleanup_(error_freep) Error *error = NULL;
                char buffer[2048];
                size_t size = make_text(&rnd, buffer, sizeof(buffer));
                _cleanup_free_ char *text = malloc(size + 1); /* exactly, so that one byte too far is seen */
                int r;

                memcpy(text, buffer, size);
                text[size] = 0;
                r = settings_parse(c, "fuzz", i % 3, text, size, &error);
                check_result(c, r, error);
                good += r >= 0;
                if (i % 5)
                        config_fill(into, c);
                else
                        config_override(into, c);
        }
        dup2(saved, STDERR_FILENO);
        close(saved);
        close(null);
        assert_true(good > 100); /* the mutations must not all be caught at the door */
}

static void fuzz_argv(void **state _unused_) {
        static const char *const words[] = { "-D", "/srv/x", "--bind=/a:/b", "--port", "tcp:80:80", "-p=", "--network=zone:a", "-n", "-qU",
                "--private-users", "--stop-timeout=1h", "--", "web", "-", "--setenv=A=b", "--tmpfs=/t:x", "--uuid=1", "-au", "joe", "" };
        Random rnd = { 19700101 };
        time_t end = time(NULL) + SECONDS;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_(config_freep) MachineConfig *c = config_new(i % 2 ? START_BOOT : START_RUN);
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_strv_ char **argv = NULL;
                _cleanup_free_ char **copy = NULL;
                int argc = 1 + (int) next(&rnd, 7), r;

                for (int j = 0; j < argc; j++) {
                        char word[64];
                        const char *seed = words[next(&rnd, ELEMENTSOF(words))];
                        size_t size = strlen(seed);

                        memcpy(word, seed, size);
                        if (next(&rnd, 3) == 0)
                                size = mutate(&rnd, word, size, sizeof(word) - 1);
                        word[size] = 0;
                        assert_int_equal(strv_append(&argv, word), 0);
                }
                copy = calloc((size_t) argc + 1, sizeof(char *));
                memcpy(copy, argv, (size_t) argc * sizeof(char *));
                r = config_parse_argv(c, argc, copy, &error);
                check_result(c, r, error);
                if (r >= 0) {
                        assert_non_null(c->machine);
                        assert_true(c->directory || c->image);
                        r = config_validate(c, &error);
                        check_result(c, r, error);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fuzz_settings),
                cmocka_unit_test(fuzz_parts),
                cmocka_unit_test(fuzz_argv),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
