/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-notify.h"

#include <string.h>
#include <sys/socket.h>

#include "fd.h"

int oci_notify_send(const OciState *s, const OciSpec *spec, int listener, Error **reterr) {
        const char *path = json_string_value(json_object_get(spec->seccomp, "listenerPath"));
        const char *metadata = json_string_value(json_object_get(spec->seccomp, "listenerMetadata"));
        _cleanup_close_ int fd = path ? unix_connect(path, SOCK_STREAM) : -ENOENT;
        json_t *j = json_pack("{s:s, s:[s], s:i, s:s*, s:o}", "ociVersion", "1.2.0", "fds", "seccompFd", "pid", (int) s->pid, "metadata", metadata,
                              "state", oci_state_json(s, OCI_CREATED));
        _cleanup_free_ char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        int r = fd;

        json_decref(j);
        if (!text)
                return error_oom(reterr);
        if (r >= 0)
                r = fd_send(fd, text, strlen(text), &listener, 1);
        return r < 0 ? error_errno(reterr, r, "linux.seccomp.listenerPath: cannot hand the filter's notifications to %s", path ?: "") : 0;
}
