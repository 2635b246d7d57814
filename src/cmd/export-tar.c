/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "export.h"
#include "log.h"

int export_tar(const ExportJob *job, Error **reterr) {
        const PackTree how = { .prefix = "", .base = job->still->base, .with_mounts = job->still->with_mounts, .merged = -1 };
        _cleanup_(pack_freep) Pack *p = NULL;
        PackResult result;
        const PackWish wish = { .fd = job->fd, .name = job->path, .compression = job->compression, .watch = job->watch };
        int r = pack_open(&wish, &p, reterr);

        if (r >= 0)
                r = pack_tree(p, job->still->tree, &how, reterr);
        if (r >= 0)
                r = pack_end(p, reterr);
        if (r < 0)
                return r;
        result = pack_result(p);
        if (result.changed > 0)
                log_warning("%" PRIu64 " files of %s got shorter while they were read; they end in zeros in the archive, ignoring",
                            result.changed, job->image->path);
        return 0;
}
