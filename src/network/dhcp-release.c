/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp-release.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

#define SERVER_PORT 67
#define BOOT_REQUEST 1
#define ETHERNET 1
#define OPTION_MESSAGE_TYPE 53
#define OPTION_SERVER 54
#define OPTION_END 255
#define RELEASE 7

/* RFC 2131, figure 1; the options' field is as long as every server must take. */
typedef struct __attribute__((packed)) Packet {
        uint8_t op, htype, hlen, hops;
        uint32_t xid;
        uint16_t secs, flags;
        uint32_t ciaddr, yiaddr, siaddr, giaddr;
        uint8_t chaddr[16];
        char sname[64], file[128];
        uint8_t cookie[4];
        uint8_t options[308];
} Packet;

int dhcp_release(uint32_t server, uint32_t address, const uint8_t mac[6]) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT), .sin_addr.s_addr = htonl(server) };
        Packet p = {
                .op = BOOT_REQUEST, .htype = ETHERNET, .hlen = 6, .ciaddr = htonl(address), .cookie = { 99, 130, 83, 99 },
                .options = { OPTION_MESSAGE_TYPE, 1, RELEASE, OPTION_SERVER, 4, [9] = OPTION_END },
        };

        if (fd < 0)
                return -errno;
        memcpy(p.chaddr, mac, 6);
        memcpy(p.options + 5, &to.sin_addr.s_addr, 4);
        return sendto(fd, &p, sizeof(p), 0, (struct sockaddr *) &to, sizeof(to)) < 0 ? -errno : 0;
}
