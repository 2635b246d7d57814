# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The manual pages as a reader sees them, beside what --help says and what the program takes.

PAGES='nbox.1 nbox-oci.1 nbox-json.7 nbox@.service.5 nbox-zone@.service.5 nbox.conf.5'

page_file() { echo "/usr/share/man/man${1##*.}/$1"; }

# page FILE: its text, without hyphens and line breaks within an entry's head.
page() { MANWIDTH=2000 MAN_KEEP_FORMATTING='' man --nh --nj -P cat -l "$(page_file "$1")" | sed 's/−/-/g; s/‐/-/g'; }

# section NAME: of a page's text, its heading left out.
section() { awk -v name="$1" '/^[^ ]/ { inside = $0 == name; next } inside'; }

# spellings: "-x" and "--name" at the head of a text's lines, an argument cut off.
spellings() { grep -oE '^ *-[-a-zA-Z][^ ]*( [^ ]+)?(, --?[a-zA-Z][^ ]*)*' | grep -oE -- '(^|[ ,])--?[a-zA-Z][-a-z0-9]*' | tr -d ' ,' | sort -u; }

# A verb may have two words.
# shellcheck disable=SC2086
help_options() { nbox $1 --help | sed -n 's/^  \( *-.*\)/\1/p' | spellings; }
verbs_of_help() { nbox --help | sed -nE 's/^  ([a-z][-a-z]*( [a-z]+)?)( .*)?$/\1/p' | sort; }
verbs_of_page() { page nbox.1 | section VERBS | sed -nE 's/^ {7}([a-z][-a-z]*( [a-z]+)?)( .*)?$/\1/p' | sort; }

# verb_entry VERB: what stands below it in VERBS.
verb_entry() { page nbox.1 | section VERBS | awk -v verb="$1" 'match($0, /[^ ]/) <= 8 && NF { inside = $1 ($2 ~ /^[a-z]+$/ ? " " $2 : "") == verb } inside'; }

test_pages_render_without_a_warning() {
        local name said
        for name in $PAGES; do
                said=$(MANWIDTH=80 man --warnings -P cat -l "$(page_file "$name")" 2>&1 >/dev/null)
                same "what man says of $name" "$said" ''
                same "what mandoc says of $name" "$(mandoc -T lint "$(page_file "$name")" 2>&1)" ''
                has_not "$(page "$name")" '@[A-Z]+@'
        done
        # By their names, as a user asks for them.
        man -P cat 5 nbox@.service | grep -q 'machine as a service'
}

test_verbs_are_those_of_help() {
        [ "$(verbs_of_help | wc -l)" -ge 20 ] || fail "few verbs: $(verbs_of_help)"
        same "the page's verbs" "$(verbs_of_page)" "$(verbs_of_help)"
}

test_options_are_those_of_help() {
        local of_page of_help
        of_page=$(page nbox.1 | section OPTIONS | grep -E '^ {7}-' | spellings)
        of_help=$({ help_options boot; help_options run; } | sort -u)
        [ "$(wc -l <<<"$of_help")" -ge 40 ] || fail "few options: $of_help"
        same "the page's options" "$of_page" "$of_help"
}

# own_help VERB: its options without those that every verb has; -q is of some verbs another one.
# shellcheck disable=SC2086
own_help() { nbox $1 --help | sed -n 's/^  \( *-.*\)/\1/p' | grep -vE 'Say only what goes wrong$|Ask for no password' || true; }

test_options_of_each_verb_are_those_of_help() {
        local verb entry of_help
        while read -r verb; do
                case $verb in boot | run) continue ;; esac
                entry=$(verb_entry "$verb")
                # What every verb has is said once, --json in a sentence.
                of_help=$(own_help "$verb" | spellings | grep -vxE -- '-h|--help|--no-pager|--json' || true)
                same "the options of $verb in the page" "$(grep -E '^ +-' <<<"$entry" | spellings || true)" "$of_help"
                if help_options "$verb" | grep -qx -- --json; then has "$entry" 'With --json'; else has_not "$entry" 'With --json'; fi
        done < <(verbs_of_help)
}

# What stands in the text by hand may name no option that is gone.
# Of ours: a line for somebody else's program has his.
test_text_names_real_options() {
        local name word known
        known=$({ printf '%s\n' --version --host; verbs_of_help | while read -r name; do help_options "$name"; done; page nbox-oci.1 | grep -E '^ +-' | spellings; } | sort -u)
        for name in $PAGES; do
                for word in $(page "$name" | grep -vE '^ *(firewall-cmd|podman|systemctl|tar) ' | grep -oE -- '(^|[^-a-z])--[a-z][-a-z0-9]*' | grep -oE -- '--.*' | sort -u); do
                        grep -qx -- "$word" <<<"$known" || fail "$name(${name##*.}) names $word, which is no option"
                done
        done
}

# "SECTION KEY" of each heading in nbox.conf(5).
keys_of_page() {
        page nbox.conf.5 | section KEYS | awk '/^ +\[[A-Z]/ { section = $1; gsub(/[][]/, "", section) }
                match($0, /[^ ]/) == 8 && $1 ~ /^[A-Z][A-Za-z]*=$/ { sub(/=$/, "", $1); print section, $1 }' | sort
}

test_settings_keys_are_those_of_the_options() {
        local of_options file_only='Exec (Parameters|Limit[A-Z]+)'
        of_options=$(page nbox.1 | section OPTIONS | sed -n 's/.*In a settings file: \([A-Za-z]*\)= in \[\([A-Za-z]*\)\].*/\2 \1/p')
        [ "$(wc -l <<<"$of_options")" -ge 20 ] || fail "few keys: $of_options"
        same "the keys" "$(keys_of_page | grep -vxE "$file_only")" "$(sort -u <<<"$of_options")"
}

test_settings_keys_are_taken() {
        local section key
        mkdir -p /etc/nbox
        while read -r section key; do
                # An empty assignment is allowed for every key, and unknown ones are warned about.
                printf '[%s]\n%s=\n' "$section" "$key" >"/etc/nbox/$GUEST.conf"
                same "said about $key= of [$section]" "$(nbox boot --dry-run "$GUEST" 2>&1 >/dev/null)" ''
        done < <(keys_of_page)
        rm "/etc/nbox/$GUEST.conf"
}
