/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verbs and options of machinectl(1), version 252. A remark says what a script would notice; what is only so for who calls nbox by its own
 * name says so. */

#include "cleanup.h"
#include "word-lists.h"

#define VERB(...) { .of = WORD_MACHINECTL_VERB, __VA_ARGS__ }
#define OPTION(...) { .of = WORD_MACHINECTL_OPTION, __VA_ARGS__ }
#define SAME .how = WORD_SAME
#define DIFFERS .how = WORD_DIFFERS, .remark =

static const Word words[] = {
        VERB(.name = "list", DIFFERS "Machines of ours that are not registered with systemd-machined are listed, too. As nbox: other columns, of nbox's "
                             "machines alone, in which --output=json says more."),
        VERB(.name = "status", DIFFERS "Of a machine of ours, the lines at the end are what it wrote on its console. As nbox: more, and of a machine "
                               "that does not run what became of it."),
        VERB(.name = "show", DIFFERS "Service=nbox for ours; NetworkInterfaces= is printed as numbers. As nbox: the properties of nbox's record, and "
                             "one that does not exist is an error."),
        VERB(.name = "start", DIFFERS "Starts nbox@NAME.service, which reads the NAME.nspawn of the machine, and waits until it is up."),
        VERB(.name = "login", DIFFERS "Works with every init. Without a name, or with .host, systemd-machined is asked for a login on the host."),
        VERB(.name = "shell", DIFFERS "Works with every init. Without a name, or with .host, systemd-machined is asked for a session on the host. As nbox: "
                              "the exit status is the command's, and there is a terminal only where there is one here, or with --tty."),
        VERB(.name = "enable", DIFFERS "Enables nbox@NAME.service."),
        VERB(.name = "disable", DIFFERS "Disables nbox@NAME.service."),
        VERB(.name = "poweroff", DIFFERS "In the way that the machine's init understands, not always by SIGRTMIN+4; it is killed when its time is up. Each "
                                 "name is tried, whatever became of the one before."),
        VERB(.name = "stop", DIFFERS "As poweroff. As nbox: stops the service, and waits for its end."),
        VERB(.name = "reboot", DIFFERS "In the way that the machine's init understands, not always by SIGINT."),
        VERB(.name = "terminate", SAME),
        VERB(.name = "kill", SAME),
        VERB(.name = "copy-to", DIFFERS "A file onto a directory goes into it; owners are kept as the machine's own ids; devices are left out, and said. "
                                "Without --force, what is there already stays, and is said. A machine need not run."),
        VERB(.name = "copy-from", DIFFERS "As copy-to. Setuid and setgid bits and file capabilities do not come to the host, but with nbox's --privileges."),
        VERB(.name = "bind", DIFFERS "Works with user namespaces, too; it comes back when the machine reboots."),
        VERB(.name = "list-images", DIFFERS "Images on layers are directories, and their usage is known. As nbox: `nbox images` with other columns."),
        VERB(.name = "image-status", DIFFERS "As nbox: more, as what it stands on, who uses it, and the size of trees."),
        VERB(.name = "show-image", SAME),
        VERB(.name = "clone", DIFFERS "The clone shares the files of the image, on every file system, and gets a machine id and a host name of its own."),
        VERB(.name = "rename", DIFFERS "Settings, addresses and ids of the machine go along."),
        VERB(.name = "read-only", SAME),
        VERB(.name = "remove", DIFFERS "What nbox has for the machine goes with it. Settings in /etc and /run are kept; as nbox, it asks on a terminal."),
        VERB(.name = "set-limit", DIFFERS "One image: on ext4 and xfs with project quotas as well. All together: a btrfs subvolume's, as there."),
        VERB(.name = "clean", SAME),
        VERB(.name = "pull-tar", DIFFERS "Runs in the foreground, and ^C ends it. Downloads are kept as layers, not as hidden images, so '-' in place of "
                                 "the name is refused: pull it by a name, and clone that."),
        VERB(.name = "pull-raw", DIFFERS "As pull-tar. qcow2 is refused: `qemu-img convert -O raw` makes it a raw image."),
        VERB(.name = "import-tar", DIFFERS "Runs in the foreground, and ^C ends it. zstd, lz4 and what else libarchive knows are taken, too."),
        VERB(.name = "import-raw", DIFFERS "As import-tar. qcow2 is refused: `qemu-img convert -O raw` makes it a raw image."),
        VERB(.name = "import-fs", DIFFERS "Runs in the foreground, and ^C ends it."),
        VERB(.name = "export-tar", DIFFERS "Runs in the foreground, and ^C ends it. Disk images become tar archives, too. As nbox: a file that is there is only "
                                   "replaced with --force."),
        VERB(.name = "export-raw", DIFFERS "Runs in the foreground, and ^C ends it. Trees become disk images, too. As nbox: a file that is there is only replaced "
                                   "with --force."),
        VERB(.name = "list-transfers", DIFFERS "Those of nbox, whichever name it was called by; not those of systemd-importd."),
        VERB(.name = "cancel-transfer", DIFFERS "Waits until nothing of it is left."),

        OPTION(.name = "property", .letter = 'p', DIFFERS "As nbox: several may stand in one, with commas between."),
        OPTION(.name = "all", .letter = 'a', SAME),
        OPTION(.name = "value", SAME),
        OPTION(.name = "full", .letter = 'l', SAME),
        OPTION(.name = "kill-whom", SAME),
        OPTION(.name = "signal", .letter = 's', SAME),
        OPTION(.name = "uid", SAME),
        OPTION(.name = "setenv", .letter = 'E', SAME),
        OPTION(.name = "mkdir", SAME),
        OPTION(.name = "read-only", SAME),
        OPTION(.name = "lines", .letter = 'n', SAME),
        OPTION(.name = "output", .letter = 'o', DIFFERS "Of a machine of ours, the forms that `nbox logs --help` names."),
        OPTION(.name = "verify", SAME),
        OPTION(.name = "force", SAME),
        OPTION(.name = "format", DIFFERS "zstd and lz4 as well."),
        OPTION(.name = "max-addresses", DIFFERS "As nbox: of ports, too."),
        OPTION(.name = "quiet", .letter = 'q', DIFFERS "As nbox, in lists: names only."),
        OPTION(.name = "host", .letter = 'H', SAME),
        OPTION(.name = "machine", .letter = 'M', SAME),
        OPTION(.name = "no-pager", DIFFERS "There is no pager."),
        OPTION(.name = "no-legend", SAME),
        OPTION(.name = "no-ask-password", SAME),
        OPTION(.name = "help", .letter = 'h', DIFFERS "Shows what nbox takes."),
        OPTION(.name = "version", DIFFERS "Called as machinectl: systemd's version whose command lines are taken, and nbox's. As nbox: nbox's."),
};

const WordList machinectl_words = { words, ELEMENTSOF(words) };
