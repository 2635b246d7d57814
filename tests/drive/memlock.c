/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For LD_PRELOAD into crun, where the tests run without CAP_SYS_RESOURCE: before it loads a program for a cgroup's devices it wants to lock as
 * much memory as it likes, which kernels have not asked for since 5.11, and ends where it may not. That one wish is said to be granted. */

#undef _FILE_OFFSET_BITS /* by the name that crun calls */
#include <dlfcn.h>
#include <stddef.h>
#include <sys/resource.h>

__attribute__((visibility("default"))) int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
        int (*real)(__rlimit_resource_t, const struct rlimit *) = NULL;

        if (resource == RLIMIT_MEMLOCK && limit->rlim_cur == RLIM_INFINITY)
                return 0;
        *(void **) &real = dlsym(RTLD_NEXT, "setrlimit");
        return real ? real(resource, limit) : -1;
}
