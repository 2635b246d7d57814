/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names and meanings are those of systemd-nspawn(1) and systemd.nspawn(5) wherever these have them, so that fingers,
 * scripts and files move over; what nspawn has no word for (StopTimeout=, Slice=, Property=, Register=) is ours. */

#include "options.h"

#include "resources.h"
#include "values.h"

#define TREE "Tree"
#define IDENTITY "Identity"
#define EXECUTION "What runs"
#define HEALTH "Health"
#define USERS "Users"
#define ISOLATION "Isolation"
#define NETWORK "Network"
#define HOST "On the host"
#define RESOURCE_GROUP "Resources"
#define OTHER "Other"

/* A resource limit's own key. */
#define LIMIT(name) \
        { {}, .section = "Exec", .key = "Limit" #name, .field = (Field) (FIELD_LIMITS + RLIMIT_##name), \
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = ISOLATION, .parse = parse_limit, \
          .help = "RLIMIT_" #name ", as --rlimit= has it" }

#define RESOURCE(word, key_, placeholder_, resource, help_, ...) \
        { { word, .placeholder = placeholder_ }, .section = RESOURCES_SECTION, .key = key_, .field = (Field) (FIELD_RESOURCES + RESOURCE_##resource), \
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = RESOURCE_GROUP, .parse = parse_resource, .help = help_, __VA_ARGS__ }

const Option options[] = {
        { { "directory", .letter = 'D', .placeholder = "DIR" },
          .field = FIELD_DIRECTORY, .flags = OPTION_BOTH, .group = TREE, .parse = parse_directory,
          .help = "The tree to use; there is then no DIR|NAME operand" },
        { { "image", .letter = 'i', .placeholder = "FILE|NAME" },
          .field = FIELD_DISK, .flags = OPTION_BOTH, .group = TREE, .parse = parse_image,
          .help = "The disk image to use; there is then no DIR|NAME operand",
          .about = "A file, a block device, or NAME for NAME.raw where images are; see DISK IMAGES in nbox(1)." },
        { { "template", .placeholder = "DIR|NAME" },
          .field = FIELD_TEMPLATE, .flags = OPTION_BOTH, .group = TREE, .parse = parse_image,
          .help = "Clone the tree from this image if it is not there",
          .about = "As nbox clone does, before it is started. A tree that is there is used as it is." },
        { { "root-hash", .placeholder = "HASH" },
          .field = FIELD_ROOT_HASH, .flags = OPTION_BOTH, .group = TREE, .parse = parse_root_hash,
          .help = "Verify the disk image by this root hash (dm-verity)",
          .about = "Without it, by that in a file NAME.roothash beside the image, if there is one. Of a partition of its own, or of NAME.verity, are the "
                   "hashes that it vouches for. What cannot be verified does not start." },
        { { "verity-data", .placeholder = "FILE" },
          .field = FIELD_VERITY_DATA, .flags = OPTION_BOTH, .group = TREE, .parse = parse_verity_data,
          .help = "Where the hashes are that --root-hash= vouches for" },
        { { "ephemeral", .letter = 'x' },
          .section = "Exec", .key = "Ephemeral", .implied = "yes", .values = boolean_names, .field = FIELD_EPHEMERAL, .flags = OPTION_BOTH,
          .group = TREE, .parse = parse_bool_field,
          .help = "Throw away at the end whatever the machine writes",
          .about = "The image stays as it is, and several machines may stand on it at once. Unless --machine= says one, the machine's name is the image's with a "
                   "random suffix. See EPHEMERAL MACHINES in nbox(1)." },
        { { "volatile", .optional = true, .placeholder = "MODE" },
          .section = "Files", .key = "Volatile", .implied = "yes", .values = volatile_mode_names, .field = FIELD_VOLATILE, .flags = OPTION_BOTH,
          .group = TREE, .parse = parse_volatile,
          .help = "Keep what the machine writes in memory: no, yes, state or overlay",
          .about = "yes gives it an empty tmpfs as its root, with the image's /usr in it, read-only; state the image's tree, read-only, with an empty tmpfs on "
                   "/var; overlay the whole tree, with a tmpfs over it. Nothing of it is kept. See EPHEMERAL MACHINES in nbox(1)." },
        { { "read-only" },
          .section = "Files", .key = "ReadOnly", .implied = "yes", .values = boolean_names,
          .field = FIELD_READ_ONLY, .flags = OPTION_BOTH, .group = TREE, .parse = parse_bool_field,
          .help = "Mount the tree read-only",
          .about = "Mounts of --bind=, --tmpfs= and the like stay writable." },
        { { "bind", .placeholder = "SOURCE[:DEST[:OPTIONS]]" },
          .section = "Files", .key = "Bind", .field = FIELD_BINDS, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = TREE, .parse = parse_bind,
          .help = "Mount a file or directory of the host's",
          .about = "DEST is where it appears in the machine, SOURCE's own path when left out. A \"+\" before SOURCE takes it "
                   "from the machine's tree, a \"-\" passes over one that is not there. A colon in a path is written \"\\:\". "
                   "OPTIONS are separated by commas: rbind (the default) or norbind, with or without the mounts below; "
                   "noidmap (the default), idmap, rootidmap or owneridmap for whose the files are inside: nobody's where their owners have no place in "
                   "the machine's range; the same ids'; root's those of SOURCE's owner; the owner's of DEST those of SOURCE's. May be given several "
                   "times." },
        { { "bind-ro", .placeholder = "SOURCE[:DEST[:OPTIONS]]" },
          .section = "Files", .key = "BindReadOnly", .field = FIELD_BINDS,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE, .parse = parse_bind_ro,
          .help = "The same, read-only" },
        { { "tmpfs", .placeholder = "DEST[:OPTIONS]" },
          .section = "Files", .key = "TemporaryFileSystem", .field = FIELD_TMPFS, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = TREE, .parse = parse_tmpfs,
          .help = "Mount an empty tmpfs",
          .about = "OPTIONS are those of tmpfs(5), such as mode=0755,size=64M. May be given several times." },
        { { "overlay", .placeholder = "LOWER[:LOWER...]:UPPER[:DEST]" },
          .section = "Files", .key = "Overlay", .field = FIELD_OVERLAYS, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE,
          .parse = parse_overlay,
          .help = "Mount several directories of the host's as one",
          .about = "What stands in one further to the right hides what has its name to the left. What the machine writes goes to UPPER, the last "
                   "directory; an empty UPPER is a temporary one, gone with the machine. DEST is where all of it appears in the machine; when there are only "
                   "two paths, it is the second one's. A path after a \"+\" is one of the machine's tree: --overlay=+/var::/var. A colon in a "
                   "path is written \"\\:\". May be given several times." },
        { { "overlay-ro", .placeholder = "LOWER[:LOWER...]:UPPER[:DEST]" },
          .section = "Files", .key = "OverlayReadOnly", .field = FIELD_OVERLAYS, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE,
          .parse = parse_overlay_ro,
          .help = "The same, read-only" },
        { { "volume", .placeholder = "PATH" },
          .section = "Files", .key = "Volume", .field = FIELD_VOLUMES, .flags = OPTION_BOTH, .group = TREE, .parse = parse_volume,
          .help = "A directory of the machine's that is to be written to",
          .about = "It is made where it is missing, and lies in the tree as all else does: it is kept, cloned and rolled back with it. Where the tree is "
                   "read-only, what is written there goes to memory, and is gone with the machine. It is what images of OCI's and Docker's call a volume; "
                   "to mount a directory of the host's take --bind=. May be given several times." },
        { { "inaccessible", .placeholder = "PATH" },
          .section = "Files", .key = "Inaccessible", .field = FIELD_INACCESSIBLE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE,
          .parse = parse_inaccessible,
          .help = "Cover a file or directory of the machine's, so that nobody inside can open it",
          .about = "PATH is one inside, and must be there; it is covered by something empty of the same kind, after all that is mounted. May be "
                   "given several times." },
        { { "pivot-root", .placeholder = "NEW[:OLD]" },
          .section = "Exec", .key = "PivotRoot", .field = FIELD_PIVOT_ROOT, .flags = OPTION_BOTH, .group = TREE,
          .parse = parse_pivot_root,
          .help = "Make a directory of the tree its root",
          .about = "As a boot loader does where one tree has several that boot, as those of OSTree. The tree itself is then mounted on the directory OLD "
                   "of NEW, or nowhere where OLD is left out. All other paths count from the new root." },
        { { "device", .placeholder = "PATH[:DEST[:PERMISSIONS]]" },
          .section = "Files", .key = "Device", .field = FIELD_DEVICES, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE,
          .parse = parse_device,
          .help = "Let the machine use a device of the host's",
          .about = "PATH is a device node, or a directory such as /dev/dri or /dev/snd with all the nodes in it; DEST is where it appears in the "
                   "machine, below /dev, PATH when left out. PERMISSIONS are letters: r to read, w to write, m to make further "
                   "nodes of it; rw when left out. A \"-\" before PATH passes over one that is not there. A colon in a path is written "
                   "\"\\:\". Inside it belongs to root, with the mode that it has on the host, and to the group of the same number. May be given "
                   "several times; see DEVICES in nbox(1)." },
        { { "resolv-conf", .placeholder = "MODE" },
          .section = "Exec", .key = "ResolvConf", .values = resolv_conf_mode_names, .field = FIELD_RESOLV_CONF,
          .flags = OPTION_BOTH, .group = TREE, .parse = parse_enum_field,
          .help = "What becomes of /etc/resolv.conf inside",
          .about = "off leaves it, delete removes it; copy-, replace- and bind- followed by host, static, uplink or stub take the "
                   "host's /etc/resolv.conf or the file of systemd-resolved(8) of that kind: copy- spares what is not a regular "
                   "file, replace- does not, bind- mounts it read-only. auto (the default) gives a machine in a "
                   "zone a file that works there, without the host's 127.0.0.53." },
        { { "timezone", .placeholder = "MODE" },
          .section = "Exec", .key = "Timezone", .values = timezone_mode_names, .field = FIELD_TIMEZONE,
          .flags = OPTION_BOTH, .group = TREE, .parse = parse_enum_field,
          .help = "What becomes of /etc/localtime inside",
          .about = "One of off, copy, bind, symlink, delete and auto. auto (the default) makes it a symlink to the tree's own "
                   "file of the host's zone, and mounts the host's where the tree is read-only." },
        { { "link-journal", .placeholder = "MODE" },
          .section = "Exec", .key = "LinkJournal", .values = link_journal_mode_names, .field = FIELD_LINK_JOURNAL,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = TREE, .parse = parse_enum_field,
          .help = "Whether the machine's journal is seen on the host",
          .about = "host mounts the host's /var/log/journal/MACHINE-ID into the machine, guest makes that a link into the machine's tree; "
                   "try-host and try-guest do the same where it can be done. auto (the default) mounts the directory if it is there, "
                   "and no does nothing. A directory of that id that has files of another machine is not mounted. See LOGS in nbox(1)." },
        { { .letter = 'j' },
          .implied = "try-guest", .values = link_journal_mode_names, .field = FIELD_LINK_JOURNAL, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = TREE, .parse = parse_enum_field,
          .help = "Short for --link-journal=try-guest" },

        { { "machine", .letter = 'M', .placeholder = "NAME" },
          .field = FIELD_MACHINE, .flags = OPTION_BOTH, .group = IDENTITY, .parse = parse_machine,
          .help = "The machine's name, if not the tree's" },
        { { "hostname", .placeholder = "NAME" },
          .section = "Exec", .key = "Hostname", .field = FIELD_HOSTNAME, .flags = OPTION_BOTH, .group = IDENTITY,
          .parse = parse_hostname,
          .help = "Its host name inside, if not the machine's name" },
        { { "uuid", .placeholder = "UUID" },
          .section = "Exec", .key = "MachineID", .field = FIELD_ID, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = IDENTITY,
          .parse = parse_uuid,
          .help = "Its machine id, if the tree has none" },

        { { "boot", .letter = 'b' },
          .section = "Exec", .key = "Boot", .implied = "yes", .values = boolean_names, .field = FIELD_BOOT, .flags = OPTION_BOOT,
          .group = EXECUTION, .parse = parse_bool_field,
          .help = "Accepted and without effect: the verb decides",
          .about = "In a settings file it says what the tree is for: its init, or the command of Parameters=. The verb decides all the same, but for "
                   "nbox start and nbox@NAME.service, which run that command where the file says Boot=no." },
        { { "init", .placeholder = "KIND|PATH" },
          .section = "Boot", .key = "Init", .values = init_kind_names, .field = FIELD_INIT,
          .flags = OPTION_BOOT, .group = EXECUTION, .parse = parse_init,
          .help = "What init it is, or a path: what is executed as PID 1",
          .about = "By default (auto) the first of /sbin/init, systemd, /etc/init and /bin/init that the tree has is executed, and nbox tells by "
                   "looking at it which init that is, for each wants to be powered off in its own way. A KIND says how it is to be "
                   "treated all the same; see INITS in nbox(1)." },
        { { "as-pid2", .letter = 'a' },
          .section = "Exec", .key = "ProcessTwo", .implied = "yes", .values = boolean_names, .field = FIELD_AS_PID2,
          .flags = OPTION_RUN, .group = EXECUTION, .parse = parse_bool_field,
          .help = "Run the command below a small init as PID 1",
          .about = "That init reaps what is orphaned and passes signals on: wanted for every command that is not made to be PID 1." },
        { {},
          .section = "Exec", .key = "Parameters", .field = FIELD_PARAMETERS, .flags = OPTION_BOTH, .group = EXECUTION,
          .parse = parse_parameters,
          .help = "The command of run, or arguments to the init of boot",
          .about = "Separated by white space; single or double quotes keep it within an argument. Has no effect where Boot= "
                   "says the opposite of the verb." },
        { { "setenv", .letter = 'E', .placeholder = "NAME[=VALUE]" },
          .section = "Exec", .key = "Environment", .field = FIELD_ENVIRONMENT, .flags = OPTION_BOTH, .group = EXECUTION,
          .parse = parse_setenv,
          .help = "Set an environment variable for PID 1",
          .about = "Without =VALUE the caller's own value is passed on, where it has one. A settings file may have several on a line, "
                   "in quotes where a value has blanks. May be given several times." },
        { { "user", .alias = "uid", .letter = 'u', .placeholder = "USER[:GROUP]" },
          .section = "Exec", .key = "User", .field = FIELD_USER, .flags = OPTION_RUN, .group = EXECUTION, .parse = parse_user,
          .help = "Run the command as this user of the machine's",
          .about = "A name of the tree's own user database, or a number, and of a group behind a colon; without one it is the user's own, with the further "
                   "ones that the user is in. A number that the database does not have is of group 0." },
        { { "chdir", .placeholder = "PATH" },
          .section = "Exec", .key = "WorkingDirectory", .field = FIELD_CHDIR, .flags = OPTION_BOTH, .group = EXECUTION,
          .parse = parse_chdir,
          .help = "Begin in this directory of the machine's",
          .about = "For a command of run it is made where it is missing. Has no effect in a file whose Boot= says the opposite of the verb." },
        { { "load-credential", .placeholder = "ID:PATH" },
          .section = "Exec", .key = "LoadCredential", .field = FIELD_CREDENTIALS, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_load_credential,
          .help = "Hand the machine a secret from a file",
          .about = "The machine's root finds it as the file ID in $CREDENTIALS_DIRECTORY; see CREDENTIALS in nbox(1). PATH may be a socket, which is "
                   "connected to and read to its end. A PATH without a slash is a credential of that name that nbox's own service was given. "
                   "May be given several times." },
        { { "set-credential", .placeholder = "ID:VALUE" },
          .section = "Exec", .key = "SetCredential", .field = FIELD_CREDENTIALS, .flags = OPTION_BOTH | OPTION_PRIVILEGED | OPTION_SECRET,
          .group = EXECUTION, .parse = parse_set_credential,
          .help = "Hand the machine a secret as it stands here",
          .about = "VALUE may have the escapes of C, as \\n and \\x00. Other users of the host can see a command line for a moment: "
                   "--load-credential= is better there. May be given several times." },
        { { "load-credential-encrypted", .placeholder = "ID:PATH" },
          .section = "Exec", .key = "LoadCredentialEncrypted", .field = FIELD_CREDENTIALS, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_load_credential_encrypted,
          .help = "The same, decrypted by the host's systemd-creds",
          .about = "As LoadCredentialEncrypted= of systemd.exec(5): what systemd-creds(1) has encrypted under the name ID." },
        { { "set-credential-encrypted", .placeholder = "ID:VALUE" },
          .section = "Exec", .key = "SetCredentialEncrypted", .field = FIELD_CREDENTIALS,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED | OPTION_SECRET,
          .group = EXECUTION, .parse = parse_set_credential_encrypted,
          .help = "The same, with VALUE in Base64 instead of a file",
          .about = "What systemd-creds(1) has encrypted under the name ID, in one line." },
        { { "kill-signal", .placeholder = "SIGNAL" },
          .section = "Exec", .key = "KillSignal", .field = FIELD_KILL_SIGNAL, .flags = OPTION_BOTH, .group = EXECUTION,
          .parse = parse_kill_signal,
          .help = "What asks PID 1 to power off, if not its own way",
          .about = "By default nbox looks at what PID 1 is and speaks its language; see INITS in nbox(1). A name such as SIGRTMIN+4 or a number. "
                   "Has no effect in a file whose Boot= says the opposite of the verb." },
        { { "stop-timeout", .placeholder = "TIME" },
          .section = "Exec", .key = "StopTimeout", .field = FIELD_STOP_TIMEOUT, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_stop_timeout,
          .help = "How long an orderly end may take (default: 90s)",
          .about = "After that the machine is killed. A number is seconds; us, ms, s, min, h and d are units, as in \"2min 30s\"; "
                   "infinity waits for ever." },

        { { "ready", .placeholder = "CONDITION" },
          .section = "Boot", .key = "Ready", .values = ready_kind_names, .field = FIELD_READY, .flags = OPTION_BOOT | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_ready,
          .help = "What makes it count as running (default: auto)",
          .about = "auto, notify, exec, life, file:PATH, port:[tcp:|udp:]NUMBER, command:COMMAND, console:PATTERN or delay:TIME; see READINESS in "
                   "nbox(1). May be given several times: then all must hold." },
        { { "ready-wait", .placeholder = "TIME" },
          .section = "Boot", .key = "ReadyWait", .field = FIELD_READY_WAIT, .flags = OPTION_BOOT | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_ready_wait,
          .help = "How long a start waits for that (auto: 30s; else: infinity)",
          .about = "When it is over, the start goes on and says that the machine still boots; the machine is left alone." },
        { { "notify-ready", .placeholder = "BOOL" },
          .section = "Exec", .key = "NotifyReady", .values = boolean_names, .field = FIELD_READY, .flags = OPTION_BOOT | OPTION_PRIVILEGED,
          .group = EXECUTION, .parse = parse_notify_ready,
          .help = "yes is --ready=notify, no is --ready=exec" },

        { { "health", .placeholder = "CHECK" },
          .section = "Health", .key = "Check", .values = health_check_names, .field = FIELD_HEALTH, .flags = OPTION_BOTH,
          .group = HEALTH, .parse = parse_health,
          .help = "What must hold, again and again, for it to be healthy",
          .about = "init, command:COMMAND, port:[tcp:|udp:]NUMBER or http:PORT[/PATH]; see HEALTH in nbox(1). May be given several times: then all "
                   "must hold. Of a command that nbox run is not to leave in the background, only what the command line says counts." },
        { { "health-interval", .placeholder = "TIME" },
          .section = "Health", .key = "Interval", .field = FIELD_HEALTH_INTERVAL, .flags = OPTION_BOTH, .group = HEALTH,
          .parse = parse_health_time,
          .help = "How long after one check the next one is (default: 30s)" },
        { { "health-timeout", .placeholder = "TIME" },
          .section = "Health", .key = "Timeout", .field = FIELD_HEALTH_TIMEOUT, .flags = OPTION_BOTH, .group = HEALTH,
          .parse = parse_health_time,
          .help = "How long all checks together may take (default: 30s)",
          .about = "What has not answered by then has failed, and a command is killed." },
        { { "health-retries", .placeholder = "N" },
          .section = "Health", .key = "Retries", .field = FIELD_HEALTH_RETRIES, .flags = OPTION_BOTH, .group = HEALTH,
          .parse = parse_health_retries,
          .help = "After how many failures in a row it is unhealthy (default: 3)" },
        { { "health-start-period", .placeholder = "TIME" },
          .section = "Health", .key = "StartPeriod", .field = FIELD_HEALTH_START_PERIOD, .flags = OPTION_BOTH, .group = HEALTH,
          .parse = parse_health_time,
          .help = "How long after it is ready failures do not count (default: an interval)",
          .about = "Until a check has held for the first time. Meanwhile it is asked every 5s where the interval is longer." },
        { { "health-on-failure", .placeholder = "ACTION" },
          .section = "Health", .key = "OnFailure", .values = health_action_names, .field = FIELD_HEALTH_ON_FAILURE,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = HEALTH, .parse = parse_enum_field,
          .help = "What to do when it is unhealthy: none (default), restart, stop or kill",
          .about = "restart and stop end it in order, and restart starts it again; both kill what does not end in time (--stop-timeout=). After "
                   "five restarts in a row, none of which has kept it healthy for ten minutes, it is left as it is." },

        { { "private-users", .optional = true, .placeholder = "MODE" },
          .section = "Exec", .key = "PrivateUsers", .implied = "yes", .values = userns_mode_names, .field = FIELD_USERNS,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = USERS, .parse = parse_private_users,
          .help = "User ids: pick (default), no, identity, BASE[:COUNT]",
          .about = "pick (also yes) gives the machine a range of 65536 ids of its own, which it keeps. BASE[:COUNT] says which; on a command line 0 "
                   "is such a BASE. identity makes a user namespace whose ids are the host's. no makes none: root inside is then root of the host, "
                   "which is not safe with a tree that is not trusted. See USER NAMESPACES in nbox(1)." },
        { { .letter = 'U' },
          .implied = "pick", .field = FIELD_USERNS, .flags = OPTION_BOTH, .group = USERS, .parse = parse_private_users,
          .help = "Short for --private-users=pick" },
        { { "private-users-ownership", .placeholder = "MODE" },
          .section = "Files", .key = "PrivateUsersOwnership", .values = ownership_mode_names, .field = FIELD_OWNERSHIP,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = USERS, .parse = parse_enum_field,
          .help = "What becomes of the tree's owners: auto (default), map, chown, off",
          .about = "map has the mount show each file as the machine's own user's, and changes nothing on disk. auto is the same: it is never "
                   "chown, which changes the owners of all files of the tree on disk, ACLs and file capabilities with them, for a file system that "
                   "cannot map. off leaves all as it is. See USER NAMESPACES in nbox(1)." },
        { { "private-users-chown" },
          .section = "Files", .key = "PrivateUsersChown", .implied = "yes", .values = boolean_names, .field = FIELD_OWNERSHIP,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = USERS, .parse = parse_private_users_chown,
          .help = "Short for --private-users-ownership=chown" },

        { { "nesting" },
          .section = "Exec", .key = "Nesting", .implied = "yes", .values = boolean_names, .field = FIELD_NESTING,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = ISOLATION, .parse = parse_bool_field,
          .help = "Let it run containers of its own: podman, Docker, nbox" },
        { { "capability", .placeholder = "CAPABILITIES" },
          .section = "Exec", .key = "Capability", .field = FIELD_CAPABILITIES, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_capabilities,
          .help = "Let root inside have these capabilities, too",
          .about = "Names as in capabilities(7), with commas or blanks between them; all is all of them, help lists them and does nothing else. "
                   "They go into the bounding set, beside those that a machine has without asking; see CAPABILITIES AND SYSTEM CALLS in nbox(1). The system calls that "
                   "a capability is for are then let through. In a user namespace, as by default, a capability counts against what that "
                   "namespace owns. May be given several times." },
        { { "drop-capability", .placeholder = "CAPABILITIES" },
          .section = "Exec", .key = "DropCapability", .field = FIELD_DROPPED_CAPABILITIES, .flags = OPTION_BOTH,
          .group = ISOLATION, .parse = parse_capabilities,
          .help = "Let nobody inside have these",
          .about = "Written likewise. What is in both lists is dropped. May be given several times." },
        { { "ambient-capability", .placeholder = "CAPABILITIES" },
          .section = "Exec", .key = "AmbientCapability", .field = FIELD_AMBIENT_CAPABILITIES, .flags = OPTION_RUN | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_capabilities,
          .help = "Give these to the command, even if it is not root's",
          .about = "They go into its inheritable and ambient sets, which are empty otherwise, and must be among those that the machine "
                   "has. all is not taken here. May be given several times." },
        { { "system-call-filter", .placeholder = "[~]LIST" },
          .section = "Exec", .key = "SystemCallFilter", .field = FIELD_SYSTEM_CALL_FILTER,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED | OPTION_NARROWS_BY_TILDE, .group = ISOLATION, .parse = parse_system_call_filter,
          .help = "Let these system calls through, too, or with ~ not",
          .about = "Names of calls and of groups, as systemd-analyze(1) syscall-filter lists them, with blanks between them; a \"~\" before the list "
                   "refuses them (EPERM). May be given several times, with and without it; what is in both is refused. See CAPABILITIES AND "
                   "SYSTEM CALLS in nbox(1)." },
        { { "no-new-privileges", .placeholder = "BOOL" },
          .section = "Exec", .key = "NoNewPrivileges", .values = boolean_names, .field = FIELD_NO_NEW_PRIVILEGES,
          .flags = OPTION_BOTH, .group = ISOLATION, .parse = parse_bool_field,
          .help = "Let no program inside gain privileges (default: no)",
          .about = "With yes, su(1), sudo(8) and every other program with a setuid bit or file capabilities runs as who calls it." },
        { { "lxcfs", .placeholder = "MODE" },
          .section = "Exec", .key = "Lxcfs", .values = lxcfs_mode_names, .field = FIELD_LXCFS,
          .flags = OPTION_BOTH, .group = ISOLATION, .parse = parse_enum_field,
          .help = "Whether /proc has the machine's figures, by lxcfs",
          .about = "auto (the default) mounts the files of lxcfs(1) over those of the machine's /proc that tell of memory, processors, load and "
                   "uptime, where lxcfs is mounted on the host's /var/lib/lxcfs; yes refuses to start without it, and no leaves the "
                   "host's figures there. See \"/PROC AND /SYS\" in nbox(1)." },
        { { "suppress-sync", .placeholder = "BOOL" },
          .section = "Exec", .key = "SuppressSync", .values = boolean_names, .field = FIELD_SUPPRESS_SYNC,
          .flags = OPTION_BOTH, .group = ISOLATION, .parse = parse_bool_field,
          .help = "Have nothing inside wait for the disk (default: no)",
          .about = "With yes, sync(2), fsync(2), msync(2) and their kin do nothing and succeed, and no file is opened with O_SYNC or O_DSYNC (EINVAL). "
                   "That is a great deal faster where packages are installed, and loses what was written last when the host loses power: for "
                   "trees that can be made again." },
        { { "rlimit", .placeholder = "LIMIT=SOFT[:HARD]" },
          .field = FIELD_NONE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = ISOLATION, .parse = parse_rlimit,
          .help = "Set a resource limit of PID 1's",
          .about = "LIMIT is a name of setrlimit(2), as RLIMIT_NOFILE or NOFILE; help lists them. HARD is SOFT when left out; infinity is "
                   "no limit. Sizes may have a suffix K, M, G or T, times a unit. What is not set is as the kernel gives it to the first process "
                   "of a host, whatever the caller's own limits; but 524288 files may be open. May be given several times; the last "
                   "word on each limit counts." },
        LIMIT(CPU),
        LIMIT(FSIZE),
        LIMIT(DATA),
        LIMIT(STACK),
        LIMIT(CORE),
        LIMIT(RSS),
        LIMIT(NOFILE),
        LIMIT(AS),
        LIMIT(NPROC),
        LIMIT(MEMLOCK),
        LIMIT(LOCKS),
        LIMIT(SIGPENDING),
        LIMIT(MSGQUEUE),
        LIMIT(NICE),
        LIMIT(RTPRIO),
        LIMIT(RTTIME),
        { { "oom-score-adjust", .placeholder = "NUMBER" },
          .section = "Exec", .key = "OOMScoreAdjust", .field = FIELD_OOM_SCORE_ADJUST, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_oom_score_adjust,
          .help = "How soon it is killed when memory runs out: -1000 to 1000",
          .about = "The larger, the sooner; see proc(5). By default 200." },
        { { "cpu-affinity", .placeholder = "CPUS" },
          .section = "Exec", .key = "CPUAffinity", .field = FIELD_CPU_AFFINITY, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_cpu_affinity,
          .help = "Run on these CPUs, as 0-3,8",
          .about = "What PID 1 begins with; root inside may change it. --cpus= is a limit." },
        { { "personality", .placeholder = "NAME" },
          .section = "Exec", .key = "Personality", .values = personality_names, .field = FIELD_PERSONALITY, .flags = OPTION_BOTH,
          .group = ISOLATION, .parse = parse_enum_field,
          .help = "The architecture that uname(2) tells: x86 or x86-64",
          .about = "x86 is for a 32-bit tree on a 64-bit host." },

        { { "selinux", .placeholder = "MODE" },
          .section = "Exec", .key = "SELinux", .values = selinux_mode_names, .field = FIELD_SELINUX,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = ISOLATION, .parse = parse_enum_field,
          .help = "SELinux labels: auto (default), require or no",
          .about = "With auto, where SELinux is enabled, processes and files of the machine get the types that the policy has for "
                   "containers, and two categories that no other machine has; a policy without such types is warned about. "
                   "require refuses a start without. See SELINUX in nbox(1)." },
        { { "selinux-context", .letter = 'Z', .placeholder = "CONTEXT" },
          .section = "Exec", .key = "SELinuxContext", .field = FIELD_SELINUX_CONTEXT, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_label,
          .help = "The SELinux context of its processes, by hand",
          .about = "As it is given, and as it is given what is mounted for the machine, too, unless the next option says otherwise. "
                   "The tree is then left alone: label it with chcon(1)." },
        { { "selinux-apifs-context", .letter = 'L', .placeholder = "CONTEXT" },
          .section = "Exec", .key = "SELinuxAPIFSContext", .field = FIELD_SELINUX_APIFS_CONTEXT, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_label,
          .help = "The SELinux context of what is mounted for it, by hand",
          .about = "Of /dev, /run, /tmp, its terminals and the like. The tree is then left alone." },
        { { "apparmor-profile", .placeholder = "NAME" },
          .section = "Exec", .key = "AppArmorProfile", .field = FIELD_APPARMOR_PROFILE, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = ISOLATION, .parse = parse_label,
          .help = "The AppArmor profile of its processes",
          .about = "It must be loaded. By default there is none." },

        { { "network", .placeholder = "KIND" },
          .values = network_kind_names, .field = FIELD_NETWORK, .flags = OPTION_BOTH, .group = NETWORK, .parse = parse_network,
          .help = "zone[:NAME] (default), veth, bridge:NAME, macvlan:IF, ipvlan:IF, interface:IF, host, none or ns:PATH",
          .about = "Each adds an interface, up to eight, but the last three, which stand alone. zone is a link to a bridge of the host's with an "
                   "address, a default route and NAT; NAME is default when left out. veth is a pair of links, one end of which stays with the "
                   "host; bridge puts that end into a bridge that is there; macvlan and ipvlan are links on top of one of the host's; interface "
                   "gives a link of the host's away until the machine ends. host shares the host's network, none is a network of its own with "
                   "nothing but loopback, ns is one that is there already, as /run/netns/NAME. Behind commas may follow address=A/PREFIX, "
                   "gateway=A, mac=M, name=INSIDE and, for a bridge, vlan=N; see INTERFACES in nbox(1)." },
        { { "network-zone", .placeholder = "NAME[,address=A][,mac=M]" },
          .section = "Network", .key = "Zone", .field = FIELD_NICS, .nic = NIC_ZONE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK,
          .parse = parse_nics,
          .help = "Connect the machine to a zone",
          .about = "May be given several times: the machine's first interface is host0 (also eth0) and has the default route and the "
                   "published ports, the others are host1 (eth1) and so on; the same zone may come twice. A is an address of the "
                   "zone's range that is then kept for the machine; without it one is chosen, and kept. M is the MAC address of the "
                   "machine's end; without it, it is made of the names of machine and zone and of the host's machine id, and stays the same." },
        { { "network-veth", .letter = 'n' },
          .section = "Network", .key = "VirtualEthernet", .implied = "yes", .values = boolean_names, .field = FIELD_NETWORK_VETH,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK, .parse = parse_bool_field,
          .help = "Connect the machine with the host by a pair of links",
          .about = "host0 inside, ve-MACHINE on the host, whose end is left to systemd-networkd or to the administrator. Where a zone or a "
                   "bridge is named, that has the host's end, and this says nothing more." },
        { { "network-veth-extra", .placeholder = "HOST[:INSIDE]" },
          .section = "Network", .key = "VirtualEthernetExtra", .field = FIELD_NICS, .nic = NIC_EXTRA, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_nics,
          .help = "One more pair of links, with these names",
          .about = "INSIDE is HOST when left out. May be given several times." },
        { { "network-bridge", .placeholder = "BRIDGE[,vlan=N]" },
          .section = "Network", .key = "Bridge", .field = FIELD_NICS, .nic = NIC_BRIDGE, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_nics,
          .help = "Connect the machine to a bridge of the host's",
          .about = "host0 inside, vb-MACHINE on the host, as a port of that bridge, which must be there. N is the VLAN of the port, untagged "
                   "inside, on a bridge that filters VLANs. May be given several times." },
        { { "network-macvlan", .placeholder = "IF[:INSIDE]" },
          .section = "Network", .key = "MACVLAN", .field = FIELD_NICS, .nic = NIC_MACVLAN, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_nics,
          .help = "An interface with a MAC address of its own on top of one of the host's",
          .about = "Named mv-IF inside unless INSIDE is given. The kernel lets host and machine not speak to each other by it. May be given several times." },
        { { "network-ipvlan", .placeholder = "IF[:INSIDE]" },
          .section = "Network", .key = "IPVLAN", .field = FIELD_NICS, .nic = NIC_IPVLAN, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_nics,
          .help = "An interface with the MAC address of the one of the host's that it is on top of",
          .about = "Named iv-IF inside unless INSIDE is given; layer 2. May be given several times." },
        { { "network-interface", .placeholder = "IF[:INSIDE]" },
          .section = "Network", .key = "Interface", .field = FIELD_NICS, .nic = NIC_INTERFACE, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_nics,
          .help = "Give an interface of the host's to the machine",
          .about = "It keeps its name inside unless INSIDE is given, and comes back with it when the machine ends. May be given several times." },
        { { "network-namespace-path", .placeholder = "PATH" },
          .section = "Network", .key = "NamespacePath", .field = FIELD_NETWORK_NAMESPACE, .flags = OPTION_BOTH | OPTION_PRIVILEGED,
          .group = NETWORK, .parse = parse_network_namespace,
          .help = "Run in a network namespace that is there already",
          .about = "As /run/netns/NAME of ip-netns(8). It is left as it is." },
        { { "private-network" },
          .section = "Network", .key = "Private", .implied = "yes", .values = boolean_names, .field = FIELD_PRIVATE_NETWORK,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK, .parse = parse_bool_field,
          .help = "The same as --network=none, unless an interface is named",
          .about = "In a settings file, Private=no is --network=host." },
        { { "port", .letter = 'p', .placeholder = "[ADDR:]HOST[:MACHINE][/PROTO]" },
          .section = "Network", .key = "Port", .field = FIELD_PORTS, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK,
          .parse = parse_port_map,
          .help = "Publish a port of the machine's on the host",
          .about = "Reached on every address of the host's, from the host itself too, or on its address ADDR alone. HOST may be a range, "
                   "as 8000-8099; MACHINE is then one as long, or where it begins. PROTO is tcp (the default) or udp; the machine's port "
                   "is the host's when left out. [tcp:|udp:]HOST[:MACHINE] does as well. May be given several times." },
        { { "host-port", .placeholder = "HOST[:MACHINE][/PROTO]" },
          .section = "Network", .key = "HostPort", .field = FIELD_HOST_PORTS, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK,
          .parse = parse_host_port,
          .help = "Offer a port of the host's 127.0.0.1 inside",
          .about = "The machine, and no other, reaches it at the address of its gateway, port MACHINE, which is HOST when left out. Both may "
                   "be ranges. PROTO is tcp (the default) or udp. May be given several times." },
        { { "ingress-rate", .placeholder = "RATE" },
          .section = "Network", .key = "IngressRate", .field = FIELD_INGRESS_RATE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK,
          .parse = parse_rate,
          .help = "Limit what comes into the machine, in bits a second",
          .about = "With a suffix K, M, G or T, powers of 1000, as in 100M. What is too fast waits." },
        { { "egress-rate", .placeholder = "RATE" },
          .section = "Network", .key = "EgressRate", .field = FIELD_EGRESS_RATE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = NETWORK,
          .parse = parse_rate,
          .help = "Limit what goes out of the machine, in bits a second",
          .about = "Written likewise. What is too fast is dropped, on the host's side, so that TCP through it stays somewhat below; after "
                   "a pause, a second's worth passes at once." },

        { { "register", .placeholder = "BOOL" },
          .section = "Exec", .key = "Register", .values = boolean_names, .field = FIELD_REGISTERED,
          .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = HOST, .parse = parse_bool_field,
          .help = "Whether systemd-machined is told (default: yes)" },
        { { "keep-unit" },
          .implied = "yes", .flags = OPTION_BOTH, .group = HOST, .parse = parse_ignored,
          .help = "Accepted and without effect: nbox stays in the unit it was started in",
          .about = "The machine has a scope of its own all the same, which ends with that unit; limits go on its slice. See UNITS AND LIMITS in nbox(1)." },
        { { "slice", .letter = 'S', .placeholder = "SLICE" },
          .section = "Exec", .key = "Slice", .field = FIELD_SLICE, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = HOST,
          .parse = parse_slice,
          .help = "Where its scope goes (default: machine-NAME.slice)" },
        { { "property", .placeholder = "NAME=VALUE" },
          .section = "Exec", .key = "Property", .field = FIELD_PROPERTIES, .flags = OPTION_BOTH | OPTION_PRIVILEGED, .group = HOST,
          .parse = parse_property,
          .help = "Set a unit property on its scope",
          .about = "As for systemctl set-property. A limit that is to last goes on the slice; see UNITS AND LIMITS in nbox(1). May be given several times." },
        { { "console", .placeholder = "MODE" },
          .values = console_mode_names, .field = FIELD_CONSOLE, .flags = OPTION_BOTH, .group = HOST, .parse = parse_enum_field,
          .help = "interactive, read-only, passive, pipe or autopipe",
          .about = "interactive gives PID 1 a terminal that is joined to the caller's, read-only passes its output only, passive "
                   "keeps it for nbox console. pipe hands on the caller's stdin, stdout and stderr as they are, autopipe does so "
                   "unless all three are terminals. The default is interactive on a terminal; elsewhere read-only for boot, "
                   "pipe for run." },
        { { "pipe", .letter = 'P' },
          .implied = "pipe", .values = console_mode_names, .field = FIELD_CONSOLE, .flags = OPTION_BOTH, .group = HOST,
          .parse = parse_enum_field,
          .help = "The same as --console=pipe" },
        { { "detach", .letter = 'd' },
          .implied = "yes", .field = FIELD_DETACH, .flags = OPTION_BOTH, .group = HOST, .parse = parse_bool_field,
          .help = "Leave it running in the background; return once it is up",
          .about = "In the background is a service of systemd's, where that runs. --ready= says what being up means." },

        RESOURCE("memory", "MemoryMax", "SIZE", MEMORY, "The most memory that it may have, page cache and all",
                 .about = "A number of bytes with K, M, G or T, powers of 1024; a percentage of the host's; or infinity. What is above it is killed. By default 75%. "
                          "It counts for the machine as a whole, as all of these do, from its start on: nbox set changes it while it runs. See LIMITS in nbox(1)."),
        RESOURCE("memory-high", "MemoryHigh", "SIZE", MEMORY_HIGH, "Above this much memory it is slowed down"),
        RESOURCE("memory-low", "MemoryLow", "SIZE", MEMORY_LOW, "This much of its memory is taken from it last"),
        RESOURCE("swap", "MemorySwapMax", "SIZE", SWAP, "The most swap that it may have", .about = "0 is none. By default 25% of the size of the host's memory."),
        RESOURCE("cpu", "CPUQuota", "PERCENT", CPU, "The most time of processors that it may have",
                 .about = "150% is one and a half of them. infinity is all there is, which is the default."),
        RESOURCE("cpu-weight", "CPUWeight", "WEIGHT", CPU_WEIGHT, "Its share of processors that are busy, against others'",
                 .about = "From 1 to 10000; 100 is the default. One of 300 beside one of 100 gets three times as much. idle: only what nobody else wants."),
        RESOURCE("cpus", "AllowedCPUs", "CPUS", CPUS, "The processors that it may run on, as 0-3,8"),
        RESOURCE("tasks", "TasksMax", "NUMBER", TASKS, "The most processes and threads", .about = "Or a percentage of what the host can have, or infinity."),
        RESOURCE("io-weight", "IOWeight", "WEIGHT", IO_WEIGHT, "Its share of disks that are busy, against others'",
                 .about = "From 1 to 10000; 100 is the default. It takes a scheduler that weighs (bfq), or io.cost."),
        RESOURCE("io-read", "IOReadBandwidthMax", "[DEVICE:]RATE", IO_READ, "The most bytes a second that it may read from a disk",
                 .about = "With K, M, G or T, powers of 1000: 10M. DEVICE is a block device such as /dev/vdb; without one it is that which the machine's tree is on. "
                          "Several stand in one with blanks between, or may be given several times; infinity takes the limit of a device away."),
        RESOURCE("io-write", "IOWriteBandwidthMax", "[DEVICE:]RATE", IO_WRITE, "The most bytes a second that it may write to a disk"),
        RESOURCE("io-read-iops", "IOReadIOPSMax", "[DEVICE:]NUMBER", IO_READ_OPS, "The most reads a second from a disk"),
        RESOURCE("io-write-iops", "IOWriteIOPSMax", "[DEVICE:]NUMBER", IO_WRITE_OPS, "The most writes a second to a disk"),
        RESOURCE("oom-policy", "OOMPolicy", "continue|kill|stop", OOM_POLICY, "What happens when one of its processes is killed for memory",
                 .about = "continue: nothing else, which is the default. kill: all of the machine is killed. stop: it is asked to power off."),

        { { "settings", .placeholder = "MODE" },
          .values = settings_mode_names, .field = FIELD_SETTINGS, .flags = OPTION_BOTH, .group = OTHER, .parse = parse_settings_mode,
          .help = "Settings files: yes, no, override or trusted",
          .about = "yes (the default) reads them below the command line, override above it; trusted also takes the file beside the "
                   "image at its word. See nbox.conf(5)." },
        { { "dry-run" },
          .implied = "yes", .field = FIELD_DRY_RUN, .flags = OPTION_BOTH, .group = OTHER, .parse = parse_bool_field,
          .help = "Print what would be done; needs no root" },
        { { "json" },
          .implied = "yes", .field = FIELD_JSON, .flags = OPTION_BOTH, .group = OTHER, .parse = parse_bool_field,
          .help = "Print it as JSON" },
        { { "quiet", .letter = 'q' },
          .implied = "yes", .field = FIELD_QUIET, .flags = OPTION_BOTH, .group = OTHER, .parse = parse_bool_field,
          .help = "Say nothing but what the machine says" },
        { { "as-nspawn" },
          .implied = "yes", .flags = OPTION_BOTH | OPTION_HIDDEN, .group = OTHER, .parse = parse_as_nspawn,
          .help = "Called as systemd-nspawn: with its defaults and exit statuses" },
        { { "no-pager" },
          .implied = "yes", .flags = OPTION_BOTH, .group = OTHER, .parse = parse_ignored,
          .help = "Accepted and without effect: there is no pager" },
        { { "help", .letter = 'h' },
          .implied = "yes", .flags = OPTION_BOTH, .group = OTHER, .parse = parse_ignored,
          .help = "Show this help" },
};

const size_t n_options = ELEMENTSOF(options);

static const ArgTable table = ARG_TABLE(options);

const ArgTable *option_table(void) {
        return &table;
}
