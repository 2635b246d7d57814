/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <selinux/selinux.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "library.h"

#define LIBRARY "libselinux.so.1"
#define CONTEXTS_MAX (64 * 1024)

/* The functions of <selinux/selinux.h> that are used, by their own types. */
typedef struct Library {
        typeof(&security_check_context) check;
        typeof(&selinux_lxc_contexts_path) contexts_path;
} Library;

static int load_library(Library *ret, Error **reterr) {
        const LibrarySymbol symbols[] = {
                { "security_check_context", (void **) &ret->check },
                { "selinux_lxc_contexts_path", (void **) &ret->contexts_path },
        };

        if (library_load(LIBRARY, "", symbols, ELEMENTSOF(symbols)) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "SELinux is enabled, but %s, which knows its contexts, cannot be loaded: %s", LIBRARY, dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (package libselinux1).");
}

int label_check(const char *context, Error **reterr) {
        Library library;
        int r = load_library(&library, reterr);

        if (r < 0)
                return r;
        if (library.check(context) < 0)
                return error_set(reterr, EINVAL, "The loaded SELinux policy has no context '%s'", context);
        return 0;
}

/* One line: NAME = "CONTEXT". Others are passed over, as libselinux's own readers do. */
static int take_line(LabelTypes *types, const char *line) {
        const struct {
                const char *name;
                char **where;
        } keys[] = {
                { "process", &types->process },
                { "file", &types->file },
                { "ro_file", &types->read_only },
        };
        char name[32], context[512];

        if (sscanf(line, " %31[a-z_] = \"%511[^\" \t]\"", name, context) != 2)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(name, keys[i].name) == 0 && !*keys[i].where) {
                        *keys[i].where = strdup(context);
                        return *keys[i].where ? 0 : -ENOMEM;
                }
        return 0;
}

static int read_contexts(const char *path, LabelTypes *types, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        int r = file_read(AT_FDCWD, path, CONTEXTS_MAX, &text);

        if (r == -ENOENT)
                return error_set(reterr, ENOENT, "The SELinux policy names no types for containers: there is no %s", path);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        for (char *line = strtok_r(text, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save))
                r = take_line(types, line);
        if (r < 0)
                return error_oom(reterr);
        if (!types->process || !types->file)
                return error_set(reterr, ENOENT, "The SELinux policy names no types for containers: %s has no process or no file", path);
        return 0;
}

int label_types_read(LabelTypes *ret, Error **reterr) {
        LabelTypes types = {};
        Library library;
        int r = load_library(&library, reterr);

        if (r < 0)
                return r;
        r = read_contexts(library.contexts_path(), &types, reterr);
        if (r >= 0 && (library.check(types.process) < 0 || library.check(types.file) < 0)) {
                error_set(reterr, ENOENT, "%s names %s and %s, which the loaded SELinux policy does not have", library.contexts_path(),
                          types.process, types.file);
                r = error_hint(reterr, -ENOENT, "Load a policy for containers: `semodule -i nbox.cil`, see SELINUX in nbox(1).");
        }
        if (r >= 0 && types.read_only && library.check(types.read_only) < 0) {
                free(types.read_only);
                types.read_only = NULL;
        }
        if (r < 0) {
                label_types_done(&types);
                return r;
        }
        *ret = types;
        return 0;
}
