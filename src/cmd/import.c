/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import.h"

/* What an import is of is told by what is in it. A stream is unpacked before anybody knows whether it is a tree or a layout of OCI that a tree is
 * to be made of; so there is one way for what comes as a directory, as a file, and by a pipe. */

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archive.h"
#include "disk.h"
#include "format.h"
#include "image-claim.h"
#include "image-replace.h"
#include "import-layers.h"
#include "import-oci.h"
#include "log.h"
#include "new-image.h"
#include "text.h"
#include "transfer-show.h"
#include "tree.h"
#include "unpack.h"
#include "url.h"

typedef struct Import {
        const ImportRequest *q;
        ImportSource from;
        ImageReplaced old;
        TransferShow show;
        char *path;         /* of what was made */
        bool is_oci;        /* it was an image of OCI's, which says itself what it became */
        UnpackResult made;  /* what an archive had; all 0 for others */
        bool pull;          /* of a URL */
        Pulled pulled;      /* what came from there */
} Import;

static void import_done(Import *m) {
        transfer_show_end(&m->show);
        image_replace_release(&m->old);
        import_layers_done(&m->pulled);
        import_source_done(&m->from);
        free(m->path);
}

static int begin(const Import *m, NewImageKind kind, NewImage **ret, Error **reterr) {
        NewImageWish wish = {
                .name = m->q->name,
                .kind = kind,
                .read_only = m->q->read_only,
                .replace = m->old.entry,
                .watch = &m->show.watch,
        };

        return new_image_begin(&wish, ret, reterr);
}

static int finish(Import *m, NewImage *n, Error **reterr) {
        int r = new_image_finish(n, reterr);

        if (r >= 0)
                m->path = TAKE_PTR(n->path);
        return r;
}

/* ---- disks ---- */

/* What libblkid knows nothing of is no disk of anybody's: a text, or half a download. */
static int check_disk(const Import *m, int file, Error **reterr) {
        Image image = { .type = IMAGE_DISK, .name = m->q->name, .path = m->from.title, .fd = file };
        _cleanup_(disk_freep) Disk *d = NULL;

        return disk_look(&image, &d, reterr);
}

static int fill_disk(Import *m, Archive *a, int to, Error **reterr) {
        UnpackWish wish = { .watch = &m->show.watch, .below = -1, .size_max = m->q->size_max };
        const ArchiveEntry *e;
        int r;

        if (m->from.is_file && !archive_is_compressed(a))
                return unpack_plain_file(m->from.fd, to, m->from.title, &wish, &m->made, reterr);
        r = archive_next(a, &e, reterr);
        if (r > 0)
                r = unpack_file(a, to, m->from.title, &wish, &m->made, reterr);
        if (r >= 0)
                r = archive_next(a, &e, reterr); /* it has ended as it should */
        return r;
}

static int import_disk(Import *m, Archive *a, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = NULL;
        int r = 0;

        if (m->q->kind == IMPORT_TAR)
                return error_set(reterr, EMEDIUMTYPE, "%s is no tar archive", m->from.title);
        if (m->from.is_file && !archive_is_compressed(a))
                r = format_refuse(m->from.fd, m->from.title, reterr);
        if (r >= 0)
                r = begin(m, NEW_DISK, &n, reterr);
        if (r >= 0)
                r = fill_disk(m, a, n->fd, reterr);
        if (r >= 0)
                r = check_disk(m, n->fd, reterr);
        return r >= 0 ? finish(m, n, reterr) : r;
}

/* ---- images of OCI ---- */

/* A directory, the archive's that it was unpacked into, or the user's. 1: it was one, and is done; 0: it is a tree. */
static int import_if_oci(Import *m, int directory, Error **reterr) {
        ImportOci wish = {
                .directory = directory, .reference = m->q->reference, .name = m->q->name, .origin = m->from.title,
                .size_max = m->q->size_max, .read_only = m->q->read_only, .replace = m->old.entry, .show = &m->show,
        };
        int r = m->q->kind == IMPORT_ANY ? oci_look(directory, &wish.kind) : 0; /* else it was said to be a tree */

        if (r > 0)
                r = import_oci(&wish, &m->path, &m->made, reterr);
        else if (m->q->reference)
                return error_set(reterr, EMEDIUMTYPE, "%s is no OCI image or docker-archive, of which --reference= could choose one", m->from.title);
        m->is_oci = r >= 0 && m->path;
        return r < 0 ? r : m->is_oci;
}

/* ---- trees ---- */

static int check_contents(const Import *m, Error **reterr) {
        return m->made.files > 0 ? 0 : error_set(reterr, EBADMSG, "There is nothing in the archive %s", m->from.title);
}

static int stand_on_base(Import *m, Error **reterr) {
        const ImportLayers q = { .name = m->q->name, .read_only = m->q->read_only, .replace = m->old.entry, .watch = &m->show.watch };

        return import_on_base(&q, &m->pulled, &m->path, reterr);
}

/* What was pulled is a layer, which others may stand on, unless it is OCI's, which has layers of its own. */
static int import_layered(Import *m, Archive *a, Error **reterr) {
        UnpackWish wish = { .watch = &m->show.watch, .below = -1, .size_max = m->q->size_max };
        int r = pull_unpack(&m->pulled, a, m->q->name, &wish, &m->made, reterr);

        if (r >= 0)
                r = check_contents(m, reterr);
        if (r >= 0)
                r = import_if_oci(m, m->pulled.base->tree, reterr);
        if (r == 0)
                r = pull_seal(&m->pulled, reterr);
        return r == 0 ? stand_on_base(m, reterr) : r;
}

static int import_tar(Import *m, Archive *a, Error **reterr) {
        UnpackWish wish = { .watch = &m->show.watch, .below = -1, .size_max = m->q->size_max };
        _cleanup_(new_image_freep) NewImage *n = NULL;
        int r;

        if (m->q->kind == IMPORT_DISK)
                return error_set(reterr, EMEDIUMTYPE, "%s is a tar archive, and no disk image", m->from.title);
        if (m->pulled.store)
                return import_layered(m, a, reterr);
        r = begin(m, NEW_TREE, &n, reterr);
        if (r >= 0)
                r = unpack_tree(a, n->fd, &wish, &m->made, reterr);
        if (r >= 0)
                r = check_contents(m, reterr);
        if (r >= 0)
                r = import_if_oci(m, n->fd, reterr);
        return r == 0 ? finish(m, n, reterr) : r;
}

static int import_stream(Import *m, Error **reterr) {
        _cleanup_(archive_freep) Archive *a = NULL;
        ArchiveFormat format;
        int r;

        if (m->q->kind == IMPORT_DIRECTORY)
                return error_set(reterr, ENOTDIR, "%s is no directory", m->from.title);
        r = archive_open(m->from.fd, m->from.title, &a, &format, reterr);
        if (r < 0)
                return r;
        return format == ARCHIVE_SINGLE ? import_disk(m, a, reterr) : import_tar(m, a, reterr);
}

/* ---- directories ---- */

/* What is copied is nobody's to change meanwhile, where nbox can tell. */
static int check_directory(const Image *image, Error **reterr) {
        size_t n = strlen(image->path);

        if (image->type == IMAGE_LAYERED) {
                error_set(reterr, EOPNOTSUPP, "%s is an image on layers, and the directory is not all of it", image->path);
                return error_hint(reterr, -EOPNOTSUPP, "`nbox clone --copy %s NEW` makes one tree of it.", image->name);
        }
        if (strncmp(IMAGE_DIRECTORY, image->path, n) == 0 && IMAGE_DIRECTORY[n] == '/')
                return error_set(reterr, EINVAL, "%s has " IMAGE_DIRECTORY " in it, where the new image would be", image->path);
        return 0;
}

static int copy_directory(Import *m, const Image *image, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = NULL;
        int r = begin(m, NEW_TREE, &n, reterr);

        if (r >= 0)
                r = copy_tree(image->fd, n->fd, &m->show.watch, reterr);
        return r >= 0 ? finish(m, n, reterr) : r;
}

static int import_directory(Import *m, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        uint64_t bytes, files;
        int r;

        if (m->q->kind == IMPORT_TAR || m->q->kind == IMPORT_DISK)
                return error_set(reterr, EISDIR, "%s is a directory", m->from.title);
        r = import_if_oci(m, m->from.fd, reterr);
        if (r != 0)
                return r;
        r = image_open_directory(m->q->file, &image, reterr);
        if (r >= 0)
                r = check_directory(image, reterr);
        if (r >= 0)
                r = image_claim(image, true, &lock, reterr);
        if (r < 0)
                return r;
        if (tree_size(image->fd, &bytes, &files) >= 0) {
                transfer_show_expect(&m->show, bytes, files);
                m->show.watch.expected = bytes;
        }
        return copy_directory(m, image, reterr);
}

/* ---- what is said ---- */

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

static void say_left_out(const UnpackResult *made) {
        if (made->devices > 0)
                log_warning("Left out %" PRIu64 " device node%s: a machine has a /dev of its own, and these would be the host's", made->devices,
                            plural(made->devices));
        if (made->xattrs > 0)
                log_warning("Left out %" PRIu64 " extended attribute%s that no machine can have of its own (security labels, or an ACL for a name "
                            "without a number)", made->xattrs, plural(made->xattrs));
        if (made->strangers > 0)
                log_warning("%" PRIu64 " file%s ids over 65535, which a machine with ids of its own has not: nobody's there", made->strangers,
                            made->strangers == 1 ? " has" : "s have");
}

/* Whatever it is, it was to be imported; but who takes a wrong file sees it here. */
static void say_how_to_boot(const Import *m) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_free_ char *init = NULL;
        int tree = -1;

        if (m->pulled.base) /* the image's own layer has nothing yet */
                tree = m->pulled.base->tree;
        else if (image_find(m->q->name, &image, NULL) >= 0 && image->type != IMAGE_DISK)
                tree = image->fd;
        if (tree >= 0 && tree_find_init(tree, &init, NULL) < 0)
                log_warning("There is no init in it that a boot could start. `nbox run %s COMMAND…` runs a command in it.", m->q->name);
        else
                log_info("Made %s of %s. `nbox boot %s` boots it.", m->path, m->from.title, m->q->name);
}

/* ---- all ---- */

/* In machinectl's words, where there are some. */
static const char *type_of(const Import *m) {
        static const char *const imports[] = { [IMPORT_ANY] = "import", [IMPORT_TAR] = "import-tar", [IMPORT_DISK] = "import-raw",
                                               [IMPORT_DIRECTORY] = "import-fs" },
                                *const pulls[] = { [IMPORT_ANY] = "pull", [IMPORT_TAR] = "pull-tar", [IMPORT_DISK] = "pull-raw" };

        return m->pull ? pulls[m->q->kind] : imports[m->q->kind];
}

static int work(Import *m, Error **reterr) {
        int r = transfer_show_begin(&m->show, "Importing", m->from.title, m->from.is_directory ? 0 : m->from.size, 0, reterr);

        if (r < 0)
                return r;
        transfer_show_mark(&m->show, type_of(m), m->q->name, m->from.title);
        m->show.watch.expected = 0; /* bytes of the archive are not what it takes */
        return m->from.is_directory ? import_directory(m, reterr) : import_stream(m, reterr);
}

/* Whoever reads why it failed sees of what, too. */
static int name_source(const Import *m, int r, Error **reterr) {
        bool is_named = !reterr || !*reterr || strstr((*reterr)->message, m->from.title);

        return r < 0 && !is_named ? error_prefix(reterr, r, "%s", m->from.title) : r;
}

static int report(Import *m, int r, char **ret_path) {
        transfer_show_end(&m->show);
        if (r < 0)
                return r;
        say_left_out(&m->made);
        if (!m->is_oci)
                say_how_to_boot(m);
        *ret_path = TAKE_PTR(m->path);
        return 0;
}

int import_image(const ImportRequest *q, char **ret_path, Error **reterr) {
        _cleanup_(import_done) Import m = { .q = q, .from.fd = -1, .pulled = PULLED_NONE };
        int r = import_source_open(q->file, &m.from, reterr);

        if (r >= 0)
                r = image_replace_claim(q->name, IMAGE_DIRECTORY, q->force, &m.old, reterr);
        if (r >= 0)
                r = name_source(&m, work(&m, reterr), reterr);
        return report(&m, r, ret_path);
}

/* ---- of a URL ---- */

static void expect(uint64_t size, void *userdata) {
        transfer_show_expect(userdata, size, 0);
}

static int download(Import *m, const ImportPull *how, Error **reterr) {
        PullRequest q = {
                .url = m->q->file, .directory = IMAGE_DIRECTORY, .verify = how->verify, .size_max = m->q->size_max, .timeout = how->timeout,
                .watch = &m->show.watch, .expect = expect,
        };
        int r;

        m->pull = true;
        m->from.title = url_public(q.url);
        if (!m->from.title)
                return error_oom(reterr);
        r = transfer_show_begin(&m->show, "Downloading", m->from.title, 0, 0, reterr);
        if (r < 0)
                return r;
        transfer_show_mark(&m->show, type_of(m), m->q->name, m->from.title);
        return pull_get(&q, &m->pulled, reterr);
}

/* What was downloaded is read as any file is. */
static int import_downloaded(Import *m, Error **reterr) {
        m->from.fd = TAKE_FD(m->pulled.file);
        m->from.is_file = true;
        m->from.size = m->pulled.got.size;
        transfer_show_end(&m->show);
        return work(m, reterr);
}

/* A base is a tree: who wants a disk has asked for something else. */
static int import_known(Import *m, Error **reterr) {
        if (m->q->kind == IMPORT_DISK)
                return error_set(reterr, EMEDIUMTYPE, "%s is a tar archive, and no disk image", m->from.title);
        if (m->pulled.got.size > 0)
                log_info("%s is the same as one that is here already: its files are shared", m->from.title);
        else
                log_info("%s is here already, and still the same: nothing is downloaded", m->from.title);
        return stand_on_base(m, reterr);
}

int import_pull(const ImportRequest *q, const ImportPull *how, char **ret_path, Error **reterr) {
        _cleanup_(import_done) Import m = { .q = q, .from.fd = -1, .pulled = PULLED_NONE };
        int r = url_check(q->file, reterr);

        if (r >= 0)
                r = image_replace_claim(q->name, IMAGE_DIRECTORY, q->force, &m.old, reterr);
        if (r >= 0)
                r = download(&m, how, reterr);
        if (r >= 0)
                r = m.pulled.base ? import_known(&m, reterr) : import_downloaded(&m, reterr);
        return report(&m, r, ret_path);
}
