# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What Docker puts into iptables-nft, without Docker: sourced by network-room.sh (for network-mending.sh) and doors.sh.

# Version 20, which puts its rules into FORWARD itself.
docker_20() {
        local chain
        iptables-nft -P FORWARD DROP
        for chain in DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do iptables-nft -N $chain; done
        iptables-nft -A FORWARD -j DOCKER-USER
        iptables-nft -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables-nft -A FORWARD -o docker0 -j DOCKER
        iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
        iptables-nft -A FORWARD -i docker0 -o docker0 -j ACCEPT
        iptables-nft -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        iptables-nft -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        iptables-nft -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
        iptables-nft -A DOCKER-ISOLATION-STAGE-2 -j RETURN
        iptables-nft -A DOCKER-USER -j RETURN
}

# Version 28, which has a chain of its own for what it forwards, and filters IPv6 too.
docker_28() { # [ip6tables-nft]
        local chain iptables=${1-iptables-nft}
        $iptables -P FORWARD DROP
        for chain in DOCKER DOCKER-BRIDGE DOCKER-CT DOCKER-FORWARD DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER; do
                $iptables -N $chain
        done
        $iptables -A FORWARD -j DOCKER-USER
        $iptables -A FORWARD -j DOCKER-FORWARD
        $iptables -A DOCKER ! -i docker0 -o docker0 -j DROP
        $iptables -A DOCKER-BRIDGE -o docker0 -j DOCKER
        $iptables -A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        $iptables -A DOCKER-FORWARD -j DOCKER-CT
        $iptables -A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
        $iptables -A DOCKER-FORWARD -j DOCKER-BRIDGE
        $iptables -A DOCKER-FORWARD -i docker0 -j ACCEPT
        $iptables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
        $iptables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
}
