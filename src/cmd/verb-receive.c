/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "log.h"
#include "name.h"
#include "parse.h"
#include "receive.h"
#include "transfer-show.h"
#include "verb-list.h"

/* nbox receive [NAME]: a machine out of a pipe, from `nbox send`. The path of its image goes to stdout, all else to stderr. */

#define HEADERS_SIZE 1024U /* of a file, mostly */

enum { OPT_FORCE = 256, OPT_SETTINGS, OPT_READ_ONLY };

const VerbOption receive_options[] = {
        { { .name = "force" }, OPT_FORCE, "In place of an image that has the name, which nobody uses" },
        { { .name = "settings", .placeholder = "BOOL" }, OPT_SETTINGS, "Whether its settings come with it; yes if nothing is said" },
        { { .name = "read-only" }, OPT_READ_ONLY, "Make the image read-only" },
        {},
};

static int parse_settings(const char *text, bool *ret, Error **reterr) {
        if (parse_bool(text, ret) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is neither yes nor no", text);
        return error_hint(reterr, -EINVAL, "--settings=no leaves out the settings that come with a machine.");
}

static int parse(int argc, char **argv, ReceiveWish *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        ret->settings = true;
        while ((r = verb_next(&args, reterr)) > 0) {
                switch (r) {
                case OPT_FORCE:
                        ret->force = true;
                        break;
                case OPT_READ_ONLY:
                        ret->read_only = true;
                        break;
                default:
                        r = parse_settings(args.value, &ret->settings, reterr);
                }
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 0, 1, reterr);
        if (r < 0)
                return r;
        ret->name = args.operands[0];
        return ret->name ? machine_name_check(ret->name, reterr) : 0;
}

static int refuse_terminal(Error **reterr) {
        if (!isatty(STDIN_FILENO))
                return 0;
        error_set(reterr, EINVAL, "A machine does not come from a terminal");
        return error_hint(reterr, -EINVAL, "`ssh HOST nbox send NAME | nbox receive` fetches it from another host.");
}

static void say_of_settings(const Received *d) {
        if (d->in_the_way)
                log_warning("%s is there already, and counts: the settings that came with it are left out", d->in_the_way);
        else if (d->settings)
                log_info("Its settings are %s", d->settings);
        if (d->unclear)
                log_warning("%s: it does not start before that is mended", d->unclear);
        for (char **what = d->missing; what && *what; what++)
                log_warning("Its settings name %s, which this host has not", *what);
}

static void report(const StreamHead *head, const char *name, const Received *d) {
        say_of_settings(d);
        if (d->unpacked.devices > 0)
                log_info("%llu device nodes of its tree were left out", (unsigned long long) d->unpacked.devices);
        if (head->enabled)
                log_info("It started with its host there: `nbox enable %s` has it start with this one", name);
        log_info("Made %s. `nbox boot %s` boots it.", d->path, name);
}

/* Of all that comes through the pipe, about; 0: not known. */
static uint64_t stream_size(const Reception *c) {
        return archive_is_compressed(c->archive) ? 0 : c->head.bytes + c->head.files * HEADERS_SIZE;
}

static int receive(Reception *c, ReceiveWish *wish, Received *ret, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        _cleanup_free_ char *what = NULL;
        int r;

        if (asprintf(&what, "'%s'", c->head.name) < 0)
                return error_oom(reterr);
        r = transfer_show_begin(&show, "Receiving", what, c->head.bytes, c->head.files, reterr);
        if (r < 0)
                return r;
        transfer_show_expect(&show, stream_size(c), c->head.files);
        show.watch.expected = 0; /* whether there is room is seen as it is written */
        wish->watch = &show.watch;
        return reception_finish(c, wish, ret, reterr);
}

int verb_receive(int argc, char **argv, Error **reterr) {
        _cleanup_(reception_done) Reception c = { .fd = -1 };
        _cleanup_(received_done) Received d = {};
        ReceiveWish wish = {};
        int r = parse(argc, argv, &wish, reterr);

        if (r >= 0)
                r = refuse_terminal(reterr);
        if (r >= 0)
                r = reception_begin(STDIN_FILENO, &c, reterr);
        if (r >= 0)
                r = receive(&c, &wish, &d, reterr);
        if (r < 0)
                return r;
        printf("%s\n", d.path);
        report(&c.head, wish.name ?: c.head.name, &d);
        return 0;
}
