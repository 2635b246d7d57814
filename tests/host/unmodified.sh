# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A Debian to which nothing was done, with all that a machine is confined by without asking: no unit of it may notice.

test_reaches_running() {
        local masked
        masked=$(find "$MACHINES/$GUEST/etc/systemd" -lname /dev/null)
        same 'what is masked beforehand' "$masked" ''
        boot "$GUEST"
        same 'its state' "$(nbox exec "$GUEST" timeout "$((60 * PATIENCE))" systemctl is-system-running --wait)" running
        same 'failed units' "$(nbox exec "$GUEST" systemctl --failed --no-legend)" ''
        same 'jobs that wait' "$(nbox exec "$GUEST" systemctl list-jobs --no-legend)" ''
        same 'what is masked' "$(nbox exec "$GUEST" find /etc/systemd /run/systemd -lname /dev/null)" ''
        poweroff "$GUEST"
}

# What units are sandboxed by makes mounts of its own on top of ours.
test_sandboxes_of_units() {
        boot "$GUEST"
        nbox exec "$GUEST" tee /run/systemd/system/boxed.service >/dev/null <<'EOF'
[Service]
Type=oneshot
ExecStart=/bin/true
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
ProtectHostname=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateNetwork=yes
PrivateUsers=yes
NoNewPrivileges=yes
SystemCallFilter=@system-service
EOF
        nbox exec "$GUEST" systemctl daemon-reload
        nbox exec "$GUEST" systemctl start boxed.service
        poweroff "$GUEST"
}
