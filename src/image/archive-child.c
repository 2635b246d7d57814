/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-child.h"

/* Two readers of libarchive's, one behind the other. The first one, `stream`, knows no format: it decompresses. We look at what comes out of it first,
 * and tell whether it is a tar, for libarchive's answer is not ours: to it, a disk image that begins with zeros is a tar without
 * entries. Then the second one, `tar`, is fed with it. So we see, too, where the tar ended and whether the compressed stream did.
 *
 * A tar without the mark of its end (a block of zeros) is cut off for us, though GNU tar takes it where the last file is whole: a download that
 * broke there looks the same.
 *
 * Names: libarchive would bring those of pax from UTF-8 into the locale's charset, and, were that UTF-8, into a normal form that is not
 * what the archive has. In the C locale (set here whatever ours is) it cannot convert what is not ASCII, says so, and returns the bytes
 * as they are, which is what we want: this one warning is fine. Every other warning means that something was left out, and is an error. */

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "archive-entry.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY /* its shadow is terabytes */
#else
#define MEMORY_MAX (768UL << 20) /* of address space: xz -9 takes 65 MiB, zstd --ultra 128 */
#endif
#define SECONDS_MAX 60            /* of processor time without anything read or written */
#define STEPS 64                  /* reads and writes until that is counted anew */
#define READ_SIZE (256U << 10)
#define BLOCK 512U                /* of a tar */
#define DRAIN_MAX (64U << 20)     /* behind the end of a tar: padding to whatever a tape wanted */

enum { FD_ARCHIVE = 3, FD_PIPE = 4 };

typedef struct Child {
        ArchiveLibrary l;
        ArchiveOut out;
        struct archive *stream, *tar;
        unsigned char *buffer;      /* READ_SIZE */
        int read_error;             /* errno */
        unsigned steps;
        unsigned char first[BLOCK]; /* of what was decompressed */
        size_t first_size;
        const void *rest;           /* of the piece that the last bytes of it came with */
        size_t rest_size;
        bool first_given, ended;
        Digest *digest;             /* of what was decompressed, where it is asked for: a layer's */
        uint64_t fed;               /* bytes given to the tar's reader */
} Child;

/* --- the process ---------------------------------------------------------------------------------------------------- */

/* The two at the numbers that they have here, and no others. */
static void place_descriptors(int archive, int pipe_fd) {
        archive = fcntl(archive, F_DUPFD_CLOEXEC, 10); /* both out of the way first */
        pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, 10);
        if (archive < 0 || pipe_fd < 0 || dup2(archive, FD_ARCHIVE) < 0 || dup2(pipe_fd, FD_PIPE) < 0 || close_range(FD_PIPE + 1, ~0U, 0) < 0)
                _exit(1);
        for (int fd = 0; fd < FD_ARCHIVE; fd++)
                close(fd);
}

static int confine(pid_t parent) {
        static const uint32_t calls[] = {
                SYS_read, SYS_write, SYS_writev, SYS_ppoll, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_brk, SYS_mmap, SYS_mremap, SYS_munmap,
                SYS_mprotect, SYS_madvise, SYS_futex, SYS_clock_gettime, SYS_getrandom, SYS_setitimer, SYS_close, SYS_exit, SYS_exit_group,
                SYS_rt_sigreturn, SYS_sigaltstack, /* the last is for AddressSanitizer, which asks before what does not return */
        };
        static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int r;

        process_reset_signals();
        for (size_t i = 0; i < ELEMENTSOF(endings); i++) /* these mean our parent, who says why it ends; we end with it */
                (void) signal(endings[i], SIG_IGN);
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r >= 0)
                r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

/* A loop without an end in the library costs a minute, not a processor: SIGPROF ends us. */
static void step(Child *c) {
        if (c->steps++ % STEPS == 0)
                (void) setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = SECONDS_MAX }, NULL);
}

/* --- the stream ----------------------------------------------------------------------------------------------------- */

static _Noreturn void damaged(Child *c, struct archive *a) {
        if (c->read_error != 0)
                out_fail(&c->out, FAIL_SYSTEM, c->read_error, NULL);
        out_fail(&c->out, FAIL_DAMAGED, 0, c->l.error_string(a));
}

/* archive_read_callback: the archive's own bytes. */
static la_ssize_t read_bytes(struct archive *a _unused_, void *userdata, const void **ret) {
        Child *c = userdata;
        ssize_t n;

        step(c);
        for (;;) {
                n = read(FD_ARCHIVE, c->buffer, READ_SIZE);
                if (n >= 0)
                        break;
                if (errno == EAGAIN)
                        (void) ppoll(&(struct pollfd){ .fd = FD_ARCHIVE, .events = POLLIN }, 1, NULL, NULL);
                else if (errno != EINTR) {
                        c->read_error = errno;
                        return ARCHIVE_FATAL;
                }
        }
        c->out.consumed += (uint64_t) n;
        *ret = c->buffer;
        return n;
}

/* The next piece of what was decompressed, which is never empty: false at its end. */
static bool next_piece(Child *c, const void **ret, size_t *ret_size) {
        la_int64_t offset;

        do {
                int r = c->l.read_data_block(c->stream, ret, ret_size, &offset);

                if (r == ARCHIVE_EOF)
                        return false;
                if (r != ARCHIVE_OK)
                        damaged(c, c->stream);
        } while (*ret_size == 0);
        return true;
}

static void open_stream(Child *c) {
        const ArchiveLibrary *l = &c->l;
        struct archive_entry *e;
        int r;

        c->buffer = malloc(READ_SIZE);
        c->stream = l->read_new();
        if (!c->buffer || !c->stream)
                out_fail(&c->out, FAIL_SYSTEM, ENOMEM, NULL);
        l->format_raw(c->stream);
        l->format_empty(c->stream);
        l->filter_gzip(c->stream);
        l->filter_bzip2(c->stream);
        l->filter_xz(c->stream);
        l->filter_zstd(c->stream);
        l->filter_lz4(c->stream);
        l->filter_compress(c->stream);
        r = l->read_open(c->stream, c, NULL, read_bytes, NULL);
        if (r == ARCHIVE_OK)
                r = l->read_next_header(c->stream, &e);
        if (r == ARCHIVE_EOF)
                out_fail(&c->out, FAIL_EMPTY, 0, NULL);
        if (r != ARCHIVE_OK)
                damaged(c, c->stream);
}

/* The first block, or less where there is not as much. */
static void look_at_first(Child *c) {
        while (c->first_size < BLOCK) {
                size_t n;

                if (!next_piece(c, &c->rest, &c->rest_size))
                        break;
                n = c->rest_size < BLOCK - c->first_size ? c->rest_size : BLOCK - c->first_size;
                memcpy(c->first + c->first_size, c->rest, n);
                c->first_size += n;
                c->rest = (const char *) c->rest + n;
                c->rest_size -= n;
        }
        if (c->first_size == 0)
                out_fail(&c->out, FAIL_EMPTY, 0, NULL);
}

/* What all dialects have in common: the sum of a header's bytes, its own field taken as blanks, in octal digits. Some have summed up
 * signed ones. */
static bool is_tar_header(const unsigned char block[BLOCK]) {
        enum { FIELD = 148, FIELD_SIZE = 8 };
        long sum = 0, sum_signed = 0;
        char field[FIELD_SIZE + 1] = {}, *digits = field, *end;
        long stated;

        for (size_t i = 0; i < BLOCK; i++) {
                bool blank = i >= FIELD && i < FIELD + FIELD_SIZE;

                sum += blank ? ' ' : block[i];
                sum_signed += blank ? ' ' : (signed char) block[i];
        }
        memcpy(field, block + FIELD, FIELD_SIZE);
        digits += strspn(digits, " ");
        stated = strtol(digits, &end, 8);
        return block[0] != 0 && end > digits && (stated == sum || stated == sum_signed);
}

/* --- one file ------------------------------------------------------------------------------------------------------- */

static void put_data(Child *c, const void *data, size_t size, uint64_t offset) {
        while (size > 0) {
                size_t n = size < RECORD_PIECE_MAX ? size : RECORD_PIECE_MAX;

                step(c);
                out_record(&c->out, RECORD_DATA, (OutPart[]){ { &offset, sizeof(offset) }, { data, n } }, 2);
                data = (const char *) data + n;
                size -= n;
                offset += n;
        }
}

static void give_single(Child *c) {
        const RecordEntry entry = { .kind = ENTRY_FILE, .mode = 0600, .path_size = 1 };
        uint64_t offset = c->first_size + c->rest_size;
        const void *piece;
        size_t size;

        out_record(&c->out, RECORD_ENTRY, (OutPart[]){ { &entry, sizeof(entry) }, { "", 1 } }, 2);
        put_data(c, c->first, c->first_size, 0);
        put_data(c, c->rest, c->rest_size, c->first_size);
        while (next_piece(c, &piece, &size)) {
                put_data(c, piece, size, offset);
                offset += size;
        }
}

/* --- a tar ---------------------------------------------------------------------------------------------------------- */

/* archive_read_callback: what was decompressed. */
static la_ssize_t feed(struct archive *a _unused_, void *userdata, const void **ret) {
        Child *c = userdata;
        size_t size;

        if (!c->first_given) {
                c->first_given = true;
                *ret = c->first;
                size = c->first_size;
        } else if (c->rest_size > 0) {
                *ret = c->rest;
                size = c->rest_size;
                c->rest_size = 0;
        } else if (c->ended || !next_piece(c, ret, &size)) {
                c->ended = true;
                return 0;
        }
        c->fed += size;
        if (c->digest)
                digest_add(c->digest, *ret, size);
        return (la_ssize_t) size;
}

static bool is_about_charset(const char *warning) {
        return warning && strstr(warning, "can't be converted");
}

static bool next_entry(Child *c, struct archive_entry **ret) {
        int r = c->l.read_next_header(c->tar, ret);

        if (r == ARCHIVE_EOF)
                return false;
        if (r != ARCHIVE_OK && (r != ARCHIVE_WARN || !is_about_charset(c->l.error_string(c->tar))))
                damaged(c, c->tar);
        return true;
}

static void give_contents(Child *c) {
        const void *piece;
        la_int64_t offset;
        size_t size;
        int r;

        while ((r = c->l.read_data_block(c->tar, &piece, &size, &offset)) == ARCHIVE_OK)
                put_data(c, piece, size, (uint64_t) offset);
        if (r != ARCHIVE_EOF)
                damaged(c, c->tar);
}

/* There was an end, and behind it is nothing that matters; the sums of what was compressed are seen to be right by reading all of it. */
static void end_tar(Child *c) {
        uint64_t end = (uint64_t) c->l.read_header_position(c->tar);
        const void *piece;

        if (c->ended && c->fed < end + BLOCK)
                out_fail(&c->out, FAIL_CUT, 0, NULL);
        while (feed(NULL, c, &piece) > 0) {
                step(c);
                if (c->fed > end + DRAIN_MAX)
                        out_fail(&c->out, FAIL_TRAILING, 0, NULL);
        }
}

static void give_tar(Child *c) {
        struct archive_entry *e;

        c->tar = c->l.read_new();
        if (!c->tar)
                out_fail(&c->out, FAIL_SYSTEM, ENOMEM, NULL);
        c->l.format_tar(c->tar);
        if (c->l.read_open(c->tar, c, NULL, feed, NULL) != ARCHIVE_OK)
                damaged(c, c->tar);
        while (next_entry(c, &e)) {
                step(c);
                if (entry_put(&c->l, e, &c->out) == ENTRY_FILE)
                        give_contents(c);
        }
        end_tar(c);
}

static bool is_all_zeros(const unsigned char *data, size_t size) {
        return size > 0 && data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static ArchiveFormat format_of(Child *c) {
        if (c->first_size == BLOCK && (is_tar_header(c->first) || (c->digest && is_all_zeros(c->first, BLOCK))))
                return ARCHIVE_TAR;
        if (c->digest)
                out_fail(&c->out, FAIL_NO_TAR, 0, NULL);
        return ARCHIVE_SINGLE;
}

static void put_end(Child *c) {
        RecordEnd end;

        if (c->digest)
                digest_end(c->digest, end.digest);
        out_record(&c->out, RECORD_END, (OutPart[]){ { &end, c->digest ? sizeof(end) : 0 } }, 1);
        out_flush(&c->out);
}

static void give(Child *c) {
        RecordBegin begin;

        open_stream(c);
        look_at_first(c);
        begin.format = format_of(c);
        begin.compressed = c->l.filter_code(c->stream, 0) != ARCHIVE_FILTER_NONE;
        out_record(&c->out, RECORD_BEGIN, (OutPart[]){ { &begin, sizeof(begin) } }, 1);
        out_flush(&c->out);
        if (begin.format == ARCHIVE_TAR)
                give_tar(c);
        else
                give_single(c);
        put_end(c);
}

void archive_child(int archive, bool is_layer, int pipe_fd, pid_t parent) {
        Child c = {};
        int r;

        place_descriptors(archive, pipe_fd);
        if (out_begin(&c.out, FD_PIPE) < 0)
                _exit(1);
        (void) setlocale(LC_ALL, "C");
        if (archive_library_load(&c.l) < 0 || (is_layer && digest_new(&c.digest, NULL) < 0))
                out_fail(&c.out, FAIL_LIBRARY, 0, NULL);
        r = confine(parent);
        if (r < 0)
                out_fail(&c.out, FAIL_SYSTEM, -r, NULL);
        give(&c);
        _exit(0);
}
