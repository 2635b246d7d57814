# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion in the shells themselves: bash and zsh on a terminal, a line typed, TAB pressed. Nothing is asked of their
# insides: what is tested is what a user sees, the line after a TAB and the list that is shown.

# What stands in each shell before a line is typed. ^T shows the line instead of running it.
shells_setup() {
        chmod 755 "$SCRATCH"
        cat >"$SCRATCH/bashrc" <<'EOF'
PS1='ready> '
. /usr/share/bash-completion/bash_completion
for setting in 'enable-bracketed-paste off' 'completion-query-items 0' 'page-completions off' 'show-all-if-ambiguous on'; do
        bind "set $setting"
done
show() { printf '\nline=<%s>\n' "$READLINE_LINE"; READLINE_LINE=''; }
bind -x '"\C-t": show'
EOF
        cat >"$SCRATCH/.zshrc" <<'EOF'
PS1='ready> '
autoload -Uz compinit && compinit -u -D
setopt no_beep no_list_ambiguous
LISTMAX=1000
show() { print -r -- $'\n'"line=<$BUFFER>"; BUFFER=''; }
zle -N show
bindkey -e
bindkey '^T' show
bindkey '^I' complete-word # expanding what is typed is what zsh does by itself
EOF
        cat >"$SCRATCH/session" <<'EOF'
set timeout 60
set stty_init "rows 200 columns 200"
spawn -noecho setpriv --reuid=$env(AS) --clear-groups -- {*}$argv
expect "ready> "
send -- "$env(KEYS)\x14"
expect {
        -re {line=<[^\n]*>} {}
        timeout { puts "NO LINE" }
        eof { puts "ENDED" }
}
close
EOF
}

# session SHELL KEYS: what the terminal shows after the keys and then ^T. As $AS, root if unset.
session() {
        local command
        case $1 in
        bash) command=(bash --noprofile --rcfile "$SCRATCH/bashrc" -i) ;;
        zsh) command=(env "ZDOTDIR=$SCRATCH" zsh -d -i) ;;
        esac
        AS=${AS:-root} KEYS=$2 timeout "$((20 * PATIENCE))" expect -f "$SCRATCH/session" "${command[@]}" | tr -d '\r'
}

# line SHELL KEYS: the line after the keys.
line() { session "$1" "$2" | sed -n 's/.*line=<\(.*\)>.*/\1/p'; }

# list SHELL KEYS: what is shown meanwhile.
list() { session "$1" "$2" | sed '/line=</d'; }

# becomes TEXT LINE: in both shells, a TAB makes that line of the text.
becomes() {
        local shell
        for shell in bash zsh; do
                same "$shell's line for '$1'" "$(line "$shell" "$1"$'\t')" "$2"
        done
}

# shows TEXT WORD...: in both shells, a TAB behind the text shows these.
shows() {
        local shell got text=$1 word
        shift
        for shell in bash zsh; do
                got=$(list "$shell" "$text"$'\t')
                for word in "$@"; do
                        has "$got" "(^|[ =:])$word( |$)"
                done
                has_not "$got" 'NO LINE|ENDED|not found|rror:'
        done
}

test_verbs_and_options() {
        shells_setup
        becomes 'nbox bo' 'nbox boot '
        becomes 'nbox boot --read-o' 'nbox boot --read-only '
        becomes 'nbox boot --kill-s' 'nbox boot --kill-signal='
        becomes 'sudo nbox bo' 'sudo nbox boot '
        becomes 'sudo nbox boot --console=inter' 'sudo nbox boot --console=interactive '
        shows 'nbox ' boot login poweroff enable
        shows 'nbox boot --net' '--network=' '--network-veth' '--network-zone='
        becomes 'nbox --ver' 'nbox --version '
        # zsh says what they are for.
        has "$(list zsh $'nbox boot --net\t')" 'zone\[:NAME\] \(default\), veth'
        has "$(list zsh $'nbox \t')" 'poweroff .*-- *Power machines off'
}

test_verbs_of_two_words() {
        shells_setup
        becomes 'nbox por' 'nbox port '
        becomes 'nbox port rem' 'nbox port remove '
        shows 'nbox port ' add list remove
        shows 'nbox zone ' create list move remove show
        becomes 'nbox zone show def' 'nbox zone show default '
        becomes 'nbox zone create lab --iso' 'nbox zone create lab --isolated '
        becomes 'nbox port add --host-p' 'nbox port add --host-port='
        becomes 'nbox help port li' 'nbox help port list '
        has "$(list zsh $'nbox p\t')" 'port .*-- *.*add'
        boot "$GUEST" -p 8080:80 -p 5353:53/udp
        becomes "nbox port add ${GUEST:0:4}" "nbox port add $GUEST "
        becomes "nbox port add $GUEST 8081:80/ud" "nbox port add $GUEST 8081:80/udp "
        becomes "nbox port remove $GUEST tc" "nbox port remove $GUEST tcp:8080:80 "
        becomes "nbox port remove $GUEST tcp:8080:80 " "nbox port remove $GUEST tcp:8080:80 udp:5353:53 "
        terminate "$GUEST"
}

test_values() {
        shells_setup
        becomes 'nbox boot --console=inter' 'nbox boot --console=interactive '
        becomes 'nbox boot --console inter' 'nbox boot --console interactive '
        becomes 'nbox boot --network=zone:def' 'nbox boot --network=zone:default '
        becomes 'nbox boot --network-zone=def' 'nbox boot --network-zone=default '
        becomes 'nbox boot --network=no' 'nbox boot --network=none '
        becomes 'nbox boot -p ud' 'nbox boot -p udp:'
        becomes 'nbox boot -p 8080:80/ud' 'nbox boot -p 8080:80/udp '
        becomes 'nbox boot --port=127.0.0.1:8080:80/tc' 'nbox boot --port=127.0.0.1:8080:80/tcp '
        becomes 'nbox boot --host-port=5432/tc' 'nbox boot --host-port=5432/tcp '
        becomes 'nbox kill --signal=SIGTE' 'nbox kill --signal=SIGTERM '
        becomes 'nbox boot --property=MemoryMa' 'nbox boot --property=MemoryMax='
        becomes 'nbox show -p Name,Addr' 'nbox show -p Name,Address '
        becomes 'nbox create x --os=busy' 'nbox create x --os=busybox '
        becomes 'nbox boot --bind=/srv:/mnt:ro' 'nbox boot --bind=/srv:/mnt:rootidmap '
        shows 'nbox boot --resolv-conf=copy-' 'copy-host' 'copy-static'
        # What follows the tree is for what runs there.
        becomes "nbox run $GUEST --read-o" "nbox run $GUEST --read-o"
}

test_files_and_directories() {
        shells_setup
        mkdir -p "$SCRATCH/trees/with blank/inner"
        : >"$SCRATCH/trees/file.txt"
        becomes "nbox boot -D $SCRATCH/tre" "nbox boot -D $SCRATCH/trees/"
        becomes "nbox boot $SCRATCH/trees/wi" "nbox boot $SCRATCH/trees/with\\ blank/"
        becomes "nbox boot --directory=$SCRATCH/trees/with\\ bl" "nbox boot --directory=$SCRATCH/trees/with\\ blank/"
        becomes "nbox boot --bind=$SCRATCH/trees/fi" "nbox boot --bind=$SCRATCH/trees/file.txt "
        becomes "nbox boot --bind-ro=+$SCRATCH/trees/fi" "nbox boot --bind-ro=+$SCRATCH/trees/file.txt "
}

test_machines_and_images() {
        shells_setup
        tree_with web-1
        mkdir "$MACHINES/odd name"
        mkdir -p /etc/nbox
        : >/etc/nbox/set-up.conf
        becomes 'nbox boot web' 'nbox boot web-1 '
        becomes 'nbox boot odd' 'nbox boot odd\ name '
        becomes 'nbox start web' 'nbox start web-1 '
        becomes 'nbox start set' 'nbox start set-up '
        becomes 'nbox exec web' 'nbox exec web'
        boot web-1
        becomes 'nbox exec web' 'nbox exec web-1 '
        becomes 'nbox shell alice@we' 'nbox shell alice@web-1 '
        becomes 'nbox start web' 'nbox start web'
        becomes 'nbox passwd web-1 ali' 'nbox passwd web-1 alice '
        boot "$GUEST"
        # One that is named already is not offered again.
        becomes 'nbox poweroff web-1 ' "nbox poweroff web-1 $GUEST "
        terminate "$GUEST"
        terminate web-1
        rm -r /etc/nbox/set-up.conf "$MACHINES/odd name"
        remove_tree web-1
}

# A backslash is nbox's in the word, and the shell's to quote.
test_names_with_backslashes() {
        shells_setup
        mkdir "$MACHINES/web\\x2d1"
        becomes 'nbox boot web' 'nbox boot web\\x2d1 '
        becomes 'nbox boot web\\x2' 'nbox boot web\\x2d1 '
        rmdir "$MACHINES/web\\x2d1"
}

test_users_complete_too() {
        shells_setup
        boot "$GUEST"
        chmod 700 "$MACHINES"
        export AS=65534
        becomes "nbox status ${GUEST:0:4}" "nbox status $GUEST "
        becomes 'nbox boot --conso' 'nbox boot --console='
        # What may not be looked at is passed over in silence.
        has_not "$(list bash $'nbox boot \t')$(list zsh $'nbox boot \t')" 'denied|annot|nbox:'
        unset AS
        chmod 755 "$MACHINES"
        terminate "$GUEST"
}

test_completion_is_quick() {
        local i began
        for i in $(seq 60); do mkdir "$MACHINES/many-$i"; done
        began=$(date +%s%N)
        for i in $(seq 20); do nbox __complete boot many- >/dev/null; done
        [ "$(($(date +%s%N) - began))" -lt $((1000000000 * PATIENCE)) ] || fail "20 completions took $(elapsed "$began") s"
        rmdir "$MACHINES"/many-*
}

test_hostile_words() {
        local word
        for word in $'a\nb' $'\e[1m' "\$(touch $SCRATCH/made)" '=' 'a=b' "$(printf 'a%.0s' {1..9000})" $'\xff'; do
                same "said of $word" "$(nbox __complete boot "--console=$word" 2>&1)" ''
                nbox __complete "$word" >/dev/null
                nbox __complete boot "$word" '' >/dev/null
        done
        shells_setup
        line bash $'nbox boot $(touch '"$SCRATCH/made"$')\t' >/dev/null
        line zsh $'nbox boot `touch '"$SCRATCH/made"$'`\t' >/dev/null
        [ ! -e "$SCRATCH/made" ] || fail "completing runs what is typed"
}
