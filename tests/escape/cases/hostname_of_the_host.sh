# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='the host'"'"'s name is changed'
OPTIONS_bare=(--share=uts)

setup() { hostname >"$PREY/hostname"; }

attack() { busybox hostname escape-was-here; }

verdict() { if [ "$(hostname)" = "$(cat "$PREY/hostname")" ]; then blocked "it is as it was"; else works "it is $(hostname)"; fi; }

undo() { hostname "$(cat "$PREY/hostname")"; }
