# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images from web servers, good ones and such as stall, stop, and lie (tests/host/liar, which has all that a server does); each is used,
# resumed, tried again or refused, as fits, and then nothing is left. A second without a byte is enough here.

. "$HOST_TOOLS/layers-words.sh"

PORT=8099 TLS_PORT=8100

# --- what is there to be pulled ------------------------------------------------------------------------------------

key_of() {
        printf '%%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nName-Real: %s\nExpire-Date: %s\n%%commit\n' "$1" "$2" |
                gpg "${@:3}" --batch --quiet --gen-key -
}

# sign DIRECTORY KEY [OPTION...]: its list.
sign() { gpg "${@:3}" --batch --yes --quiet -u "$2" -o "$WWW/$1/SHA256SUMS.gpg" --detach-sign "$WWW/$1/SHA256SUMS"; }

list_of() { (cd "$WWW/$1" && sha256sum web.* >SHA256SUMS); }

# Directories that differ in what is said of the same file; made once for all tests.
publish() {
        local kind long_ago='--faked-system-time=20200101T000000!' WWW=$PUBLISHED/www GNUPGHOME=/tmp/gnupg
        export GNUPGHOME # a short path, for its socket
        rm -rf "$PUBLISHED"
        mkdir -m 700 "$GNUPGHOME"
        mkdir -p "$WWW/good"
        tar -C "$MACHINES/.busybox" -czf "$WWW/good/web.tar.gz" .
        truncate -s 4M "$WWW/good/web.raw"
        mkfs.ext4 -q "$WWW/good/web.raw"
        xz -k "$WWW/good/web.raw"
        key_of publisher 0
        key_of stranger 0
        key_of past 1d "$long_ago"
        gpg --batch --quiet --yes --export publisher past >"$PUBLISHED/keys"
        list_of good
        sign good publisher
        for kind in unsigned unlisted tampered strange expired wrong no-list inline armoured; do
                mkdir "$WWW/$kind"
                ln "$WWW/good/web.tar.gz" "$WWW/$kind/"
                list_of "$kind"
                sign "$kind" publisher
        done
        rm "$WWW/unsigned/SHA256SUMS.gpg" "$WWW/no-list"/SHA256SUMS*
        echo "$(sha256sum </dev/null | cut -d' ' -f1)  other.tar" >"$WWW/unlisted/SHA256SUMS"
        sign unlisted publisher
        echo "# only a remark" >>"$WWW/tampered/SHA256SUMS"
        sign strange stranger
        sign expired past "$long_ago"
        sed -i 's/^......../00000000/' "$WWW/wrong/SHA256SUMS"
        sign wrong publisher
        gpg --batch --quiet -u publisher --clearsign -o "$WWW/inline/web.tar.gz.sha256" "$WWW/inline/SHA256SUMS"
        rm "$WWW/inline"/SHA256SUMS*
        rm "$WWW/armoured/SHA256SUMS.gpg"
        gpg --batch --quiet -u publisher --armor -o "$WWW/armoured/SHA256SUMS.asc" --detach-sign "$WWW/armoured/SHA256SUMS"
        gpgconf --kill all
        rm -r "$GNUPGHOME"
        authority
        touch "$PUBLISHED/done"
}

authority() {
        (
                cd "$PUBLISHED" || exit
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ours -keyout ca.key -out ca.pem
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
                openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
                        -extfile <(echo subjectAltName=DNS:localhost)
                cat server.crt server.key >server.pem
        ) 2>/dev/null
}

listens() { ss -Hltn "sport = :$1" | grep -q .; }

# servers: HTTP, and with TLS; they end with no_servers.
servers() {
        PUBLISHED=$SCRATCH/../published WWW=$SCRATCH/www LOG=$SCRATCH/requests
        [ -e "$PUBLISHED/done" ] || publish 2>/dev/null
        cp -a "$PUBLISHED/www" "$WWW"
        mkdir -p /etc/nbox
        cp "$PUBLISHED/keys" /etc/nbox/import-pubring.gpg
        : >"$LOG"
        OTHER=$TLS_PORT setpriv --pdeathsig KILL "$HOST_TOOLS/liar" "$WWW" $PORT "$LOG" &
        HTTP=$!
        OTHER=$PORT setpriv --pdeathsig KILL "$HOST_TOOLS/liar" "$WWW" $TLS_PORT "$LOG" "$PUBLISHED/server.pem" &
        HTTPS=$!
        wait_until 10 listens $PORT
        wait_until 10 listens $TLS_PORT
}

no_servers() {
        kill "$HTTP" "$HTTPS"
        wait "$HTTP" "$HTTPS" || true # by the signal
        rm /etc/nbox/import-pubring.gpg
        rmdir --ignore-fail-on-non-empty /etc/nbox
        forget_image
}

url() { echo "http://127.0.0.1:$PORT/$1"; }
tls() { echo "https://localhost:$TLS_PORT/$1"; }

# pull BEHAVIOUR/FILE [OPTION...]: as `web`.
pull() { nbox pull --timeout=1 "${@:2}" "$(url "$1")" web 2>"$SCRATCH/said"; }

requests() { cat "$LOG"; }
forget_requests() { : >"$LOG"; }

# nothing_left: no image, nothing begun, no layer, and nobody who asks servers.
nothing_left() {
        local left
        left=$(find "$MACHINES" -mindepth 1 -maxdepth 1 ! -name '.busybox' ! -name '.#nbox' ! -name "$GUEST")
        same "images" "$left" ''
        same "layers" "$(find "$MACHINES/.#nbox/layers" "$MACHINES/.#nbox/trash" -mindepth 1 -maxdepth 1 2>/dev/null)" ''
        ! pgrep -x nbox-fetch || fail "a process asks still"
        ! pgrep -x gpgv || fail "a process checks still"
}

# cannot_pull WORDS BEHAVIOUR/FILE [OPTION...]: it says so, and leaves nothing.
cannot_pull() {
        status_is 1 timeout "$((20 * PATIENCE))" nbox pull --timeout=1 "${@:3}" "$(url "$2")" web >"$SCRATCH/path" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "$1"
        ! LC_ALL=C grep '[[:cntrl:]]' "$SCRATCH/said" || fail "control characters"
        same "path" "$(cat "$SCRATCH/path")" ''
        nothing_left
}

# --- good ones -----------------------------------------------------------------------------------------------------

test_a_signed_tar_boots() {
        servers
        same "path" "$(nbox pull "$(url good/good/web.tar.gz)" 2>"$SCRATCH/said")" "$MACHINES/web"
        has "$(cat "$SCRATCH/said")" "Made $MACHINES/web of http://127.0.0.1:$PORT/good/good/web.tar.gz"
        has "$(nbox image-status web)" "Came from: http://127.0.0.1:$PORT/good/good/web.tar.gz"
        boot web
        same "runs" "$(nbox exec web sh -c 'echo yes >/root/mine; cat /root/mine')" yes
        terminate web
        # another one: the list says that it is the same, so the server is not even asked for it
        forget_requests
        nbox pull "$(url good/good/web.tar.gz)" web2 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "nothing is downloaded"
        has_not "$(requests)" web.tar.gz
        boot web2
        fails nbox exec web2 test -e /root/mine
        terminate web2
        same "layers" "$(find "$MACHINES/.#nbox/layers" -mindepth 1 -maxdepth 1 | wc -l)" 3
        nbox remove web web2
        nothing_left
        no_servers
}

# Without a list, the server is asked whether it has another version. Who wants it verified later gets that very base, if it is the right one.
test_what_is_here_is_not_downloaded_again() {
        servers
        pull good/unsigned/web.tar.gz --verify=no
        forget_requests
        nbox pull --verify=no "$(url good/unsigned/web.tar.gz)" web2 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "nothing is downloaded"
        has "$(requests)" 'unsigned/web.tar.gz - 304 0'
        refused nbox pull "$(url good/unsigned/web.tar.gz)" web3
        has "$REFUSAL" "Nobody has signed"
        forget_requests
        nbox pull "$(url good/good/web.tar.gz)" web3 2>/dev/null
        has_not "$(requests)" web.tar.gz
        # the server has another one now
        mkdir "$SCRATCH/more"
        echo new >"$SCRATCH/more/new"
        cp "$WWW/unsigned/web.tar.gz" "$SCRATCH/web.tar.gz"
        gunzip "$SCRATCH/web.tar.gz"
        tar -C "$SCRATCH/more" -rf "$SCRATCH/web.tar" ./new
        rm "$WWW/unsigned/web.tar.gz" # whose other names stay as they are
        gzip <"$SCRATCH/web.tar" >"$WWW/unsigned/web.tar.gz"
        nbox pull --verify=no "$(url good/unsigned/web.tar.gz)" web4 2>/dev/null
        same "new" "$(nbox run --network=none web4 cat /new)" new
        fails nbox run --network=none web2 cat /new
        nbox remove web web2 web3 web4
        nothing_left
        no_servers
}

test_disks_and_other_ways_to_sign() {
        local kind
        servers
        for kind in inline armoured; do
                pull "good/$kind/web.tar.gz"
                nbox remove web
        done
        for kind in raw raw.xz; do
                same "path" "$(pull "good/good/web.$kind")" "$MACHINES/web.raw"
                cmp "$MACHINES/web.raw" "$WWW/good/web.raw"
                nbox remove web
        done
        # machinectl's words say what it has to be
        refused nbox pull-raw "$(url good/good/web.tar.gz)" web
        has "$REFUSAL" "is a tar archive"
        nothing_left
        refused nbox pull-tar "$(url good/good/web.raw)" web
        has "$REFUSAL" "is no tar"
        nbox pull-raw --read-only --verify=checksum "$(url good/good/web.raw)" web 2>/dev/null
        same "read-only" "$(nbox images --json | jq -r '.[] | select(.name == "web") | .read_only')" true
        refused nbox pull-tar --verify=no "$(url good/good/web.tar.gz)" web
        has "$REFUSAL" "--force"
        nbox pull-tar --force --verify=no "$(url good/good/web.tar.gz)" web 2>/dev/null
        same "type" "$(nbox images --json | jq -r '.[] | select(.name == "web") | .type')" layers
        nbox remove web
        nothing_left
        no_servers
}

# --- what is not what it should be ---------------------------------------------------------------------------------

test_only_what_was_verified_is_used() {
        local words url
        servers
        while IFS='|' read -r words url; do
                cannot_pull "$words" "$url"
        done <<'LIST'
Nobody has signed|good/unsigned/web.tar.gz
is not in the list of digests|good/unlisted/web.tar.gz
is wrong: it is not of this text|good/tampered/web.tar.gz
in no keyring of ours|good/strange/web.tar.gz
has expired|good/expired/web.tar.gz
is not the file that|good/wrong/web.tar.gz
There is no list of digests|good/no-list/web.tar.gz
LIST
        cannot_pull "is not the file that" good/wrong/web.tar.gz --verify=checksum
        cannot_pull "There is no list of digests" good/no-list/web.tar.gz --verify=checksum
        cannot_pull "The server has no" good/good/web2.tar.gz --verify=no
        cannot_pull "is no way to verify" good/good/web.tar.gz --verify=maybe
        mv /etc/nbox/import-pubring.gpg "$SCRATCH/keys"
        cannot_pull "in no keyring of ours|There are no keys" good/good/web.tar.gz
        pull good/unsigned/web.tar.gz --verify=checksum
        nbox remove web
        # Nor is a keyring believed that anybody may have written to, or waited for that is none.
        install -m 666 "$SCRATCH/keys" /etc/nbox/import-pubring.gpg
        cannot_pull "Others than root can write to the keyring" good/good/web.tar.gz
        rm /etc/nbox/import-pubring.gpg
        mkfifo /etc/nbox/import-pubring.gpg
        cannot_pull "is not a regular file" good/good/web.tar.gz
        mv "$SCRATCH/keys" /etc/nbox/import-pubring.gpg
        no_servers
}

# --- bad lines -----------------------------------------------------------------------------------------------------

# The checksum was right; and it runs.
pulled_whole() {
        nbox run --network=none web true
        nbox remove web
        nothing_left
}

test_what_was_cut_off_is_resumed() {
        local size
        servers
        size=$(stat -c %s "$WWW/good/web.tar.gz")
        pull dropped/good/web.tar.gz
        has "$(cat "$SCRATCH/said")" "going on after"
        has "$(requests)" "web.tar.gz bytes=$((size / 2))- 206 $((size - size / 2))"
        pulled_whole
        pull stalled/good/web.tar.gz
        has "$(cat "$SCRATCH/said")" "going on after"
        has "$(requests)" "web.tar.gz bytes=$((size / 2))- 206 $((size - size / 2))"
        pulled_whole
        # a server that cannot send parts; one that cannot say which version it has
        forget_requests
        pull dropped-whole/good/web.tar.gz
        has "$(requests)" "web.tar.gz bytes=$((size / 2))- 200 $size"
        pulled_whole
        forget_requests
        pull dropped-unnamed/good/web.tar.gz
        has "$(requests)" "web.tar.gz - 200 $size"
        pulled_whole
        # what is another version by now is begun anew, whether the server sees that or we do
        forget_requests
        pull changed/good/web.tar.gz
        has "$(requests)" "web.tar.gz bytes=$((size / 2))- 200 $size"
        pulled_whole
        pull other-part/good/web.tar.gz
        has "$(cat "$SCRATCH/said")" "changes while it is downloaded"
        pulled_whole
        no_servers
}

test_who_is_busy_is_asked_again() {
        local began
        servers
        began=$(date +%s)
        pull busy-first/good/web.tar.gz
        [ $(($(date +%s) - began)) -ge 2 ] || fail "not as late as the server wishes"
        pulled_whole
        pull mute-first/good/web.tar.gz
        pulled_whole
        pull chunked/good/web.tar.gz
        pulled_whole
        pull said-compressed/good/web.tar.gz
        pulled_whole
        pull hop10/good/web.tar.gz
        pulled_whole
        no_servers
}

# --- servers that lie ----------------------------------------------------------------------------------------------

test_lies_are_seen() {
        local words behaviour
        servers
        while IFS='|' read -r words behaviour; do
                cannot_pull "$words" "$behaviour/good/web.tar.gz" --verify=no
        done <<'LIST'
tried 4 times|drops
tried 4 times|shorter
tried 4 times|mute
tried 4 times|broken
busy .503.|busy
says so for long|busy-long
another part of it|wrong-range
another part of it|unasked-range
damaged or cut off|longer
there is room for|huge
headers that do not end|endless-headers
HTTP/0.9|garbage
does not let us have|forbidden
has no http|gone
answered 304|unchanged
sends us from one place to the next|loop
sends us from one place to the next|hop11
sends us where we do not go: 'file:///etc/passwd'|to-file
sends us where we do not go: 'ftp:|to-ftp
but not where|to-nowhere
LIST
        cannot_pull "more was not wanted" endless-body/good/web.tar.gz --verify=no --max-size=3M
        cannot_pull "no more than this was wanted" good/good/web.raw --verify=no --max-size=3M
        cannot_pull "is empty" nothing/good/web.tar.gz --verify=no
        cannot_pull "Cannot get" ../../etc/passwd --verify=no
        no_servers
}

# Each of these takes its time, four times: at once.
test_silence_is_not_waited_for() {
        local behaviour
        servers
        for behaviour in silent slow-headers slow-body; do
                (
                        status_is 1 timeout "$((20 * PATIENCE))" nbox pull --timeout=1 --verify=no "$(url "$behaviour/good/web.tar.gz")" "$behaviour" \
                                2>"$SCRATCH/$behaviour"
                        has "$(cat "$SCRATCH/$behaviour")" "tried 4 times"
                ) &
        done
        wait -n
        wait -n
        wait -n
        nothing_left
        no_servers
}

# --- TLS and proxies -----------------------------------------------------------------------------------------------

test_a_server_shows_who_it_is() {
        servers
        refused nbox pull "$(tls good/good/web.tar.gz)" web
        has "$REFUSAL" "cannot show that it is the one"
        export CURL_CA_BUNDLE=$PUBLISHED/ca.pem
        refused nbox pull "https://127.0.0.1:$TLS_PORT/good/good/web.tar.gz" web
        has "$REFUSAL" "cannot show that it is the one"
        refused nbox pull --verify=no "$(tls to-http/good/web.tar.gz)" web
        has "$REFUSAL" "from https to http"
        nothing_left
        nbox pull "$(tls good/good/web.tar.gz)" web 2>/dev/null
        pulled_whole
        nbox pull --verify=no "$(url to-https/good/web.tar.gz)" web 2>/dev/null
        pulled_whole
        unset CURL_CA_BUNDLE
        no_servers
}

# The names of other hosts are the proxy's to know. What is said of user and password is nowhere to be read afterwards.
test_by_way_of_a_proxy() {
        servers
        http_proxy=http://127.0.0.1:$PORT nbox pull http://user:secret@elsewhere.example/good/good/web.tar.gz web 2>"$SCRATCH/said"
        has_not "$(cat "$SCRATCH/said")" secret
        has_not "$(cat "$MACHINES"/.#nbox/layers/*/origin)" secret
        pulled_whole
        refused env http_proxy=http://127.0.0.1:1 nbox pull "$(url good/good/web.tar.gz)" web
        has "$REFUSAL" "Cannot get"
        http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 nbox pull "$(url good/good/web.tar.gz)" web 2>/dev/null
        pulled_whole
        no_servers
}

# --- who asks ------------------------------------------------------------------------------------------------------

asks() { FETCHER=$(pgrep -x nbox-fetch); }

test_who_asks_has_nothing_else() {
        local pid
        servers
        nbox pull --verify=no "$(url silent/good/web.tar.gz)" web 2>/dev/null &
        pid=$!
        wait_until 10 asks
        wait_until 10 grep -q '^Seccomp:.*2' "/proc/$FETCHER/status"
        same "rights" "$(awk '/^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):/ { print $1, $2, $5 }' "/proc/$FETCHER/status")" "$(
                printf '%s\n' 'Uid: 65534 65534' 'Gid: 65534 65534' 'Groups:  ' 'CapInh: 0000000000000000 ' 'CapPrm: 0000000000000000 ' \
                        'CapEff: 0000000000000000 ' 'CapAmb: 0000000000000000 ' 'NoNewPrivs: 1 ' 'Seccomp: 2 '
        )"
        same "root" "$(find "/proc/$FETCHER/root/" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | grep -vx 'lib.*' | sort | tr '\n' ' ')" \
                "etc $(find "/proc/$FETCHER/root/" -mindepth 1 -maxdepth 1 -name run -printf 'run ')usr "
        same "files" "$(find "/proc/$FETCHER/fd" -lname "$MACHINES/*" | wc -l)" 1
        # ^C: it ends, and all of it
        kill -INT "$pid"
        status_is 1 wait "$pid"
        nothing_left
        # so it does when we are killed
        nbox pull --verify=no "$(url silent/good/web.tar.gz)" web 2>/dev/null &
        pid=$!
        wait_until 10 asks
        kill -KILL "$pid"
        wait "$pid" || true # by the signal
        wait_until 10 nobody_asks
        nothing_left
        no_servers
}

nobody_asks() { ! pgrep -x nbox-fetch >/dev/null; }
