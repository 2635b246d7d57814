/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "mount.h"
#include "stack-parts.h"

StackPart *stack_add(ImageStack *s, const char *destination, size_t n_lowers) {
        StackPart *grown = reallocarray(s->parts, s->n_parts + 1, sizeof(*grown)), *part;

        if (!grown)
                return NULL;
        s->parts = grown;
        part = grown + s->n_parts;
        *part = (StackPart){ .destination = strdup(destination), .lowers = calloc(n_lowers, sizeof(int)), .n_lowers = n_lowers,
                             .upper = -1 };
        s->n_parts++;
        return part->destination && part->lowers ? part : NULL;
}

void stack_drop_parts(ImageStack *s) {
        for (; s->n_parts > 0; s->n_parts--) {
                free(s->parts[s->n_parts - 1].destination);
                free(s->parts[s->n_parts - 1].lowers);
        }
}

int stack_hold(ImageStack *s, int fd) {
        int *grown = reallocarray(s->held, s->n_held + 1, sizeof(*grown));

        if (!grown) {
                close_fd(fd);
                return -ENOMEM;
        }
        s->held = grown;
        s->held[s->n_held++] = fd;
        return 0;
}

int stack_attach(ImageStack *s, int mount) {
        _cleanup_close_ int place = -1;
        int r = mkdir_parents(STACK_DIRECTORY, 0700);

        if (r < 0)
                return r;
        place = open(STACK_DIRECTORY, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (place < 0)
                return -errno;
        r = mount_attach(mount, place);
        if (r >= 0 && s->attached < 0)
                s->attached = mount;
        return r;
}

/* With all that stands on it: by its fd, umount(2) goes to the topmost there, so that the last is the one itself, which is then in no
 * namespace. */
static void detach(ImageStack *s) {
        char path[32];

        if (s->attached < 0)
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", s->attached);
        while (umount2(path, MNT_DETACH) >= 0)
                ;
        s->attached = -1;
}

void image_stack_settle(ImageStack *s) {
        detach(s);
        for (; s->n_held > 0; s->n_held--)
                close_fd(s->held[s->n_held - 1]);
        s->look = -1;
}

ImageStack *image_stack_free(ImageStack *s) {
        if (!s)
                return NULL;
        image_stack_settle(s);
        stack_drop_parts(s);
        stack_drop_layers(s);
        free(s->parts);
        free(s->held);
        free(s->path);
        free(s->machine);
        free(s);
        return NULL;
}

static int open_directory(ImageStack *s, const Image *image, Error **reterr) {
        StackPart *part = stack_add(s, "/", 1);

        if (!part)
                return error_oom(reterr);
        part->lowers[0] = image->fd;
        part->with_submounts = true;
        s->look = image->fd;
        s->is_plain = !s->ephemeral && s->volatility == VOLATILE_NO;
        return 0;
}

/* A read-only mount of all that there is, for who looks before anything is made. */
static int make_look(ImageStack *s, Error **reterr) {
        static const StackMount how = { .idmap = -1, .attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
        int fd;

        if (s->look >= 0)
                return 0;
        fd = stack_mount_all(s, &(PartMount){ &how, true }, STACK_DIRECTORY, reterr);
        if (fd < 0)
                return fd;
        if (s->attached < 0)
                s->attached = fd;
        s->look = fd;
        return stack_hold(s, fd) < 0 ? error_oom(reterr) : 0;
}

int image_stack_open(const Image *image, const StackWish *wish, ImageStack **ret, Error **reterr) {
        _cleanup_(image_stack_freep) ImageStack *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(reterr);
        s->look = s->attached = -1;
        s->ephemeral = wish->ephemeral && !wish->read_only && wish->volatility <= VOLATILE_NO;
        s->read_only = wish->read_only;
        s->volatility = wish->volatility == VOLATILE_UNSET ? VOLATILE_NO : wish->volatility;
        s->path = strdup(image->path);
        s->machine = wish->machine ? strdup(wish->machine) : NULL;
        if (!s->path || (wish->machine && !s->machine))
                return error_oom(reterr);
        switch (image->type) {
        case IMAGE_TREE:
        case IMAGE_SUBVOLUME:
                r = open_directory(s, image, reterr);
                break;
        case IMAGE_LAYERED:
                r = stack_open_layers(s, image, reterr);
                break;
        case IMAGE_DISK:
                r = stack_open_disk(s, image, reterr);
                break;
        default:
                r = -EINVAL;
        }
        if (r >= 0)
                r = make_look(s, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}
