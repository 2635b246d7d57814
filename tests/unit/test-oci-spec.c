/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is read of an OCI bundle's configuration, and what is refused though each of its fields is as it should be. */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci-spec.h"

#include "unit.h"

#define HEAD "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
#define MOUNT_NS "{\"type\":\"mount\"}"

/* A bundle with that text, read. */
static int load(const char *text, OciSpec **ret, Error **reterr) {
        char directory[] = "/tmp/nbox-unit-XXXXXX";
        _cleanup_free_ char *path = NULL;
        FILE *f;
        int r;

        assert_non_null(mkdtemp(directory));
        assert_true(asprintf(&path, "%s/config.json", directory) >= 0);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
        r = oci_spec_load(directory, ret, reterr);
        assert_true(unlink(path) >= 0 && rmdir(directory) >= 0);
        return r;
}

static void refuses(const char *text, const char *word) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        if (load(text, &s, &error) >= 0)
                fail_msg("%s is taken", text);
        if (!strstr(error->message, word))
                fail_msg("%s: '%s' is not in: %s", text, word, error->message);
}

static void reads_a_process(void **state _unused_) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        assert_return_code(load(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"b\"],\"env\":[\"X=1\"],\"user\":{\"uid\":5,\"gid\":6,\"additionalGids\":[7]},"
                                     "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"]},\"oomScoreAdj\":-5,"
                                     "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":3,\"hard\":18446744073709551615}],"
                                     "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3}},\"linux\":{\"namespaces\":[" MOUNT_NS "]}}",
                                &s, NULL), 0);
        assert_string_equal(s->process.args[1], "b");
        assert_int_equal(s->process.uid, 5);
        assert_int_equal(s->process.groups[0], 7);
        assert_int_equal(s->process.umask, 0022);
        assert_int_equal(s->process.capabilities[OCI_CAPS_BOUNDING], 1 << 0 | 1 << 5);
        assert_int_equal(s->process.capabilities[OCI_CAPS_PERMITTED], 0);
        assert_true(s->process.oom_asked);
        assert_int_equal(s->process.oom_score_adj, -5);
        assert_true(s->process.limits[0].value.rlim_max == RLIM_INFINITY);
        assert_int_equal(s->process.io_priority, 2 << 13 | 3);
        assert_false(s->process.scheduler.asked);
}

static void reads_mounts(void **state _unused_) {
        _cleanup_(oci_spec_freep) OciSpec *s = NULL;

        assert_return_code(load(HEAD "\"mounts\":[{\"destination\":\"/p\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"ro\",\"rw\"]},"
                                     "{\"destination\":\"/b\",\"source\":\"/s\",\"options\":[\"rbind\",\"rro\",\"rslave\",\"noatime\"]},"
                                     "{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"size=1m\",\"mode=0700\",\"tmpcopyup\"]}],"
                                     "\"linux\":{\"namespaces\":[" MOUNT_NS "]}}",
                                &s, NULL), 0);
        assert_int_equal(s->n_mounts, 3);
        /* The later of two words counts. */
        assert_int_equal(s->mounts[0].set, MOUNT_ATTR_NOSUID);
        assert_int_equal(s->mounts[0].clear, MOUNT_ATTR_RDONLY);
        assert_true(s->mounts[1].bind && s->mounts[1].recursive);
        assert_int_equal(s->mounts[1].deep_set, MOUNT_ATTR_RDONLY);
        assert_int_equal(s->mounts[1].propagation, MS_SLAVE);
        assert_int_equal(s->mounts[1].set, MOUNT_ATTR_NOATIME);
        assert_int_equal(s->mounts[1].clear, MOUNT_ATTR__ATIME); /* the kernel takes it as a whole only */
        assert_string_equal(s->mounts[2].data, "size=1m,mode=0700");
        assert_true(s->mounts[2].copy_up);
}

static void finds_ids_outside(void **state _unused_) {
        OciIdMap items[] = { { 0, 100000, 10 }, { 10, 5, 1 } };
        OciIdMaps maps = { items, 2 };
        uint32_t id = 7;

        assert_true(oci_id_outside(&maps, 9, &id));
        assert_int_equal(id, 100009);
        assert_true(oci_id_outside(&maps, 10, &id));
        assert_int_equal(id, 5);
        assert_false(oci_id_outside(&maps, 11, &id));
}

static void refuses_what_does_not_go_together(void **state _unused_) {
        refuses(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}", "mount namespace");
        refuses(HEAD "\"linux\":{\"namespaces\":[" MOUNT_NS "," MOUNT_NS "]}}", "twice");
        refuses(HEAD "\"linux\":{\"namespaces\":[" MOUNT_NS ",{\"type\":\"sound\"}]}}", "sound");
        refuses(HEAD "\"linux\":{\"namespaces\":[" MOUNT_NS ",{\"type\":\"network\",\"path\":\"x\"}]}}", "not absolute");
        refuses(HEAD "\"linux\":{\"namespaces\":[" MOUNT_NS ",{\"type\":\"user\"}]}}", "Mappings");
        refuses(HEAD "\"hostname\":\"a\",\"linux\":{\"namespaces\":[" MOUNT_NS "]}}", "uts");
        refuses(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[]},\"linux\":{\"namespaces\":[" MOUNT_NS "]}}", "args");
        refuses(HEAD "\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]},\"linux\":{\"namespaces\":[" MOUNT_NS "]}}", "cwd");
        refuses(HEAD "\"mounts\":[{\"destination\":\"/b\",\"options\":[\"bind\"]}],\"linux\":{\"namespaces\":[" MOUNT_NS "]}}", "no source");
        refuses(HEAD "\"mounts\":[{\"destination\":\"/b\",\"type\":\"tmpfs\",\"options\":[\"a=b,c\"]}],\"linux\":{\"namespaces\":[" MOUNT_NS "]}}", "comma");
        refuses("{\"ociVersion\":\"1.2.0\"", "config.json");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_a_process),
                cmocka_unit_test(reads_mounts),
                cmocka_unit_test(finds_ids_outside),
                cmocka_unit_test(refuses_what_does_not_go_together),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
