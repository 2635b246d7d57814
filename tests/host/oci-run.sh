# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What `run`, `boot` and units make of a tree that is there for a command: settings as an import of an OCI image writes them.

. "$HOST_TOOLS/layers-words.sh"

# app [LINE...]: the tree "app" with these settings beside it; in it, /usr/bin/entry shows what it was given.
app() {
        mkdir "$MACHINES/app"
        cp -a "$MACHINES/$GUEST/." "$MACHINES/app/"
        rm -f "$MACHINES/app"/{sbin,etc,bin}/init
        cat >"$MACHINES/app/bin/entry" <<'END'
#!/bin/sh
for word; do echo "word=$word"; done
echo "id=$(id -u):$(id -g):$(id -G) pwd=$PWD home=$HOME greeting=$GREETING path=$PATH pid=$$"
END
        chmod 755 "$MACHINES/app/bin/entry"
        printf '%s\n' "$@" >"$MACHINES/app.nspawn"
}

app_remove() {
        rm -rf --one-file-system "$MACHINES/app" "$MACHINES/app.nspawn"
}

run_app() { nbox run --network=none "$@" app; }

test_entry_point() {
        app '[Exec]' Boot=no "Parameters='/bin/entry' 'two words' 'it'\"'\"'s' ''" "Environment='GREETING=good day'" WorkingDirectory=/srv/made
        run_app >"$SCRATCH/out"
        has "$(cat "$SCRATCH/out")" '^word=two words$'
        has "$(cat "$SCRATCH/out")" "^word=it's\$"
        has "$(cat "$SCRATCH/out")" '^word=$'
        has "$(cat "$SCRATCH/out")" '^id=0:0:.* pwd=/srv/made home=/root greeting=good day path=/usr/local/sbin:.* pid=1$'
        # Words behind the name are the command, in the same surroundings.
        same "another command" "$(nbox run --network=none app sh -c 'echo $GREETING $PWD')" "good day /srv/made"
        same "status" "$(nbox run --network=none app sh -c 'exit 7' || echo $?)" 7
        app_remove
}

test_users() {
        app '[Exec]' Boot=no Parameters=/bin/entry
        echo 'web:x:33:34:www:/srv:/bin/sh' >>"$MACHINES/app/etc/passwd"
        printf 'www:x:34:\nmore:x:35:web\n' >>"$MACHINES/app/etc/group"
        has "$(run_app --user=web)" '^id=33:34:34 35 .*home=/srv '
        has "$(run_app --user=33)" '^id=33:34:34 35 '
        has "$(run_app --user=web:more)" '^id=33:35:35 '
        has "$(run_app --user=1001)" '^id=1001:0:0 pwd=/ home=/ ' # nobody's there, as images for any user count on
        has "$(run_app --user=1001:1002)" '^id=1001:1002:1002 '
        refused nbox run --network=none --user=web:nogroup app
        has "$REFUSAL" 'no such group'
        printf '[Exec]\nBoot=no\nParameters=/bin/entry\nUser=33:35\n' >"$MACHINES/app.nspawn"
        has "$(run_app)" '^id=33:35:35 '
        app_remove
}

test_no_init_to_boot() {
        app '[Exec]' Boot=no Parameters=/bin/entry
        refused nbox boot --network=none app
        has "$REFUSAL" 'nbox run app'
        app_remove
        # A tree with both: the verb decides, and init is not told what was the command's.
        cp -a "$MACHINES/$GUEST" "$MACHINES/app"
        printf '[Exec]\nBoot=no\nParameters=/bin/sh -c true\nKillSignal=SIGTERM\nWorkingDirectory=/nowhere\n' >"$MACHINES/app.nspawn"
        nbox boot -d --network=none app 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'nbox run app'
        has_not "$(nbox exec app cat /proc/1/cmdline | tr '\0' ' ')" 'true'
        # Nor is it asked to power off by the command's signal, which is a reboot to it.
        timeout "$((20 * PATIENCE))" nbox poweroff --wait app
        is_gone app
        app_remove
}

test_volumes() {
        app '[Exec]' Boot=no Parameters=/bin/true '[Files]' Volume=/srv/data Volume=/etc
        echo old >"$MACHINES/app/etc/kept"
        nbox run --network=none app sh -c 'echo 1 >/srv/data/a; echo 1 >/etc/b'
        same "what it wrote" "$(cat "$MACHINES/app/srv/data/a" "$MACHINES/app/etc/b" | tr '\n' ' ')" "1 1 "
        # Where nothing can be written, these can, and show what is there.
        same "read-only" "$(nbox run --network=none --read-only app sh -c 'cat /etc/kept /srv/data/a; echo 2 >/srv/data/a; cat /srv/data/a; echo 2 >/x || echo refused' 2>/dev/null |
                tr '\n' ' ')" "old 1 2 refused "
        same "kept" "$(cat "$MACHINES/app/srv/data/a")" 1
        # What is mounted there by hand is what it is.
        mkdir "$SCRATCH/mine"
        nbox run --network=none --bind="$SCRATCH/mine:/srv/data:rootidmap" app sh -c 'echo 3 >/srv/data/a'
        same "bound" "$(cat "$SCRATCH/mine/a")" 3
        refused nbox run --volume=/a:/b app true
        has "$REFUSAL" 'bind='
        app_remove
}

# What the image says of itself, its copies say, too.
test_copies_of_it() {
        app '[Exec]' Boot=no "Parameters=sh -c 'echo from \$(hostname)'"
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=mine\n' >/etc/nbox/app.conf
        nbox clone app app2
        nbox clone --copy app app3
        nbox commit app app4
        rm /etc/nbox/app.conf
        for name in app2 app3 app4; do
                same "$name" "$(nbox run --network=none $name)" "from $name"
        done
        same "of a template" "$(nbox run -q --network=none --template=app app5)" "from app5"
        same "passing" "$(nbox run -q --network=none --ephemeral app | cut -c 1-8)" "from app"
        nbox remove --settings=remove app2 app3 app4 app5
        app_remove
        forget_image app
}

test_in_the_background() {
        app '[Exec]' Boot=no "Parameters=sh -c 'trap \"echo quit >/bye; exit 0\" QUIT; while :; do sleep 0.1; done'" KillSignal=SIGQUIT
        nbox run -d --network=none app
        has "$(nbox list)" '^app '
        same "exec" "$(nbox exec app cat /proc/1/comm)" sh
        nbox poweroff --wait app
        same "its signal" "$(cat "$MACHINES/app/bye")" quit
        app_remove
}

test_what_cannot_run() {
        app '[Exec]' Boot=no Parameters=/nothing
        status_is 127 nbox run --network=none app 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '/nothing'
        refused nbox run -d --network=none app
        is_gone app
        printf '[Exec]\nBoot=no\n' >"$MACHINES/app.nspawn"
        refused nbox run --network=none app
        has "$REFUSAL" 'No command'
        if [ "$HOST" = container ]; then
                refused nbox start app
                has "$REFUSAL" 'No command'
                systemctl reset-failed
        fi
        # One that ends at once has run.
        printf '[Exec]\nBoot=no\nParameters=/bin/true\n' >"$MACHINES/app.nspawn"
        nbox run -d --network=none app
        wait_until 5 is_gone app
        app_remove
}

test_as_a_service() {
        [ "$HOST" = container ] || return 0
        app '[Exec]' Boot=no "Parameters=sh -c 'trap \"echo quit >/bye; exit 0\" QUIT; while :; do sleep 0.1; done'" KillSignal=SIGQUIT
        nbox start app
        same "state" "$(systemctl is-active nbox@app.service)" active
        systemctl stop nbox@app.service
        same "state" "$(systemctl is-active nbox@app.service)" inactive
        same "its signal" "$(cat "$MACHINES/app/bye")" quit
        app_remove
}
