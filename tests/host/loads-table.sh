#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# loads-table.sh ATTACK:COUNT...: run in a test host; prints a line of a table for each attack, played by one machine while the host and another
# machine are asked for things. Before them, a line for what these take while nothing else is done. By hand: see tests/loads.
set -eu -o pipefail
HERE=$(dirname "$(readlink -f "$0")")
. "$HERE/../lib.sh"
. "$HERE/world.sh"
. "$HERE/loads-words.sh"
exec 3>&2
: "${SLOW:=1}" "${SECONDS_EACH:=4}"
SCRATCH=$(mktemp -d "$HERE/../../scratch.XXXXXX")
export SLOW

# row WHAT MADE CPU FELT: "-" where the host could not be asked.
row() {
        local word of
        of=$1
        printf '| %s | %s | %s |' "$of" "$2" "$3"
        for word in list exec program file; do printf ' %s |' "$(grep -oP "\\b$word \\K[0-9a-z]+" <<<"$4" || echo -)"; done
        echo
}

world_setup
bomber other 2>/dev/null
bomber web 2>/dev/null
echo "| attack | made: why no more | supervisor, % | list, ms | exec, ms | program, ms | file, ms |"
echo "|---|---|---|---|---|---|---|"
row "(quiet)" - "$(cpu_of "$(property web Supervisor)" 1)" "$(feels other "$SECONDS_EACH")"
for attack in "$@"; do
        is_listed web || boot web 2>/dev/null
        bombing web "${attack%:*}" "${attack#*:}" "$((SECONDS_EACH * SLOW))" 2
        cpu=$(cpu_of "$(property web Supervisor)" 1)
        felt=$(feels other "$SECONDS_EACH")
        bombed
        row "${attack%:*}" "$(sed 's/^made //' "$SCRATCH/made" | head -n 1)" "$cpu" "$felt"
done
terminate web
terminate other
world_end
rm -rf "$SCRATCH"
