# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A guest that takes all terminals of its host.

. "$(dirname "${BASH_SOURCE[0]}")/loads-words.sh"

# One number for the whole host: the kernel keeps terminals back for the host's own, and who is logged in, or logs in on the terminals that
# a machine has from its start, notices nothing.
test_terminals_of_the_whole_host() {
        bomber web
        bomber other
        bombing web ptys-own 5000 60 400
        wait_until 10 test -s "$SCRATCH/made"
        has "$(cat "$SCRATCH/made")" ': No space left on device'
        has "$(timeout "$((5 * PATIENCE))" script -qec 'echo a terminal' /dev/null)" 'a terminal'
        nbox exec other /bin/busybox true
        log_in other
        kill -0 "$BOMB" # all along
        terminate web
        bombed
        terminate other
        remove_tree web
        remove_tree other
}
