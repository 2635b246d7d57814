# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives that want to be written somewhere else: by names, links, nodes, and by changing what a name is meanwhile."""

from tarbytes import attribute, directory, file, hard_link, header, long_name, node, pax, symlink, tar


def names(case, canary):
    out = canary.encode().lstrip(b"/")
    up = b"../" * 20 + out
    case("refused", "dotdot-file", tar(file(up + b"/evil")), "dotdot-file|\\.\\.")
    case("refused", "dotdot-alone", tar(file(b"..")))
    case("refused", "dotdot-directory", tar(directory(b"../", mode=0o777)))
    case("refused", "dotdot-middle", tar(directory(b"a"), file(b"a/../../evil")))
    case("refused", "dotdot-end", tar(directory(b"a"), directory(b"a/..", mode=0o777)))
    case("refused", "dotdot-behind-slash", tar(file(b"/" + up + b"/evil")))
    case("refused", "dotdot-of-nothing", tar(file(b"none/../" + up + b"/evil")))
    case("refused", "dotdot-by-pax", tar(pax([(b"path", up + b"/evil")]), file(b"good")))
    case("refused", "dotdot-by-gnu", tar(long_name(up + b"/evil"), file(b"good", magic=b"ustar  \0")))
    case("refused", "dotdot-by-prefix", tar(file(b"evil", raw={345: up[:150]})))
    case("either", "dotdot-by-global", tar(pax([(b"path", up + b"/evil")], b"g"), file(b"good")))
    case("refused", "dotdot-with-escapes", tar(file(b"../\x1b]0;owned\x07\r\n\x9b31m")))
    case("taken", "absolute", tar(file(canary.encode() + b"/evil")))
    case("taken", "absolute-many-slashes", tar(file(b"////" + out + b"//evil"), directory(b"//" + out + b"//")))
    case("either", "dot-as-file", tar(file(b".")))
    case("either", "dot-as-link", tar(symlink(b"./", canary.encode()), file(b"evil")))
    case("either", "dot-as-node", tar(node(b".", b"4", 8, 0)))
    case("either", "empty-name", tar(file(b"")))
    case("either", "slash-as-file", tar(file(b"/")))
    case("taken", "names-for-terminals", tar(file(b"a\x1b[2J\x1b]0;owned\x07"), file(b"b\nc"), file(b"\x9b31m"), file(b"\x7f\b\b")))
    case("taken", "names-not-utf8", tar(file(b"\xff\xfe"), pax([(b"path", b"\xc3\x28")]), file(b"x")))
    case("either", "name-with-nul", tar(pax([(b"path", b"good\0/../../evil")]), file(b"x")))
    case("refused", "component-of-256", tar(pax([(b"path", b"a" * 256)]), file(b"x")))
    case("taken", "component-of-255", tar(pax([(b"path", b"a" * 255)]), file(b"x")))
    case("refused", "levels-10000", tar(long_name(b"d/" * 10000 + b"f"), file(b"x")))
    case("refused", "levels-2000", tar(long_name(b"d/" * 2000 + b"f"), file(b"x")))
    case("taken", "levels-200", tar(long_name(b"d/" * 200 + b"f"), file(b"x")))
    case("refused", "levels-one-by-one", tar(*(long_name(b"d/" * n) + directory(b"x") for n in range(1, 400))))


def links_out(case, canary):
    at = canary.encode()
    up = b"../" * 20 + at.lstrip(b"/")
    for name, target in (("absolute", at), ("relative", up), ("by-proc-root", b"/proc/self/root" + at), ("by-proc-cwd", b"/proc/self/cwd/" + up),
                         ("by-proc-fd", b"/proc/self/fd/3/" + up), ("to-root", b"/")):
        below = at.lstrip(b"/") + b"/evil" if name == "to-root" else b"evil"
        case("refused", "link-" + name + "-file-beneath", tar(symlink(b"a", target), file(b"a/" + below)), "link-.*(a/|\\ba\\b)")
    case("refused", "link-mkdir-beneath", tar(symlink(b"a", at), directory(b"a/evil")))
    case("refused", "link-link-beneath", tar(symlink(b"a", at), symlink(b"a/evil", b"x")))
    case("refused", "link-fifo-beneath", tar(symlink(b"a", at), node(b"a/evil", b"6")))
    case("either", "link-node-beneath", tar(symlink(b"a", at), node(b"a/evil", b"3", 1, 3)))
    case("refused", "link-chain", tar(symlink(b"a", b"b"), symlink(b"b", b"c"), symlink(b"c", at), file(b"a/evil")))
    case("refused", "link-in-the-middle", tar(directory(b"d"), symlink(b"d/a", at), file(b"d/a/deep/evil")))
    case("refused", "link-cycle", tar(symlink(b"a", b"b"), symlink(b"b", b"a"), file(b"a/evil")))
    case("refused", "link-to-itself", tar(symlink(b"a", b"a"), file(b"a/evil")))
    case("refused", "link-to-dot", tar(symlink(b"a", b"."), file(b"a/evil")))
    case("refused", "link-name-with-slash", tar(symlink(b"a/", at), file(b"a/evil")))
    case("refused", "link-other-spelling", tar(symlink(b"./a", at), file(b"././/a//evil")))
    case("taken", "link-replaced-by-file", tar(symlink(b"a", at + b"/file"), file(b"a")))
    case("taken", "link-dangling-replaced-by-file", tar(symlink(b"a", at + b"/new"), file(b"a")))
    case("either", "link-replaced-by-directory", tar(symlink(b"a", at), directory(b"a", mode=0o777), file(b"a/evil")))
    case("either", "link-replaced-by-directory-with-slash", tar(symlink(b"a", at), directory(b"a/", mode=0o777, uid=1, gid=1, mtime=1), file(b"a/evil")))
    case("taken", "link-target-of-4000", tar(pax([(b"linkpath", b"x" * 4000)]), symlink(b"a", b"x")))
    case("refused", "link-target-of-5000", tar(pax([(b"linkpath", b"x" * 5000)]), symlink(b"a", b"x")))
    case("either", "link-target-empty", tar(symlink(b"a", b"")))
    case("taken", "link-with-attributes", tar(pax([(b"SCHILY.xattr.user.evil", b"1")]), symlink(b"a", at + b"/file", mode=0o7777, uid=1, gid=1, mtime=1)))
    case("either", "link-with-acl", tar(pax([(b"SCHILY.acl.access", b"user::rwx,group::rwx,other::rwx,user:x:rwx:1,mask::rwx")]), symlink(b"a", at + b"/file")))


def swaps(case, canary):
    at = canary.encode()
    case("refused", "swap-directory-by-link", tar(directory(b"d"), symlink(b"d", at), file(b"d/evil")))
    case("either", "swap-full-directory-by-link", tar(directory(b"d"), file(b"d/x"), symlink(b"d", at), file(b"d/evil")))
    case("either", "swap-deep", tar(directory(b"a"), directory(b"a/b"), file(b"a/b/1"), file(b"c"), hard_link(b"a/b/2", b"c"),
                                     header(b"a/b", b"2", link=at), file(b"a/b/evil")))
    case("refused", "swap-link-directory-link", tar(symlink(b"d", at), directory(b"d"), symlink(b"d", at), file(b"d/evil")))
    case("refused", "swap-file-by-link", tar(file(b"d"), symlink(b"d", at), file(b"d/evil")))
    case("refused", "swap-by-hard-link", tar(symlink(b"l", at), directory(b"d"), hard_link(b"d", b"l"), file(b"d/evil")))
    # attributes of directories are set late, since files change their times: by then the name is another thing
    for mode in (0o7777, 0):
        case("either", "late-attributes-%o" % mode, tar(pax([(b"SCHILY.xattr.user.evil", b"1")]), directory(b"d", mode=mode, uid=1, gid=1, mtime=1), symlink(b"d", at)))
    case("either", "late-attributes-of-parent", tar(directory(b"p"), directory(b"p/d", mode=0o7777, uid=1, mtime=1), file(b"p/d/x"), symlink(b"p", at)))
    case("taken", "twice-file", tar(file(b"f", b"1"), file(b"f", b"2"), file(b"f", b"")))
    case("either", "twice-file-directory", tar(file(b"f"), directory(b"f"), file(b"f/x")))
    case("either", "twice-directory-file", tar(directory(b"f"), file(b"f/x"), file(b"f")))
    case("either", "twice-each-kind", tar(*(e for _ in range(3) for e in (
        file(b"x"), symlink(b"x", at), node(b"x", b"6"), directory(b"x"), hard_link(b"x", b"y"), node(b"x", b"3", 1, 3), node(b"x", b"4", 8, 0)))))
    case("refused", "below-a-file", tar(file(b"f"), file(b"f/x")))
    case("refused", "below-a-fifo", tar(node(b"f", b"6"), file(b"f/x")))


def hard_links(case, canary):
    at = canary.encode()
    out = at.lstrip(b"/")
    up = b"../" * 20 + out
    case("refused", "hard-link-dotdot", tar(hard_link(b"h", up + b"/file")), "dotdot|\\bh\\b")
    case("refused", "hard-link-absolute", tar(hard_link(b"h", at + b"/file")))
    case("refused", "hard-link-absolute-then-written", tar(hard_link(b"h", at + b"/file"), file(b"h", b"owned")))
    case("refused", "hard-link-by-proc", tar(hard_link(b"h", b"/proc/self/root" + at + b"/file")))
    case("refused", "hard-link-through-link", tar(symlink(b"a", at), hard_link(b"h", b"a/file")))
    case("refused", "hard-link-through-chain", tar(symlink(b"a", b"b"), symlink(b"b", at), hard_link(b"h", b"a/file"), file(b"h")))
    case("either", "hard-link-to-link-then-written", tar(symlink(b"a", at + b"/file"), hard_link(b"h", b"a"), file(b"h", b"owned")))
    case("either", "hard-link-to-link-with-body", tar(symlink(b"a", at + b"/file"), header(b"h", b"1", 5, link=b"a") + b"owned".ljust(512, b"\0")))
    case("either", "hard-link-to-link-attributes", tar(symlink(b"a", at + b"/file"), pax([(b"SCHILY.xattr.user.evil", b"1")]),
                                                       hard_link(b"h", b"a", mode=0o7777, uid=1, gid=1, mtime=1)))
    case("either", "hard-link-to-itself", tar(hard_link(b"h", b"h")))
    case("either", "hard-link-file-to-itself", tar(file(b"h"), hard_link(b"h", b"h")))
    case("refused", "hard-link-cycle", tar(hard_link(b"a", b"b"), hard_link(b"b", b"a")))
    case("refused", "hard-link-to-nothing", tar(hard_link(b"a", b"none")))
    case("refused", "hard-link-forwards", tar(hard_link(b"a", b"b"), file(b"b")))
    case("refused", "hard-link-to-directory", tar(directory(b"d"), hard_link(b"h", b"d")))
    case("refused", "hard-link-to-top", tar(hard_link(b"h", b".")))
    case("refused", "hard-link-to-empty", tar(hard_link(b"h", b"")))
    case("taken", "hard-link-many", tar(file(b"f"), *(hard_link(b"h%d" % n, b"f") for n in range(2000))))


def nodes(case, canary):
    case("taken", "device-of-memory", tar(file(b"f"), node(b"mem", b"3", 1, 1, mode=0o666)))
    case("taken", "device-of-disk", tar(file(b"f"), node(b"sda", b"4", 8, 0, mode=0o666)))
    case("taken", "device-whiteout", tar(file(b"f"), node(b"gone", b"3", 0, 0)))
    case("either", "device-giant", tar(header(b"x", b"3", raw={329: b"\xff" * 8, 337: b"\xff" * 8})))
    case("either", "device-then-file", tar(node(b"x", b"4", 8, 0), file(b"x", b"y" * 4096)))
    case("either", "device-then-beneath", tar(node(b"x", b"4", 8, 0), file(b"x/y")))
    case("either", "device-hard-link", tar(node(b"x", b"3", 1, 1), hard_link(b"h", b"x")))
    case("taken", "fifo", tar(node(b"x", b"6")))
    case("taken", "fifo-then-file", tar(node(b"x", b"6"), file(b"x", b"y" * 70000)))
    case("either", "fifo-hard-link-then-file", tar(node(b"x", b"6"), hard_link(b"h", b"x"), file(b"h", b"y" * 70000), file(b"x")))
    case("taken", "setuid", tar(file(b"su", mode=0o6755), directory(b"d", mode=0o7777), file(b"stranger", uid=4000000000, gid=4000000000)))
    case("taken", "whiteout-names", tar(file(b".wh.etc"), file(b".wh..wh..opq"), directory(b"d"), file(b"d/.wh..wh..opq"), file(b".wh."), file(b".wh..")))


def attributes(case, canary):
    def with_xattrs(*pairs, entry=file(b"f")):
        return tar(pax([(b"SCHILY.xattr." + k, v) for k, v in pairs]), entry)

    case("taken", "xattr-trusted-overlay", with_xattrs((b"trusted.overlay.redirect", canary.encode()), (b"trusted.overlay.opaque", b"y"),
                                                       (b"trusted.overlay.metacopy", b""), entry=directory(b"d")))
    case("taken", "xattr-user-overlay", with_xattrs((b"user.overlay.redirect", canary.encode()), (b"user.overlay.whiteout", b"y"), entry=directory(b"d")))
    case("taken", "xattr-security", with_xattrs((b"security.selinux", b"system_u:object_r:unconfined_t:s0\0"), (b"security.ima", b"\3evil"), (b"security.evm", b"\2evil")))
    case("either", "xattr-capability-broken", with_xattrs((b"security.capability", b"\1\2\3")))
    case("either", "xattr-capability-of-a-user", with_xattrs((b"security.capability", b"\1\0\0\3" + b"\xff" * 16 + b"\0\0\0\0")))
    case("either", "xattr-system", with_xattrs((b"system.nfs4_acl", b"x"), (b"system.data", b"x")))
    case("either", "xattr-acl-broken", with_xattrs((b"system.posix_acl_access", b"\2\0\0\0" + b"\xff" * 80)))
    case("either", "xattr-long-name", with_xattrs((b"user." + b"x" * 300, b"y")))
    case("either", "xattr-no-name", with_xattrs((b"", b"y"), (b"user.", b"y"), (b"nothing", b"y")))
    case("taken", "xattr-name-for-terminals", with_xattrs((b"user.\x1b[2J\n", b"y")))
    case("refused", "xattr-100000", tar(pax([(b"SCHILY.xattr.user.%d" % n, b"") for n in range(30000)]), file(b"f")), "xattr-100000")
    case("refused", "xattr-of-100-kib", with_xattrs((b"user.large", b"x" * 100000)))
    case("refused", "xattr-a-mib", tar(pax([(b"SCHILY.xattr.user.%d" % n, b"x" * 60000) for n in range(17)]), file(b"f")))
    case("either", "acl-broken", tar(pax([(b"SCHILY.acl.access", b"user::rwx,,,\xff:::::")]), file(b"f")))
    case("either", "acl-of-1500", tar(pax([(b"SCHILY.acl.access", b"user::rwx,group::rwx,other::rwx,mask::rwx," + b",".join(b"user:u:rwx:%d" % n for n in range(1500)))]), file(b"f")))
    case("either", "acl-of-a-name", tar(pax([(b"SCHILY.acl.access", b"user::rwx,user:mallory:rwx,group::r--,mask::rwx,other::r--")]), file(b"f")))
    case("either", "flags", tar(pax([(b"SCHILY.fflags", b"schg,uappnd,immutable")]), file(b"f"), pax([(b"SCHILY.fflags", b"immutable")]), directory(b"d"), file(b"d/f")))
    case("either", "attribute-unknown-100000", tar(pax(b"".join(attribute(b"K%d" % n, b"") for n in range(100000))), file(b"f")))
