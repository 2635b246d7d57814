# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host that is broken in some way, and what `nbox doctor` says of it: it is named, the command that is printed mends it, and then it is
# named no more.

# findings CHECK [NAME...]: what it has found, as JSON objects, one a line. Its status is not looked at.
findings() {
        local check=$1
        shift
        { nbox doctor --json "$@" || [ $? = 1 ]; } | jq -c --arg check "$check" '.findings[] | select(.check == $check)'
}

# finding CHECK PATTERN [NAME...]: the one whose text matches.
finding() {
        local check=$1 pattern=$2
        shift 2
        findings "$check" "$@" | jq -c --arg pattern "$pattern" 'select(.text | test($pattern))' | head -n 1
}

# ails SEVERITY CHECK PATTERN [NAME...]: it is named, and how much it weighs; what was found is left in $FINDING. The status is 1 where
# something stops machines.
ails() {
        local severity=$1 check=$2 pattern=$3 status=0
        shift 3
        FINDING=$(finding "$check" "$pattern" "$@")
        [ -n "$FINDING" ] || fail "nothing of $check like '$pattern': $(nbox doctor "$@")"
        same "how much it weighs" "$(jq -r .severity <<<"$FINDING")" "$severity"
        nbox doctor "$@" >"$SCRATCH/said" || status=$?
        has "$(cat "$SCRATCH/said")" "\[$check\]"
        if [ "$severity" = stops ]; then same "the exit status" "$status" 1; fi
}

# ails_no CHECK PATTERN [NAME...]
ails_no() {
        local left
        left=$(finding "$@")
        [ -z "$left" ] || fail "still there: $left"
}

# cured SEVERITY CHECK PATTERN [NAME...]: named, mended by the command as it is printed, and gone.
cured() {
        local command severity=$1
        shift
        ails "$severity" "$@"
        command=$(jq -r '.command // empty' <<<"$FINDING")
        [ -n "$command" ] || fail "no command: $FINDING"
        has "$(nbox doctor "${@:3}" || [ $? = 1 ])" "# $(sed 's/[][\\.*^$+?(){}|]/\\&/g' <<<"$command")"
        sh -c "$command" >"$SCRATCH/mending" 2>&1 </dev/null || fail "'$command' fails: $(cat "$SCRATCH/mending")"
        ails_no "$@"
}
