/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Options of systemd-nspawn(1) and keys of systemd.nspawn(5), version 252. A remark says what a script would notice, and why it is so here:
 * mostly that a machine is private and safe unless it is asked to be otherwise. */

#include "words.h"

#include "cleanup.h"

#define OPTION(...) { .of = WORD_NSPAWN_OPTION, __VA_ARGS__ }
#define KEY(s, ...) { .of = WORD_NSPAWN_KEY, .section = s, __VA_ARGS__ }
#define SAME .how = WORD_SAME
#define DIFFERS .how = WORD_DIFFERS, .remark =
#define REFUSED .how = WORD_REFUSED, .remark =

#define BIND_USER "No user of the host's is made known inside: only guests with nss-systemd would see one. Make the user in the machine (useradd), and " \
        "bind the home directory with its owner mapped: --bind=/home/ann:/home/ann:owneridmap."

static const Word words[] = {
        OPTION(.name = "help", .letter = 'h', DIFFERS "Shows nbox's own options."),
        OPTION(.name = "version", DIFFERS "Called as systemd-nspawn: systemd's version whose command lines are taken, and nbox's. As nbox: nbox's."),
        OPTION(.name = "quiet", .letter = 'q', SAME),
        OPTION(.name = "no-pager", SAME),
        OPTION(.name = "settings", DIFFERS "/etc/nbox/NAME.conf and /run/nbox/NAME.conf are looked for as well, before the places of systemd-nspawn."),
        OPTION(.name = "directory", .letter = 'D', SAME),
        OPTION(.name = "template", DIFFERS "The tree is a clone that shares the template's files on every file system, not on btrfs alone; it is kept in the store of "
                                   "layers. A name does as well as a path."),
        OPTION(.name = "ephemeral", .letter = 'x', DIFFERS "Takes no time on any file system: what is written goes to a layer that is thrown away. The machine is "
                                                   "called after the image with a random suffix unless --machine= says otherwise."),
        OPTION(.name = "image", .letter = 'i', DIFFERS "A name without a slash is that of an image below /var/lib/machines; called as systemd-nspawn it is a path. "
                                               "LUKS is not opened: `cryptsetup open` first."),
        OPTION(.name = "oci-bundle", REFUSED "A bundle is a root directory and a runtime's configuration. `nbox import` takes an OCI image, settings and all; for a "
                                     "bundle that is unpacked already, use --directory=BUNDLE/rootfs and say the rest as options."),
        OPTION(.name = "read-only", SAME),
        OPTION(.name = "volatile", SAME),
        OPTION(.name = "root-hash", SAME),
        OPTION(.name = "root-hash-sig", REFUSED "The kernel's keyring is not asked. Check the signature of the root hash beforehand (`openssl smime -verify`), then "
                                        "pass the hash with --root-hash=."),
        OPTION(.name = "verity-data", SAME),
        OPTION(.name = "pivot-root", DIFFERS "The directory for the old root is made where it is missing."),
        OPTION(.name = "as-pid2", .letter = 'a', DIFFERS "The command is below a small init, but its process number is not always 2."),
        OPTION(.name = "boot", .letter = 'b', DIFFERS "The verb decides: `nbox boot` or `nbox run`. Called as systemd-nspawn, it is as there."),
        OPTION(.name = "chdir", DIFFERS "nbox run makes the directory where it is missing. Called as systemd-nspawn, it is as there."),
        OPTION(.name = "setenv", .letter = 'E', SAME),
        OPTION(.name = "user", .letter = 'u', DIFFERS "May have a group behind a colon."),
        OPTION(.name = "kill-signal", DIFFERS "Without it, PID 1 is asked in the way that its init understands, not always by SIGRTMIN+3."),
        OPTION(.name = "notify-ready", DIFFERS "Without it, nbox boot waits for the message where the init sends one."),
        OPTION(.name = "suppress-sync", SAME),
        OPTION(.name = "machine", .letter = 'M', SAME),
        OPTION(.name = "hostname", SAME),
        OPTION(.name = "uuid", SAME),
        OPTION(.name = "slice", .letter = 'S', DIFFERS "Without it, each machine has a slice of its own below machine.slice."),
        OPTION(.name = "property", SAME),
        OPTION(.name = "register", SAME),
        OPTION(.name = "keep-unit", DIFFERS "nbox always stays in the unit that it was started in, and the machine always has a scope of its own, which ends with "
                                    "that unit. A limit that is to hold for the machine goes on its slice, not on the unit."),
        OPTION(.name = "private-users", DIFFERS "Without it, the machine has a range of ids of its own (pick), which it keeps; files on disk are mapped, not changed."),
        OPTION(.name = "private-users-ownership", DIFFERS "auto is map, never chown: what a file system cannot map is refused, with the ways out."),
        OPTION(.letter = 'U', SAME),
        OPTION(.name = "private-network", SAME),
        OPTION(.name = "network-interface", SAME),
        OPTION(.name = "network-macvlan", SAME),
        OPTION(.name = "network-ipvlan", SAME),
        OPTION(.name = "network-veth", .letter = 'n', SAME),
        OPTION(.name = "network-veth-extra", SAME),
        OPTION(.name = "network-bridge", SAME),
        OPTION(.name = "network-zone", DIFFERS "The zone has addresses, DHCP, names and NAT of its own, with nothing running on either end. Its bridge is called "
                                       "otherwise. May be given several times."),
        OPTION(.name = "network-namespace-path", SAME),
        OPTION(.name = "port", .letter = 'p', DIFFERS "Reached from the host itself, too, 127.0.0.1 and [::1] included. Ranges and an address of the host's may be "
                                              "given."),
        OPTION(.name = "capability", SAME),
        OPTION(.name = "drop-capability", SAME),
        OPTION(.name = "ambient-capability", SAME),
        OPTION(.name = "no-new-privileges", SAME),
        OPTION(.name = "system-call-filter", SAME),
        OPTION(.name = "selinux-context", .letter = 'Z', SAME),
        OPTION(.name = "selinux-apifs-context", .letter = 'L', SAME),
        OPTION(.name = "rlimit", SAME),
        OPTION(.name = "oom-score-adjust", SAME),
        OPTION(.name = "cpu-affinity", SAME),
        OPTION(.name = "personality", SAME),
        OPTION(.name = "resolv-conf", SAME),
        OPTION(.name = "timezone", SAME),
        OPTION(.name = "link-journal", SAME),
        OPTION(.letter = 'j', SAME),
        OPTION(.name = "bind", SAME),
        OPTION(.name = "bind-ro", SAME),
        OPTION(.name = "inaccessible", SAME),
        OPTION(.name = "tmpfs", SAME),
        OPTION(.name = "overlay", SAME),
        OPTION(.name = "overlay-ro", SAME),
        OPTION(.name = "bind-user", REFUSED BIND_USER),
        OPTION(.name = "console", DIFFERS "Without it, and with no terminal, the output of a command is handed on as it is (pipe), not through a terminal that puts a "
                                   "carriage return before each newline."),
        OPTION(.name = "pipe", .letter = 'P', SAME),
        OPTION(.name = "set-credential", SAME),
        OPTION(.name = "load-credential", SAME),

        KEY("Exec", .name = "Boot", DIFFERS "The verb decides, but for `nbox start`, nbox@NAME.service, and what is called as systemd-nspawn."),
        KEY("Exec", .name = "Ephemeral", SAME),
        KEY("Exec", .name = "ProcessTwo", SAME),
        KEY("Exec", .name = "Parameters", DIFFERS "Counts without Boot= and ProcessTwo=, too."),
        KEY("Exec", .name = "Environment", SAME),
        KEY("Exec", .name = "User", SAME),
        KEY("Exec", .name = "WorkingDirectory", SAME),
        KEY("Exec", .name = "PivotRoot", SAME),
        KEY("Exec", .name = "Capability", SAME),
        KEY("Exec", .name = "DropCapability", SAME),
        KEY("Exec", .name = "AmbientCapability", SAME),
        KEY("Exec", .name = "NoNewPrivileges", SAME),
        KEY("Exec", .name = "KillSignal", SAME),
        KEY("Exec", .name = "Personality", SAME),
        KEY("Exec", .name = "MachineID", SAME),
        KEY("Exec", .name = "PrivateUsers", SAME),
        KEY("Exec", .name = "NotifyReady", SAME),
        KEY("Exec", .name = "SystemCallFilter", SAME),
        KEY("Exec", .name = "LimitCPU", SAME),
        KEY("Exec", .name = "LimitFSIZE", SAME),
        KEY("Exec", .name = "LimitDATA", SAME),
        KEY("Exec", .name = "LimitSTACK", SAME),
        KEY("Exec", .name = "LimitCORE", SAME),
        KEY("Exec", .name = "LimitRSS", SAME),
        KEY("Exec", .name = "LimitNOFILE", SAME),
        KEY("Exec", .name = "LimitAS", SAME),
        KEY("Exec", .name = "LimitNPROC", SAME),
        KEY("Exec", .name = "LimitMEMLOCK", SAME),
        KEY("Exec", .name = "LimitLOCKS", SAME),
        KEY("Exec", .name = "LimitSIGPENDING", SAME),
        KEY("Exec", .name = "LimitMSGQUEUE", SAME),
        KEY("Exec", .name = "LimitNICE", SAME),
        KEY("Exec", .name = "LimitRTPRIO", SAME),
        KEY("Exec", .name = "LimitRTTIME", SAME),
        KEY("Exec", .name = "OOMScoreAdjust", SAME),
        KEY("Exec", .name = "CPUAffinity", SAME),
        KEY("Exec", .name = "Hostname", SAME),
        KEY("Exec", .name = "ResolvConf", SAME),
        KEY("Exec", .name = "Timezone", SAME),
        KEY("Exec", .name = "LinkJournal", SAME),
        KEY("Exec", .name = "SuppressSync", SAME),
        KEY("Files", .name = "ReadOnly", SAME),
        KEY("Files", .name = "Volatile", SAME),
        KEY("Files", .name = "Bind", SAME),
        KEY("Files", .name = "BindReadOnly", SAME),
        KEY("Files", .name = "BindUser", REFUSED BIND_USER),
        KEY("Files", .name = "TemporaryFileSystem", SAME),
        KEY("Files", .name = "Inaccessible", SAME),
        KEY("Files", .name = "Overlay", SAME),
        KEY("Files", .name = "OverlayReadOnly", SAME),
        KEY("Files", .name = "PrivateUsersOwnership", SAME),
        KEY("Network", .name = "Private", SAME),
        KEY("Network", .name = "VirtualEthernet", SAME),
        KEY("Network", .name = "VirtualEthernetExtra", SAME),
        KEY("Network", .name = "Interface", SAME),
        KEY("Network", .name = "MACVLAN", SAME),
        KEY("Network", .name = "IPVLAN", SAME),
        KEY("Network", .name = "Bridge", SAME),
        KEY("Network", .name = "Zone", SAME),
        KEY("Network", .name = "Port", SAME),
};

const WordList nspawn_words = { words, ELEMENTSOF(words) };
