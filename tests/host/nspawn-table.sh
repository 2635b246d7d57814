# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The table of systemd-nspawn's words, nbox-words(7), held against the original's own pages and --help on this machine, and against what
# nbox takes: none is forgotten, none is made up, and what is refused says why.

read_page() { MANWIDTH=200 man --nh --nj -P cat "$@" 2>/dev/null | sed 's/−/-/g; s/‐/-/g'; }

# words_page SECTION: of nbox-words(7).
words_page() { read_page 7 nbox-words | awk -v name="$1" '/^[^ ]/ { inside = $0 == name; next } inside'; }

# original PAGE: as it is installed here.
original() {
        man -w "$@" >/dev/null || fail "the manual page $* is not on this machine"
        read_page "$@"
}

# spellings: each option that begins a line, with all its names.
spellings() { sed -nE 's/^ +(-.*)/\1/p' | grep -oE -- '^--?[a-zA-Z][-a-z0-9]*|, *--?[a-zA-Z][-a-z0-9]*|^-[a-zA-Z] --[a-z][-a-z0-9]*' | tr ', ' '\n\n' | grep -E '^-' | sort -u; }

options_of_rows() { words_page 'OPTIONS OF SYSTEMD-NSPAWN' | grep -E '^ {7}-' | spellings; }

test_every_option_of_nspawn_has_a_row() {
        local of_page of_help rows
        of_page=$(original 1 systemd-nspawn | grep -E '^ {7}-' | spellings)
        of_help=$(systemd-nspawn --help | grep -E '^ +-' | spellings)
        rows=$(options_of_rows)
        [ "$(wc -l <<<"$of_page")" -ge 70 ] || fail "few options in the original's page: $of_page"
        same "the rows" "$rows" "$(sort -u <<<"$of_page"$'\n'"$of_help")"
}

keys_of_rows() { words_page 'KEYS OF SYSTEMD.NSPAWN' | sed -nE 's/^ {7}([A-Za-z]+)= in \[([A-Za-z]+)\].*/\2 \1/p' | sort; }

test_every_key_of_nspawn_has_a_row() {
        local of_page
        of_page=$(original 5 systemd.nspawn | awk '/^\[[A-Z]+\] SECTION OPTIONS/ { section = substr($1, 2, 1) tolower(substr($1, 3, length($1) - 3)) }
                /^[A-Z ]+$/ { section = "" }
                section && /^       [A-Z][A-Za-z]*=/ { n = split($0, names, /[ ,]+/); for (i = 1; i <= n; i++) if (sub(/=$/, "", names[i])) print section, names[i] }' | sort)
        [ "$(wc -l <<<"$of_page")" -ge 50 ] || fail "few keys in the original's page: $of_page"
        same "the rows" "$(keys_of_rows)" "$of_page"
}

# rows SECTION HOW: the words of which that is said, the first name of each.
rows() { words_page "$1" | awk -v how="$2" '/^       [^ ]/ { word = $1; section = $3; sub(/,$/, "", word) } /^              (The same|Differs|Refused)\./ && index($0, how) { print word, section }'; }

# What an option is followed by does not matter: it is known or it is not.
test_what_is_the_same_or_differs_is_taken() {
        local known word section
        known=$({ nbox boot --help; nbox run --help; nbox --help; echo '  --version'; } | spellings)
        while read -r word section; do
                grep -qxe "$word" <<<"$known" || fail "$word has a row, but nbox does not take it"
        done < <({ rows 'OPTIONS OF SYSTEMD-NSPAWN' 'The same'; rows 'OPTIONS OF SYSTEMD-NSPAWN' Differs; })
        mkdir -p /etc/nbox
        while read -r word section; do
                printf '%s\n%s\n' "$section" "$word" >"/etc/nbox/$GUEST.conf"
                same "said about $word of $section" "$(nbox boot --dry-run "$GUEST" 2>&1 >/dev/null)" ''
        done < <({ rows 'KEYS OF SYSTEMD.NSPAWN' 'The same'; rows 'KEYS OF SYSTEMD.NSPAWN' Differs; })
        rm "/etc/nbox/$GUEST.conf"
}

# Before anything is done, with the words of the page.
test_what_is_refused_says_why() {
        local word section remark n=0
        mkdir -p /etc/nbox
        while read -r word section; do
                remark=$(words_page 'OPTIONS OF SYSTEMD-NSPAWN' | awk -v word="$word" '/^       [^ ]/ { inside = $1 == word } inside && /Refused\./ { print $2, $3, $4 }')
                refused nbox boot "$word=x" "$GUEST"
                has "$REFUSAL" "Option $word is not taken: $remark"
                n=$((n + 1))
        done < <(rows 'OPTIONS OF SYSTEMD-NSPAWN' Refused)
        [ "$n" -ge 1 ] || fail "nothing is refused"
        while read -r word section; do
                printf '%s\n%sx\n' "$section" "$word" >"/etc/nbox/$GUEST.conf"
                refused nbox boot "$GUEST"
                has "$REFUSAL" "$GUEST.conf:2: $word is not taken: "
        done < <(rows 'KEYS OF SYSTEMD.NSPAWN' Refused)
        rm "/etc/nbox/$GUEST.conf"
}
