/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-seccomp.h"

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "fd.h"
#include "library.h"

#define PROGRAM_MAX (BPF_MAXINSNS * sizeof(struct sock_filter))

/* Opened where a bundle has a filter, and by nobody else. */
typedef struct Library {
        scmp_filter_ctx (*init)(uint32_t def_action);
        void (*release)(scmp_filter_ctx ctx);
        int (*arch_add)(scmp_filter_ctx ctx, uint32_t arch);
        int (*attr_set)(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value);
        int (*rule_add_array)(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned n, const struct scmp_arg_cmp *args);
        int (*syscall_resolve_name)(const char *name);
        int (*export_bpf)(scmp_filter_ctx ctx, int fd);
} Library;

static int open_library(Library *l, Error **reterr) {
        const LibrarySymbol symbols[] = {
                { "init", (void **) &l->init }, { "release", (void **) &l->release }, { "arch_add", (void **) &l->arch_add },
                { "attr_set", (void **) &l->attr_set }, { "rule_add_array", (void **) &l->rule_add_array },
                { "syscall_resolve_name", (void **) &l->syscall_resolve_name }, { "export_bpf", (void **) &l->export_bpf },
        };
        int r = library_load("libseccomp.so.2", "seccomp_", symbols, ELEMENTSOF(symbols));

        return r < 0 ? error_set(reterr, r, "linux.seccomp needs libseccomp: %s", dlerror() ?: "it cannot be opened") : 0;
}

typedef struct Word {
        const char *name;
        uint32_t value;
} Word;

static const Word actions[] = {
        { "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD }, { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
        { "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS }, { "SCMP_ACT_TRAP", SCMP_ACT_TRAP }, { "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
        { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) }, { "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW }, { "SCMP_ACT_LOG", SCMP_ACT_LOG },
        { "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
};

static const Word architectures[] = {
        { "SCMP_ARCH_X86", SCMP_ARCH_X86 }, { "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 }, { "SCMP_ARCH_X32", SCMP_ARCH_X32 },
        { "SCMP_ARCH_ARM", SCMP_ARCH_ARM }, { "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 }, { "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
        { "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 }, { "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 }, { "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
        { "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 }, { "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 }, { "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
        { "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 }, { "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE }, { "SCMP_ARCH_S390", SCMP_ARCH_S390 },
        { "SCMP_ARCH_S390X", SCMP_ARCH_S390X }, { "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC }, { "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
        { "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
};

static const Word operators[] = {
        { "SCMP_CMP_NE", SCMP_CMP_NE }, { "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_LE", SCMP_CMP_LE }, { "SCMP_CMP_EQ", SCMP_CMP_EQ },
        { "SCMP_CMP_GE", SCMP_CMP_GE }, { "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static const Word flags[] = {
        { "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC }, { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
        { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
        { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

const char *oci_filter_action(size_t i) {
        return i < ELEMENTSOF(actions) ? actions[i].name : NULL;
}

const char *oci_filter_architecture(size_t i) {
        return i < ELEMENTSOF(architectures) ? architectures[i].name : NULL;
}

const char *oci_filter_operator(size_t i) {
        return i < ELEMENTSOF(operators) ? operators[i].name : NULL;
}

static int find(const Word *words, size_t n, const char *name, const char *field, uint32_t *ret, Error **reterr) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i].name, name ?: "") == 0) {
                        *ret = words[i].value;
                        return 0;
                }
        return error_set(reterr, EINVAL, "linux.seccomp.%s: unknown word '%s'", field, name ?: "");
}

/* Those that carry a number: EPERM where nobody says which. */
static int find_action(json_t *name, json_t *number, const char *field, uint32_t *ret, Error **reterr) {
        int r = find(actions, ELEMENTSOF(actions), json_string_value(name), field, ret, reterr);
        uint32_t code = number ? (uint32_t) json_integer_value(number) & 0xffff : EPERM;

        if (r >= 0 && (*ret == SCMP_ACT_ERRNO(0) || *ret == SCMP_ACT_TRACE(0)))
                *ret |= code;
        return r;
}

typedef struct Making {
        Library library;
        scmp_filter_ctx filter;
        uint32_t by_default;
        bool notifies;
} Making;

static int add_architectures(Making *m, json_t *list, Error **reterr) {
        json_t *word;
        size_t i;

        json_array_foreach(list, i, word) {
                uint32_t arch = 0;
                int r = find(architectures, ELEMENTSOF(architectures), json_string_value(word), "architectures", &arch, reterr);

                if (r < 0)
                        return r;
                r = m->library.arch_add(m->filter, arch);
                if (r < 0 && r != -EEXIST)
                        return error_errno(reterr, r, "linux.seccomp.architectures: %s cannot be had", json_string_value(word));
        }
        return 0;
}

#define ARGS_MAX 6

static int take_args(json_t *list, struct scmp_arg_cmp *args, unsigned *ret_n, bool *ret_twice, Error **reterr) {
        unsigned seen = 0;
        json_t *item;
        size_t i;

        if (json_array_size(list) > ARGS_MAX)
                return error_set(reterr, EINVAL, "linux.seccomp.syscalls[].args: more than %d", ARGS_MAX);
        *ret_twice = false;
        json_array_foreach(list, i, item) {
                json_int_t index = json_integer_value(json_object_get(item, "index"));
                uint32_t op = 0;
                int r = find(operators, ELEMENTSOF(operators), json_string_value(json_object_get(item, "op")), "syscalls[].args[].op", &op, reterr);

                if (r < 0)
                        return r;
                if (index < 0 || index >= ARGS_MAX)
                        return error_set(reterr, EINVAL, "linux.seccomp.syscalls[].args[].index is not within 0 and %d", ARGS_MAX - 1);
                *ret_twice = *ret_twice || (seen & (1U << index));
                seen |= 1U << index;
                args[i] = (struct scmp_arg_cmp){ .arg = (unsigned) index, .op = (enum scmp_compare) op,
                                                 .datum_a = (uint64_t) json_integer_value(json_object_get(item, "value")),
                                                 .datum_b = (uint64_t) json_integer_value(json_object_get(item, "valueTwo")) };
        }
        *ret_n = (unsigned) json_array_size(list);
        return 0;
}

/* A call that this libseccomp does not know, this kernel's programs can hardly use: whoever makes profiles for all counts on that. */
static int add_call(Making *m, uint32_t action, const char *name, json_t *json_args, Error **reterr) {
        struct scmp_arg_cmp args[ARGS_MAX];
        int number = m->library.syscall_resolve_name(name);
        unsigned n = 0;
        bool twice = false;
        int r;

        if (number == __NR_SCMP_ERROR)
                return 0;
        r = take_args(json_args, args, &n, &twice, reterr);
        if (r < 0)
                return r;
        /* libseccomp wants each argument once a rule; of several for one, any may hold. */
        if (!twice)
                r = m->library.rule_add_array(m->filter, action, number, n, args);
        for (unsigned i = 0; r >= 0 && twice && i < n; i++)
                r = m->library.rule_add_array(m->filter, action, number, 1, args + i);
        return r < 0 && r != -EEXIST ? error_errno(reterr, r, "linux.seccomp.syscalls: no rule can be made for %s", name) : 0;
}

static int add_calls(Making *m, json_t *list, Error **reterr) {
        json_t *item, *name;
        size_t i, k;

        json_array_foreach(list, i, item) {
                uint32_t action = 0;
                int r = find_action(json_object_get(item, "action"), json_object_get(item, "errnoRet"), "syscalls[].action", &action, reterr);

                if (r < 0)
                        return r;
                if (action == m->by_default)
                        continue;
                m->notifies = m->notifies || action == SCMP_ACT_NOTIFY;
                json_array_foreach(json_object_get(item, "names"), k, name) {
                        r = add_call(m, action, json_string_value(name), json_object_get(item, "args"), reterr);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int export(Making *m, OciFilter *f, Error **reterr) {
        _cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
        _cleanup_free_ char *code = NULL;
        size_t size;
        int r;

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make room for the system call filter");
        r = m->library.export_bpf(m->filter, fd);
        if (r >= 0)
                r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, PROGRAM_MAX, &code, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the system call filter");
        f->code = (struct sock_filter *) (void *) TAKE_PTR(code);
        f->n = size / sizeof(struct sock_filter);
        return 0;
}

static int take_flags(json_t *list, OciFilter *f, Error **reterr) {
        json_t *word;
        size_t i;

        json_array_foreach(list, i, word) {
                uint32_t flag = 0;
                int r = find(flags, ELEMENTSOF(flags), json_string_value(word), "flags", &flag, reterr);

                if (r < 0)
                        return r;
                f->flags |= flag;
        }
        return 0;
}

static int fill(Making *m, json_t *json, OciFilter *f, Error **reterr) {
        const char *path = json_string_value(json_object_get(json, "listenerPath"));
        int r = add_architectures(m, json_object_get(json, "architectures"), reterr);

        if (r >= 0)
                r = add_calls(m, json_object_get(json, "syscalls"), reterr);
        if (r >= 0)
                r = take_flags(json_object_get(json, "flags"), f, reterr);
        if (r < 0)
                return r;
        f->listener = path && *path ? path : NULL;
        f->metadata = json_string_value(json_object_get(json, "listenerMetadata"));
        if (m->notifies && !f->listener)
                return error_set(reterr, EINVAL, "linux.seccomp has SCMP_ACT_NOTIFY, and no listenerPath");
        if (m->notifies)
                f->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        else
                f->listener = NULL;
        return export(m, f, reterr);
}

int oci_filter_make(json_t *json, OciFilter *ret, Error **reterr) {
        Making m = {};
        int r;

        if (!json)
                return 0;
        r = find_action(json_object_get(json, "defaultAction"), json_object_get(json, "defaultErrnoRet"), "defaultAction", &m.by_default, reterr);
        if (r >= 0 && m.by_default == SCMP_ACT_NOTIFY)
                return error_set(reterr, EINVAL, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would have every call asked for");
        if (r >= 0)
                r = open_library(&m.library, reterr);
        if (r < 0)
                return r;
        m.filter = m.library.init(m.by_default);
        if (!m.filter)
                return error_oom(reterr);
        /* An odd binary of another architecture fails, and is not killed; who has no_new_privs has it set by itself. */
        (void) m.library.attr_set(m.filter, SCMP_FLTATR_CTL_NNP, 0);
        r = fill(&m, json, ret, reterr);
        m.library.release(m.filter);
        return r;
}

void oci_filter_done(OciFilter *f) {
        free(f->code);
        *f = (OciFilter){};
}

int oci_filter_apply(const OciFilter *f, int *ret_listener, Error **reterr) {
        const struct sock_fprog program = { .filter = f->code, .len = (unsigned short) f->n };
        long r;

        *ret_listener = -1;
        if (!f->code)
                return 0;
        r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &program);
        if (r < 0)
                return error_errno(reterr, errno, "Cannot install the system call filter");
        if (f->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
                *ret_listener = (int) r;
        return 0;
}
