# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox -H`: every kind of verb over ssh, with a real sshd on the loopback of this very host, so that what comes can be laid beside what
# the same command does here. /job/sshd has it and sudo (trees/sshd).

SSHD_PORT=2222
R=root@127.0.0.1:$SSHD_PORT # by one connection that they share, as ssh_config(5) lets users have it (sshd_setup)
ALONE=root@localhost:$SSHD_PORT # each by a connection of its own

# What all tests share, made by whichever comes first: they run one after the other on the same host.
sshd_setup() {
        [ ! -e /etc/ssh/nbox-test ] || return 0
        tar -C /job/sshd -cf - . | tar -C / --keep-directory-symlink --no-same-owner -xf -
        chmod 4755 /usr/bin/sudo
        id sshd >/dev/null 2>&1 || useradd --system --home-dir /run/sshd --shell /usr/sbin/nologin sshd
        mkdir -p /root/.ssh /etc/ssh
        chmod 700 /root/.ssh
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/nbox-test
        ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
        cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
        printf '[127.0.0.1]:%s,[localhost]:%s %s\n' "$SSHD_PORT" "$SSHD_PORT" "$(cut -d ' ' -f 1,2 /etc/ssh/nbox-test.pub)" >/root/.ssh/known_hosts
        printf 'Host 127.0.0.1\n        ControlMaster auto\n        ControlPath /run/ssh-%%C\n        ControlPersist 600\n' >/root/.ssh/config
        printf '%s\n' "Port $SSHD_PORT" 'ListenAddress 127.0.0.1' 'HostKey /etc/ssh/nbox-test' 'UsePAM no' 'PermitRootLogin yes' 'StrictModes no' \
                'PidFile /run/sshd.pid' 'PrintMotd no' 'PrintLastLog no' >/etc/ssh/nbox-test.conf
        ldconfig
        rm -f /root/.bashrc # what this machine's root has there is his
}

sshd_start() {
        sshd_setup
        ! pgrep -x sshd >/dev/null || pkill -x sshd # of a test that failed
        rm -f /run/ssh-*
        mkdir -p /run/sshd
        /usr/sbin/sshd -f /etc/ssh/nbox-test.conf -E /run/sshd.log
        wait_until 10 sh -c "ss -Hlnt 'sport = $SSHD_PORT' | grep -q ."
}

sshd_stop() {
        pkill -x sshd
        wait_until 10 sh -c "! pgrep -x 'sshd|ssh'"
}

# The login shell is that of the connection's begin.
drop_connection() { ! pgrep -x ssh >/dev/null || { pkill -x ssh && ! pgrep -x ssh >/dev/null; }; }

# steady FILE: a machine's counters of bytes and packets go on between two looks at them.
steady() { sed -E 's/"(bytes|packets)_(in|out)":[0-9]+/"\1_\2":N/g' "$1"; }

# as_here COMMAND...: stdout, stderr and status of `nbox COMMAND`, and of the same over ssh, are the same.
as_here() {
        local here=0 there=0
        nbox "$@" >"$SCRATCH/here.out" 2>"$SCRATCH/here.err" <"${IN:-/dev/null}" || here=$?
        nbox -H "$R" "$@" >"$SCRATCH/there.out" 2>"$SCRATCH/there.err" <"${IN:-/dev/null}" || there=$?
        same "the status of nbox -H $*" "$there" "$here"
        cmp <(steady "$SCRATCH/here.out") <(steady "$SCRATCH/there.out") || fail "stdout of nbox -H $*: $(cat "$SCRATCH/there.out" "$SCRATCH/there.err")"
        cmp "$SCRATCH/here.err" "$SCRATCH/there.err" || fail "stderr of nbox -H $*: $(cat "$SCRATCH/there.err"), here: $(cat "$SCRATCH/here.err")"
}

test_verbs_that_show() {
        sshd_start
        boot "$GUEST"
        as_here list
        as_here list --json
        as_here show "$GUEST"
        as_here show --json "$GUEST"
        same "the leader in its status" "$(nbox -H "$R" status --json "$GUEST" | jq .Leader)" "$(nbox status --json "$GUEST" | jq .Leader)"
        as_here images
        as_here zone list --json
        as_here zone show default
        as_here network status
        as_here port list "$GUEST"
        as_here info --json
        as_here status nothing
        as_here list --nonsense
        as_here zone nonsense
        as_here images --json
        has "$(nbox -H "$R" help exec)" '^nbox exec '
        terminate "$GUEST"
        sshd_stop
}

test_every_byte_of_a_word_and_of_a_stream() {
        local shell bytes
        sshd_start
        boot "$GUEST"
        bytes=$(printf '\001\t\n !"#$%%&\047()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\177\200\377é')
        for shell in /bin/dash /usr/bin/zsh /bin/bash; do
                usermod -s "$shell" root
                wait_until 10 drop_connection
                as_here exec "$GUEST" printf '%s|' '' ' ' "it's" '"' '$(id)' '`id`' '$HOME' '*' '?' '~' -n -- --help '!' '!!' '#' ';' '&' '\' '\n' "$bytes" 'a
b
'
                as_here exec "$GUEST" sh -c 'echo out; echo err >&2; exit 42'
        done
        head -c 300000 /dev/urandom >"$SCRATCH/noise"
        IN=$SCRATCH/noise as_here exec "$GUEST" sh -c 'cat; exit 7'
        as_here exec --setenv=A='b c' --chdir=/var "$GUEST" sh -c 'echo "$A" $PWD'
        as_here exec "$GUEST" no-such-command
        as_here exec nothing true
        as_here run --network=none --read-only "$GUEST" sh -c 'echo "$0 $1"; exit 3' 'a b' "c'd"
        # What does not read leaves the stream to who does.
        same "what is left of the stream" "$(printf 'one\ntwo\n' | { nbox -H "$R" list >/dev/null && cat; })" "$(printf 'one\ntwo')"
        same "a command that a signal ended" "$(nbox -H "$R" exec "$GUEST" sh -c 'kill -9 $$' || echo $?)" 137
        terminate "$GUEST"
        sshd_stop
}

test_verbs_that_change() {
        sshd_start
        nbox -H "$R" boot -d "$GUEST" -p 8080:80
        is_listed "$GUEST"
        nbox -H "$R" port add "$GUEST" 8081:81
        has "$(nbox port list "$GUEST")" 8081
        nbox -H "$R" poweroff --wait "$GUEST"
        is_gone "$GUEST"
        nbox -H "$R" clone "$GUEST" "other"
        nbox -H "$R" rename other another
        nbox -H "$R" remove another
        [ ! -e "$MACHINES/another" ]
        nbox rollback "$GUEST" >/dev/null 2>&1 || true # where it stands on layers now, as it was
        sshd_stop
        remove_store_behind
}

# A clone has put the guest's tree on layers: a directory again, as the other tests know it.
remove_store_behind() {
        if [ -L "$MACHINES/$GUEST" ]; then
                rm "$MACHINES/$GUEST"
                remove_store
                tree_with "$GUEST"
        fi
}

test_products_are_here() {
        local mine=$SCRATCH/mine
        sshd_start
        mkdir "$mine"
        cd "$mine" || exit
        # Out: a file here, that is whole or not there at all.
        nbox -H "$R" export "$GUEST" "it's.1.tar.gz"
        nbox export "$GUEST" here.tar
        zcat "it's.1.tar.gz" | cmp - here.tar
        same "its mode" "$(stat -c %a "it's.1.tar.gz")" 600
        status_is 1 nbox -H "$R" export "$GUEST" "it's.1.tar.gz" 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'is there already'
        nbox -H "$R" export --force --format=tar "$GUEST" "it's.1.tar.gz"
        cmp "it's.1.tar.gz" here.tar
        nbox -H "$R" export "$GUEST" - | cmp - here.tar
        nbox -H "$R" export "$GUEST" | cmp - here.tar
        status_is 1 nbox -H "$R" export nothing nothing.tar 2>/dev/null
        [ ! -e nothing.tar ]
        status_is 1 nbox -H "$R" export "$GUEST" what 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'Give it a suffix'
        status_is 1 nbox -H "$R" export "$GUEST" directory.oci 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'oci.tar'
        # In: a file, standard input, a directory.
        same "where it is" "$(nbox -H "$R" import here.tar)" "$MACHINES/here"
        same "where it is" "$(nbox -H "$R" import - second <here.tar)" "$MACHINES/second"
        same "where it is" "$(nbox -H "$R" import --read-only "$MACHINES/here" third)" "$MACHINES/third"
        for name in second third; do same "the tree of $name" "$("$HOST_TOOLS/tree-hash" "$MACHINES/$name")" "$("$HOST_TOOLS/tree-hash" "$MACHINES/here")"; done
        status_is 1 nbox -H "$R" import nothing.tar 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" "Cannot open 'nothing.tar'"
        # Both ends of a pipe.
        nbox -H "$R" send here | nbox -H "$R" receive fourth
        same "the tree of the fourth" "$("$HOST_TOOLS/tree-hash" "$MACHINES/fourth")" "$("$HOST_TOOLS/tree-hash" "$MACHINES/here")"
        nbox remove here second third fourth
        remove_store
        sshd_stop
}

# What becomes of what is decided as for a machine of this host.
test_files_go_over() {
        local from=$SCRATCH/from there=$MACHINES/$GUEST/srv
        sshd_start
        boot "$GUEST"
        mkdir -p "$from/tree/sub" "$SCRATCH/back" "$SCRATCH/here"
        printf 'a\n' >"$from/tree/a b"
        ln "$from/tree/a b" "$from/tree/sub/hard"
        ln -s '/etc/passwd' "$from/tree/link"
        truncate -s 3M "$from/tree/sparse"
        printf 'end' >>"$from/tree/sparse"
        truncate -s 4M "$from/tree/sparse"
        head -c 200000 /dev/urandom >"$from/tree/sub/noise"
        chmod 4711 "$from/tree/sub/noise"
        touch -d 2001-02-03 "$from/tree/sub"
        nbox exec "$GUEST" mkdir -p /srv/there /srv/here
        nbox copy-to "$GUEST" "$from/tree" /srv/here/tree
        nbox -H "$R" copy-to "$GUEST" "$from/tree" /srv/there/tree
        same "the tree inside" "$("$HOST_TOOLS/tree-hash" "$there/there/tree")" "$("$HOST_TOOLS/tree-hash" "$there/here/tree")"
        [ "$(stat -c %b "$there/there/tree/sparse")" -lt 1000 ] || fail "it has no holes any more"
        # A file onto a directory goes into it; of several all do; a name that is new is what the copy is called.
        (cd "$from/tree" && nbox -H "$R" copy-to "$GUEST" 'a b' /srv/there)
        (cd "$from/tree" && nbox -H "$R" copy-to "$GUEST" 'a b' link /srv/there/tree/sub)
        nbox -H "$R" copy-to "$GUEST" "$from/tree/a b" /srv/there/new
        for name in 'there/a b' 'there/tree/sub/a b' there/new; do same "$name" "$(cat "$there/$name")" a; done
        status_is 1 nbox -H "$R" copy-to "$GUEST" "$from/tree/a b" /srv/there/new 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '--force'
        nbox -H "$R" copy-to --force "$GUEST" "$from/tree/a b" /srv/there/new
        status_is 1 nbox -H "$R" copy-to "$GUEST" "$from/nothing" /srv/there 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'nothing'
        status_is 1 nbox -H "$R" copy-to nothing "$from/tree" /srv 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'nothing'
        # And back.
        nbox copy-from "$GUEST" /srv/there/tree "$SCRATCH/here/tree" 2>/dev/null
        nbox -H "$R" copy-from "$GUEST" /srv/there/tree "$SCRATCH/back/tree" 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'set-user-ID'
        same "the tree here" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/back/tree")" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/here/tree")"
        nbox -H "$R" copy-from "$GUEST" /srv/there/new '/srv/there/a b' "$SCRATCH/back"
        same "what is there" "$(cat "$SCRATCH/back/new" "$SCRATCH/back/a b")" "$(printf 'a\na')"
        status_is 1 nbox -H "$R" copy-from "$GUEST" /srv/none "$SCRATCH/back/none" 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '/srv/none'
        [ ! -e "$SCRATCH/back/none" ]
        nbox exec "$GUEST" rm -rf /srv/there /srv/here
        terminate "$GUEST"
        sshd_stop
}

# An nbox elsewhere that sends what was not asked for, or to another place, writes nothing.
test_a_host_that_sends_something_else() {
        sshd_start
        mkdir -p "$SCRATCH/back" "$SCRATCH/evil"
        boot "$GUEST"
        printf 'a\n' >"$MACHINES/$GUEST/srv/wanted"
        printf 'b\n' >"$MACHINES/$GUEST/srv/other"
        mv /usr/bin/nbox /usr/bin/nbox-here
        printf '#!/bin/sh\ncase $1 in --version) exec nbox-here --version ;; __copy-from) exec nbox-here __copy-from "$3" /srv/other /srv/elsewhere ;; esac\n' >/usr/bin/nbox
        chmod 755 /usr/bin/nbox
        status_is 1 nbox-here -H "$R" copy-from "$GUEST" /srv/wanted "$SCRATCH/back" 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" "is not what was asked for: 'other'"
        printf '#!/bin/sh\ncase $1 in --version) exec nbox-here --version ;; __copy-from) echo garbage that is longer than a head ;; esac\n' >/usr/bin/nbox
        status_is 1 nbox-here -H "$R" copy-from "$GUEST" /srv/wanted "$SCRATCH/back" 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'no form'
        printf '#!/bin/sh\ncase $1 in --version) exec nbox-here --version ;; __copy-from) nbox-here "$@" | head -c 100 ;; esac\n' >/usr/bin/nbox
        status_is 1 nbox-here -H "$R" copy-from "$GUEST" /srv/wanted "$SCRATCH/back" 2>"$SCRATCH/err"
        mv /usr/bin/nbox-here /usr/bin/nbox
        same "what is here" "$(ls -A "$SCRATCH/back")" ''
        [ ! -e /srv/elsewhere ]
        rm "$MACHINES/$GUEST/srv/wanted" "$MACHINES/$GUEST/srv/other"
        terminate "$GUEST"
        sshd_stop
}

# A connection that breaks in the middle: no file has the name.
test_a_connection_that_breaks() {
        sshd_start
        cd "$SCRATCH" || exit
        (
                wait_until 10 pgrep -f 'nbox export' >/dev/null
                pkill -x sshd
        ) &
        status_is 255 nbox -H "$ALONE" export --format=tar.xz "$GUEST" broken.tar.xz 2>"$SCRATCH/err"
        wait
        [ ! -e broken.tar.xz ]
        wait_until 20 sh -c '! pgrep -x nbox'
        status_is 255 nbox -H "$ALONE" list 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'refused'
        wait_until 10 sh -c '! pgrep -x sshd'
}

# on_terminal COMMAND...: with a terminal of 33 lines and 99 columns, and what is typed there line by line as $KEYS has it.
on_terminal() {
        timeout "$((45 * PATIENCE))" expect -f - -- "$@" <<'EOF'
set timeout 60
set stty_init "rows 33 columns 99"
spawn -noecho {*}$argv
foreach {wait keys} $env(KEYS) {
        expect {
                -re $wait {}
                timeout { puts "NOT SEEN: $wait"; exit 1 }
                eof { puts "ENDED BEFORE: $wait"; exit 1 }
        }
        send -- $keys
}
expect eof
exit [lindex [wait] 3]
EOF
}

test_terminals() {
        sshd_start
        boot "$GUEST"
        export KEYS='{[$#] (\x1b\[6n)?$} "stty size; tty; exit 9\r"'
        status_is 9 on_terminal nbox -H "$R" shell "$GUEST" >"$SCRATCH/out"
        has "$(cat "$SCRATCH/out")" '^33 99'
        has_not "$(cat "$SCRATCH/out")" 'Connection to (127|local)|mux'
        KEYS='{ogin: $} "\x1d\x1d\x1d"' on_terminal nbox -H "$R" login "$GUEST" >"$SCRATCH/out"
        KEYS='' status_is 5 on_terminal nbox -H "$R" exec -t "$GUEST" sh -c 'stty size; exit 5' >"$SCRATCH/out"
        has "$(cat "$SCRATCH/out")" '^33 99'
        # Without being asked for one there is none, as here.
        KEYS='' status_is 1 on_terminal nbox -H "$R" exec "$GUEST" tty >"$SCRATCH/out"
        has "$(cat "$SCRATCH/out")" 'not a tty'
        KEYS='' status_is 1 on_terminal nbox -H "$R" export "$GUEST" >"$SCRATCH/out"
        has "$(cat "$SCRATCH/out")" 'nothing for a terminal'
        terminate "$GUEST"
        sshd_stop
}

# Verbs and options by our tables, names by the other nbox; and nothing, soon, where nobody answers.
test_completion() {
        sshd_start
        boot "$GUEST"
        same "verbs" "$(nbox __complete -H "$R" pow)" "$(nbox __complete pow)"
        same "machines" "$(nbox __complete -H "$R" poweroff '')" "$(nbox __complete poweroff '')"
        has "$(nbox __complete -H "$R" zone show '')" '^default'
        has "$(nbox __complete -H root@127)" '^root@127.0.0.1$'
        same "options" "$(nbox __complete -H "$R" export --fo)" "$(nbox __complete export --fo)"
        same "files are here" "$(nbox __complete -H "$R" import x)" "$(nbox __complete import x)"
        terminate "$GUEST"
        sshd_stop
        same "names where nobody answers" "$(timeout "$((5 * PATIENCE))" nbox __complete -H "$R" poweroff '')" ''
}

test_hosts_that_are_none() {
        local host
        for host in -oProxyCommand=touch 'a b' 'a;b' 'a$b' '$(x)' '' @h 'u@' '-l@h' "h'" 'h:0' 'h:x' 'h:99999' '[::1' '[::1]x' 'h/-x' 'h/a b' $'h\n'; do
                refused nbox -H "$host" list
                has "$REFUSAL" 'does not take|takes'
        done
        refused nbox -M '-x' list
        refused nbox -M 'a b' list
        refused nbox -H
}

# Another user, by sudo where that asks nothing.
test_a_user_who_is_not_root() {
        local u
        sshd_start
        id carol >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --password '*' carol
        mkdir -p /home/carol/.ssh
        cp /root/.ssh/authorized_keys /home/carol/.ssh/
        chown -R carol: /home/carol/.ssh
        u=carol@127.0.0.1:$SSHD_PORT
        boot "$GUEST"
        same "what she sees" "$(nbox -H "$u" list)" "$(nbox list)"
        status_is 125 nbox -H "$u" exec "$GUEST" id -u 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'needs root, and carol is not root on 127.0.0.1'
        has "$(cat "$SCRATCH/err")" '-H root@HOST'
        status_is 1 nbox -H "$u" snapshot "$GUEST" 2>"$SCRATCH/err"
        printf 'carol ALL=(root) NOPASSWD: /usr/bin/nbox\n' >/etc/sudoers.d/nbox-test
        chmod 440 /etc/sudoers.d/nbox-test
        same "who runs it" "$(nbox -H "$u" exec "$GUEST" sh -c 'id -u; echo "$1"' - "it's \$(id)")" "$(printf "0\nit's \$(id)")"
        rm /etc/sudoers.d/nbox-test
        terminate "$GUEST"
        sshd_stop
}

test_another_nbox_or_none() {
        sshd_start
        mv /usr/bin/nbox /usr/bin/nbox-here
        status_is 1 nbox-here -H "$R" list 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '127.0.0.1 has no nbox'
        status_is 125 nbox-here -H "$R" exec x true 2>/dev/null
        # An older one, that knows less.
        printf '#!/bin/sh\ncase $1 in --version) echo nbox 0.0 ;; list) exec nbox-here "$@" ;; *) exit 1 ;; esac\n' >/usr/bin/nbox
        chmod 755 /usr/bin/nbox
        status_is 1 nbox-here -H "$R" zone list 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'the nbox of 127.0.0.1 is another version \(nbox 0.0, here it is nbox [0-9.]+\) and does not know: nbox zone list'
        same "what it knows" "$(nbox-here -H "$R" list)" "$(nbox-here list)"
        mv /usr/bin/nbox-here /usr/bin/nbox
        # And without ssh.
        mv /usr/bin/ssh /usr/bin/ssh-away
        status_is 1 nbox -H "$R" list 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'nbox doctor'
        mv /usr/bin/ssh-away /usr/bin/ssh
        sshd_stop
}
