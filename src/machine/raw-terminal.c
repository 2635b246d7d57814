/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "raw-terminal.h"

#include <errno.h>
#include <unistd.h>

int raw_terminal_enter(RawTerminal *t) {
        bool out_is_tty = isatty(t->out);
        struct termios mode;
        int r = 0;

        if (t->saved || tcgetattr(t->in, &t->saved_in) >= 0) {
                mode = t->saved_in;
                cfmakeraw(&mode);
                if (!out_is_tty) /* what is shown is not ours to format then */
                        mode.c_oflag = t->saved_in.c_oflag;
                t->raw_in = tcsetattr(t->in, TCSANOW, &mode) >= 0;
        }
        if (!t->raw_in)
                r = -errno;
        if (out_is_tty && (t->saved || tcgetattr(t->out, &t->saved_out) >= 0)) {
                mode = t->saved_out;
                mode.c_oflag &= ~(tcflag_t) OPOST;
                t->raw_out = tcsetattr(t->out, TCSANOW, &mode) >= 0;
        }
        t->saved = true;
        return r;
}

void raw_terminal_leave(RawTerminal *t) {
        if (t->raw_out)
                (void) tcsetattr(t->out, TCSANOW, &t->saved_out);
        if (t->raw_in)
                (void) tcsetattr(t->in, TCSANOW, &t->saved_in);
        t->raw_in = t->raw_out = false;
}
