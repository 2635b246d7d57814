/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-fields.h"

#include <string.h>

#include "cleanup.h"

#define FIELD(n, t, h, r) { .name = n, .type = OCI_##t, .how = OCI_##h, .remark = r }
#define NEEDED(n, t, h, r) { .name = n, .type = OCI_##t, .required = true, .how = OCI_##h, .remark = r }

#define TEXTS(n, h, r) FIELD(n, LIST, h, r), FIELD(n "[]", TEXT, h, r)

#define HOOKS(n, r) \
        FIELD("hooks." n, LIST, HONOURED, r), FIELD("hooks." n "[]", OBJECT, HONOURED, "One of them."), \
        NEEDED("hooks." n "[].path", TEXT, HONOURED, "The program, with an absolute path."), \
        FIELD("hooks." n "[].args", LIST, HONOURED, "Its arguments, its own name first."), FIELD("hooks." n "[].args[]", TEXT, HONOURED, "One of them."), \
        FIELD("hooks." n "[].env", LIST, HONOURED, "Its whole environment."), FIELD("hooks." n "[].env[]", TEXT, HONOURED, "One variable."), \
        FIELD("hooks." n "[].timeout", INT64, HONOURED, "Seconds after which it is killed, which is a failure.")

#define MAPPINGS(n, r) \
        FIELD(n, LIST, HONOURED, r), FIELD(n "[]", OBJECT, HONOURED, "One range of ids."), \
        NEEDED(n "[].containerID", UINT32, HONOURED, "The first id inside."), NEEDED(n "[].hostID", UINT32, HONOURED, "The first id outside."), \
        NEEDED(n "[].size", UINT32, HONOURED, "How many.")

#define RATES(n, r) \
        FIELD("linux.resources.blockIO." n, LIST, HONOURED, r), FIELD("linux.resources.blockIO." n "[]", OBJECT, HONOURED, "The rate of one device."), \
        NEEDED("linux.resources.blockIO." n "[].major", INT64, HONOURED, "Its major number."), \
        NEEDED("linux.resources.blockIO." n "[].minor", INT64, HONOURED, "Its minor number."), \
        FIELD("linux.resources.blockIO." n "[].rate", UINT64, HONOURED, "The rate a second; 0 is none.")

#define NO_V1 "Belongs to cgroup v1, and has no counterpart in v2, which is all that is used. "

const OciField oci_fields[] = {
        NEEDED("ociVersion", TEXT, HONOURED, "Has to be of 1.x."),

        FIELD("root", OBJECT, HONOURED, "The tree."),
        NEEDED("root.path", TEXT, HONOURED, "Absolute, or relative to the bundle."),
        FIELD("root.readonly", BOOL, HONOURED, "The tree's own mount is read-only; other mounts are as their options say."),

        FIELD("mounts", LIST, HONOURED, "Made in their order, each beneath the tree's root whatever links lie in it."),
        FIELD("mounts[]", OBJECT, HONOURED, "One mount."),
        NEEDED("mounts[].destination", TEXT, HONOURED, "Made where it is missing. A relative one is taken from the root."),
        FIELD("mounts[].type", TEXT, HONOURED, "The file system's type, or bind."),
        FIELD("mounts[].source", TEXT, HONOURED, "A relative one of a bind is taken from the bundle."),
        FIELD("mounts[].options", LIST, HONOURED,
                "Those of mount(8), their recursive forms (rro, rnosuid and others), propagation, tmpcopyup, idmap and ridmap; others "
                "go to the file system, which refuses what it does not know."),
        FIELD("mounts[].options[]", TEXT, HONOURED, "One option, or \"key=value\"."),
        MAPPINGS("mounts[].uidMappings",
                "With gidMappings: the mount's owners are mapped; without them, idmap takes those of the container."),
        MAPPINGS("mounts[].gidMappings", "Only together with uidMappings."),

        FIELD("process", OBJECT, HONOURED, "Needed by start, not by create."),
        FIELD("process.terminal", BOOL, HONOURED, "A terminal of the container's own, sent to the socket that --console-socket names."),
        FIELD("process.consoleSize", OBJECT, HONOURED, "Its first size."),
        NEEDED("process.consoleSize.height", UINT64, HONOURED, "Its lines."),
        NEEDED("process.consoleSize.width", UINT64, HONOURED, "Its columns."),
        NEEDED("process.cwd", TEXT, HONOURED, "Made where it is missing."),
        FIELD("process.env", LIST, HONOURED, "The whole environment of the process."),
        FIELD("process.env[]", TEXT, HONOURED, "One variable, NAME=VALUE."),
        FIELD("process.args", LIST, HONOURED, "The command; looked for in PATH of the process' environment unless it has a slash."),
        FIELD("process.args[]", TEXT, HONOURED, "One of its words."),
        FIELD("process.commandLine", TEXT, REFUSED, "Is for Windows: use args."),
        FIELD("process.user", OBJECT, HONOURED, "Whom it runs as."),
        FIELD("process.user.uid", UINT32, HONOURED, "As it is inside."),
        FIELD("process.user.gid", UINT32, HONOURED, "As it is inside."),
        FIELD("process.user.umask", UINT32, HONOURED, "0022 where it is missing."),
        FIELD("process.user.additionalGids", LIST, HONOURED, "Further groups."),
        FIELD("process.user.additionalGids[]", UINT32, HONOURED, "One of them."),
        FIELD("process.user.username", TEXT, REFUSED, "Is for Windows: use uid and gid."),
        FIELD("process.rlimits", LIST, HONOURED, "Each once."),
        FIELD("process.rlimits[]", OBJECT, HONOURED, "One limit."),
        NEEDED("process.rlimits[].type", TEXT, HONOURED, "RLIMIT_NOFILE and its like."),
        NEEDED("process.rlimits[].soft", UINT64, HONOURED, "18446744073709551615 is none."),
        NEEDED("process.rlimits[].hard", UINT64, HONOURED, "18446744073709551615 is none."),
        FIELD("process.capabilities", OBJECT, HONOURED, "Without it the process has none."),
        TEXTS("process.capabilities.bounding", HONOURED, "By their names, CAP_CHOWN. What this kernel does not know is warned about."),
        TEXTS("process.capabilities.effective", HONOURED, "Those that are in force at first."),
        TEXTS("process.capabilities.inheritable", HONOURED, "Those that files may hand on."),
        TEXTS("process.capabilities.permitted", HONOURED, "Those that it may put in force."),
        TEXTS("process.capabilities.ambient", HONOURED,
                "Those that stay with a user who is not root; have to be permitted and inheritable."),
        FIELD("process.noNewPrivileges", BOOL, HONOURED, "Set-user-id files and their like give nothing."),
        FIELD("process.apparmorProfile", TEXT, HONOURED, "Refused where AppArmor is not active."),
        FIELD("process.selinuxLabel", TEXT, HONOURED, "Refused where SELinux is not active."),
        FIELD("process.oomScoreAdj", INT32, HONOURED, "-1000 to 1000."),
        FIELD("process.scheduler", OBJECT, HONOURED, "As sched_setattr(2) takes it."),
        NEEDED("process.scheduler.policy", TEXT, HONOURED,
                "SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE or SCHED_DEADLINE."),
        FIELD("process.scheduler.nice", INT32, HONOURED, "-20 to 19."),
        FIELD("process.scheduler.priority", INT32, HONOURED, "Of a real-time policy."),
        TEXTS("process.scheduler.flags", HONOURED, "SCHED_FLAG_RESET_ON_FORK and its like."),
        FIELD("process.scheduler.runtime", UINT64, HONOURED, "Nanoseconds, of SCHED_DEADLINE."),
        FIELD("process.scheduler.deadline", UINT64, HONOURED, "Nanoseconds, of SCHED_DEADLINE."),
        FIELD("process.scheduler.period", UINT64, HONOURED, "Nanoseconds, of SCHED_DEADLINE."),
        FIELD("process.ioPriority", OBJECT, HONOURED, "As ioprio_set(2) takes it."),
        NEEDED("process.ioPriority.class", TEXT, HONOURED, "IOPRIO_CLASS_RT, IOPRIO_CLASS_BE or IOPRIO_CLASS_IDLE."),
        FIELD("process.ioPriority.priority", INT32, HONOURED, "0 to 7."),
        FIELD("process.execCPUAffinity", OBJECT, HONOURED, "Of exec alone, as the specification has it."),
        FIELD("process.execCPUAffinity.initial", TEXT, HONOURED,
                "The processors on which it begins, before it is in the container's cgroup."),
        FIELD("process.execCPUAffinity.final", TEXT, HONOURED, "Those on which it runs."),

        FIELD("hostname", TEXT, HONOURED, "Needs a uts namespace of the container's own."),
        FIELD("domainname", TEXT, HONOURED, "Needs a uts namespace of the container's own."),

        FIELD("hooks", OBJECT, HONOURED, "Programs that are run at steps of the container's life, its state on their standard input."),
        HOOKS("prestart", "In the runtime's namespaces, by create, before the tree is the root. One that fails ends the container."),
        HOOKS("createRuntime",
                "In the runtime's namespaces, by create, before the tree is the root, after prestart. One that fails ends the container."),
        HOOKS("createContainer",
                "In the container's namespaces, by create, before the tree is the root. One that fails ends the container."),
        HOOKS("startContainer", "In the container, by start, before the command. One that fails ends the container."),
        HOOKS("poststart", "In the runtime's namespaces, by start, once the command runs. One that fails is warned about."),
        HOOKS("poststop", "In the runtime's namespaces, by delete. One that fails is warned about."),

        FIELD("annotations", MAP, NOTED, "Shown by state, and handed to hooks; io.nbox.machine is nbox's own."),
        FIELD("annotations.*", TEXT, NOTED, "One of them."),

        FIELD("linux", OBJECT, HONOURED, "All that is Linux' own."),
        FIELD("linux.namespaces", LIST, HONOURED, "Each kind once; of a kind that is missing, the container shares the runtime's."),
        FIELD("linux.namespaces[]", OBJECT, HONOURED, "One of them."),
        NEEDED("linux.namespaces[].type", TEXT, HONOURED, "pid, network, mount, ipc, uts, user, cgroup or time."),
        FIELD("linux.namespaces[].path", TEXT, HONOURED, "One that exists, to be joined; without it a new one is made."),
        MAPPINGS("linux.uidMappings", "Of a new user namespace."),
        MAPPINGS("linux.gidMappings", "Of a new user namespace."),
        FIELD("linux.timeOffsets", MAP, HONOURED, "Of a new time namespace."),
        FIELD("linux.timeOffsets.*", OBJECT, HONOURED, "The clock is monotonic or boottime."),
        FIELD("linux.timeOffsets.*.secs", INT64, HONOURED, "Seconds."),
        FIELD("linux.timeOffsets.*.nanosecs", UINT32, HONOURED, "And nanoseconds."),
        FIELD("linux.devices", LIST, HONOURED,
                "Made in /dev or elsewhere in the tree, besides those that every container has. With a user namespace the host's are "
                "bound in their places."),
        FIELD("linux.devices[]", OBJECT, HONOURED, "One device node."),
        NEEDED("linux.devices[].type", TEXT, HONOURED, "c, u, b or p."),
        NEEDED("linux.devices[].path", TEXT, HONOURED, "Where it is inside."),
        FIELD("linux.devices[].major", INT64, HONOURED, "Needed but for p."),
        FIELD("linux.devices[].minor", INT64, HONOURED, "Needed but for p."),
        FIELD("linux.devices[].fileMode", UINT32, HONOURED, "0666 where it is missing."),
        FIELD("linux.devices[].uid", UINT32, HONOURED, "Its owner, as inside."),
        FIELD("linux.devices[].gid", UINT32, HONOURED, "Its group, as inside."),
        FIELD("linux.cgroupsPath", TEXT, HONOURED,
                "A path, or with --systemd-cgroup SLICE:PREFIX:NAME, which is the scope PREFIX-NAME.scope in that slice."),
        FIELD("linux.resources", OBJECT, HONOURED,
                "What a limit needs and the host has not is an error, as it is with other options of nbox."),
        FIELD("linux.resources.unified", MAP, HONOURED, "Written to the files of the cgroup as they are."),
        FIELD("linux.resources.unified.*", TEXT, HONOURED, "What is written to the file of that name."),
        FIELD("linux.resources.devices", LIST, HONOURED,
                "Rules in their order, the last that fits decides; those that every container needs are always allowed."),
        FIELD("linux.resources.devices[]", OBJECT, HONOURED, "One rule."),
        NEEDED("linux.resources.devices[].allow", BOOL, HONOURED, "Or deny."),
        FIELD("linux.resources.devices[].type", TEXT, HONOURED, "a, b or c; all where it is missing."),
        FIELD("linux.resources.devices[].major", INT64, HONOURED, "Any where it is missing or -1."),
        FIELD("linux.resources.devices[].minor", INT64, HONOURED, "Any where it is missing or -1."),
        FIELD("linux.resources.devices[].access", TEXT, HONOURED, "Of r, w and m; all where it is missing."),
        FIELD("linux.resources.memory", OBJECT, HONOURED, "Memory, in bytes; -1 is no limit."),
        FIELD("linux.resources.memory.limit", INT64, HONOURED, "memory.max."),
        FIELD("linux.resources.memory.reservation", INT64, HONOURED, "memory.low."),
        FIELD("linux.resources.memory.swap", INT64, HONOURED, "Memory and swap together: memory.swap.max is what is over the limit."),
        FIELD("linux.resources.memory.kernel", INT64, REFUSED, NO_V1 "What the kernel has for the container counts as its memory."),
        FIELD("linux.resources.memory.kernelTCP", INT64, REFUSED, NO_V1 "What the kernel has for the container counts as its memory."),
        FIELD("linux.resources.memory.swappiness", UINT64, REFUSED, NO_V1 "Use the host's vm.swappiness."),
        FIELD("linux.resources.memory.disableOOMKiller", BOOL, REFUSED, NO_V1 "Use process.oomScoreAdj."),
        FIELD("linux.resources.memory.useHierarchy", BOOL, HONOURED, "Is always so with cgroup v2; false is refused."),
        FIELD("linux.resources.memory.checkBeforeUpdate", BOOL, HONOURED, "update refuses a limit below what is in use."),
        FIELD("linux.resources.cpu", OBJECT, HONOURED, "Processors."),
        FIELD("linux.resources.cpu.shares", UINT64, HONOURED, "2 to 262144, as cpu.weight of 1 to 10000."),
        FIELD("linux.resources.cpu.quota", INT64, HONOURED, "Microseconds a period; -1 is no limit."),
        FIELD("linux.resources.cpu.burst", UINT64, HONOURED, "cpu.max.burst."),
        FIELD("linux.resources.cpu.period", UINT64, HONOURED, "Microseconds."),
        FIELD("linux.resources.cpu.realtimeRuntime", INT64, REFUSED, NO_V1 "Use process.scheduler."),
        FIELD("linux.resources.cpu.realtimePeriod", UINT64, REFUSED, NO_V1 "Use process.scheduler."),
        FIELD("linux.resources.cpu.cpus", TEXT, HONOURED, "cpuset.cpus."),
        FIELD("linux.resources.cpu.mems", TEXT, HONOURED, "cpuset.mems."),
        FIELD("linux.resources.cpu.idle", INT64, HONOURED, "cpu.idle."),
        FIELD("linux.resources.pids", OBJECT, HONOURED, "Processes and threads."),
        NEEDED("linux.resources.pids.limit", INT64, HONOURED, "pids.max; -1 and 0 are no limit."),
        FIELD("linux.resources.blockIO", OBJECT, HONOURED, "Block devices."),
        FIELD("linux.resources.blockIO.weight", UINT32, HONOURED, "10 to 1000: io.bfq.weight, or io.weight where the scheduler has none."),
        FIELD("linux.resources.blockIO.leafWeight", UINT32, REFUSED, NO_V1 "Use weight."),
        FIELD("linux.resources.blockIO.weightDevice", LIST, HONOURED, "The weight for single devices."),
        FIELD("linux.resources.blockIO.weightDevice[]", OBJECT, HONOURED, "One device."),
        NEEDED("linux.resources.blockIO.weightDevice[].major", INT64, HONOURED, "Its major number."),
        NEEDED("linux.resources.blockIO.weightDevice[].minor", INT64, HONOURED, "Its minor number."),
        FIELD("linux.resources.blockIO.weightDevice[].weight", UINT32, HONOURED, "Its weight."),
        FIELD("linux.resources.blockIO.weightDevice[].leafWeight", UINT32, REFUSED, NO_V1 "Use weight."),
        RATES("throttleReadBpsDevice", "io.max, rbps."),
        RATES("throttleWriteBpsDevice", "io.max, wbps."),
        RATES("throttleReadIOPSDevice", "io.max, riops."),
        RATES("throttleWriteIOPSDevice", "io.max, wiops."),
        FIELD("linux.resources.hugepageLimits", LIST, HONOURED, "Huge pages."),
        FIELD("linux.resources.hugepageLimits[]", OBJECT, HONOURED, "Those of one size."),
        NEEDED("linux.resources.hugepageLimits[].pageSize", TEXT, HONOURED, "2MB, 1GB and so on."),
        NEEDED("linux.resources.hugepageLimits[].limit", UINT64, HONOURED,
                "Bytes: hugetlb.SIZE.max and, where the kernel has it, hugetlb.SIZE.rsvd.max."),
        FIELD("linux.resources.network", OBJECT, HONOURED, "May be there, and empty."),
        FIELD("linux.resources.network.classID", UINT32, REFUSED, NO_V1 "Match on the cgroup's path in the packet filter."),
        FIELD("linux.resources.network.priorities", LIST, REFUSED, NO_V1 "Match on the cgroup's path in the packet filter."),
        FIELD("linux.resources.network.priorities[]", OBJECT, REFUSED, NO_V1 "Match on the cgroup's path in the packet filter."),
        NEEDED("linux.resources.network.priorities[].name", TEXT, REFUSED, NO_V1 "Match on the cgroup's path in the packet filter."),
        NEEDED("linux.resources.network.priorities[].priority", UINT32, REFUSED, NO_V1 "Match on the cgroup's path in the packet filter."),
        FIELD("linux.resources.rdma", MAP, HONOURED, "By the device's name."),
        FIELD("linux.resources.rdma.*", OBJECT, HONOURED, "One device: rdma.max."),
        FIELD("linux.resources.rdma.*.hcaHandles", UINT32, HONOURED, "Handles."),
        FIELD("linux.resources.rdma.*.hcaObjects", UINT32, HONOURED, "Objects."),
        FIELD("linux.rootfsPropagation", TEXT, HONOURED,
                "private, rprivate, slave, rslave, shared, rshared, unbindable or runbindable; rprivate where it is missing."),
        FIELD("linux.seccomp", OBJECT, HONOURED, "The filter of system calls, in the place of nbox's own."),
        NEEDED("linux.seccomp.defaultAction", TEXT, HONOURED, "SCMP_ACT_KILL and its like."),
        FIELD("linux.seccomp.defaultErrnoRet", UINT32, HONOURED, "What SCMP_ACT_ERRNO answers; EPERM where it is missing."),
        TEXTS("linux.seccomp.flags", HONOURED, "SECCOMP_FILTER_FLAG_LOG and its like."),
        FIELD("linux.seccomp.listenerPath", TEXT, HONOURED,
                "The socket to which SCMP_ACT_NOTIFY's descriptor is sent, with the container's state."),
        FIELD("linux.seccomp.listenerMetadata", TEXT, HONOURED, "Sent along."),
        TEXTS("linux.seccomp.architectures", HONOURED, "Besides this machine's own: SCMP_ARCH_X86 and its like."),
        FIELD("linux.seccomp.syscalls", LIST, HONOURED,
                "Rules; a name that is not of this machine is left out, as the specification has it."),
        FIELD("linux.seccomp.syscalls[]", OBJECT, HONOURED, "One rule."),
        NEEDED("linux.seccomp.syscalls[].names", LIST, HONOURED, "The calls."),
        FIELD("linux.seccomp.syscalls[].names[]", TEXT, HONOURED, "One of them."),
        NEEDED("linux.seccomp.syscalls[].action", TEXT, HONOURED, "SCMP_ACT_ALLOW and its like."),
        FIELD("linux.seccomp.syscalls[].errnoRet", UINT32, HONOURED, "What SCMP_ACT_ERRNO answers; EPERM where it is missing."),
        FIELD("linux.seccomp.syscalls[].args", LIST, HONOURED, "What its arguments have to be."),
        FIELD("linux.seccomp.syscalls[].args[]", OBJECT, HONOURED, "One condition."),
        NEEDED("linux.seccomp.syscalls[].args[].index", UINT32, HONOURED, "Of the argument, 0 to 5."),
        NEEDED("linux.seccomp.syscalls[].args[].value", UINT64, HONOURED, "What it is held against."),
        FIELD("linux.seccomp.syscalls[].args[].valueTwo", UINT64, HONOURED,
                "Of SCMP_CMP_MASKED_EQ: value is the mask, and this what is left."),
        NEEDED("linux.seccomp.syscalls[].args[].op", TEXT, HONOURED, "SCMP_CMP_EQ and its like."),
        FIELD("linux.sysctl", MAP, HONOURED, "Of namespaces that are the container's own; others are refused."),
        FIELD("linux.sysctl.*", TEXT, HONOURED, "What is written to the file of that name."),
        TEXTS("linux.maskedPaths", HONOURED, "Covered, where they are there."),
        TEXTS("linux.readonlyPaths", HONOURED, "Made read-only, where they are there."),
        FIELD("linux.mountLabel", TEXT, HONOURED, "Refused where SELinux is not active."),
        FIELD("linux.personality", OBJECT, HONOURED, "As personality(2) takes it."),
        FIELD("linux.personality.domain", TEXT, HONOURED, "LINUX or LINUX32."),
        TEXTS("linux.personality.flags", REFUSED, "The specification defines none."),
        FIELD("linux.intelRdt", OBJECT, REFUSED,
                "Cache and memory bandwidth (resctrl) are not set up by nbox. Write the container's first process to the tasks of a "
                "group of "
                                            "/sys/fs/resctrl in a createRuntime hook."),
        FIELD("linux.intelRdt.closID", TEXT, REFUSED, "See intelRdt."),
        FIELD("linux.intelRdt.l3CacheSchema", TEXT, REFUSED, "See intelRdt."),
        FIELD("linux.intelRdt.memBwSchema", TEXT, REFUSED, "See intelRdt."),
        FIELD("linux.intelRdt.enableCMT", BOOL, REFUSED, "See intelRdt."),
        FIELD("linux.intelRdt.enableMBM", BOOL, REFUSED, "See intelRdt."),

        FIELD("solaris", OBJECT, REFUSED, "This is Linux."),
        FIELD("windows", OBJECT, REFUSED, "This is Linux."),
        FIELD("vm", OBJECT, REFUSED, "Containers are no virtual machines here: use a runtime that makes them."),
        FIELD("zos", OBJECT, REFUSED, "This is Linux."),
};

const size_t n_oci_fields = ELEMENTSOF(oci_fields);

const OciField *oci_field_find(const char *name) {
        for (size_t i = 0; i < n_oci_fields; i++)
                if (strcmp(oci_fields[i].name, name) == 0)
                        return &oci_fields[i];
        return NULL;
}
