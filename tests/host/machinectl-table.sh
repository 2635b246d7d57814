# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The rows of machinectl's words in nbox-words(7), held against the original's page and --help on this machine, and against what nbox takes.

read_page() { MANWIDTH=200 man --nh --nj -P cat "$@" 2>/dev/null | sed 's/−/-/g; s/‐/-/g'; }
rows_of() { read_page 7 nbox-words | awk -v name="$1" '/^[^ ]/ { inside = $0 == name; next } inside && /^       [^ ]/'; }
options_in() { grep -oE -- '^ *--?[a-zA-Z][-a-z0-9]*|, *--?[a-zA-Z][-a-z0-9]*|^ *-[a-zA-Z] --[a-z][-a-z0-9]*' | tr ', ' '\n\n' | grep -E '^-' | sort -u; }

# "enable NAME..., disable NAME..." is two; `stop` stands in the text of poweroff.
verbs_of_original() {
        {
                read_page 1 machinectl | awk '/^[^ ]/ { inside = $0 == "COMMANDS" } inside && /^       [a-z]/ { print }' | sed -E 's/, +([a-z]+)/\n\1/g' | awk '{ print $1 }'
                "$(command -v machinectl)" --help | sed -nE 's/^  ([a-z][-a-z]*)( .*)?$/\1/p'
                echo stop
        } | sort -u
}

test_every_word_of_machinectl_has_a_row() {
        same "the rows of verbs" "$(rows_of 'VERBS OF MACHINECTL' | awk '{ print $1 }' | sort)" "$(verbs_of_original)"
        same "the rows of options" "$(rows_of 'OPTIONS OF MACHINECTL' | options_in)" \
                "$({ read_page 1 machinectl | grep -E '^ {7}-'; machinectl --help | grep -E '^ +-'; } | options_in)"
}

test_every_word_of_machinectl_is_taken() {
        local word argument said
        mkdir "$SCRATCH/bin"
        ln -s "$(command -v nbox)" "$SCRATCH/bin/machinectl"
        while read -r word; do
                status_is 0 nbox "$word" --help >/dev/null
                # With operands that are none, so that nothing is done.
                said=$("$SCRATCH/bin/machinectl" "$word" nobody no no no 2>&1 </dev/null) || true
                has_not "$said" 'Unknown command verb'
        done < <(rows_of 'VERBS OF MACHINECTL' | awk '{ print $1 }' | grep -vxE 'login|shell')
        while read -r word; do
                case $word in -H | --host | -M | --machine) continue ;; esac # they lead elsewhere
                argument=$("$SCRATCH/bin/machinectl" "$word" 2>&1 >/dev/null </dev/null | grep -c 'requires an argument') || true
                # shellcheck disable=SC2046
                status_is 0 "$SCRATCH/bin/machinectl" "$word" $([ "$argument" = 0 ] || case $word in --max-addresses | -n | --lines) echo 2 ;; -o | --output) echo cat ;; *) echo x ;; esac) list >/dev/null
        done < <(rows_of 'OPTIONS OF MACHINECTL' | options_in)
}
