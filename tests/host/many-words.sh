# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Fifty machines that start with the host: a chain of four, a group of data and one of front ends that comes after it, one that is late,
# and all others as they come.

: "${MANY:=50}" "${DELAY:=2}"

machines() { seq -f 'm%02g' "$MANY"; }
chain() { seq -f 'm%02g' 4; }
data() { seq -f 'm%02g' 5 8; }
front() { seq -f 'm%02g' 9 14; }
late() { echo m15; }
others() { seq -f 'm%02g' 16 "$MANY"; }

# shellcheck disable=SC2046
enable_all() {
        local name before=''
        for name in $(chain); do
                nbox enable ${before:+"--after=$before"} "$name"
                before=$name
        done
        nbox enable --group=data $(data)
        nbox enable --group=front --after=@data $(front)
        nbox enable --delay="${DELAY}s" "$(late)"
        nbox enable $(others)
}
