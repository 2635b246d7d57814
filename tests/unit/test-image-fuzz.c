/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is read of images and of what is kept for them: good ones, mutated, with a fixed seed so that a failure comes again. What is looked for is what
 * the sanitizers see, that an error is always made, and that what is taken is in the bounds that others count on. */

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "change.h"
#include "disk-repair.h"
#include "layer-info.h"
#include "text.h"
#include "verity.h"

#include "unit.h"

#define ROUNDS 20000
#define SECONDS 5
#define ID_A "00112233445566778899aabbccddeeff"
#define ID_B "ffeeddccbbaa99887766554433221100"

static uint32_t next(uint64_t *state, uint32_t below) {
        *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (*state >> 33) % below;
}

/* A copy of a text, of its own size to the byte, with a few of its bytes changed, and cut, or a part of it twice. */
static char *mutate(uint64_t *random, const char *text) {
        static const char special[] = "\n =/.-0129afZ\x1b\x7f\xff\0";
        size_t size = strlen(text), at = next(random, (uint32_t) size), length = next(random, (uint32_t) (size - at));
        bool twice = next(random, 4) == 0;
        char *copy = malloc(size + (twice ? length : 0) + 1);

        assert_non_null(copy);
        memcpy(copy, text, size + 1);
        for (uint32_t n = next(random, 5); n > 0; n--)
                copy[next(random, (uint32_t) size)] = next(random, 2) ? (char) next(random, 256) : special[next(random, sizeof(special) - 1)];
        if (twice) {
                memmove(copy + at + length, copy + at, size - at + 1);
                size += length;
        }
        if (next(random, 8) == 0)
                copy[next(random, (uint32_t) size)] = 0;
        return copy;
}

static void fuzz_layer_info(void **state _unused_) {
        static const char *const seeds[] = {
                "parent " ID_A "\nmade 1700000000000000\nfrom web\n",
                "made 1\n",
                "made 18446744073709551615\nfrom a b.raw\nnews of a later version\n",
        };
        uint64_t random = 20240229;
        time_t end = time(NULL) + SECONDS;
        int good = 0;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_free_ char *text = mutate(&random, seeds[next(&random, ELEMENTSOF(seeds))]);
                Layer l = { .fd = -1, .tree = -1 };
                int r = layer_info_parse(&l, text);

                assert_true(r == 0 || r == -EBADMSG);
                if (r == 0) {
                        _cleanup_free_ char *again = layer_info_format(&l);
                        Layer same = { .fd = -1, .tree = -1 };

                        assert_true(!*l.parent || layer_id_is_valid(l.parent));
                        assert_true(!l.from || (string_is_clean(l.from) && !strchr(l.from, '/')));
                        assert_int_equal(layer_info_parse(&same, again), 0);
                        assert_string_equal(same.parent, l.parent);
                        free(same.from);
                        good++;
                }
                free(l.from);
        }
        assert_true(good > 100);
}

static void fuzz_links(void **state _unused_) {
        static const char *const seeds[] = { STORE_NAME "/layers/" ID_A "/tree", "../../layers/" ID_B };
        uint64_t random = 19700101;
        time_t end = time(NULL) + SECONDS;
        int good = 0;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_free_ char *text = mutate(&random, seeds[i % 2]);
                char id[LAYER_ID_SIZE] = "";

                if (layer_from_link(text, id) || layer_from_snapshot_link(text, id)) {
                        assert_true(layer_id_is_valid(id));
                        assert_non_null(strstr(text, id));
                        good++;
                } else
                        assert_string_equal(id, "");
        }
        assert_true(good > 100);
}

static void fuzz_change(void **state _unused_) {
        static const char *const seeds[] = {
                "Version=1\nKind=rename\nDirectory=/var/lib/machines\nFrom=web.raw\nInode=1234\nBorn=1700000000000000\nTo=db.raw\nMachine=web\n"
                "NewMachine=db\nImmutable=yes\nPath=/etc/nbox/web.conf\nNewPath=/etc/nbox/db.conf\n",
                "Version=1\nKind=remove\nDirectory=/var/lib/machines\nFrom=web\nInode=1\nBorn=0\nTo=.#nbox-web.tmp\nMachine=web\nPath=/etc/nbox/web.conf\n",
        };
        uint64_t random = 42;
        time_t end = time(NULL) + SECONDS;
        int good = 0;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_free_ char *text = mutate(&random, seeds[next(&random, ELEMENTSOF(seeds))]);
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(change_freep) Change *c = NULL;
                int r = change_parse(text, &c, &error);

                if (r < 0) {
                        assert_non_null(error);
                        assert_null(c);
                        continue;
                }
                assert_true(c->directory && *c->directory == '/');
                assert_true(c->from && *c->from && !strchr(c->from, '/'));
                assert_true(!c->to || (*c->to && !strchr(c->to, '/')));
                good++;
        }
        assert_true(good > 100);
}

static void fuzz_root_hash(void **state _unused_) {
        static const char seed[] = ID_A ID_B ID_A ID_B ID_A ID_B ID_A ID_B ID_A;
        uint64_t random = 7;

        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_free_ char *text = mutate(&random, seed + next(&random, sizeof(seed) - 1));
                VerityHash hash = {};

                if (verity_hash_parse(text, &hash) >= 0)
                        assert_int_equal(hash.size * 2, strlen(text));
                else
                        assert_int_equal(hash.size, 0);
        }
}

/* Superblocks, after libblkid has said whose they are. */
static void fuzz_superblocks(void **state _unused_) {
        uint64_t random = 99;
        time_t end = time(NULL) + SECONDS;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_close_ int file = memfd_create("disk", MFD_CLOEXEC);
                Disk d = { .path = (char *) "/d.raw", .file = file, .size = 131072 };
                DiskPartition p = { .size = d.size };
                _cleanup_(error_freep) Error *error = NULL;
                uint8_t block[4096];
                DiskState s;
                int r;

                strcpy(p.fs, i % 2 ? "ext4" : "btrfs");
                for (size_t k = 0; k < sizeof(block); k++)
                        block[k] = next(&random, 3) ? 0 : (uint8_t) next(&random, 256);
                if (next(&random, 4) > 0) {
                        memcpy(block + 0x38, "\x53\xef", 2);
                        if (i % 2 == 0)
                                memcpy(block + 0x40, "_BHRfS_M", 8);
                }
                assert_true(pwrite(file, block, next(&random, sizeof(block)), i % 2 ? 1024 : 65536) >= 0);
                r = disk_state_read(&d, &p, &s, &error);
                assert_true((r < 0) == (error != NULL));
        }
}

/* Whole disks: partition tables with chains that lead anywhere, looked at as a user does. */
static void fuzz_disks(void **state _unused_) {
        uint64_t random = 31337;
        time_t end = time(NULL) + SECONDS;

        for (int i = 0; i < 400 && time(NULL) < end; i++) {
                Image image = { .type = IMAGE_DISK, .name = (char *) "d", .path = (char *) "/d.raw", .fd = memfd_create("disk", MFD_CLOEXEC) };
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(disk_freep) Disk *d = NULL;
                uint8_t sector[512] = {};
                int r;

                assert_int_equal(ftruncate(image.fd, 1 << 20), 0);
                for (uint32_t at = 0; at < 64; at += 1 + next(&random, 8)) {
                        for (int entry = 0; entry < 4; entry++) {
                                uint8_t *e = sector + 446 + 16 * entry;

                                e[4] = (uint8_t[]){ 0x83, 5, 0x0f, 0x85, 0, 0xee, 0xa5, 0x82 }[next(&random, 8)];
                                for (int k = 8; k < 16; k++)
                                        e[k] = k % 4 == 0 ? (uint8_t) next(&random, 64) : next(&random, 8) ? 0 : (uint8_t) next(&random, 256);
                        }
                        memcpy(sector + 510, "\x55\xaa", 2);
                        assert_int_equal(pwrite(image.fd, sector, sizeof(sector), at * 512), (ssize_t) sizeof(sector));
                }
                r = disk_look(&image, &d, &error);
                assert_true((r < 0) == (error != NULL));
                for (size_t k = 0; r >= 0 && k < d->n_partitions; k++)
                        assert_true(d->partitions[k].offset <= d->size && d->partitions[k].size <= d->size - d->partitions[k].offset);
                close(image.fd);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fuzz_layer_info),
                cmocka_unit_test(fuzz_links),
                cmocka_unit_test(fuzz_change),
                cmocka_unit_test(fuzz_root_hash),
                cmocka_unit_test(fuzz_superblocks),
                cmocka_unit_test(fuzz_disks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
