# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='calls that change the whole host: its clock, modules, kernel, swap, accounting, ports of its hardware'

setup() { bring attempt; }

attack() {
        attempt clock_settime settimeofday adjtimex init_module finit_module delete_module kexec_load kexec_file_load swapon swapoff \
                acct ioperm iopl quotactl console-level
}

verdict() { verdict_of_attempts; }
