/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>

/* libsystemd, in place of its own headers: what the names of its functions stand for is found when one is needed.
 *
 * It brings six libraries more, and loading them costs each process a third of a short machine's whole start, and a supervisor as much memory
 * as all that it has itself. So it is opened (base/library.h) by the first call of a function with which something of it begins, and by no
 * other; where the library is not there, those return -ELIBACC, as any other failure. Whatever ends something may be called before that, with
 * NULL. A process that enters a machine's root, or forbids itself to open files, and needs it afterwards opens it before.
 *
 * A function that is used first gets a place in one of these lists, and a line below. */

/* With these something begins: each has a stand-in of its own in libsystemd.c, which opens the library. */
#define LIBSYSTEMD_BEGINNINGS(F) \
        F(bus_new) F(bus_open_system_with_description) F(bus_path_encode) F(journal_open) F(journal_open_files_fd) \
        F(listen_fds_with_names) F(notify) F(notify_barrier) F(notifyf) F(pid_get_unit) F(pid_notify_with_fds)

/* They take NULL, or an error that is none, and answer with nothing. */
#define LIBSYSTEMD_ENDS(F) \
        F(bus_close_unref) F(bus_error_free) F(bus_error_get_errno) F(bus_error_has_name) F(bus_error_has_names_sentinel) \
        F(bus_flush_close_unref) F(bus_message_unref) F(bus_slot_unref) F(bus_unref) F(journal_close)

/* All others need what one of the first has made. */
#define LIBSYSTEMD_USES(F) \
        F(bus_add_filter) F(bus_call) F(bus_call_async) F(bus_call_method) F(bus_error_copy) F(bus_flush) F(bus_get_events) \
        F(bus_get_fd) F(bus_get_property) F(bus_get_property_string) F(bus_get_property_strv) F(bus_get_property_trivial) \
        F(bus_get_timeout) F(bus_get_unique_name) F(bus_is_open) F(bus_match_signal) F(bus_message_append) \
        F(bus_message_append_array) F(bus_message_append_strv) F(bus_message_close_container) F(bus_message_enter_container) \
        F(bus_message_exit_container) F(bus_message_get_bus) F(bus_message_get_cookie) F(bus_message_get_destination) \
        F(bus_message_get_error) F(bus_message_get_expect_reply) F(bus_message_get_member) F(bus_message_get_path) F(bus_message_get_reply_cookie) \
        F(bus_message_get_sender) F(bus_message_get_type) F(bus_message_is_empty) F(bus_message_is_method_call) \
        F(bus_message_is_signal) F(bus_message_new_method_call) F(bus_message_open_container) F(bus_message_read) \
        F(bus_message_read_array) F(bus_message_ref) F(bus_message_set_auto_start) F(bus_message_set_expect_reply) \
        F(bus_message_skip) F(bus_process) F(bus_ref) F(bus_send) F(bus_set_address) \
        F(bus_set_allow_interactive_authorization) F(bus_set_bus_client) F(bus_set_close_on_exit) F(bus_set_description) \
        F(bus_set_method_call_timeout) F(bus_set_monitor) F(bus_slot_set_destroy_callback) F(bus_slot_set_floating) \
        F(bus_start) F(bus_wait) F(journal_add_match) F(journal_get_data) F(journal_get_realtime_usec) F(journal_next) \
        F(journal_previous) F(journal_seek_head) F(journal_seek_realtime_usec) F(journal_seek_tail) F(journal_wait)

typedef struct LibSystemd {
#define LIBSYSTEMD_MEMBER(name) __typeof__(sd_##name) *name;
        LIBSYSTEMD_BEGINNINGS(LIBSYSTEMD_MEMBER)
        LIBSYSTEMD_ENDS(LIBSYSTEMD_MEMBER)
        LIBSYSTEMD_USES(LIBSYSTEMD_MEMBER)
#undef LIBSYSTEMD_MEMBER
} LibSystemd;

extern LibSystemd libsystemd;

/* 0; or -ELIBACC, which the functions that begin something return as well. */
int libsystemd_open(void);

#define sd_bus_new libsystemd.bus_new
#define sd_bus_open_system_with_description libsystemd.bus_open_system_with_description
#define sd_bus_path_encode libsystemd.bus_path_encode
#define sd_journal_open libsystemd.journal_open
#define sd_journal_open_files_fd libsystemd.journal_open_files_fd
#define sd_listen_fds_with_names libsystemd.listen_fds_with_names
#define sd_notify libsystemd.notify
#define sd_notifyf libsystemd.notifyf
#define sd_notify_barrier libsystemd.notify_barrier
#define sd_pid_get_unit libsystemd.pid_get_unit
#define sd_pid_notify_with_fds libsystemd.pid_notify_with_fds
#define sd_bus_close_unref libsystemd.bus_close_unref
#define sd_bus_error_free libsystemd.bus_error_free
#define sd_bus_flush_close_unref libsystemd.bus_flush_close_unref
#define sd_bus_message_unref libsystemd.bus_message_unref
#define sd_bus_slot_unref libsystemd.bus_slot_unref
#define sd_bus_unref libsystemd.bus_unref
#define sd_journal_close libsystemd.journal_close
#define sd_bus_add_filter libsystemd.bus_add_filter
#define sd_bus_call libsystemd.bus_call
#define sd_bus_call_async libsystemd.bus_call_async
#define sd_bus_call_method libsystemd.bus_call_method
#define sd_bus_error_copy libsystemd.bus_error_copy
#define sd_bus_error_get_errno libsystemd.bus_error_get_errno
#define sd_bus_error_has_name libsystemd.bus_error_has_name
#define sd_bus_error_has_names_sentinel libsystemd.bus_error_has_names_sentinel
#define sd_bus_flush libsystemd.bus_flush
#define sd_bus_get_events libsystemd.bus_get_events
#define sd_bus_get_fd libsystemd.bus_get_fd
#define sd_bus_get_property libsystemd.bus_get_property
#define sd_bus_get_property_string libsystemd.bus_get_property_string
#define sd_bus_get_property_strv libsystemd.bus_get_property_strv
#define sd_bus_get_property_trivial libsystemd.bus_get_property_trivial
#define sd_bus_get_timeout libsystemd.bus_get_timeout
#define sd_bus_get_unique_name libsystemd.bus_get_unique_name
#define sd_bus_is_open libsystemd.bus_is_open
#define sd_bus_match_signal libsystemd.bus_match_signal
#define sd_bus_message_append libsystemd.bus_message_append
#define sd_bus_message_append_array libsystemd.bus_message_append_array
#define sd_bus_message_append_strv libsystemd.bus_message_append_strv
#define sd_bus_message_close_container libsystemd.bus_message_close_container
#define sd_bus_message_enter_container libsystemd.bus_message_enter_container
#define sd_bus_message_exit_container libsystemd.bus_message_exit_container
#define sd_bus_message_get_bus libsystemd.bus_message_get_bus
#define sd_bus_message_get_cookie libsystemd.bus_message_get_cookie
#define sd_bus_message_get_destination libsystemd.bus_message_get_destination
#define sd_bus_message_get_error libsystemd.bus_message_get_error
#define sd_bus_message_get_expect_reply libsystemd.bus_message_get_expect_reply
#define sd_bus_message_get_member libsystemd.bus_message_get_member
#define sd_bus_message_get_path libsystemd.bus_message_get_path
#define sd_bus_message_get_reply_cookie libsystemd.bus_message_get_reply_cookie
#define sd_bus_message_get_sender libsystemd.bus_message_get_sender
#define sd_bus_message_get_type libsystemd.bus_message_get_type
#define sd_bus_message_is_empty libsystemd.bus_message_is_empty
#define sd_bus_message_is_method_call libsystemd.bus_message_is_method_call
#define sd_bus_message_is_signal libsystemd.bus_message_is_signal
#define sd_bus_message_new_method_call libsystemd.bus_message_new_method_call
#define sd_bus_message_open_container libsystemd.bus_message_open_container
#define sd_bus_message_read libsystemd.bus_message_read
#define sd_bus_message_read_array libsystemd.bus_message_read_array
#define sd_bus_message_ref libsystemd.bus_message_ref
#define sd_bus_message_set_auto_start libsystemd.bus_message_set_auto_start
#define sd_bus_message_set_expect_reply libsystemd.bus_message_set_expect_reply
#define sd_bus_message_skip libsystemd.bus_message_skip
#define sd_bus_process libsystemd.bus_process
#define sd_bus_ref libsystemd.bus_ref
#define sd_bus_send libsystemd.bus_send
#define sd_bus_set_address libsystemd.bus_set_address
#define sd_bus_set_allow_interactive_authorization libsystemd.bus_set_allow_interactive_authorization
#define sd_bus_set_bus_client libsystemd.bus_set_bus_client
#define sd_bus_set_close_on_exit libsystemd.bus_set_close_on_exit
#define sd_bus_set_description libsystemd.bus_set_description
#define sd_bus_set_method_call_timeout libsystemd.bus_set_method_call_timeout
#define sd_bus_set_monitor libsystemd.bus_set_monitor
#define sd_bus_slot_set_destroy_callback libsystemd.bus_slot_set_destroy_callback
#define sd_bus_slot_set_floating libsystemd.bus_slot_set_floating
#define sd_bus_start libsystemd.bus_start
#define sd_bus_wait libsystemd.bus_wait
#define sd_journal_add_match libsystemd.journal_add_match
#define sd_journal_get_data libsystemd.journal_get_data
#define sd_journal_get_realtime_usec libsystemd.journal_get_realtime_usec
#define sd_journal_next libsystemd.journal_next
#define sd_journal_previous libsystemd.journal_previous
#define sd_journal_seek_head libsystemd.journal_seek_head
#define sd_journal_seek_realtime_usec libsystemd.journal_seek_realtime_usec
#define sd_journal_seek_tail libsystemd.journal_seek_tail
#define sd_journal_wait libsystemd.journal_wait

/* Those of its headers call the functions themselves. */
#define LIBSYSTEMD_CLEANUP(type, end) \
        static inline void libsystemd_##end##p(type **p) { \
                if (*p) \
                        libsystemd.end(*p); \
        }

LIBSYSTEMD_CLEANUP(sd_bus, bus_flush_close_unref)
LIBSYSTEMD_CLEANUP(sd_bus_message, bus_message_unref)
LIBSYSTEMD_CLEANUP(sd_bus_slot, bus_slot_unref)
LIBSYSTEMD_CLEANUP(sd_journal, journal_close)

#define sd_bus_flush_close_unrefp libsystemd_bus_flush_close_unrefp
#define sd_bus_message_unrefp libsystemd_bus_message_unrefp
#define sd_bus_slot_unrefp libsystemd_bus_slot_unrefp
#define sd_journal_closep libsystemd_journal_closep
