/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-give.h"

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

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "archive-entry.h"
#include "cleanup.h"

#define SECONDS_MAX 60            /* of processor time without anything read or written */
#define STEPS 64                  /* reads and writes until that is counted anew */
#define READ_SIZE (256U << 10)
#define BLOCK 512U                /* of a tar */
#define DRAIN_MAX (64U << 20)     /* behind the end of a tar: padding to whatever a tape wanted */

typedef struct Giver {
        const ArchiveLibrary *l;
        ArchiveOut *out;
        int archive;
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
} Giver;

/* A loop without an end in the library costs a minute, not a processor: SIGPROF ends us. */
static void step(Giver *c) {
        if (c->steps++ % STEPS == 0)
                (void) setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = SECONDS_MAX }, NULL);
}

/* --- the stream ----------------------------------------------------------------------------------------------------- */

static int damaged(Giver *c, struct archive *a) {
        if (c->read_error != 0)
                return out_fail(c->out, FAIL_SYSTEM, c->read_error, NULL);
        return out_fail(c->out, FAIL_DAMAGED, 0, c->l->error_string(a));
}

/* archive_read_callback: the archive's own bytes. */
static la_ssize_t read_bytes(struct archive *a _unused_, void *userdata, const void **ret) {
        Giver *c = userdata;
        ssize_t n;

        step(c);
        for (;;) {
                n = read(c->archive, c->buffer, READ_SIZE);
                if (n >= 0)
                        break;
                if (errno == EAGAIN)
                        (void) ppoll(&(struct pollfd){ .fd = c->archive, .events = POLLIN }, 1, NULL, NULL);
                else if (errno != EINTR) {
                        c->read_error = errno;
                        return ARCHIVE_FATAL;
                }
        }
        c->out->consumed += (uint64_t) n;
        *ret = c->buffer;
        return n;
}

/* The next piece of what was decompressed, which is never empty: 1, 0 at its end. */
static int next_piece(Giver *c, const void **ret, size_t *ret_size) {
        la_int64_t offset;

        do {
                int r = c->l->read_data_block(c->stream, ret, ret_size, &offset);

                if (r == ARCHIVE_EOF)
                        return 0;
                if (r != ARCHIVE_OK)
                        return damaged(c, c->stream);
        } while (*ret_size == 0);
        return 1;
}

static int open_stream(Giver *c) {
        const ArchiveLibrary *l = c->l;
        struct archive_entry *e;
        int r;

        c->buffer = malloc(READ_SIZE);
        c->stream = l->read_new();
        if (!c->buffer || !c->stream)
                return out_fail(c->out, FAIL_SYSTEM, ENOMEM, NULL);
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
                return out_fail(c->out, FAIL_EMPTY, 0, NULL);
        return r == ARCHIVE_OK ? 0 : damaged(c, c->stream);
}

/* The first block, or less where there is not as much. */
static int look_at_first(Giver *c) {
        while (c->first_size < BLOCK) {
                int r = next_piece(c, &c->rest, &c->rest_size);
                size_t n;

                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                n = c->rest_size < BLOCK - c->first_size ? c->rest_size : BLOCK - c->first_size;
                memcpy(c->first + c->first_size, c->rest, n);
                c->first_size += n;
                c->rest = (const char *) c->rest + n;
                c->rest_size -= n;
        }
        return c->first_size > 0 ? 0 : out_fail(c->out, FAIL_EMPTY, 0, NULL);
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

static void put_data(Giver *c, const void *data, size_t size, uint64_t offset) {
        while (size > 0) {
                size_t n = size < RECORD_PIECE_MAX ? size : RECORD_PIECE_MAX;

                step(c);
                out_record(c->out, RECORD_DATA, (OutPart[]){ { &offset, sizeof(offset) }, { data, n } }, 2);
                data = (const char *) data + n;
                size -= n;
                offset += n;
        }
}

static int give_single(Giver *c) {
        const RecordEntry entry = { .kind = ENTRY_FILE, .mode = 0600, .path_size = 1 };
        uint64_t offset = c->first_size + c->rest_size;
        const void *piece;
        size_t size;
        int r;

        out_record(c->out, RECORD_ENTRY, (OutPart[]){ { &entry, sizeof(entry) }, { "", 1 } }, 2);
        put_data(c, c->first, c->first_size, 0);
        put_data(c, c->rest, c->rest_size, c->first_size);
        while ((r = next_piece(c, &piece, &size)) > 0) {
                put_data(c, piece, size, offset);
                offset += size;
        }
        return r;
}

/* --- a tar ---------------------------------------------------------------------------------------------------------- */

/* archive_read_callback: what was decompressed. What goes wrong has been said, and is said once. */
static la_ssize_t feed(struct archive *a _unused_, void *userdata, const void **ret) {
        Giver *c = userdata;
        size_t size;
        int r;

        if (!c->first_given) {
                c->first_given = true;
                *ret = c->first;
                size = c->first_size;
        } else if (c->rest_size > 0) {
                *ret = c->rest;
                size = c->rest_size;
                c->rest_size = 0;
        } else {
                r = c->ended ? 0 : next_piece(c, ret, &size);
                if (r <= 0) {
                        c->ended = true;
                        return r < 0 ? ARCHIVE_FATAL : 0;
                }
        }
        c->fed += size;
        if (c->digest)
                digest_add(c->digest, *ret, size);
        return (la_ssize_t) size;
}

static bool is_about_charset(const char *warning) {
        return warning && strstr(warning, "can't be converted");
}

static int next_entry(Giver *c, struct archive_entry **ret) {
        int r = c->l->read_next_header(c->tar, ret);

        if (r == ARCHIVE_EOF)
                return 0;
        if (r != ARCHIVE_OK && (r != ARCHIVE_WARN || !is_about_charset(c->l->error_string(c->tar))))
                return damaged(c, c->tar);
        return 1;
}

static int give_contents(Giver *c) {
        const void *piece;
        la_int64_t offset;
        size_t size;
        int r;

        while ((r = c->l->read_data_block(c->tar, &piece, &size, &offset)) == ARCHIVE_OK)
                put_data(c, piece, size, (uint64_t) offset);
        return r == ARCHIVE_EOF ? 0 : damaged(c, c->tar);
}

/* There was an end, and behind it is nothing that matters; the sums of what was compressed are seen to be right by reading all of it. */
static int end_tar(Giver *c) {
        uint64_t end = (uint64_t) c->l->read_header_position(c->tar);
        const void *piece;
        la_ssize_t n;

        if (c->ended && c->fed < end + BLOCK)
                return out_fail(c->out, FAIL_CUT, 0, NULL);
        while ((n = feed(NULL, c, &piece)) > 0) {
                step(c);
                if (c->fed > end + DRAIN_MAX)
                        return out_fail(c->out, FAIL_TRAILING, 0, NULL);
        }
        return n < 0 ? -EBADMSG : 0;
}

static int give_tar(Giver *c) {
        struct archive_entry *e;
        EntryKind kind;
        int r;

        c->tar = c->l->read_new();
        if (!c->tar)
                return out_fail(c->out, FAIL_SYSTEM, ENOMEM, NULL);
        c->l->format_tar(c->tar);
        if (c->l->read_open(c->tar, c, NULL, feed, NULL) != ARCHIVE_OK)
                return damaged(c, c->tar);
        while ((r = next_entry(c, &e)) > 0) {
                step(c);
                r = entry_put(c->l, e, c->out, &kind);
                if (r >= 0 && kind == ENTRY_FILE)
                        r = give_contents(c);
                if (r < 0)
                        return r;
        }
        return r < 0 ? r : end_tar(c);
}

static bool is_all_zeros(const unsigned char *data, size_t size) {
        return size > 0 && data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static int format_of(Giver *c, ArchiveFormat *ret) {
        *ret = ARCHIVE_SINGLE;
        if (c->first_size == BLOCK && (is_tar_header(c->first) || (c->digest && is_all_zeros(c->first, BLOCK))))
                *ret = ARCHIVE_TAR;
        else if (c->digest)
                return out_fail(c->out, FAIL_NO_TAR, 0, NULL);
        return 0;
}

static void put_end(Giver *c) {
        RecordEnd end;

        if (c->digest)
                digest_end(c->digest, end.digest);
        out_record(c->out, RECORD_END, (OutPart[]){ { &end, c->digest ? sizeof(end) : 0 } }, 1);
        out_flush(c->out);
}

static int give(Giver *c) {
        ArchiveFormat format;
        RecordBegin begin;
        int r = open_stream(c);

        if (r >= 0)
                r = look_at_first(c);
        if (r >= 0)
                r = format_of(c, &format);
        if (r < 0)
                return r;
        begin = (RecordBegin){ format, c->l->filter_code(c->stream, 0) != ARCHIVE_FILTER_NONE };
        out_record(c->out, RECORD_BEGIN, (OutPart[]){ { &begin, sizeof(begin) } }, 1);
        out_flush(c->out);
        r = format == ARCHIVE_TAR ? give_tar(c) : give_single(c);
        if (r >= 0)
                put_end(c);
        return r;
}

int archive_give(const ArchiveGiving *giving) {
        Giver c = { .l = giving->library, .out = giving->out, .archive = giving->archive, .digest = giving->digest };
        int r = give(&c);

        (void) setitimer(ITIMER_PROF, &(struct itimerval){}, NULL);
        if (c.tar)
                c.l->read_free(c.tar);
        if (c.stream)
                c.l->read_free(c.stream);
        free(c.buffer);
        return r;
}
