/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command line of `boot` and `run`: OPTIONS, then DIR|NAME (unless --directory= stands for it), and all that
 * follows belongs to what runs inside, dashes or not. */

#include <string.h>

#include "log.h"
#include "name.h"
#include "options.h"
#include "text.h"
#include "values.h"

static int store_option(MachineConfig *c, const Option *o, const char *value, Error **reterr) {
        OptionValue v = { .option = o, .text = value ? value : o->implied };
        char name[64];
        int r;

        if (!(o->flags & (c->mode == START_BOOT ? OPTION_BOOT : OPTION_RUN)))
                return error_set(reterr, EINVAL, "Option %s is not for `nbox %s`, only for `nbox %s`", args_spelling(&o->spec, name),
                                 start_mode_to_string(c->mode), start_mode_to_string(c->mode == START_BOOT ? START_RUN : START_BOOT));
        r = option_store(c, &v, reterr);
        if (r < 0)
                return error_prefix(reterr, r, value ? "%s=" : "%s", args_spelling(&o->spec, name));
        return 0;
}

static bool is_path(const char *operand) {
        return strchr(operand, '/') || strcmp(operand, ".") == 0 || strcmp(operand, "..") == 0;
}

/* An image's name: as wide as a file name may be, so that what lies in /var/lib/machines can be said. */
static int check_image_name(const char *name, Error **reterr) {
        if (!*name)
                return error_set(reterr, EINVAL, "The name of the tree is empty");
        if (!string_is_clean(name))
                return error_set(reterr, EINVAL, "The name '%.200s' has control characters", name);
        if (name[0] == '.')
                return error_set(reterr, EINVAL, "The name '%.80s' begins with '.'", name);
        if (strlen(name) > MACHINE_NAME_MAX) {
                error_set(reterr, ENAMETOOLONG, "The name '%.80s' is longer than %d characters", name, MACHINE_NAME_MAX);
                return error_hint(reterr, -ENAMETOOLONG, "Give the tree with --directory=DIR and a shorter name with --machine=NAME.");
        }
        return 0;
}

static int take_operand(MachineConfig *c, const char *operand, Error **reterr) {
        int r;

        if (is_path(operand))
                r = host_path(operand, false, &c->directory, reterr);
        else
                r = check_image_name(operand, reterr);
        if (r < 0)
                return r;
        c->image = strdup(operand);
        return c->image ? 0 : error_oom(reterr);
}

/* A disk image's path or name stands for the operand, too. */
static int take_disk(MachineConfig *c, Error **reterr) {
        int r;

        if (!c->disk)
                return 0;
        if (c->directory) {
                error_set(reterr, EINVAL, "--directory=%s and --image=%s are two trees", c->directory, c->disk);
                return error_hint(reterr, -EINVAL, "Leave out one of them.");
        }
        if (!is_path(c->disk)) {
                r = check_image_name(c->disk, reterr);
                return r < 0 ? r : string_set(&c->image, c->disk) < 0 ? error_oom(reterr) : 0;
        }
        return string_set(&c->directory, c->disk) < 0 ? error_oom(reterr) : 0;
}

static int missing_tree(MachineConfig *c, Error **reterr) {
        error_set(reterr, EINVAL, "Which tree? Neither DIR nor NAME is given");
        return error_hint(reterr, -EINVAL, "Try `nbox %s /path/of/tree%s`; `nbox images` lists those that have a name.",
                          start_mode_to_string(c->mode), c->mode == START_BOOT ? "" : " COMMAND");
}

static int name_machine(MachineConfig *c, Error **reterr) {
        if (c->machine)
                return 0;
        c->name_is_derived = true;
        return machine_name_from_path(c->directory ? c->directory : c->image, &c->machine, reterr);
}

static const Option *option_of_word(const char *word) {
        size_t length = strcspn(word, "=");

        for (size_t i = 0; i < n_options; i++) {
                const char *name = options[i].spec.name;

                if (name && (options[i].flags & OPTION_BOOT) && strlen(name) == length - 2 && strncmp(name, word + 2, length - 2) == 0)
                        return &options[i];
        }
        return NULL;
}

/* Init gets what stands behind the tree, and few inits say anything of a word that they do not know: who meant us would wonder. */
static void warn_of_late_options(const MachineConfig *c) {
        for (char **word = c->parameters; c->mode == START_BOOT && word && *word; word++)
                if (strncmp(*word, "--", 2) == 0 && option_of_word(*word))
                        log_warning("'%.80s' stands behind the tree, and goes to its init; options of nbox's stand before it", *word);
}

int config_parse_argv(MachineConfig *c, int argc, char **argv, Error **reterr) {
        ArgCursor args = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;
        int r;

        while ((r = option_next(&args, &spec, &value, reterr)) > 0) {
                r = store_option(c, (const Option *) spec, value, reterr);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        r = config_resolve_network(c, reterr);
        if (r < 0)
                return r;

        r = take_disk(c, reterr);
        if (r < 0)
                return r;
        if (!c->directory && !c->image) {
                if (args.next < argc)
                        r = take_operand(c, argv[args.next++], reterr);
                else if (c->machine)
                        r = take_operand(c, c->machine, reterr);
                else
                        r = missing_tree(c, reterr);
                if (r < 0)
                        return r;
        }
        for (; args.next < argc; args.next++)
                if (strv_append(&c->parameters, argv[args.next]) < 0)
                        return error_oom(reterr);
        warn_of_late_options(c);
        return name_machine(c, reterr);
}
