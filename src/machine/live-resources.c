/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-resources.h"

#include <string.h>

#include "record-side.h"
#include "registration.h"
#include "resources.h"
#include "slice-settings.h"
#include "text.h"

static const RecordSide side = { "resources", "resources.lock", 256 * 1024, "the resources" };

static const struct {
        const char *word;
        size_t offset;
} layers[] = {
        { "start", offsetof(LiveResources, start) },
        { "from", offsetof(LiveResources, from) },
        { "kept", offsetof(LiveResources, kept) },
        { "runtime", offsetof(LiveResources, runtime) },
};

#define LAYERS ELEMENTSOF(layers)

static char **texts(const LiveResources *l, size_t layer) {
        return (char **) ((char *) l + layers[layer].offset);
}

void live_resources_done(LiveResources *l) {
        for (size_t i = 0; i < LAYERS; i++)
                for (Resource r = 0; r < RESOURCES; r++)
                        free(texts(l, i)[r]);
        *l = (LiveResources) {};
}

const char *live_resource(const LiveResources *l, Resource r) {
        return l->runtime[r] ?: l->kept[r] ?: l->start[r];
}

static int read_line(char *line, void *userdata) {
        LiveResources *l = userdata;
        char *layer = strsep(&line, " "), *key = strsep(&line, " ");
        Resource r;

        if (!key || !resource_find(key, strlen(key), &r))
                return 0;
        if (strcmp(layer, "put") == 0)
                l->put[r] = true;
        for (size_t i = 0; line && i < LAYERS; i++)
                if (strcmp(layer, layers[i].word) == 0)
                        return string_set(&texts(l, i)[r], line);
        return 0;
}

int live_resources_load(int dir, LiveResources *ret, Error **reterr) {
        int r;

        *ret = (LiveResources) {};
        r = record_side_load(&side, dir, read_line, ret, reterr);
        if (r < 0)
                live_resources_done(ret);
        return r;
}

int live_resources_of(const char *machine, LiveResources *ret, Error **reterr) {
        int r;

        *ret = (LiveResources) {};
        r = record_side_load_of(&side, machine, read_line, ret, reterr);
        if (r < 0)
                live_resources_done(ret);
        return r;
}

static char *format(const LiveResources *l) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        bool complete = out;

        for (Resource r = 0; complete && r < RESOURCES; r++) {
                const char *key = resource_option(r)->key;

                if (l->put[r])
                        complete = fprintf(out, "put %s\n", key) > 0;
                for (size_t i = 0; complete && i < LAYERS; i++)
                        if (texts(l, i)[r])
                                complete = fprintf(out, "%s %s %s\n", layers[i].word, key, texts(l, i)[r]) > 0;
        }
        if (out && fclose(out) == 0 && complete)
                return text;
        free(text);
        return NULL;
}

int live_resources_save(int dir, const LiveResources *l, Error **reterr) {
        char *text = format(l);

        if (text && !*text) {
                free(text);
                record_side_forget(&side, dir);
                return 0;
        }
        return record_side_save(&side, dir, text, reterr);
}

int live_resources_open(const char *machine, int *ret_lock, Error **reterr) {
        return record_side_open(&side, machine, true, ret_lock, reterr);
}

void live_resources_forget(int dir) {
        record_side_forget(&side, dir);
}

bool live_resources_undo(const char *machine, const char *slice) {
        _cleanup_free_ char *own = machine_slice_name(machine);
        _cleanup_(live_resources_done) LiveResources l = {};
        bool any = false;

        if (!own || !slice || strcmp(own, slice) != 0 || live_resources_of(machine, &l, NULL) < 0)
                return false;
        for (Resource r = 0; r < RESOURCES; r++)
                if (l.put[r] && r != RESOURCE_OOM_POLICY) {
                        slice_setting_remove(slice, resource_option(r)->key);
                        any = true;
                }
        return any;
}
