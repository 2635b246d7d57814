/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libmnl/libmnl.h>

/* libmnl, in place of its own header: it is opened by who opens a socket (base/library.h), so that a machine without a network of its own does
 * not pay for it. A function that is used first gets a place in the list, and a line below. */

#define LIBMNL_FUNCTIONS(F) \
        F(attr_get_payload) F(attr_get_payload_len) F(attr_get_str) F(attr_get_type) F(attr_get_u16) F(attr_get_u32) \
        F(attr_get_u64) F(attr_get_u8) F(attr_nest_end) F(attr_nest_start) F(attr_next) F(attr_ok) F(attr_put) \
        F(attr_put_str) F(attr_put_strz) F(attr_put_u16) F(attr_put_u32) F(attr_put_u64) F(attr_put_u8) F(attr_validate) \
        F(cb_run) F(nlmsg_get_payload) F(nlmsg_get_payload_offset) F(nlmsg_get_payload_tail) F(nlmsg_next) F(nlmsg_ok) \
        F(nlmsg_put_extra_header) F(nlmsg_put_header) F(socket_bind) F(socket_close) F(socket_fdopen) F(socket_get_fd) F(socket_recvfrom) \
        F(socket_sendto)

typedef struct LibMnl {
#define LIBMNL_MEMBER(name) __typeof__(mnl_##name) *name;
        LIBMNL_FUNCTIONS(LIBMNL_MEMBER)
#undef LIBMNL_MEMBER
} LibMnl;

extern LibMnl libmnl;

/* 0 or -ELIBACC. Before any other. */
int libmnl_open(void);

#define mnl_attr_get_payload libmnl.attr_get_payload
#define mnl_attr_get_payload_len libmnl.attr_get_payload_len
#define mnl_attr_get_str libmnl.attr_get_str
#define mnl_attr_get_type libmnl.attr_get_type
#define mnl_attr_get_u16 libmnl.attr_get_u16
#define mnl_attr_get_u32 libmnl.attr_get_u32
#define mnl_attr_get_u64 libmnl.attr_get_u64
#define mnl_attr_get_u8 libmnl.attr_get_u8
#define mnl_attr_nest_end libmnl.attr_nest_end
#define mnl_attr_nest_start libmnl.attr_nest_start
#define mnl_attr_next libmnl.attr_next
#define mnl_attr_ok libmnl.attr_ok
#define mnl_attr_put libmnl.attr_put
#define mnl_attr_put_str libmnl.attr_put_str
#define mnl_attr_put_strz libmnl.attr_put_strz
#define mnl_attr_put_u16 libmnl.attr_put_u16
#define mnl_attr_put_u32 libmnl.attr_put_u32
#define mnl_attr_put_u64 libmnl.attr_put_u64
#define mnl_attr_put_u8 libmnl.attr_put_u8
#define mnl_attr_validate libmnl.attr_validate
#define mnl_cb_run libmnl.cb_run
#define mnl_nlmsg_get_payload libmnl.nlmsg_get_payload
#define mnl_nlmsg_get_payload_offset libmnl.nlmsg_get_payload_offset
#define mnl_nlmsg_get_payload_tail libmnl.nlmsg_get_payload_tail
#define mnl_nlmsg_next libmnl.nlmsg_next
#define mnl_nlmsg_ok libmnl.nlmsg_ok
#define mnl_nlmsg_put_extra_header libmnl.nlmsg_put_extra_header
#define mnl_nlmsg_put_header libmnl.nlmsg_put_header
#define mnl_socket_bind libmnl.socket_bind
#define mnl_socket_close libmnl.socket_close
#define mnl_socket_fdopen libmnl.socket_fdopen
#define mnl_socket_get_fd libmnl.socket_get_fd
#define mnl_socket_recvfrom libmnl.socket_recvfrom
#define mnl_socket_sendto libmnl.socket_sendto
