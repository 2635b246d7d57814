# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives that lie about sizes, take memory, time or disk, are cut off, or are none."""

import binascii
import bz2
import gzip
import io
import lzma
import os
import subprocess
import zipfile

from tarbytes import BLOCK, END, attribute, directory, file, hard_link, header, padded, pax, symlink, tar

MIB = 1 << 20
GIB = 1 << 30


def through(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def zstd(data):
    return through(["zstd", "-qc", "-1"], data)


def gzip_members(*parts):
    """parts: (data, times): a gzip file may consist of several."""
    return b"".join(gzip.compress(data, 9, mtime=0) * times for data, times in parts)


def sparse(name, map_text, data, real, stated=None):
    """GNU's 1.0."""
    body = padded(map_text) + data
    return pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name), (b"GNU.sparse.realsize", b"%d" % real)]) + \
        header(b"GNUSparseFile.0/" + name, b"0", stated if stated is not None else len(body)) + padded(body)


def sparse_map(*pieces):
    return b"%d\n" % len(pieces) + b"".join(b"%d\n%d\n" % piece for piece in pieces)


def old_sparse(name, pieces, data, real):
    """GNU's oldest: up to four pieces in the header."""
    fields = b"".join(b"%011o\0%011o\0" % piece for piece in pieces)
    return header(name, b"S", len(data), magic=b"ustar  \0", raw={386: fields, 483: b"%011o\0" % real}) + padded(data)


def sizes(case, canary):
    case("refused", "size-negative", header(b"f", size=-1) + END)
    case("refused", "size-most-negative", header(b"f", size=-(1 << 63)) + END)
    case("refused", "size-2-63", header(b"f", size=(1 << 63) - 1) + END)
    case("refused", "size-2-95", header(b"f", raw={124: b"\x80" + b"\xff" * 11}) + END)
    case("refused", "size-by-pax", pax([(b"size", b"9" * 30)]) + file(b"f") + END)
    case("either", "size-by-pax-negative", pax([(b"size", b"-5")]) + file(b"f") + END)
    case("either", "size-no-number", header(b"f", raw={124: b"zzzzzzzzzzz\0"}) + END)
    case("refused", "size-of-17-tib", header(b"f", size=17 << 40) + END)
    case("either", "size-of-directory", header(b"d", b"5", 512) + bytes(BLOCK) + END)
    case("either", "size-of-link", header(b"l", b"2", 512, link=b"x") + bytes(BLOCK) + END)
    case("either", "size-of-node", header(b"n", b"6", 512) + bytes(BLOCK) + END)
    data = b"d" * 1024
    case("taken", "sparse-good", tar(sparse(b"f", sparse_map((0, 512), (1 << 30, 512)), data, 1 << 31)))
    case("refused", "sparse-overlaps", tar(sparse(b"f", sparse_map((0, 512), (100, 512)), data, 4096)))
    case("refused", "sparse-backwards", tar(sparse(b"f", sparse_map((2048, 512), (0, 512)), data, 4096)))
    case("refused", "sparse-beyond-size", tar(sparse(b"f", sparse_map((0, 512), (1 << 40, 512)), data, 4096)))
    case("refused", "sparse-beyond-all", tar(sparse(b"f", sparse_map((0, 512), ((1 << 63) - 10, 512)), data, (1 << 63) - 1)))
    case("refused", "sparse-of-4-eib", tar(sparse(b"f", sparse_map((0, 512), (1 << 61, 512)), data, 1 << 62)))
    case("refused", "sparse-no-map", tar(sparse(b"f", b"x" * 512, data, 4096)))
    case("refused", "sparse-endless-map", tar(sparse(b"f", b"9" * 4096, data, 4096)))
    case("refused", "sparse-map-of-2-63", tar(sparse(b"f", b"9223372036854775807\n" + b"0\n1\n" * 100, data, 4096)))
    case("either", "sparse-map-of-50000", tar(sparse(b"f", sparse_map(*((n * 1024, 1) for n in range(50000))), b"x" * 50000, 50000 * 1024)))
    case("either", "sparse-negative", tar(sparse(b"f", b"1\n-512\n512\n", data, 4096)))
    case("either", "sparse-real-negative", tar(sparse(b"f", sparse_map((0, 512)), data, -1)))
    case("either", "sparse-text-map", tar(pax([(b"GNU.sparse.map", b"0,512,1024," + b"," * 1000), (b"GNU.sparse.size", b"4096"), (b"GNU.sparse.name", b"f")]) + file(b"x", data)))
    case("either", "sparse-0.0-many", tar(pax(b"".join(attribute(b"GNU.sparse.offset", b"%d" % (9 - n % 9)) + attribute(b"GNU.sparse.numbytes", b"7") for n in range(9000))
                                               + attribute(b"GNU.sparse.size", b"4096")), file(b"f", data)))
    case("refused", "sparse-old-overlaps", tar(old_sparse(b"f", [(0, 512), (256, 512)], data, 4096)))
    case("refused", "sparse-old-huge", tar(old_sparse(b"f", [(0, 512), (0o77777777777, 512)], data, 4096)))
    case("refused", "sparse-name-dotdot", tar(sparse(b"../../../../../.." + canary.encode() + b"/evil", sparse_map((0, 512)), data, 4096)))


def headers(case, canary):
    case("refused", "pax-of-4-gib", header(b"x", b"x", 4 * GIB) + bytes(BLOCK) + END)
    case("refused", "pax-of-8-mib", header(b"x", b"x", 8 * MIB) + padded(attribute(b"comment", b"c" * (8 * MIB - 20)).ljust(8 * MIB, b"\n")) + file(b"f") + END)
    case("either", "pax-of-900-kib", tar(pax([(b"comment", b"c" * 900000)]), file(b"f")))
    case("refused", "pax-length-zero", tar(pax(b"0 path=x\n"), file(b"f")))
    case("refused", "pax-length-giant", tar(pax(b"99999999999999999999 path=x\n"), file(b"f")))
    case("refused", "pax-length-negative", tar(pax(b"-9 path=x\n"), file(b"f")))
    case("refused", "pax-length-beyond", tar(pax(b"900 path=x\n"), file(b"f")))
    case("either", "pax-no-equals", tar(pax(b"9 pathx..\n"), file(b"f")))
    case("either", "pax-without-entry", tar(pax([(b"path", b"x")])))
    case("either", "pax-1000-in-a-row", tar(pax([(b"path", b"x")]) * 1000, file(b"f")))
    case("either", "pax-global-10000", tar(pax([(b"comment", b"x")], b"g") * 10000, file(b"f")))
    case("refused", "owner-minus-one", tar(pax([(b"uid", b"4294967295")]), file(b"f")), "owner")
    case("refused", "owner-2-40", tar(pax([(b"gid", b"1099511627776")]), file(b"f")), "owner")
    case("either", "owner-negative", tar(pax([(b"uid", b"-2")]), file(b"f")))
    case("either", "time-2-62", tar(pax([(b"mtime", b"4611686018427387904")]), file(b"f")))
    case("either", "time-negative", tar(pax([(b"mtime", b"-99999999999999.5")]), file(b"f"), directory(b"d", mtime=-(1 << 60))))
    case("either", "time-no-number", tar(pax([(b"mtime", b"nan")]), file(b"f")))
    case("refused", "long-name-of-4-gib", header(b"././@LongLink", b"L", 4 * GIB, magic=b"ustar  \0") + bytes(BLOCK) + END)
    case("either", "long-names-in-a-row", header(b"././@LongLink", b"L", 2, magic=b"ustar  \0") * 1 + (padded(b"a\0") + header(b"././@LongLink", b"L", 2, magic=b"ustar  \0")) * 5000
         + padded(b"b\0") + file(b"f") + END)
    for type in (b"M", b"V", b"D", b"A", b"Z", b"7", b"\0", b"\xff", b"N"):
        case("either", "type-%s" % type.hex(), tar(header(b"t/", type, 512) + padded(b"x" * 512), file(b"f")))
    case("refused", "sum-wrong", tar(file(b"a"), header(b"b")[:148] + b"000000\0 " + header(b"b")[156:]))
    case("refused", "garbage-behind-first", file(b"a") + b"garbage! " * 500)
    case("either", "garbage-behind-end", tar(file(b"a")) + b"garbage! " * 500)


def bombs(case, canary):
    zeros = bytes(16 * MIB)
    limit = ["--max-size=64M"]
    case("refused", "bomb-gzip", gzip_members((header(b"zeros", size=GIB), 1), (zeros, 64), (END, 1)), suffix=".tar.gz", options=limit)
    many_zeros = subprocess.run("head -c 1G /dev/zero | zstd -qc -1", shell=True, stdout=subprocess.PIPE, check=True).stdout
    case("refused", "bomb-zstd", zstd(header(b"zeros", size=GIB)) + many_zeros + zstd(END), suffix=".tar.zst", options=limit)
    case("refused", "bomb-zstd-in-zstd", zstd(zstd(header(b"zeros", size=GIB)) + many_zeros + zstd(END)), suffix=".tar.zst", options=limit)
    case("refused", "bomb-behind-the-end", zstd(tar(file(b"f"))) + many_zeros, suffix=".tar.zst")
    case("refused", "bomb-disk-image", many_zeros, suffix=".raw.zst", options=limit)
    nested = tar(file(b"f"))
    for _ in range(60):
        nested = gzip.compress(nested, 1, mtime=0)
    case("refused", "bomb-nested-60", nested, suffix=".tar.gz")
    window = through(["zstd", "-qc", "--ultra", "-3", "--long=31"], tar(file(b"f", b"x" * MIB)))
    case("either", "bomb-window", window, suffix=".tar.zst")
    # a frame that says its window is 3.75 TiB: descriptor without sizes, window descriptor 0xff
    case("refused", "bomb-window-of-terabytes", b"\x28\xb5\x2f\xfd\x00\xff" + b"\x01\x00\x00", suffix=".tar.zst")
    dictionary = bytearray(lzma.compress(tar(file(b"f"))))
    assert dictionary[14:16] == b"\x21\x01"  # LZMA2; its one byte of properties is the dictionary's size: 40 is 4 GiB
    dictionary[16] = 40
    dictionary[20:24] = binascii.crc32(dictionary[12:20]).to_bytes(4, "little")
    case("refused", "bomb-dictionary-of-4-gib", bytes(dictionary), suffix=".tar.xz")
    case("refused", "bomb-many-files", tar(*(file(b"%d" % n, b"x" * 4096) for n in range(3000))), options=["--max-size=4M"])
    case("either", "bomb-empty-gzips", gzip.compress(b"", 9, mtime=0) * 50000 + gzip.compress(tar(file(b"f")), 9, mtime=0), suffix=".tar.gz")


def cut(case, canary):
    whole = tar(file(b"a", b"a" * 3000), pax([(b"path", b"b")]), file(b"x", b"b" * 3000), symlink(b"c", b"d"), hard_link(b"h", b"a"))
    places = {"in-first-header": 300, "behind-first-header": 512, "in-data": 2000, "in-padding": 3550, "at-an-entry": 512 + 3072,
              "in-pax": 512 + 3072 + 700, "behind-pax": 512 + 3072 + 1024, "before-the-end": len(whole) - 1024, "in-the-end": len(whole) - 1000}
    for name, size in places.items():
        case("refused", "cut-" + name, whole[:size])
    for suffix, data in ((".tar.gz", gzip.compress(whole, mtime=0)), (".tar.xz", lzma.compress(whole)), (".tar.bz2", bz2.compress(whole)), (".tar.zst", zstd(whole))):
        for name, size in (("half", len(data) // 2), ("last-byte", len(data) - 1), ("magic", 6)):
            case("refused", "cut%s-%s" % (suffix.replace(".", "-"), name), data[:size], suffix=suffix)
        broken = bytearray(data)
        broken[len(data) // 2] ^= 0x55
        case("either" if suffix == ".tar.gz" else "refused", "broken%s" % suffix.replace(".", "-"), bytes(broken), suffix=suffix)


def none(case, canary):
    """Not an archive that we take, whatever the name says."""
    case("refused", "empty", b"")
    case("refused", "empty-gzip", gzip.compress(b"", mtime=0), suffix=".tar.gz")
    case("refused", "one-byte", b"x")
    case("refused", "text", b"this is no archive\n" * 100)
    case("refused", "zeros", bytes(10240))
    case("refused", "many-zeros", bytes(2 * MIB), suffix=".raw")
    case("refused", "random", os.urandom(200000), suffix=".raw")
    case("refused", "html", b"<!doctype html><title>404</title>\n", suffix=".tar.gz")
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as z:
        z.writestr("../../../../../../.." + canary + "/evil", "x")
    case("refused", "zip", memory.getvalue(), suffix=".zip")
    for format in ("cpio", "newc", "iso9660", "7zip", "ar", "mtree", "shar", "warc", "xar"):
        made = subprocess.run(["bsdtar", "-C", "/etc", "--format", format, "-cf", "-", "hostname"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if made.returncode == 0 and made.stdout:
            case("refused", "format-" + format, made.stdout, suffix="." + format)
    case("refused", "qcow2", b"QFI\xfb\0\0\0\3" + bytes(100000), suffix=".raw")
    case("refused", "elf", open("/bin/true", "rb").read(), suffix=".tar")
