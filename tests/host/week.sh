# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An administrator's first week, as a transcript: what is typed, and what is seen. Each file of week/ is a day, and the days follow each
# other on one host. In a file
#
#     # a line like this       tells the story, behind an empty line or another such line
#     $ nbox list              is typed, into one shell for the whole week; a line that ends with \ goes on on the next
#     MACHINE  STATE …         is seen, on standard output or error, word for word; … stands for anything within a line
#     …                        alone on a line stands for any number of lines, also none
#     [1]                      the exit status, where it is not 0
#
# How many blanks are between words is not compared, nor are empty lines: columns are as wide as names are.

DAYS=$HOST_TOOLS/week

# One line, as a pattern of bash's.
pattern_of() {
        local line
        read -ra line <<<"$1"
        [ "${line[*]}" != '…' ] || { echo '…' && return; }
        sed 's/[][*?\\()+@!|]/\\&/g; s/…/*/g' <<<"${line[*]}"
}

# seen_as_told I J: whether seen[I…] is what told[J…] says.
seen_as_told() {
        local i=$1 j=$2
        while [ "$j" -lt ${#told[@]} ]; do
                if [ "${told[j]}" = '…' ]; then
                        [ $((j + 1)) -lt ${#told[@]} ] || return 0
                        while [ "$i" -lt ${#seen[@]} ]; do
                                if seen_as_told "$i" $((j + 1)); then return 0; fi
                                i=$((i + 1))
                        done
                        j=$((j + 1))
                        continue
                fi
                [ "$i" -lt ${#seen[@]} ] || return 1
                # shellcheck disable=SC2053 # a pattern
                [[ ${seen[i]} == ${told[j]} ]] || return 1
                i=$((i + 1)) j=$((j + 1))
        done
        [ "$i" = ${#seen[@]} ]
}

# play COMMAND: in this shell, as at a prompt: what fails is seen, and the next line can be typed. Leaves what it said, with its status.
play() {
        local status=0
        trap - ERR
        set +eE
        eval "$1" >"$SCRATCH/seen" 2>&1 </dev/null || status=$?
        set -eE
        trap 'said "$BASH_COMMAND"' ERR
        [ "$status" = 0 ] || echo "[$status]" >>"$SCRATCH/seen"
}

# compare COMMAND WHERE: what was seen with what is told.
compare() {
        local line seen=() told=()
        while IFS= read -r line; do
                read -ra line <<<"$line"
                [ ${#line[@]} = 0 ] || seen+=("${line[*]}")
        done <"$SCRATCH/seen"
        while IFS= read -r line; do told+=("$(pattern_of "$line")"); done <"$SCRATCH/told"
        ! seen_as_told 0 0 || return 0
        {
                echo "$2: \$ $1"
                diff --label told --label seen -U 99 "$SCRATCH/told" "$SCRATCH/seen" | tail -n +3
        } >&3
        return 1
}

# day FILE: plays it; what is not as told is said, and the rest of it is played all the same.
day() {
        local command='' where='' line n=0 wrong=0 story=yes
        : >"$SCRATCH/told"
        while IFS= read -r line || [ -n "$line" ]; do
                n=$((n + 1))
                case $line in
                '') story=yes ;;
                '#'*) [ -n "$story" ] || printf '%s\n' "$line" >>"$SCRATCH/told" ;;
                '$ '*)
                        story=''
                        [ -z "$command" ] || compare "$command" "$where" || wrong=$((wrong + 1))
                        : >"$SCRATCH/told"
                        command=${line#$ } where="${1##*/}:$n"
                        while [[ $command == *\\ ]]; do
                                IFS= read -r line
                                n=$((n + 1))
                                command="${command%\\}$line"
                        done
                        typed=$((typed + 1))
                        play "$command"
                        ;;
                *) printf '%s\n' "$line" >>"$SCRATCH/told" ;;
                esac
        done <"$1"
        compare "$command" "$where" || wrong=$((wrong + 1))
        [ "$wrong" = 0 ]
}

test_an_administrators_first_week() {
        local file failed=0 typed=0
        export TERM=dumb HOME=/root
        mkdir -p "$SCRATCH/home/bin" && cd "$SCRATCH/home"
        ln -s "$MACHINES/.busybox/bin/busybox" bin/wget
        PATH=$PWD/bin:$PATH
        for file in "$DAYS"/*; do
                day "$file" || failed=1
        done
        cd /
        remove_store
        [ "$failed" = 0 ] || fail "what is seen is not what is told, see above"
        [ "$typed" -ge 60 ] || fail "only $typed commands"
}
