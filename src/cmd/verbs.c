/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "verb-list.h"

const char *const verb_groups[] = { "Start", "Use", "See", "Make", "Network", "Devices", "Stop", "Other", NULL };

const Verb verbs[] = {
        { "boot", "[OPTIONS] DIR|NAME [ARGUMENT…]", "Boot a tree's own init", verb_boot,
          VERB_RUNS | VERB_ROOT | VERB_CONFIG, OPERAND_IMAGE, "Start" },
        { "run", "[OPTIONS] DIR|NAME [COMMAND…]", "Run one command in a tree", verb_run,
          VERB_RUNS | VERB_ROOT | VERB_CONFIG, OPERAND_IMAGE, "Start" },

        { "start", "[OPTIONS] NAME…", "Start machines as services of the host's systemd", verb_start, .operand = OPERAND_STARTABLE,
          .group = "Start", .options = group_options },
        { "enable", "[OPTIONS] NAME…", "Have machines start with the host, and say in which order", verb_enable, .operand = OPERAND_DISABLED,
          .group = "Start", .options = enable_options },
        { "enable list", "[OPTIONS]", "List the machines that start with the host, in their order", verb_enable_list, VERB_JSON, OPERAND_NONE,
          "Start" },
        { "disable", "[OPTIONS] NAME…", "No longer start machines with the host", verb_disable, .operand = OPERAND_ENABLED,
          .group = "Start", .options = disable_options },

        { "login", "[NAME]", "Log in on a terminal of a machine, or of this host", verb_login, VERB_ROOT, OPERAND_MACHINE, "Use" },
        { "shell", "[OPTIONS] [[USER@]NAME [COMMAND…]]", "Open a shell in a machine or on this host, or run a command there", verb_shell,
          VERB_ROOT | VERB_RUNS, OPERAND_MACHINE, "Use", exec_options },
        { "exec", "[OPTIONS] NAME COMMAND…", "Run a command in a machine; status, pipes and stderr are kept", verb_exec,
          VERB_ROOT | VERB_RUNS, OPERAND_MACHINE, "Use", exec_options },
        { "copy-to", "[OPTIONS] NAME PATH… [DEST]", "Copy files into a machine, running or not; - is a tar stream", verb_copy_to, VERB_ROOT,
          OPERAND_IMAGE_FILE, "Use", copy_to_options },
        { "copy-from", "[OPTIONS] NAME PATH… [DEST]", "Copy files out of a machine, running or not; - is a tar stream", verb_copy_from, VERB_ROOT,
          OPERAND_IMAGE_FILE, "Use", copy_from_options },
        { "console", "NAME", "Attach to a machine's console", verb_console, VERB_ROOT, OPERAND_MACHINE, "Use" },
        { "bind", "[OPTIONS] NAME PATH [DEST]", "Mount a file or directory of the host's in a running machine", verb_bind, VERB_ROOT,
          OPERAND_MACHINE_FILE, "Use", bind_options },
        { "unbind", "NAME DEST…", "Unmount what was bound into a running machine", verb_unbind, VERB_ROOT, OPERAND_BINDS, "Use" },
        { "bind list", "[OPTIONS] NAME", "List what of the host's is bound into a running machine", verb_bind_list, VERB_JSON, OPERAND_MACHINE,
          "Use" },
        { "passwd", "NAME [USER]", "Set a password in a machine", verb_passwd, VERB_ROOT, OPERAND_MACHINE, "Use" },

        { "images", "[OPTIONS]", "List the images that boot by name", verb_images, VERB_JSON, OPERAND_NONE, "See", images_options },
        { "image-status", "[OPTIONS] [NAME…]", "Show images: sizes, what they stand on, snapshots, settings", verb_image_status, VERB_ROOT | VERB_JSON,
          OPERAND_IMAGES, "See" },
        { "create", "NAME --os=OS [OPTIONS]", "Make a new tree", verb_create, VERB_ROOT, OPERAND_NEW, "Make", create_options },
        { "import", "[OPTIONS] FILE|DIR|- [NAME]", "Make an image of an archive, a disk image, a directory, or OCI's images", verb_import, VERB_ROOT,
          OPERAND_FILE, "Make", import_options },
        { "pull", "[OPTIONS] URL [NAME]", "Make an image of what is on a web server", verb_pull, VERB_ROOT, OPERAND_NEW, "Make", pull_options },
        { "image resize", "NAME|FILE [+]SIZE", "Grow or shrink a disk image: file, partition and file system", verb_image_resize, VERB_ROOT,
          OPERAND_IMAGE, "Make" },
        { "clone", "[OPTIONS] NAME|DIR NEW", "Make a new image that begins as another one is, and shares its files", verb_clone, VERB_ROOT,
          OPERAND_IMAGE, "Make", clone_options },
        { "snapshot", "NAME [SNAPSHOT]", "Keep what an image is now under a name", verb_snapshot, VERB_ROOT, OPERAND_IMAGE, "Make" },
        { "snapshot list", "[OPTIONS] NAME", "List an image's snapshots", verb_snapshot_list, VERB_ROOT | VERB_JSON, OPERAND_IMAGE, "Make",
          list_options },
        { "snapshot remove", "NAME SNAPSHOT…", "Remove snapshots; what others stand on stays", verb_snapshot_remove, VERB_ROOT,
          OPERAND_SNAPSHOTS, "Make" },
        { "rollback", "NAME [SNAPSHOT]", "Make an image what it was in a snapshot, if not said otherwise the latest", verb_rollback, VERB_ROOT,
          OPERAND_SNAPSHOT, "Make" },
        { "diff", "[OPTIONS] NAME [SNAPSHOT|IMAGE]", "List the files that are different from a snapshot or another image", verb_diff,
          VERB_ROOT | VERB_JSON, OPERAND_SNAPSHOT, "Make" },
        { "commit", "NAME NEW", "Make an image of what a machine has now, running or not", verb_commit, VERB_ROOT, OPERAND_MACHINE, "Make" },

        { "export", "[OPTIONS] NAME [FILE|-]", "Write an image to a file, running or not, as an archive or a disk image", verb_export, VERB_ROOT, OPERAND_IMAGE_FILE,
          "Make", export_options },

        { "show-image", "[OPTIONS] [NAME…]", "Show properties of images, or of all together, for scripts", verb_show_image,
          VERB_ROOT, OPERAND_IMAGES, "See", show_image_options },
        { "dissect", "[OPTIONS] IMAGE [DIR]", "Show what is in a disk image, or mount it", verb_dissect, VERB_JSON, OPERAND_IMAGE, "See", dissect_options },
        { "mount", "[OPTIONS] NAME DIR", "Mount an image that no machine uses on a directory of the host's", verb_mount, VERB_ROOT | VERB_JSON,
          OPERAND_IMAGE_FILE, "Use", mount_options },
        { "mount list", "[OPTIONS]", "List the images that are mounted", verb_mount_list, VERB_JSON, OPERAND_NONE, "Use" },
        { "umount", "DIR|NAME…", "Unmount images", verb_umount, VERB_ROOT, OPERAND_MOUNTED, "Use" },
        { "set", "[OPTIONS] NAME WORD=VALUE…", "Set what a machine may take of its host, such as memory=1G", verb_set, VERB_ROOT,
          OPERAND_RESOURCES, "Use", set_options },
        { "rename", "NAME NEW-NAME", "Give an image another name, and its settings, addresses and ids with it", verb_rename, VERB_ROOT,
          OPERAND_OLD_NAME, "Make" },
        { "remove", "[OPTIONS] NAME…", "Remove images with their snapshots", verb_remove, VERB_ROOT, OPERAND_IMAGES, "Make", remove_options },
        { "read-only", "NAME [BOOL]", "Have an image not written to, or written to again", verb_read_only, VERB_ROOT, OPERAND_OLD_NAME, "Make" },
        { "set-limit", "[NAME] SIZE|-", "Let an image, or all of them, take no more of the disk than that", verb_set_limit, VERB_ROOT, OPERAND_OLD_NAME, "Make" },
        { "list-transfers", "[OPTIONS]", "List imports, exports and downloads that are going on", verb_list_transfers, .operand = OPERAND_NONE,
          .group = "Make", .options = list_transfers_options },
        { "cancel-transfer", "ID…", "End imports, exports and downloads", verb_cancel_transfer, VERB_ROOT, OPERAND_NONE, "Make" },
        { "send", "[OPTIONS] NAME|DIR", "Write a machine, image and settings, to a pipe that leads to another host", verb_send, VERB_ROOT,
          OPERAND_IMAGE, "Make", send_options },
        { "receive", "[OPTIONS] [NAME]", "Make a machine of what `send` writes on another host", verb_receive, VERB_ROOT, OPERAND_NEW, "Make",
          receive_options },
        { "clean", "[OPTIONS]", "Remove hidden images, as downloads that nobody finished", verb_clean, VERB_ROOT, OPERAND_NONE, "Make", clean_options },

        { "list", "[OPTIONS]", "List running machines", verb_list, VERB_JSON, OPERAND_NONE, "See", list_machines_options },
        { "status", "[OPTIONS] NAME…", "Show a machine, its processes and the last it said; or what became of it", verb_status, VERB_JSON, OPERAND_MACHINES,
          "See", status_options },
        { "limits", "[OPTIONS] NAME", "Show what a machine may take of its host, takes, and who said so", verb_limits, VERB_JSON,
          OPERAND_IMAGE, "See" },
        { "top", "[OPTIONS] [NAME…]", "Show what machines use, and go on as it changes: keys order, choose, find", verb_top, VERB_JSON, OPERAND_MACHINES,
          "See", top_options },
        { "logs", "[OPTIONS] NAME…", "Show what machines wrote on their consoles and in their journals", verb_logs, VERB_ROOT | VERB_JSON, OPERAND_IMAGES,
          "See", logs_options },
        { "show", "[OPTIONS] [NAME…]", "Show a machine's properties", verb_show, VERB_JSON, OPERAND_MACHINES, "See",
          show_options },
        { "events", "[OPTIONS] [NAME…]", "Show what happens to machines, images and zones, as it happens", verb_events, VERB_JSON, OPERAND_MACHINES,
          "See", events_options },
        { "metrics", "[OPTIONS]", "Print the figures of all machines for programs that keep them, as Prometheus", verb_metrics, .operand = OPERAND_NONE,
          .group = "See", .options = metrics_options },
        { "edit", "[OPTIONS] NAME", "Edit a machine's settings; what is wrong is not taken", verb_edit, VERB_ROOT, OPERAND_IMAGE, "Make", edit_options },
        { "cat", "NAME…", "Show a machine's settings files, in the order in which they are read", verb_cat, .operand = OPERAND_IMAGES,
          .group = "See" },
        { "wait", "[OPTIONS] NAME…", "Wait until machines are ready, healthy, or stopped", verb_wait, .operand = OPERAND_MACHINES, .group = "See",
          .options = wait_options },
        { "verify", "[OPTIONS] NAME|FILE…", "Check settings: what a start would refuse or pass over, with file and line", verb_verify, VERB_JSON,
          OPERAND_IMAGES, "See", verify_options },
        { "info", "", "Show what this host has for machines", verb_info, VERB_JSON, OPERAND_NONE, "See" },
        { "doctor", "[OPTIONS] [NAME…]", "Name what stands in the way of machines here, and the command that mends it", verb_doctor, VERB_JSON,
          OPERAND_IMAGES, "See", doctor_options },

        { "network status", "[OPTIONS]", "Show who filters for machines, and what is missing", verb_network_status, VERB_ROOT | VERB_JSON,
          OPERAND_NONE, "Network" },
        { "network repair", "", "Put right what others changed under machines that run", verb_network_repair, VERB_ROOT, OPERAND_NONE,
          "Network" },
        { "nic list", "[OPTIONS] NAME", "List the interfaces of a running machine", verb_nic_list, VERB_JSON, OPERAND_MACHINE, "Network" },
        { "nic add", "NAME KIND[:WHAT][,KEY=VALUE]…", "Give a running machine an interface, as --network= does", verb_nic_add, VERB_ROOT,
          OPERAND_NEW_NIC, "Network" },
        { "nic remove", "NAME INTERFACE", "Take an interface from a running machine", verb_nic_remove, VERB_ROOT, OPERAND_NIC, "Network" },
        { "port list", "[OPTIONS] [NAME…]", "List the ports of running machines", verb_port_list, VERB_JSON, OPERAND_MACHINES, "Network" },
        { "port add", "[OPTIONS] NAME PORT…", "Publish ports of a running machine: [ADDR:]HOST[:MACHINE][/PROTO]", verb_port_add,
          VERB_ROOT, OPERAND_NEW_PORTS, "Network", port_options },
        { "port remove", "[OPTIONS] NAME PORT…", "No longer publish ports of a running machine", verb_port_remove, VERB_ROOT,
          OPERAND_PORTS, "Network", port_options },

        { "zone list", "[OPTIONS]", "List zones", verb_zone_list, VERB_JSON, OPERAND_NONE, "Network", list_options },
        { "zone show", "[OPTIONS] ZONE", "Show a zone and the addresses of its machines", verb_zone_show, VERB_JSON, OPERAND_ZONES, "Network" },
        { "zone create", "[OPTIONS] ZONE", "Make a zone that is kept", verb_zone_create, VERB_ROOT, OPERAND_NEW, "Network",
          zone_create_options },
        { "zone remove", "ZONE…", "Forget zones and their addresses", verb_zone_remove, VERB_ROOT, OPERAND_ZONES, "Network" },
        { "zone move", "[OPTIONS] ZONE", "Give a zone another range", verb_zone_move, VERB_ROOT, OPERAND_ZONES, "Network",
          zone_move_options },

        { "device list", "[OPTIONS] NAME", "List the devices of the host's that a running machine has", verb_device_list, VERB_JSON, OPERAND_MACHINE,
          "Devices" },
        { "device add", "NAME PATH[:DEST[:PERMISSIONS]]…", "Let a running machine use a device, as --device= does", verb_device_add, VERB_ROOT,
          OPERAND_NEW_DEVICES, "Devices" },
        { "device remove", "NAME DEST…", "Take a device from a running machine", verb_device_remove, VERB_ROOT, OPERAND_DEVICES, "Devices" },

        { "freeze", "NAME…", "Have machines stand still, until they are thawed", verb_freeze, .operand = OPERAND_MACHINES, .group = "Stop" },
        { "thaw", "NAME…", "Let machines that stand still go on, whoever froze them", verb_thaw, .operand = OPERAND_MACHINES, .group = "Stop" },
        { "stop", "[OPTIONS] NAME…", "Stop machines that run as services, in order", verb_stop, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = group_options },
        { "poweroff", "[OPTIONS] NAME…", "Power machines off, in order", verb_poweroff, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = stop_options },
        { "reboot", "[OPTIONS] NAME…", "Reboot machines, in order", verb_reboot, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = stop_options },
        { "halt", "[OPTIONS] NAME…", "Halt machines, in order", verb_halt, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = stop_options },
        { "terminate", "[OPTIONS] NAME…", "End machines at once", verb_terminate, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = stop_options },
        { "kill", "[OPTIONS] NAME…", "Send a signal to a machine's processes", verb_kill, .operand = OPERAND_MACHINES,
          .group = "Stop", .options = kill_options },

        { "help", "[VERB]", "Show this help, or a verb's", verb_help, .operand = OPERAND_VERB, .group = "Other" },

        /* called by engines, by nbox's units, by the shell's completion and by the build */
        { "oci", "[OPTIONS] VERB …", "Run containers for engines: see nbox-oci(1)", verb_oci, VERB_ROOT | VERB_HIDDEN | VERB_OWN_ARGS,
          .group = "Other" },
        { "list-images", "[OPTIONS]", "As images: machinectl's word", verb_images, VERB_JSON | VERB_HIDDEN, OPERAND_NONE, "See", images_options },
        { "export-tar", "[OPTIONS] NAME [FILE|-]", "As export to a tar: machinectl's word", verb_export_tar, VERB_ROOT | VERB_HIDDEN,
          OPERAND_OLD_NAME, "Make", export_options },
        { "pull-tar", "[OPTIONS] URL [NAME]", "As pull, of a tar: machinectl's word", verb_pull_tar, VERB_ROOT | VERB_HIDDEN, OPERAND_NEW, "Make",
          pull_options },
        { "pull-raw", "[OPTIONS] URL [NAME]", "As pull, of a disk image: machinectl's word", verb_pull_raw, VERB_ROOT | VERB_HIDDEN, OPERAND_NEW,
          "Make", pull_options },
        { "import-tar", "[OPTIONS] FILE|- [NAME]", "As import, of a tar: machinectl's word", verb_import_tar, VERB_ROOT | VERB_HIDDEN, OPERAND_FILE, "Make",
          import_options },
        { "import-raw", "[OPTIONS] FILE|- [NAME]", "As import, of a disk image: machinectl's word", verb_import_raw, VERB_ROOT | VERB_HIDDEN,
          OPERAND_FILE, "Make", import_options },
        { "import-fs", "[OPTIONS] DIR [NAME]", "As import, of a directory: machinectl's word", verb_import_fs, VERB_ROOT | VERB_HIDDEN, OPERAND_FILE,
          "Make", import_options },
        { "export-raw", "[OPTIONS] NAME [FILE|-]", "As export to a disk image: machinectl's word", verb_export_raw, VERB_ROOT | VERB_HIDDEN,
          OPERAND_OLD_NAME, "Make", export_options },
        { "__machinectl", "WORD…", "As machinectl", verb_machinectl, VERB_HIDDEN | VERB_OWN_ARGS, .group = "Other" },
        { "__copy-to", "[OPTIONS] NAME PATH… [DEST]", "copy-to of another host's files, which come by standard input", verb_copy_to_framed,
          VERB_ROOT | VERB_HIDDEN, .group = "Other", .options = copy_to_options },
        { "__copy-from", "[OPTIONS] NAME PATH… [DEST]", "copy-from to another host, by standard output", verb_copy_from_framed,
          VERB_ROOT | VERB_HIDDEN, .group = "Other", .options = copy_from_options },
        { "gc", "", "Clear away what dead machines left", verb_gc, VERB_ROOT | VERB_HIDDEN, .group = "Other" },
        { "zone-serve", "ZONE", "Serve names and addresses to a zone's machines", verb_zone_serve, VERB_ROOT | VERB_HIDDEN,
          .group = "Other" },
        { "scope-end", "NAME LEADER", "End a machine in order before systemd stops its scope", verb_scope_end, VERB_ROOT | VERB_HIDDEN,
          .group = "Other" },
        { "__complete", "WORD…", "Print what may stand in place of the last word", verb_complete,
          VERB_HIDDEN | VERB_OWN_ARGS, .group = "Other" },
        { "__man", "TEMPLATE", "Print a man page, its lists made of the tables", verb_man, VERB_HIDDEN | VERB_OWN_ARGS,
          .group = "Other" },
        {},
};

static bool begins_with_word(const char *name, const char *word) {
        size_t n = strlen(word);

        return strncmp(name, word, n) == 0 && name[n] == ' ';
}

bool verb_is_first_word(const char *word) {
        for (const Verb *v = verbs; v->name; v++)
                if (begins_with_word(v->name, word))
                        return true;
        return false;
}

const Verb *verb_find_words(char **words, int n, int *ret_skip) {
        *ret_skip = 0;
        for (const Verb *v = verbs; n > 1 && v->name; v++)
                if (begins_with_word(v->name, words[0]) && strcmp(v->name + strlen(words[0]) + 1, words[1]) == 0) {
                        words[1] = (char *) v->name;
                        *ret_skip = 1;
                        return v;
                }
        return n > 0 ? verb_find(words[0]) : NULL;
}

const Verb *verb_find(const char *name) {
        for (const Verb *v = verbs; v->name; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}
