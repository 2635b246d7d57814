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
 *     kind = access_type & 0xffff; wanted = access_type >> 16; number = major << 20 | minor
 *     if kind is a character device:
 *         for each of these: if number (or major) fits, and (wanted & ~allowed) == 0: return 1
 *         return 0
 *     the same for block devices
 *
 * with as few branches as can be, for the kernel follows each of them before it takes the program, which a start waits for: a device of
 * which all is allowed is one comparison. */

enum {
        CONTEXT = BPF_REG_1, /* and scratch, once all is read */
        KIND = BPF_REG_2,
        WANTED = BPF_REG_3,
        MAJOR = BPF_REG_4,
        NUMBER = BPF_REG_5,
};

#define MINOR_BITS 20 /* of the 32 that a device number has in the kernel */
#define ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

#define HEAD 9
#define PER_KIND 6
#define PER_DEVICE 4 /* at most */
#define TAIL 2

typedef struct Program {
        struct bpf_insn code[HEAD + 2 * PER_KIND + PER_DEVICE * CGROUP_DEVICES_MAX + TAIL];
        size_t n;
} Program;

static void put(Program *p, uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value) {
        p->code[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = to & 15, .src_reg = from & 15, .off = offset, .imm = value };
}

static void load(Program *p, uint8_t to, size_t offset) {
        put(p, BPF_LDX | BPF_W | BPF_MEM, to, CONTEXT, (int16_t) offset, 0);
}

static void put_answer(Program *p, int32_t answer) {
        put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, answer);
        put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_head(Program *p) {
        load(p, KIND, offsetof(struct bpf_cgroup_dev_ctx, access_type));
        put(p, BPF_ALU | BPF_MOV | BPF_X, WANTED, KIND, 0, 0);
        put(p, BPF_ALU | BPF_RSH | BPF_K, WANTED, 0, 0, 16);
        put(p, BPF_ALU | BPF_AND | BPF_K, KIND, 0, 0, 0xffff);
        load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
        load(p, CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, minor));
        put(p, BPF_ALU | BPF_MOV | BPF_X, NUMBER, MAJOR, 0, 0);
        put(p, BPF_ALU | BPF_LSH | BPF_K, NUMBER, 0, 0, MINOR_BITS);
        put(p, BPF_ALU | BPF_OR | BPF_X, NUMBER, CONTEXT, 0, 0);
}

static int32_t kernels_access(unsigned access) {
        return (access & CGROUP_DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) | (access & CGROUP_DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
                (access & CGROUP_DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

static void put_device(Program *p, const CgroupDevice *d, size_t allow) {
        uint8_t reg = d->minor >= 0 ? NUMBER : MAJOR;
        int32_t value = (int32_t) (d->minor >= 0 ? d->major << MINOR_BITS | (uint32_t) d->minor : d->major);
        int32_t refused = ALL & ~kernels_access(d->access);
        bool any = d->major == CGROUP_DEVICE_ANY_MAJOR;

        if (refused == 0 && any) {
                put(p, BPF_JMP | BPF_JA, 0, 0, (int16_t) (allow - p->n - 1), 0);
                return;
        }
        if (refused == 0) {
                put(p, BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, (int16_t) (allow - p->n - 1), value);
                return;
        }
        if (!any)
                put(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 3, value);
        put(p, BPF_ALU | BPF_MOV | BPF_X, CONTEXT, WANTED, 0, 0);
        put(p, BPF_ALU | BPF_AND | BPF_K, CONTEXT, 0, 0, refused);
        put(p, BPF_JMP32 | BPF_JEQ | BPF_K, CONTEXT, 0, (int16_t) (allow - p->n - 1), 0);
}

/* Those of one kind, and the end for who is of that kind. */
static void put_kind(Program *p, const CgroupDevice *devices, size_t n, bool block) {
        size_t begin = p->n, allow = begin + 2;

        put(p, BPF_JMP32 | BPF_JNE | BPF_K, KIND, 0, 0, block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
        put(p, BPF_JMP | BPF_JA, 0, 0, 2, 0);
        put_answer(p, 1);
        for (size_t i = 0; i < n; i++)
                if (devices[i].block == block)
                        put_device(p, devices + i, allow);
        put_answer(p, 0);
        p->code[begin].off = (int16_t) (p->n - begin - 1);
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

static bool any_block(const CgroupDevice *devices, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (devices[i].block)
                        return true;
        return false;
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
        put_kind(p, devices, n, false);
        if (any_block(devices, n))
                put_kind(p, devices, n, true);
        put_answer(p, 0);
        program = load_program(p);
        if (program < 0)
                return program;
        attr.target_fd = (uint32_t) cgroup;
        attr.attach_bpf_fd = (uint32_t) program;
        attr.attach_type = BPF_CGROUP_DEVICE; /* without flags: alone in the group, and none below */
        r = bpf(BPF_PROG_ATTACH, &attr);
        return r < 0 ? r : 0;
}
