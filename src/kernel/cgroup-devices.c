/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

/* The kernel hands the program a struct bpf_cgroup_dev_ctx: access_type (the kind of device in the lower half, what is wanted in the
 * upper), major, minor. It returns 1 to allow. What follows is
 *
 *     kind = access_type & 0xffff; wanted = access_type >> 16
 *     for each device: if kind, (wanted & ~allowed) == 0, major and minor fit: return 1
 *     return 0 */

enum {
        CONTEXT = BPF_REG_1, /* and scratch, once all is read */
        KIND = BPF_REG_2,
        WANTED = BPF_REG_3,
        MAJOR = BPF_REG_4,
        MINOR = BPF_REG_5,
};

#define HEAD 6
#define PER_DEVICE 8 /* at most */
#define TAIL 2

typedef struct Program {
        struct bpf_insn code[HEAD + PER_DEVICE * CGROUP_DEVICES_MAX + TAIL];
        size_t n;
} Program;

static void put(Program *p, uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value) {
        p->code[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = to & 15, .src_reg = from & 15, .off = offset, .imm = value };
}

static void load(Program *p, uint8_t to, size_t offset) {
        put(p, BPF_LDX | BPF_W | BPF_MEM, to, CONTEXT, (int16_t) offset, 0);
}

/* Pass over the rest of a device's instructions unless the register is `value`. */
static void require(Program *p, uint8_t reg, int32_t value, size_t end) {
        put(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, (int16_t) (end - p->n - 1), value);
}

static void put_head(Program *p) {
        load(p, KIND, offsetof(struct bpf_cgroup_dev_ctx, access_type));
        put(p, BPF_ALU | BPF_MOV | BPF_X, WANTED, KIND, 0, 0);
        put(p, BPF_ALU | BPF_AND | BPF_K, KIND, 0, 0, 0xffff);
        put(p, BPF_ALU | BPF_RSH | BPF_K, WANTED, 0, 0, 16);
        load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
        load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int32_t kernels_access(unsigned access) {
        return (access & CGROUP_DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) | (access & CGROUP_DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
                (access & CGROUP_DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

static void put_device(Program *p, const CgroupDevice *d) {
        size_t end = p->n + (d->minor >= 0 ? PER_DEVICE : PER_DEVICE - 1);

        require(p, KIND, d->block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, end);
        require(p, MAJOR, (int32_t) d->major, end);
        if (d->minor >= 0)
                require(p, MINOR, d->minor, end);
        put(p, BPF_ALU | BPF_MOV | BPF_X, CONTEXT, WANTED, 0, 0);
        put(p, BPF_ALU | BPF_AND | BPF_K, CONTEXT, 0, 0, ~kernels_access(d->access) & 0xffff);
        require(p, CONTEXT, 0, end);
        put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
        put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int bpf(int command, union bpf_attr *attr) {
        long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

        return r < 0 ? -errno : (int) r;
}

static int load_program(const Program *p) {
        union bpf_attr attr = {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .insn_cnt = (uint32_t) p->n,
                .insns = (uint64_t) (uintptr_t) p->code,
                .license = (uint64_t) (uintptr_t) "GPL",
        };

        return bpf(BPF_PROG_LOAD, &attr); /* its descriptors are CLOEXEC */
}

int cgroup_allow_devices(int cgroup, const CgroupDevice *devices, size_t n) {
        _cleanup_close_ int program = -1;
        _cleanup_free_ Program *p = NULL;
        union bpf_attr attr = {};
        int r;

        if (n > CGROUP_DEVICES_MAX)
                return -E2BIG;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        put_head(p);
        for (size_t i = 0; i < n; i++)
                put_device(p, devices + i);
        put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
        put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        program = load_program(p);
        if (program < 0)
                return program;
        attr.target_fd = (uint32_t) cgroup;
        attr.attach_bpf_fd = (uint32_t) program;
        attr.attach_type = BPF_CGROUP_DEVICE; /* without flags: alone in the group, and none below */
        r = bpf(BPF_PROG_ATTACH, &attr);
        return r < 0 ? r : 0;
}
