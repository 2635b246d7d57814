/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verity.h"

/* A device of the device mapper does not go with whoever made it. So it is told to, once we have it open: from then on its removal is
 * pending until the last user is gone (DM_DEFERRED_REMOVE, Linux 3.13). Killed before that, its maker stands in its name, and whoever comes
 * next lets go of it. */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "file.h"
#include "library.h"
#include "log.h"
#include "loop.h"
#include "module.h"
#include "process.h"

#define LIBRARY "libcryptsetup.so.12"
#define NAME_PREFIX "nbox-verity-"
#define NAME_SIZE 96

/* The functions of <libcryptsetup.h> that are used, by their own types. */
#define FUNCTIONS(X) \
        X(init) X(free) X(load) X(set_data_device) X(get_volume_key_size) X(activate_by_volume_key) X(deactivate_by_name) \
        X(set_log_callback)

typedef struct Library {
#define X(name) typeof(&crypt_##name) name;
        FUNCTIONS(X)
#undef X
} Library;

static void say_nothing(int level, const char *message, void *userdata _unused_) {
        if (level == CRYPT_LOG_ERROR)
                log_debug("libcryptsetup: %.*s", (int) strcspn(message, "\n"), message);
}

static int load_library(Library *ret, Error **reterr) {
        const LibrarySymbol symbols[] = {
#define X(name) { #name, (void **) &ret->name },
                FUNCTIONS(X)
#undef X
        };

        if (library_load(LIBRARY, "crypt_", symbols, ELEMENTSOF(symbols)) < 0) {
                error_set(reterr, EOPNOTSUPP, "%s, which verifies images, cannot be loaded: %s", LIBRARY, dlerror());
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package libcryptsetup12).");
        }
        ret->set_log_callback(NULL, say_nothing, NULL);
        return 0;
}

static int digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int verity_hash_parse(const char *text, VerityHash *ret) {
        size_t n = strlen(text);
        VerityHash hash = { .size = n / 2 };

        if (n % 2 != 0 || hash.size < 16 || hash.size > sizeof(hash.bytes))
                return -EINVAL;
        for (size_t i = 0; i < hash.size; i++) {
                int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                hash.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret = hash;
        return 0;
}

int verity_hash_beside(const char *image, const char *name, VerityHash *ret, Error **reterr) {
        static const char suffix[] = ".raw";
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n = strlen(image);
        int r;

        if (n > strlen(suffix) && strcmp(image + n - strlen(suffix), suffix) == 0)
                n -= strlen(suffix);
        if (asprintf(&path, "%.*s.%shash", (int) n, image, name) < 0)
                return error_oom(reterr);
        r = file_read(AT_FDCWD, path, 2 * VERITY_HASH_MAX + 2, &text);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        text[strcspn(text, "\r\n")] = 0;
        if (verity_hash_parse(text, ret) < 0)
                return error_set(reterr, EINVAL, "What is in %s is not a root hash: 32 to 128 hexadecimal digits", path);
        return 1;
}

/* ---- devices of ours ---- */

static int device_name(char ret[NAME_SIZE]) {
        uint64_t start, random;
        int r = process_start_time(getpid(), &start);

        if (r < 0)
                return r;
        if (getentropy(&random, sizeof(random)) < 0)
                return -errno;
        snprintf(ret, NAME_SIZE, NAME_PREFIX "%d-%llu-%016llx", (int) getpid(), (unsigned long long) start, (unsigned long long) random);
        return 0;
}

static bool maker_is_gone(const char *name) {
        unsigned long long start;
        uint64_t now;
        int pid;

        return sscanf(name, NAME_PREFIX "%d-%llu-", &pid, &start) == 2 && (process_start_time(pid, &now) == -ESRCH || now != start);
}

/* The device mapper's name of /sys/block/ENTRY, or NULL. */
static char *mapper_name(int block, const char *entry) {
        char path[64], *name;

        if (snprintf(path, sizeof(path), "%s/dm/name", entry) >= (int) sizeof(path) || file_read(block, path, 256, &name) < 0)
                return NULL;
        name[strcspn(name, "\n")] = 0;
        return name;
}

void verity_sweep(void) {
        _cleanup_closedir_ DIR *block = opendir("/sys/block");
        struct dirent *e;
        Library lib;
        bool loaded = false;

        while (block && (e = readdir(block))) {
                _cleanup_free_ char *name = strncmp(e->d_name, "dm-", 3) == 0 ? mapper_name(dirfd(block), e->d_name) : NULL;

                if (!name || !maker_is_gone(name) || (!loaded && load_library(&lib, NULL) < 0))
                        continue;
                loaded = true;
                if (lib.deactivate_by_name(NULL, name, CRYPT_DEACTIVATE_DEFERRED) >= 0)
                        log_debug("Let go of the device %s", name);
        }
}

/* By number: udev makes names when it comes to it, and in a container nobody does. */
static int open_mapped(const char *name) {
        _cleanup_closedir_ DIR *block = opendir("/sys/block");
        struct dirent *e;

        while (block && (e = readdir(block))) {
                _cleanup_free_ char *there = strncmp(e->d_name, "dm-", 3) == 0 ? mapper_name(dirfd(block), e->d_name) : NULL, *text = NULL;
                _cleanup_close_ int dir = -1;
                unsigned maj, min;
                char path[64];
                int fd;

                if (!there || strcmp(there, name) != 0)
                        continue;
                if (snprintf(path, sizeof(path), "%s/dev", e->d_name) >= (int) sizeof(path) ||
                    file_read(dirfd(block), path, 64, &text) < 0 || sscanf(text, "%u:%u", &maj, &min) != 2)
                        return -EIO;
                dir = block_node_new(makedev(maj, min), 0);
                if (dir < 0)
                        return dir;
                fd = openat(dir, BLOCK_NODE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                return fd < 0 ? -errno : fd;
        }
        return -ENODEV;
}

/* ---- making one ---- */

static int load_modules(const char *path, Error **reterr) {
        (void) module_load("dm_mod");
        (void) module_load("dm_verity");
        if (access("/sys/class/misc/device-mapper", F_OK) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "%s has a root hash, but this kernel has no device mapper to verify it with", path);
        return error_hint(reterr, -EOPNOTSUPP, "Load the modules: modprobe -a dm_mod dm_verity");
}

static int activate(const Library *lib, struct crypt_device *cd, const VerityParts *p, const char *name, Error **reterr) {
        char data[BLOCK_PATH_MAX];
        int r;

        r = lib->load(cd, CRYPT_VERITY, NULL);
        if (r < 0) {
                error_set(reterr, EBADMSG, "The hashes that come with %s are none of dm-verity, or damaged", p->path);
                return error_hint(reterr, -EBADMSG, "`veritysetup format` makes them.");
        }
        block_path(p->data, data);
        r = lib->set_data_device(cd, data);
        if (r < 0)
                return error_errno(reterr, r, "Cannot verify %s", p->path);
        if ((size_t) lib->get_volume_key_size(cd) != p->root->size)
                return error_set(reterr, EINVAL, "The root hash of %s has %zu bytes, and its hashes have %d", p->path, p->root->size,
                                 lib->get_volume_key_size(cd));
        r = lib->activate_by_volume_key(cd, name, (const char *) p->root->bytes, p->root->size, CRYPT_ACTIVATE_READONLY);
        if (r == -EPERM)
                return error_set(reterr, EKEYREJECTED, "%s is not what its root hash vouches for", p->path);
        return r < 0 ? error_errno(reterr, r, "Cannot set up dm-verity for %s", p->path) : 0;
}

int verity_open(const VerityParts *parts, Error **reterr) {
        char hashes[BLOCK_PATH_MAX], name[NAME_SIZE];
        struct crypt_device *cd;
        Library lib;
        int fd, r;

        r = load_modules(parts->path, reterr);
        if (r >= 0)
                r = load_library(&lib, reterr);
        if (r < 0)
                return r;
        verity_sweep();
        r = device_name(name);
        block_path(parts->hashes, hashes);
        if (r >= 0)
                r = lib.init(&cd, hashes);
        if (r < 0)
                return error_errno(reterr, r, "Cannot verify %s", parts->path);
        r = activate(&lib, cd, parts, name, reterr);
        lib.free(cd);
        if (r < 0)
                return r;
        fd = open_mapped(name);
        (void) lib.deactivate_by_name(NULL, name, CRYPT_DEACTIVATE_DEFERRED);
        return fd < 0 ? error_errno(reterr, fd, "Cannot open the device that verifies %s", parts->path) : fd;
}
