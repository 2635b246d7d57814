/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Say so, once, when a chain of nftables drops by default what is forwarded in this namespace. */
void nft_warn_of_drop(const char *bridge);
