# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words for the tests of published ports, sourced by them.

up() {
        local name=$1
        shift
        boot "$name" "$@"
        serve "$name" 80
}

# On one of the host's addresses, until the test is over.
occupy() { # PORT ADDRESS [OPTION]
        local listen=TCP-LISTEN
        [[ $2 != *:* ]] || listen=TCP6-LISTEN
        socat "$listen:$1,bind=$2,reuseaddr,fork${3-}" /dev/null &
        OCCUPANT=$!
        wait_until 5 sh -c "ss -Hlnt 'sport = $1' | grep -q ."
}

vacate() {
        kill "$OCCUPANT"
        wait "$OCCUPANT" || true
}

ports_of() { property "$1" Port; }
