/* SPDX-License-Identifier: GPL-2.0-or-later */

/* spy: looks at every process that comes up in the machine, as fast as it can, until /escape/enough is there: through its root, its directory and
 * its descriptors for /srv/escape/secret, and whether it can be traced while it still executes a program that is not the machine's. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char secret[] = "srv/escape/secret";
static int seen, opened;

static void look_through(const char *path) {
        char file[PATH_MAX + 32], text[256];
        int fd;
        ssize_t n;

        snprintf(file, sizeof(file), "%s/%s", path, secret);
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        n = read(fd, text, sizeof(text));
        printf("%s\n%.*s\n", file, n < 0 ? 0 : (int) n, text);
        close(fd);
}

/* Its program is not of our root: it came from outside. */
static int is_foreign(int pid) {
        char path[64];
        struct stat st, root;

        snprintf(path, sizeof(path), "/proc/%d/exe", pid);
        return stat(path, &st) == 0 && stat("/", &root) == 0 && st.st_dev != root.st_dev;
}

/* What is in its way: a filter, the capabilities that it can have. */
static void bounds_of(const char *pid, int *ret_filter, unsigned long long *ret_effective, unsigned long long *ret_bounding) {
        char path[64], line[128];
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%s/status", pid);
        f = fopen(path, "re");
        if (!f)
                return;
        while (fgets(line, sizeof(line), f)) {
                sscanf(line, "CapEff: %llx", ret_effective);
                sscanf(line, "CapBnd: %llx", ret_bounding);
                sscanf(line, "Seccomp: %d", ret_filter);
        }
        fclose(f);
}

/* One that may do more than we, and does what we make it do, is a way out. */
static void trace(int pid) {
        int filter = 2, our_filter = 0;
        unsigned long long effective = 0, bounding = 0, our_effective = 0, our_bounding = 0;
        char name[16];

        if (!is_foreign(pid) || ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
                return;
        if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
                waitpid(pid, NULL, __WALL);
        snprintf(name, sizeof(name), "%d", pid);
        bounds_of(name, &filter, &effective, &bounding);
        bounds_of("self", &our_filter, &our_effective, &our_bounding);
        if (is_foreign(pid) && (filter < our_filter || (effective & ~our_bounding)))
                printf("traced a joiner that may do more: Seccomp %d, CapEff %llx\n", filter, effective);
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void look_at(int pid) {
        char path[64];
        DIR *fds;

        seen++;
        trace(pid);
        snprintf(path, sizeof(path), "/proc/%d/root", pid);
        look_through(path);
        snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
        look_through(path);
        snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        fds = opendir(path);
        if (!fds)
                return;
        opened++;
        for (struct dirent *e; (e = readdir(fds));)
                if (e->d_name[0] != '.') {
                        snprintf(path, sizeof(path), "/proc/%d/fd/%.10s", pid, e->d_name);
                        look_through(path);
                }
        closedir(fds);
}

int main(void) {
        int self = getpid();
        FILE *end;

        while (access("/escape/enough", F_OK) < 0) {
                DIR *processes = opendir("/proc");

                if (!processes)
                        return 1;
                for (struct dirent *e; (e = readdir(processes));) {
                        int pid = atoi(e->d_name);

                        if (pid > self + 1)
                                look_at(pid);
                }
                closedir(processes);
        }
        printf("looked %d times at processes, %d times at their descriptors: nothing of the host's\n", seen, opened);
        fflush(stdout);
        end = fopen("/escape/spied-all", "w");
        return end ? fclose(end) : 1;
}
