/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-types.h"

#include <string.h>
#include <systemd/sd-gpt.h>

typedef struct GptType {
        sd_id128_t type;
        DiskRole role;
} GptType;

/* Of this architecture, and of none. */
static const GptType gpt_types[] = {
#ifdef SD_GPT_ROOT_NATIVE
        { SD_GPT_ROOT_NATIVE, DISK_ROOT },
        { SD_GPT_ROOT_NATIVE_VERITY, DISK_ROOT_VERITY },
        { SD_GPT_ROOT_NATIVE_VERITY_SIG, DISK_ROOT_VERITY_SIG },
        { SD_GPT_USR_NATIVE, DISK_USR },
        { SD_GPT_USR_NATIVE_VERITY, DISK_USR_VERITY },
        { SD_GPT_USR_NATIVE_VERITY_SIG, DISK_USR_VERITY_SIG },
#endif
        { SD_GPT_HOME, DISK_HOME },
        { SD_GPT_SRV, DISK_SRV },
        { SD_GPT_VAR, DISK_VAR },
        { SD_GPT_TMP, DISK_TMP },
        { SD_GPT_ESP, DISK_ESP },
        { SD_GPT_XBOOTLDR, DISK_XBOOTLDR },
        { SD_GPT_SWAP, DISK_SWAP },
        { SD_GPT_LINUX_GENERIC, DISK_GENERIC },
};

/* Roots and usrs of all architectures; this one's are found before. */
static const sd_id128_t gpt_foreign[] = {
        SD_GPT_ROOT_ALPHA, SD_GPT_ROOT_ARC, SD_GPT_ROOT_ARM, SD_GPT_ROOT_ARM64, SD_GPT_ROOT_IA64, SD_GPT_ROOT_LOONGARCH64, SD_GPT_ROOT_MIPS,
        SD_GPT_ROOT_MIPS64, SD_GPT_ROOT_MIPS_LE, SD_GPT_ROOT_MIPS64_LE, SD_GPT_ROOT_PARISC, SD_GPT_ROOT_PPC, SD_GPT_ROOT_PPC64,
        SD_GPT_ROOT_PPC64_LE, SD_GPT_ROOT_RISCV32, SD_GPT_ROOT_RISCV64, SD_GPT_ROOT_S390, SD_GPT_ROOT_S390X, SD_GPT_ROOT_TILEGX,
        SD_GPT_ROOT_X86, SD_GPT_ROOT_X86_64, SD_GPT_USR_ALPHA, SD_GPT_USR_ARC, SD_GPT_USR_ARM, SD_GPT_USR_ARM64, SD_GPT_USR_IA64,
        SD_GPT_USR_LOONGARCH64, SD_GPT_USR_MIPS, SD_GPT_USR_MIPS64, SD_GPT_USR_MIPS_LE, SD_GPT_USR_MIPS64_LE, SD_GPT_USR_PARISC,
        SD_GPT_USR_PPC, SD_GPT_USR_PPC64, SD_GPT_USR_PPC64_LE, SD_GPT_USR_RISCV32, SD_GPT_USR_RISCV64, SD_GPT_USR_S390, SD_GPT_USR_S390X,
        SD_GPT_USR_TILEGX, SD_GPT_USR_X86, SD_GPT_USR_X86_64,
};

static const struct {
        uint8_t type;
        DiskRole role;
} mbr_types[] = {
        { 0x83, DISK_GENERIC },
        { 0x82, DISK_SWAP },
        { 0xef, DISK_ESP },
        { 0xea, DISK_XBOOTLDR },
};

/* ext4's superblock says what is to happen at an error, up to panic(): that is overridden. XFS would not mount two copies of one image.
 * Journals are replayed by a mount that is not to write, too, but for these words. */
static const DiskFileSystem file_systems[] = {
        { "ext4", "ext4", "errors=remount-ro,discard", "errors=remount-ro,noload" },
        { "ext3", "ext4", "errors=remount-ro,discard", "errors=remount-ro,noload" },
        { "ext2", "ext4", "errors=remount-ro,discard", "errors=remount-ro,noload" },
        { "xfs", "xfs", "nouuid,discard", "nouuid,norecovery" },
        { "btrfs", "btrfs", "discard=async", "rescue=nologreplay" },
        { "squashfs", "squashfs", NULL, NULL, .never_written = true },
        { "erofs", "erofs", NULL, NULL, .never_written = true },
        { "vfat", "vfat", "errors=remount-ro,umask=0077", "errors=remount-ro,umask=0077", .boot_only = true },
};

const DiskFileSystem *disk_file_system(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(file_systems); i++)
                if (strcmp(file_systems[i].name, name) == 0)
                        return &file_systems[i];
        return NULL;
}

static bool parse_uuid(const char *text, sd_id128_t *ret) {
        size_t n = 0;

        for (const char *p = text; *p; p++) {
                unsigned digit = *p >= '0' && *p <= '9' ? (unsigned) (*p - '0') : *p >= 'a' && *p <= 'f' ? (unsigned) (*p - 'a') + 10
                        : *p >= 'A' && *p <= 'F' ? (unsigned) (*p - 'A') + 10 : 16;

                if (*p == '-')
                        continue;
                if (digit > 15 || n >= 32)
                        return false;
                ret->bytes[n / 2] = (uint8_t) (n % 2 ? ret->bytes[n / 2] | digit : digit << 4);
                n++;
        }
        return n == 32;
}

static DiskRole gpt_role(const char *text) {
        sd_id128_t type;

        if (!parse_uuid(text, &type))
                return DISK_OTHER;
        for (size_t i = 0; i < ELEMENTSOF(gpt_types); i++)
                if (memcmp(&gpt_types[i].type, &type, sizeof(type)) == 0)
                        return gpt_types[i].role;
        for (size_t i = 0; i < ELEMENTSOF(gpt_foreign); i++)
                if (memcmp(&gpt_foreign[i], &type, sizeof(type)) == 0)
                        return DISK_FOREIGN;
        return DISK_OTHER;
}

static DiskRole mbr_role(uint8_t type) {
        for (size_t i = 0; i < ELEMENTSOF(mbr_types); i++)
                if (mbr_types[i].type == type)
                        return mbr_types[i].role;
        return DISK_OTHER;
}

/* Which of the attributes a type has; on others these bits mean something else. */
static bool has_attributes(DiskRole role) {
        return role != DISK_ESP && role != DISK_SWAP && role != DISK_OTHER;
}

void disk_type_apply(DiskTable table, const ProbedPartition *from, DiskPartition *to) {
        switch (table) {
        case DISK_TABLE_NONE:
                to->role = DISK_ROOT;
                break;
        case DISK_TABLE_MBR:
                to->role = mbr_role(from->mbr_type);
                snprintf(to->type, sizeof(to->type), "0x%02x", from->mbr_type);
                break;
        case DISK_TABLE_GPT:
                to->role = gpt_role(from->type);
                if (!has_attributes(to->role))
                        break;
                to->read_only = from->flags & SD_GPT_FLAG_READ_ONLY;
                to->no_auto = from->flags & SD_GPT_FLAG_NO_AUTO;
                to->grow = from->flags & SD_GPT_FLAG_GROWFS;
        }
}

const char *disk_root_type(char ret[GPT_TYPE_TEXT_MAX]) {
        for (size_t i = 0; i < ELEMENTSOF(gpt_types); i++) {
                const uint8_t *b = gpt_types[i].type.bytes;

                if (gpt_types[i].role != DISK_ROOT)
                        continue;
                snprintf(ret, GPT_TYPE_TEXT_MAX, "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X",
                         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
                return ret;
        }
        return NULL;
}
