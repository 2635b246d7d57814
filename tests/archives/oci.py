# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile images of OCI and of docker-archives, as tars of their directories. Digests and sizes are right where they are not what is wrong."""

import hashlib
import json

from tarbytes import directory, file, hard_link, header, node, pax, symlink, tar

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
BASE = tar(directory(b"etc"), file(b"etc/hostname"), directory(b"sbin"), file(b"sbin/init", mode=0o755), directory(b"d"), file(b"d/lower"))


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """What a layout has; each part can be made wrong before it is written."""

    def __init__(self):
        self.blobs = {}
        self.extra = []

    def blob(self, data, media, **wrong):
        self.blobs[sha256(data)] = data
        return {"mediaType": media, "digest": sha256(data), "size": len(data), **wrong}

    def json(self, value, media, **wrong):
        return self.blob(json.dumps(value).encode(), media, **wrong)

    def manifest(self, layers, config=None, diff_ids=None, wrong_layer=None, wrong_config=None, **wrong):
        configuration = {"architecture": "amd64", "os": "linux", "config": config or {},
                         "rootfs": {"type": "layers", "diff_ids": diff_ids or [sha256(layer) for layer in layers]}}
        return self.json({"schemaVersion": 2, "mediaType": MANIFEST, "config": self.json(configuration, CONFIG, **(wrong_config or {})),
                          "layers": [self.blob(layer, LAYER, **(wrong_layer or {})) for layer in layers]}, MANIFEST, **wrong)

    def tar(self, *manifests, index=None):
        if index is None:
            index = json.dumps({"schemaVersion": 2, "manifests": list(manifests)}).encode()
        return tar(directory(b"blobs"), directory(b"blobs/sha256"), file(b"oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), file(b"index.json", index),
                   *(file(b"blobs/sha256/" + digest[7:].encode(), data) for digest, data in self.blobs.items()), *self.extra)


def image(*layers, **how):
    layout = Layout()
    return layout.tar(layout.manifest([BASE, *layers], **how))


def descriptors(case, canary):
    case("taken", "oci-good", image(tar(file(b"d/upper"))))
    for name, digest in (("traversal", "sha256:../../../../../../.." + canary + "/file"), ("absolute", "sha256:" + canary + "/file"), ("algorithm", "../../../..:" + "0" * 64),
                         ("empty", ""), ("none", "sha256:"), ("short", "sha256:abcd"), ("upper-case", "sha256:" + "A" * 64), ("sha1", "sha1:" + "0" * 40),
                         ("nul", "sha256:" + "0" * 63 + "\0"), ("missing", "sha256:" + "0" * 64), ("escape", "sha256:\x1b[2J\x07")):
        case("refused", "oci-layer-digest-" + name, image(wrong_layer={"digest": digest}))
    evil = {"digest": "sha256:../../../../../../.." + canary + "/file"}
    case("refused", "oci-config-digest", image(wrong_config=evil))
    layout = Layout()
    case("refused", "oci-manifest-digest", layout.tar(layout.manifest([BASE], **evil)))
    for name, size in (("wrong", 5), ("negative", -1), ("2-62", 1 << 62), ("beyond", 1 << 70), ("text", "12"), ("null", None), ("float", 1e300)):
        case("refused", "oci-layer-size-" + name, image(wrong_layer={"size": size}))
        layout = Layout()
        case("refused", "oci-manifest-size-" + name, layout.tar(layout.manifest([BASE], size=size)))
    case("refused", "oci-diff-id-wrong", image(diff_ids=["sha256:" + "1" * 64]))
    case("refused", "oci-diff-ids-too-many", image(diff_ids=[sha256(BASE)] * 3))
    case("refused", "oci-layer-type", image(wrong_layer={"mediaType": "application/x-evil"}))
    case("either", "oci-layer-urls", image(wrong_layer={"urls": ["file://" + canary + "/file", "http://127.0.0.1:1/"]}))


def blobs(case, canary):
    layout = Layout()
    manifest = layout.manifest([BASE])
    digest = sha256(BASE)[7:].encode()
    for name, entries in (("link-out", [symlink(b"blobs/sha256/" + digest, canary.encode() + b"/file")]),
                          ("hard-link", [hard_link(b"blobs/sha256/" + digest, b"oci-layout")]),
                          ("changed", [file(b"blobs/sha256/" + digest, b"other")]),
                          ("directory", [directory(b"blobs/sha256/" + digest)]),
                          ("fifo", [node(b"blobs/sha256/" + digest, b"6")])):
        broken = Layout()
        broken.blobs = {d: data for d, data in layout.blobs.items() if d != sha256(BASE)}
        broken.extra = entries
        case("refused", "oci-blob-" + name, broken.tar(manifest))
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    case("refused", "oci-blobs-link-out", tar(file(b"oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), file(b"index.json", index), symlink(b"blobs", canary.encode())))
    case("refused", "oci-blobs-proc", tar(file(b"oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), file(b"index.json", index), directory(b"blobs"), symlink(b"blobs/sha256", b"/proc/self/fd")))
    case("either", "oci-index-link-out", tar(file(b"oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), symlink(b"index.json", canary.encode() + b"/file"), directory(b"blobs")))
    case("either", "oci-layout-fifo", tar(node(b"oci-layout", b"6"), node(b"index.json", b"6"), directory(b"blobs")))


def documents(case, canary):
    for name, index in (("empty", b""), ("nothing", b"{}"), ("array", b"[]"), ("null", b"null"), ("not-json", b"{{{{"), ("not-utf8", b'{"manifests": ["\xff"]}'),
                        ("deep", b"[" * 200000), ("deep-objects", b'{"a":' * 50000), ("huge", b'{"a": "' + b"x" * (17 << 20) + b'"}'), ("no-image", b'{"manifests": []}'),
                        ("manifests-text", b'{"manifests": "x"}'), ("numbers", b'{"manifests": [1, null, [], {}]}'), ("nul", b'{"manifests": [{"digest": "\\u0000"}]}')):
        case("refused", "oci-index-" + name, Layout().tar(index=index))
    layout = Layout()
    inner = layout.manifest([BASE])
    for _ in range(200):
        inner = layout.json({"schemaVersion": 2, "manifests": [inner]}, INDEX)
    case("refused", "oci-index-nested-200", layout.tar(inner))
    layout = Layout()  # with a right digest there is no cycle: the index names itself by a wrong one, twice at each level
    cycle = {"mediaType": INDEX, "digest": "sha256:" + "2" * 64, "size": 100}
    layout.blobs["sha256:" + "2" * 64] = json.dumps({"schemaVersion": 2, "manifests": [cycle, cycle]}).encode()
    case("refused", "oci-index-cycle", layout.tar(cycle))
    layout = Layout()
    wide = layout.manifest([BASE])
    for _ in range(40):
        wide = layout.json({"schemaVersion": 2, "manifests": [wide] * 10}, INDEX)
    case("refused", "oci-index-10-to-the-40", layout.tar(wide))
    layout = Layout()
    case("either", "oci-index-of-20000", layout.tar(*[layout.manifest([BASE])] * 20000))
    case("refused", "oci-layers-20000", image(*[tar(file(b"d/x"))] * 5000))
    layout = Layout()
    case("refused", "oci-manifest-huge", layout.tar(layout.json({"schemaVersion": 2, "annotations": {"a": "x" * (17 << 20)}}, MANIFEST)))
    layout = Layout()
    case("refused", "oci-manifest-without-layers", layout.tar(layout.json({"schemaVersion": 2}, MANIFEST)))
    layout = Layout()
    case("refused", "oci-other-architecture", layout.tar(layout.manifest([BASE], platform={"architecture": "s390x", "os": "plan9"})), "s390x|plan9|architecture|platform")


def layers(case, canary):
    at = canary.encode()
    case("refused", "oci-layer-dotdot", image(tar(file(b"../../../../../../.." + at + b"/evil"))))
    # a directory of the upper layer hides a link of the lower one, so these three change nothing but their own layer
    case("either", "oci-layer-through-lower-link", image(tar(symlink(b"a", at)), tar(file(b"a/evil"))))
    case("either", "oci-layer-link-replaced", image(tar(symlink(b"a", at)), tar(directory(b"a"), file(b"a/evil"))))
    case("refused", "oci-layer-hard-link-through-lower-link", image(tar(symlink(b"a", at)), tar(hard_link(b"h", b"a/file"))))
    case("either", "oci-layer-hard-link-to-lower-link", image(tar(symlink(b"a", at + b"/file")), tar(hard_link(b"h", b"a"), file(b"h", b"owned"))))
    case("refused", "oci-layer-not-a-tar", image(b"this is no tar\n" * 100))
    case("refused", "oci-layer-empty", image(b""))
    case("refused", "oci-layer-cut", image(tar(file(b"x", b"x" * 4000))[:2000]))
    case("either", "oci-layer-devices", image(tar(node(b"gone", b"3", 0, 0), node(b"d/lower", b"3", 0, 0), node(b"sda", b"4", 8, 0))))
    case("either", "oci-layer-overlay-attributes", image(tar(pax([(b"SCHILY.xattr.trusted.overlay.redirect", at), (b"SCHILY.xattr.trusted.overlay.opaque", b"y"),
                                                              (b"SCHILY.xattr.user.overlay.redirect", at)]), directory(b"d"))))
    for name, entries in (("alone", [file(b".wh.")]), ("of-dot", [file(b".wh..")]), ("of-dotdot", [file(b".wh...")]), ("of-dotdot-slash", [file(b".wh.../x")]),
                          ("of-dotdot-beneath", [file(b"d/.wh...")]), ("opaque-root", [file(b".wh..wh..opq")]), ("of-whiteout", [file(b".wh..wh.x")]),
                          ("of-aufs", [directory(b".wh..wh.plnk"), file(b".wh..wh.plnk/1.2"), hard_link(b"x", b".wh..wh.plnk/1.2")]),
                          ("of-nothing", [file(b"none/at/all/.wh.x")]), ("twice", [file(b"d/.wh.lower"), file(b"d/.wh.lower")]),
                          ("and-file", [file(b"d/.wh.lower"), file(b"d/lower", b"new")]), ("and-file-before", [file(b"d/lower", b"new"), file(b"d/.wh.lower")]),
                          ("of-parent", [file(b"d/x"), file(b".wh.d")]), ("then-beneath", [file(b".wh.d"), file(b"d/x")]), ("as-directory", [directory(b".wh.d"), file(b".wh.d/x")]),
                          ("as-link", [symlink(b".wh.d", at)]), ("as-device", [node(b".wh.d", b"4", 8, 0)]), ("as-opaque-link", [symlink(b"d/.wh..wh..opq", at + b"/file")]),
                          ("with-dotdot", [file(b"d/../../../../../../../../../.." + at + b"/.wh.file")]), ("absolute", [file(at + b"/.wh.file")]),
                          ("name-of-255", [file(b".wh." + b"a" * 90)])):
        case("either", "oci-whiteout-" + name, image(tar(*entries)))
    case("either", "oci-whiteout-through-lower-link", image(tar(symlink(b"a", at)), tar(file(b"a/.wh.file"))))
    case("either", "oci-opaque-through-lower-link", image(tar(symlink(b"a", at)), tar(file(b"a/.wh..wh..opq"))))
    case("either", "oci-whiteout-through-own-link", image(tar(symlink(b"a", at), file(b"a/.wh.file"))))


def configs(case, canary):
    inject = "x\n[Exec]\nPrivateUsers=no\nCapability=all\n[Files]\nBind=" + canary
    for name, config in (("environment", {"Env": ["A=" + inject, inject, "=", "PATH=/a\r[Exec]\rPrivateUsers=no", "B=\\\nPrivateUsers=no"]}),
                         ("entrypoint", {"Entrypoint": [inject, "", "\"", "'"], "Cmd": [inject, "$(reboot)", "%n"]}), ("entrypoint-text", {"Entrypoint": inject}),
                         ("user", {"User": inject}), ("user-dotdot", {"User": "../../../etc/passwd:-1"}), ("directory", {"WorkingDir": inject}),
                         ("directory-dotdot", {"WorkingDir": "/../../../.." + canary}), ("signal", {"StopSignal": inject}), ("signal-number", {"StopSignal": "99999999999"}),
                         ("volumes", {"Volumes": {inject: {}, "/../../..": {}, "relative": {}, "/": {}, "/a:/b": {}}}), ("ports", {"ExposedPorts": {inject: {}, "99999/tcp": {}}}),
                         ("labels", {"Labels": {inject: inject, "a": "\x1b[2J"}}), ("types", {"Env": {}, "Cmd": 1, "Volumes": [], "Labels": None, "User": 5}),
                         ("many", {"Env": ["A%d=" % n + "x" * 100 for n in range(50000)]})):
        case("either", "oci-config-" + name, image(config=config))


def docker(config="c.json", layers=("l/layer.tar",), entries=(), manifest=None, diff_ids=None):
    text = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids or [sha256(BASE)] * len(layers)}}).encode()
    if manifest is None:
        manifest = json.dumps([{"Config": config, "RepoTags": ["evil:latest"], "Layers": list(layers)}]).encode()
    return tar(file(b"manifest.json", manifest), file(b"c.json", text), directory(b"l"), *(entries or [file(b"l/layer.tar", BASE)]))


def docker_archives(case, canary):
    at = canary.encode()
    case("taken", "docker-good", docker())
    for name, path in (("dotdot", "../../../../../../.." + canary + "/layer.tar"), ("absolute", canary + "/layer.tar"), ("empty", ""), ("directory", "l"), ("missing", "none/layer.tar"),
                       ("nul", "l\0/layer.tar"), ("escape", "\x1b[2J\x07")):
        verdict = "either" if name == "nul" else "refused"
        case(verdict, "docker-layer-" + name, docker(layers=[path]))
        case(verdict, "docker-config-" + name, docker(config=path))
    case("refused", "docker-layer-link-out", docker(entries=[symlink(b"l/layer.tar", at + b"/layer.tar")]))
    case("refused", "docker-layer-link-dotdot", docker(entries=[symlink(b"l/layer.tar", b"../../../../../../.." + at + b"/layer.tar")]))
    case("refused", "docker-layer-link-cycle", docker(entries=[symlink(b"l/layer.tar", b"../m/layer.tar"), directory(b"m"), symlink(b"m/layer.tar", b"../l/layer.tar")]))
    case("refused", "docker-layer-through-link", docker(entries=[symlink(b"m", at)], layers=["m/layer.tar"]))
    case("refused", "docker-layer-fifo", docker(entries=[node(b"l/layer.tar", b"6")]))
    case("refused", "docker-diff-id", docker(diff_ids=["sha256:" + "3" * 64]))
    case("refused", "docker-diff-ids-missing", docker(diff_ids=[sha256(BASE)] * 9))
    case("refused", "docker-layers-5000", docker(layers=["l/layer.tar"] * 5000))
    for name, manifest in (("empty", b""), ("nothing", b"[]"), ("object", b"{}"), ("deep", b"[" * 100000), ("types", b'[{"Config": 1, "Layers": "x"}]'), ("no-layers", b'[{"Config": "c.json"}]'),
                           ("huge", b'["' + b"x" * (17 << 20) + b'"]')):
        case("either", "docker-manifest-" + name, docker(manifest=manifest))  # a tree that happens to have a file of the name
