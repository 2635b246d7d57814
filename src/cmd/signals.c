/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "cleanup.h"
#include "parse.h"
#include "verb-list.h"

/* In kill(1)'s words. Between the last signal with a name and SIGRTMIN are two that the C library keeps for itself. */
static const char *name_of(int sig, char buf[SIGNAL_TEXT_MAX]) {
        if (sig == SIGIO) /* SIGPOLL */
                return "SIGIO";
        if (sig == SIGRTMIN)
                return "SIGRTMIN+0";
        if (sig >= __SIGRTMIN && sig < SIGRTMIN) {
                snprintf(buf, SIGNAL_TEXT_MAX, "SIG%d", sig);
                return buf;
        }
        return signal_to_text(sig, buf);
}

int print_signals(const char *word) {
        bool table = strcmp(word, "list") == 0;
        char name[SIGNAL_TEXT_MAX];

        puts(table ? "SIGNAL NAME" : "0");
        for (int sig = 1; sig <= SIGRTMAX; sig++)
                if (table)
                        printf("%-6d %s\n", sig, name_of(sig, name));
                else
                        puts(name_of(sig, name) + strlen("SIG"));
        return 0;
}
