# SPDX-License-Identifier: GPL-2.0-or-later
"""Tars byte by byte: what no tool would write."""

BLOCK = 512
END = bytes(2 * BLOCK)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def number(value, size):
    """Octal; what does not fit, and what is negative, in GNU's base 256."""
    if 0 <= value < 8 ** (size - 1):
        return b"%0*o\0" % (size - 1, value)
    return (value % (1 << 8 * size) | (0x80 << 8 * (size - 1))).to_bytes(size, "big")


def header(name, type=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=1700000000, magic=b"ustar\x0000", device=(0, 0), raw=None):
    """raw: {offset: bytes} put over the fields, before the sum is made."""
    block = bytearray(BLOCK)

    def put(offset, data):
        block[offset:offset + len(data)] = data

    put(0, name[:100])
    put(100, number(mode, 8))
    put(108, number(uid, 8))
    put(116, number(gid, 8))
    put(124, number(size, 12))
    put(136, number(mtime, 12))
    put(156, type)
    put(157, link[:100])
    put(257, magic)
    put(329, number(device[0], 8))
    put(337, number(device[1], 8))
    for offset, data in (raw or {}).items():
        put(offset, data)
    put(148, b" " * 8)
    put(148, b"%06o\0 " % sum(block))
    return bytes(block)


def attribute(key, value):
    """pax: "LENGTH key=value\\n", the length being of all of it."""
    rest = len(key) + len(value) + 3
    length = rest + 1
    while len(str(length)) + rest != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def pax(attributes, type=b"x"):
    """An extended header; attributes: bytes, or a list of pairs."""
    if not isinstance(attributes, bytes):
        attributes = b"".join(attribute(k, v) for k, v in attributes)
    return header(b"PaxHeaders/x", type, len(attributes)) + padded(attributes)


def file(name, data=b"from the archive\n", **how):
    return header(name, b"0", len(data), **how) + padded(data)


def directory(name, **how):
    return header(name, b"5", mode=how.pop("mode", 0o755), **how)


def symlink(name, target, **how):
    return header(name, b"2", link=target, **how)


def hard_link(name, target, **how):
    return header(name, b"1", link=target, **how)


def node(name, type, major=0, minor=0, **how):
    return header(name, type, device=(major, minor), **how)


def long_name(name, type=b"L"):
    """GNU's, for the entry that follows."""
    return header(b"././@LongLink", type, len(name) + 1, magic=b"ustar  \0") + padded(name + b"\0")


def tar(*entries):
    return b"".join(entries) + END
