/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remote.h"

const RemoteVerb remote_verbs[] = {
        { "boot", REMOTE_READS | REMOTE_TERMINAL_ALL },
        { "run", REMOTE_READS | REMOTE_TERMINAL_ALL },
        { "login", REMOTE_READS | REMOTE_TERMINAL_IN },
        { "console", REMOTE_READS | REMOTE_TERMINAL_IN },
        { "shell", REMOTE_READS | REMOTE_TERMINAL_IN },
        { "exec", REMOTE_READS | REMOTE_TERMINAL_OPTION },
        { "passwd", REMOTE_READS | REMOTE_TERMINAL_IN },
        { "top", REMOTE_READS | REMOTE_TERMINAL_OUT },
        { "edit", REMOTE_READS | REMOTE_TERMINAL_OUT },
        { "remove", REMOTE_TERMINAL_ASKS },
        { "send", REMOTE_STREAM_OUT },
        { "receive", REMOTE_READS | REMOTE_STREAM_IN },
        { "import", 0, remote_import },
        { "import-tar", 0, remote_import },
        { "import-raw", 0, remote_import },
        { "import-fs", 0, remote_import },
        { "copy-to", 0, remote_copy },
        { "copy-from", 0, remote_copy },
        { "export", 0, remote_export },
        { "export-tar", 0, remote_export },
        { "export-raw", 0, remote_export },
        {},
};
