/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clone-copy.h"
#include "clone.h"
#include "find.h"
#include "image-claim.h"
#include "log.h"
#include "machine.h"
#include "name.h"
#include "settings-beside.h"
#include "verb-list.h"

/* nbox commit NAME NEW: what a machine has now, an ephemeral one above all, becomes an image to make others of. It is none of them yet: it
 * has no machine id, and makes its own when it boots. */

static const NewIdentity nobody = { .no_id = true };

static int nothing_kept(const char *machine, const Image *image, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "What the machine '%s' writes is in memory only, where it cannot be read from", machine);
        return error_hint(reterr, -EOPNOTSUPP, "`nbox clone %s NEW` makes an image of what it runs on, without that.", image->name);
}

static int commit_running(const Machine *m, const char *name, char **ret_path, Error **reterr) {
        const MachineRecord *record = m->record;
        _cleanup_(image_freep) Image *image = NULL;
        int r;

        if (!record->root)
                return error_set(reterr, EOPNOTSUPP, "What the machine '%s' runs on is not known", record->name);
        r = image_find(record->root, &image, reterr);
        if (r < 0)
                return r;
        if (record->layer)
                return clone_ephemeral(image, record->name, record->layer, name, &nobody, ret_path, reterr);
        if (record->shares_root)
                return nothing_kept(record->name, image, reterr);
        if (image->type == IMAGE_SUBVOLUME)
                return clone_by_copy(image, name, &nobody, ret_path, reterr);
        return clone_live(image, record->name, name, &nobody, ret_path, reterr);
}

static int commit_stopped(const char *machine, const char *name, char **ret_path, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *claim = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(machine, &image, reterr);

        if (r < 0)
                return r;
        if (image->type == IMAGE_DISK || image->type == IMAGE_SUBVOLUME)
                return clone_by_copy(image, name, &nobody, ret_path, reterr);
        r = image_claim(image, true, &claim, reterr);
        return r < 0 ? r : image_clone(image, name, &nobody, ret_path, reterr);
}

/* m: NULL where no machine of that name runs. */
static int commit(const Machine *m, const char *machine, const char *name, char **ret_path, Error **reterr) {
        for (unsigned tries = 0;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = m ? commit_running(m, name, ret_path, &error) : commit_stopped(machine, name, ret_path, &error);

                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

/* What the image says of itself, it says of this one, too. */
static int take_settings(const Machine *m, const char *machine, const char *path, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(m && m->record->root ? m->record->root : machine, &image, reterr);

        return r < 0 ? r : settings_beside_copy(image->path, path, reterr);
}

int verb_commit(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_free_ char *path = NULL;
        const char *machine, *name;
        int r = verb_operands(&args, 2, 2, reterr);

        if (r < 0)
                return r;
        machine = args.operands[0];
        name = args.operands[1];
        r = machine_name_check(name, reterr);
        if (r >= 0)
                r = image_name_is_free(name, reterr);
        if (r < 0)
                return r;
        r = machine_name_is_valid(machine) ? machine_open(machine, &m, NULL) : -ESRCH;
        r = commit(r >= 0 ? m : NULL, machine, name, &path, reterr);
        if (r < 0)
                return r;
        if (take_settings(m, machine, path, &error) < 0)
                log_warning("%s is without the settings of what it is made of, ignoring: %s", path, error ? error->message : "no memory");
        printf("%s\n", path);
        log_info("Made %s of what '%s' has now; it gets a machine id when it boots. `nbox clone %s NEW` makes machines of it.", path, machine, name);
        return 0;
}
