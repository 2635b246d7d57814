/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "address.h"

/* What addresses an interface of another network namespace has given itself. That namespace is a guest's: it may have any number of
 * interfaces and addresses, and change them all the time. So a look is bounded, and does not wait. */

/* A socket (NETLINK_ROUTE, non-blocking) in the namespace that becomes readable when addresses come or go there; or -errno. */
int inside_address_watch(int netns);

/* Read what has come in on it, at most so much as is there by now; what it says is not looked at. */
void inside_address_drain(int watch);

/* An address of each family of the interface `name`, ret[0] IPv6 and ret[1] IPv4, none (family 0) where it has none that others can
 * use: of a link alone (fe80::) for IPv6, tentative, deprecated. `kept`, the answer of the time before, is given again while it is
 * there. 0 or -errno; -ENODEV when there is no such interface. */
int inside_address_get(int netns, const char *name, const IpAddress kept[2], IpAddress ret[2]);
