/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer-origin.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "layer.h"
#include "layer-info.h"
#include "strv.h"
#include "text.h"

#define TEXT_MAX ((ORIGIN_LINE_MAX + 1) * ORIGIN_LINES_MAX)

static bool line_is_valid(const char *line) {
        size_t word = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789");

        return word > 0 && line[word] == ' ' && line[word + 1] && strlen(line) <= ORIGIN_LINE_MAX && string_is_clean(line);
}

static int write_text(int dir, const char *text) {
        _cleanup_close_ int fd = openat(dir, "origin.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, text, strlen(text));
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (r >= 0 && renameat2(dir, "origin.tmp", dir, "origin", RENAME_NOREPLACE) < 0)
                r = -errno;
        return r >= 0 && fsync(dir) < 0 ? -errno : r;
}

int layer_origin_write(const Layer *l, char *const *lines, Error **reterr) {
        _cleanup_free_ char *joined = NULL, *text = NULL;
        int r;

        if (strv_length(lines) == 0 || strv_length(lines) > ORIGIN_LINES_MAX)
                return error_set(reterr, EINVAL, "%zu lines are too few or too many for what a layer came from", strv_length(lines));
        for (char *const *line = lines; *line; line++)
                if (!line_is_valid(*line))
                        return error_set(reterr, EINVAL, "A layer cannot be known by '%.100s'", *line);
        joined = strv_join(lines, "\n");
        if (!joined || asprintf(&text, "%s\n", joined) < 0)
                return error_oom(reterr);
        if (syncfs(l->fd) < 0)
                return error_errno(reterr, errno, "Cannot write a new layer to the disk");
        r = write_text(l->fd, text);
        return r < 0 ? error_errno(reterr, r, "Cannot write down what the layer %s came from", l->id) : 0;
}

/* 1, or 0: there is none, or nothing that can be read as one. */
static int read_lines(int layer, char ***ret) {
        _cleanup_close_ int fd = store_open_beneath(layer, "origin", O_RDONLY | O_NONBLOCK | O_NOCTTY);
        _cleanup_strv_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        char *state = NULL;
        struct stat st;
        size_t size;
        int r;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        r = fd_read_all(fd, TEXT_MAX, &text, &size);
        if (r < 0)
                return r == -EFBIG ? 0 : r;
        if (size == 0 || strlen(text) != size || text[size - 1] != '\n')
                return 0;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (line_is_valid(line) && strv_append(&lines, line) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(lines);
        return 1;
}

int layer_origin_read(const Layer *l, char ***ret, Error **reterr) {
        int r = read_lines(l->fd, ret);

        return r < 0 ? error_errno(reterr, r, "Cannot read what the layer %s came from", l->id) : r;
}

const char *layer_origin_get(char *const *lines, const char *word) {
        size_t n = strlen(word);

        for (; lines && *lines; lines++)
                if (strncmp(*lines, word, n) == 0 && (*lines)[n] == ' ')
                        return *lines + n + 1;
        return NULL;
}

/* 1: it is held, and so is not swept any more; its chain is whole. 0: it is none of these, or damaged, or just goes: another one is made. */
static int take_if(const Store *s, const char *id, const char *word, const char *value, Layer **ret) {
        _cleanup_(layer_freep) Layer *l = NULL;
        _cleanup_close_ int dir = -1;
        _cleanup_strv_ char **lines = NULL;
        char path[LAYER_LINK_MAX];
        Layer **chain = NULL;
        const char *said;
        size_t n = 0;

        snprintf(path, sizeof(path), "layers/%.*s", LAYER_ID_SIZE - 1, id);
        dir = store_open_beneath(s->fd, path, O_RDONLY | O_DIRECTORY);
        if (dir < 0 || read_lines(dir, &lines) <= 0)
                return 0;
        said = layer_origin_get(lines, word);
        if (!said || strcmp(said, value) != 0 || layer_open(s, id, &l, NULL) < 0 || layer_chain(s, id, &chain, &n, NULL) < 0)
                return 0;
        layer_chain_free(chain, n);
        *ret = TAKE_PTR(l);
        return 1;
}

int layer_origin_find(const Store *s, const char *word, const char *value, Layer **ret, Error **reterr) {
        _cleanup_closedir_ DIR *d = fd_opendir(s->fd, "layers");
        _cleanup_(layer_freep) Layer *best = NULL;
        struct dirent *e;

        if (!d)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot read the layers in %s", s->directory);
        while ((errno = 0, e = readdir(d))) {
                _cleanup_(layer_freep) Layer *l = NULL;

                if (!layer_id_is_valid(e->d_name) || take_if(s, e->d_name, word, value, &l) <= 0)
                        continue;
                if (best && l->made_usec <= best->made_usec)
                        continue;
                layer_free(best);
                best = TAKE_PTR(l);
        }
        if (errno)
                return error_errno(reterr, errno, "Cannot read the layers in %s", s->directory);
        if (!best)
                return 0;
        *ret = TAKE_PTR(best);
        return 1;
}

int image_origin(const Image *image, const char *word, char ***ret, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        Layer **chain = NULL;
        size_t n = 0;
        int r;

        if (image->type != IMAGE_LAYERED)
                return 0;
        r = store_of_image(image, false, &s, reterr);
        if (r >= 0)
                r = layer_chain(s, image->layer, &chain, &n, reterr);
        if (r < 0)
                return r;
        r = 0;
        for (size_t i = 0; r == 0 && i < n; i++) {
                _cleanup_strv_ char **lines = NULL;

                r = layer_origin_read(chain[i], &lines, reterr);
                if (r > 0 && layer_origin_get(lines, word))
                        *ret = TAKE_PTR(lines);
                else if (r > 0)
                        r = 0;
        }
        layer_chain_free(chain, n);
        return r;
}
