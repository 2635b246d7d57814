/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

uint8_t fuzz_byte(FuzzInput *in) {
        if (in->size == 0)
                return 0;
        in->size--;
        return *in->data++;
}

size_t fuzz_bytes(FuzzInput *in, size_t size, const uint8_t **ret) {
        size = size < in->size ? size : in->size;
        *ret = in->data;
        in->data += size;
        in->size -= size;
        return size;
}

static char *copy_of(const uint8_t *data, size_t size) {
        char *copy = malloc(size + 1);

        fuzz_check(copy);
        if (size > 0)
                memcpy(copy, data, size);
        copy[size] = 0;
        return copy;
}

char *fuzz_string(FuzzInput *in) {
        const uint8_t *data;
        size_t size = in->size == 0 ? 0 : strnlen((const char *) in->data, in->size);
        char *copy;

        size = fuzz_bytes(in, size, &data);
        copy = copy_of(data, size);
        (void) fuzz_byte(in);
        return copy;
}

char *fuzz_rest(FuzzInput *in, size_t *ret_size) {
        const uint8_t *data;

        *ret_size = fuzz_bytes(in, in->size, &data);
        return copy_of(data, *ret_size);
}

static void write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                fuzz_check(n > 0);
                p += n;
                size -= (size_t) n;
        }
}

int fuzz_file(const void *data, size_t size) {
        int fd = memfd_create("fuzz", MFD_CLOEXEC);

        fuzz_check(fd >= 0);
        write_all(fd, data, size);
        fuzz_check(lseek(fd, 0, SEEK_SET) == 0);
        return fd;
}

static char directory[128];
static int directory_fd = -1;

static void clear(int dir) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        struct dirent *e;

        while (d && (e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlinkat(dir, e->d_name, 0) < 0 && errno == EISDIR) {
                        _cleanup_close_ int below = -1;

                        if (fchmodat(dir, e->d_name, 0700, 0) == 0) /* we may be nobody */
                                below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        if (below >= 0)
                                clear(below);
                        (void) unlinkat(dir, e->d_name, AT_REMOVEDIR);
                }
}

void fuzz_clear(void) {
        clear(directory_fd);
}

static void remove_directory(void) {
        clear(directory_fd);
        (void) rmdir(directory);
}

int fuzz_directory(const char **ret_path) {
        if (directory_fd < 0) {
                snprintf(directory, sizeof(directory), "%s/nbox-fuzz.XXXXXX", getenv("NBOX_FUZZ_SCRATCH") ?: "/dev/shm");
                fuzz_check(mkdtemp(directory));
                directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                fuzz_check(directory_fd >= 0);
                atexit(remove_directory);
        }
        if (ret_path)
                *ret_path = directory;
        return directory_fd;
}

void fuzz_put(const char *name, const void *data, size_t size) {
        _cleanup_close_ int fd = openat(fuzz_directory(NULL), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        fuzz_check(fd >= 0);
        write_all(fd, data, size);
}
