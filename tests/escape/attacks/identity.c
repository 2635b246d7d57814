/* SPDX-License-Identifier: GPL-2.0-or-later */

/* identity: prints the effective user, as what it is by a setuid bit. */

#include <stdio.h>
#include <unistd.h>

int main(void) {
        return printf("%u\n", geteuid()) < 0;
}
