/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nobody.h"

#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>

#include "caps.h"
#include "cleanup.h"

int become_nobody(pid_t parent) {
        int r;

        if (geteuid() == 0 &&
            (setgroups(0, NULL) < 0 || setresgid(NOBODY_ID, NOBODY_ID, NOBODY_ID) < 0 || setresuid(NOBODY_ID, NOBODY_ID, NOBODY_ID) < 0))
                return -errno;
        /* The signal at the parent's death goes with the change of users, so it comes after that. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        if (getppid() != parent)
                return -ESRCH;
        r = caps_clear_inheritable_ambient();
        return r < 0 ? r : caps_limit(0);
}

int bound_process(const ProcessBound *bounds, size_t n) {
        for (size_t i = 0; i < n; i++) {
                struct rlimit now;

                if (getrlimit(bounds[i].resource, &now) < 0)
                        return -errno;
                if (bounds[i].limit < now.rlim_max)
                        now.rlim_max = bounds[i].limit;
                now.rlim_cur = now.rlim_max;
                if (setrlimit(bounds[i].resource, &now) < 0)
                        return -errno;
        }
        return 0;
}
