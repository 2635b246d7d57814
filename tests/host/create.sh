# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Making a tree from Debian's packages, which needs the network; the machine that boots on it has a network of its own.

# apart COMMAND...: in the network namespace that stands for a host's, so that the machine's link and rules are not the real one's.
apart() { nsenter --net=/run/netns/apart "$@"; }

says_ssh() { apart bash -c "exec 9<>/dev/tcp/$1/22 && read -t 5 -u 9 hello && [[ \$hello == SSH-* ]]"; }

# as_alice ADDRESS COMMAND...
as_alice() {
        local address=$1
        shift
        apart timeout "$((20 * PATIENCE))" ssh -F /dev/null -i "$SCRATCH/key" -o BatchMode=yes -o StrictHostKeyChecking=accept-new \
                -o UserKnownHostsFile="$SCRATCH/known" "alice@$address" "$@"
}

# A system with packages, a user and her key: it boots, and she gets in by ssh.
test_create_debian() {
        local tree=$MACHINES/made address
        ssh-keygen -q -t ed25519 -N '' -C alice@example -f "$SCRATCH/key"
        same "path" "$(nbox create made --os debian:bookworm --packages=sudo --packages=less --user=alice --ssh-key="$SCRATCH/key.pub" \
                2>"$SCRATCH/said")" "$tree"
        has "$(cat "$SCRATCH/said")" "alice has no password yet"
        has "$(cat "$tree/etc/os-release")" 'VERSION_ID="12"'
        [ -x "$tree/sbin/init" ] || fail "no init in it"
        ls "$tree"/usr/bin/{sudo,less} >/dev/null
        same "host keys that came with it" "$(find "$tree/etc/ssh" -name 'ssh_host_*')" ''
        same "home" "$(stat -c '%a %u %g' "$tree/home/alice" "$tree/home/alice/.profile" "$tree/home/alice/.ssh" \
                "$tree/home/alice/.ssh/authorized_keys")" $'700 1000 1000\n644 1000 1000\n700 1000 1000\n600 1000 1000'
        same "key" "$(cat "$tree/home/alice/.ssh/authorized_keys")" "$(cat "$SCRATCH/key.pub")"
        same "files of users" "$(stat -c '%a %u' "$tree"/etc/{passwd,group,shadow,gshadow})" $'644 0\n644 0\n640 0\n640 0'
        same "nbox run" "$(nbox run --network=none made sh -c 'passwd -S alice | cut -d" " -f2; id -un 1000; pwck -rq && grpck -r && echo whole')" \
                $'L\nalice\nwhole'
        has "$(nbox images)" made

        ip netns add apart
        apart ip link set lo up
        apart timeout "$((30 * PATIENCE))" nbox boot -d made
        address=$(nbox exec made ip -4 -o addr show dev host0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')
        wait_until 20 says_ssh "$address"
        same "who is there" "$(as_alice "$address" 'id; hostname')" $'uid=1000(alice) gid=1000(alice) groups=1000(alice),27(sudo)\nmade'
        same "host keys" "$(find "$tree/etc/ssh" -name 'ssh_host_*_key' | wc -l)" 3
        ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/other"
        status_is 255 apart ssh -F /dev/null -i "$SCRATCH/other" -o BatchMode=yes -o UserKnownHostsFile="$SCRATCH/known" "alice@$address" true 2>&3
        poweroff made
        ip netns delete apart
        remove_tree made
}

# What is said wrongly, or cannot be had, is refused before anything is fetched; what a mirror has not got, after it was asked.
test_create_refuses() {
        local said
        while IFS='|' read -r said options; do
                # shellcheck disable=SC2086
                refused nbox create none $options
                has "$REFUSAL" "$said"
        done <<EOF
takes no --packages=: |--os=busybox --packages=less
takes no --ssh-key=: |--os=busybox --ssh-key=/etc/passwd
takes no release: |--os=busybox:1
takes no --mirror=: |--os=busybox --mirror=http://x.example/
takes no --keyring=: |--os=busybox --keyring=/etc/passwd
not a package's name|--os=debian --packages=less,-oX
no name for a user|--os=debian --user=a:b
is no public key of ssh|--os=debian --ssh-key=/etc/passwd
Cannot read the keyring|--os=debian --keyring=/nowhere/to.gpg
Which release of Ubuntu|--os=ubuntu --mirror=http://x.example/
--mirror=http://archive.ubuntu.com/ubuntu|--os=ubuntu:jammy
package ubuntu-keyring|--os=ubuntu:jammy --mirror=http://x.example/
has a user 'daemon'|--os=busybox --user=daemon
has a group 'users'|--os=busybox --user=users
EOF
        ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/key"
        refused nbox create none --os=debian --ssh-key="$SCRATCH/key"
        has "$REFUSAL" "--ssh-key=$SCRATCH/key.pub"
        refused nbox create none --os=ubuntu:jammy --mirror="file://$SCRATCH/empty" --keyring=/usr/share/keyrings/debian-archive-keyring.gpg
        has "$REFUSAL" "Does the mirror have that release"
        same "left" "$(find "$MACHINES" -maxdepth 1 -name '*none*')" ''
}

# A busybox with a user; its files are mapped, so inside they are hers.
test_create_busybox_user() {
        nbox create small --os=busybox --user=alice
        same "home" "$(stat -c '%a %u %g' "$MACHINES/small/home/alice")" '700 1000 1000'
        same "inside" "$(nbox run --network=none small sh -c 'grep alice /etc/shadow | cut -d: -f2; su alice -c "id -u; touch ~/mine && cd && pwd"')" \
                $'*\n1000\n/home/alice'
        remove_tree small
}
