/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-tool.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "mount.h"
#include "nobody.h"
#include "process.h"

#define MEMORY_MAX ((rlim_t) 8 << 30) /* of address space: e2fsck has bitmaps of all blocks */
#define SECONDS_MAX 3600
#define FAILED 126
#define PLACE "/tmp" /* there is one everywhere */

/* The device's directory becomes the current one, and has a path: some tools want to know what they work on. In a mount namespace of this
 * process alone, so nothing of that stays. */
static int go_to(int directory) {
        _cleanup_close_ int place = -1;
        int r = mount_own_namespace();

        if (r < 0)
                return r;
        place = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (place < 0)
                return -errno;
        r = mount_attach(directory, place);
        return r < 0 ? r : chdir(PLACE) < 0 ? -errno : 0;
}

static int confine(int directory, DeviceToolUser user, pid_t parent) {
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CPU, SECONDS_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int null, r;

        process_reset_signals();
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r >= 0)
                r = go_to(directory);
        if (r < 0)
                return r;
        if (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0)
                return -errno;
        null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
                if (null < 0 || dup2(null, fd) < 0)
                        return -errno;
        if (close_range(3, ~0U, 0) < 0)
                return -errno;
        if (user == DEVICE_TOOL_NOBODY)
                return become_nobody(parent);
        return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : getppid() != parent ? -ESRCH : 0;
}

static _Noreturn void run(int directory, const char *const *argv, DeviceToolUser user, pid_t parent) {
        static const char *const places[] = { "/usr/sbin", "/sbin", "/usr/local/sbin" };
        char *const environment[] = { (char *) "LC_ALL=C", NULL };
        char path[256];

        if (confine(directory, user, parent) < 0)
                _exit(FAILED);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                snprintf(path, sizeof(path), "%s/%s", places[i], argv[0]);
                execve(path, (char *const *) argv, environment);
        }
        _exit(errno == ENOENT ? DEVICE_TOOL_MISSING : FAILED);
}

int device_tool_run(int device, const char *const *argv, DeviceToolUser user) {
        _cleanup_close_ int directory = -1;
        pid_t parent = getpid(), pid;
        struct stat st;
        int status;

        if (fstat(device, &st) < 0)
                return -errno;
        directory = block_node_new(st.st_rdev, NOBODY_ID);
        if (directory < 0)
                return directory;
        pid = fork();
        if (pid == 0)
                run(directory, argv, user, parent);
        if (pid < 0)
                return -errno;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return process_exit_status(status);
}
