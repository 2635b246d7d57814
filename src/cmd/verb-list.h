/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "verb.h"

/* What verbs.c puts into its table: one function a verb, each in a file verb-NAME.c, and its options' table where it
 * has one. */

int verb_boot(int argc, char **argv, Error **reterr);
int verb_run(int argc, char **argv, Error **reterr);
int verb_help(int argc, char **argv, Error **reterr);
int verb_complete(int argc, char **argv, Error **reterr);
int verb_man(int argc, char **argv, Error **reterr);

int verb_exec(int argc, char **argv, Error **reterr);
int verb_shell(int argc, char **argv, Error **reterr); /* verb-exec.c */
extern const VerbOption exec_options[];

int verb_copy_to_framed(int argc, char **argv, Error **reterr);
int verb_copy_from_framed(int argc, char **argv, Error **reterr);
int verb_copy_to(int argc, char **argv, Error **reterr);
int verb_copy_from(int argc, char **argv, Error **reterr); /* verb-copy.c */
extern const VerbOption copy_to_options[], copy_from_options[];

int verb_start(int argc, char **argv, Error **reterr);
int verb_stop(int argc, char **argv, Error **reterr);
extern const VerbOption group_options[]; /* verb-unit.c */
int verb_enable(int argc, char **argv, Error **reterr);
int verb_enable_list(int argc, char **argv, Error **reterr);
int verb_disable(int argc, char **argv, Error **reterr); /* verb-enable.c */
extern const VerbOption enable_options[], disable_options[];

int verb_verify(int argc, char **argv, Error **reterr);
extern const VerbOption verify_options[];
int verb_edit(int argc, char **argv, Error **reterr);
extern const VerbOption edit_options[];
int verb_cat(int argc, char **argv, Error **reterr);

int verb_images(int argc, char **argv, Error **reterr);
extern const VerbOption images_options[];
int verb_image_status(int argc, char **argv, Error **reterr);
int verb_limits(int argc, char **argv, Error **reterr);
int verb_set(int argc, char **argv, Error **reterr);
extern const VerbOption set_options[];
int verb_set_limit(int argc, char **argv, Error **reterr);
int verb_send(int argc, char **argv, Error **reterr);
extern const VerbOption send_options[];
int verb_receive(int argc, char **argv, Error **reterr);
extern const VerbOption receive_options[];
int verb_clean(int argc, char **argv, Error **reterr);
extern const VerbOption clean_options[];
int verb_dissect(int argc, char **argv, Error **reterr);
extern const VerbOption dissect_options[];
int verb_image_resize(int argc, char **argv, Error **reterr); /* verb-image.c */

int verb_create(int argc, char **argv, Error **reterr);
extern const VerbOption create_options[];
int verb_import(int argc, char **argv, Error **reterr);
int verb_import_tar(int argc, char **argv, Error **reterr);
int verb_import_raw(int argc, char **argv, Error **reterr);
int verb_import_fs(int argc, char **argv, Error **reterr); /* all of verb-import.c */
extern const VerbOption import_options[];
int verb_pull(int argc, char **argv, Error **reterr);
int verb_pull_tar(int argc, char **argv, Error **reterr);
int verb_pull_raw(int argc, char **argv, Error **reterr); /* all of verb-pull.c */
extern const VerbOption pull_options[];
int verb_clone(int argc, char **argv, Error **reterr);
int verb_commit(int argc, char **argv, Error **reterr);
extern const VerbOption clone_options[];

int verb_export(int argc, char **argv, Error **reterr);
int verb_export_tar(int argc, char **argv, Error **reterr);
int verb_export_raw(int argc, char **argv, Error **reterr); /* all of verb-export.c */
extern const VerbOption export_options[];

extern const VerbOption status_options[];
int verb_logs(int argc, char **argv, Error **reterr);
extern const VerbOption logs_options[];

int verb_rename(int argc, char **argv, Error **reterr);
int verb_read_only(int argc, char **argv, Error **reterr); /* verb-rename.c */
int verb_remove(int argc, char **argv, Error **reterr);
extern const VerbOption remove_options[];
int verb_snapshot(int argc, char **argv, Error **reterr);
int verb_snapshot_list(int argc, char **argv, Error **reterr);
int verb_snapshot_remove(int argc, char **argv, Error **reterr);
int verb_rollback(int argc, char **argv, Error **reterr); /* all of verb-snapshot.c */
int verb_diff(int argc, char **argv, Error **reterr);

int verb_login(int argc, char **argv, Error **reterr);
int verb_console(int argc, char **argv, Error **reterr); /* verb-login.c */
int verb_passwd(int argc, char **argv, Error **reterr);
int verb_oci(int argc, char **argv, Error **reterr);

int verb_events(int argc, char **argv, Error **reterr);
extern const VerbOption events_options[];
int verb_metrics(int argc, char **argv, Error **reterr);
extern const VerbOption metrics_options[];
int verb_wait(int argc, char **argv, Error **reterr);
extern const VerbOption wait_options[];
int verb_list(int argc, char **argv, Error **reterr);
extern const VerbOption list_machines_options[];
extern const VerbOption list_options[]; /* 'q' for names only, else no legend; also of zone list */
int verb_top(int argc, char **argv, Error **reterr);
extern const VerbOption top_options[];
int verb_status(int argc, char **argv, Error **reterr);
int verb_show(int argc, char **argv, Error **reterr);
extern const VerbOption show_options[];
int verb_info(int argc, char **argv, Error **reterr);
int verb_doctor(int argc, char **argv, Error **reterr);
extern const VerbOption doctor_options[];

int verb_network_status(int argc, char **argv, Error **reterr);
int verb_network_repair(int argc, char **argv, Error **reterr); /* verb-network.c */

extern const VerbOption mount_options[];
int verb_mount(int argc, char **argv, Error **reterr);
int verb_umount(int argc, char **argv, Error **reterr);
int verb_mount_list(int argc, char **argv, Error **reterr); /* all of verb-mount.c */
extern const VerbOption bind_options[];
int verb_bind(int argc, char **argv, Error **reterr);
int verb_unbind(int argc, char **argv, Error **reterr);
int verb_bind_list(int argc, char **argv, Error **reterr); /* all of verb-bind.c */
int verb_device_list(int argc, char **argv, Error **reterr);
int verb_device_add(int argc, char **argv, Error **reterr);
int verb_device_remove(int argc, char **argv, Error **reterr); /* all of verb-device.c */

int verb_nic_list(int argc, char **argv, Error **reterr);
int verb_nic_add(int argc, char **argv, Error **reterr);
int verb_nic_remove(int argc, char **argv, Error **reterr); /* all of verb-nic.c */

int verb_port_list(int argc, char **argv, Error **reterr);
int verb_port_add(int argc, char **argv, Error **reterr);
int verb_port_remove(int argc, char **argv, Error **reterr); /* all of verb-port.c */
extern const VerbOption port_options[];

int verb_freeze(int argc, char **argv, Error **reterr);
int verb_thaw(int argc, char **argv, Error **reterr); /* verb-freeze.c */
int verb_poweroff(int argc, char **argv, Error **reterr);
int verb_halt(int argc, char **argv, Error **reterr);
int verb_reboot(int argc, char **argv, Error **reterr);
int verb_terminate(int argc, char **argv, Error **reterr); /* all of verb-stop.c */
extern const VerbOption stop_options[];
int verb_kill(int argc, char **argv, Error **reterr);
extern const VerbOption kill_options[];

/* What --signal=help and --signal=list print: names, or a table with numbers. Returns 0. */
int print_signals(const char *word);
int verb_scope_end(int argc, char **argv, Error **reterr);
int verb_zone_serve(int argc, char **argv, Error **reterr);
int verb_list_transfers(int argc, char **argv, Error **reterr);
extern const VerbOption list_transfers_options[];
int verb_cancel_transfer(int argc, char **argv, Error **reterr); /* verb-transfers.c */
int verb_show_image(int argc, char **argv, Error **reterr);
extern const VerbOption show_image_options[];
int verb_machinectl(int argc, char **argv, Error **reterr);
int verb_gc(int argc, char **argv, Error **reterr);

int verb_zone_list(int argc, char **argv, Error **reterr);
int verb_zone_show(int argc, char **argv, Error **reterr);
int verb_zone_create(int argc, char **argv, Error **reterr); /* verb-zone-change.c */
extern const VerbOption zone_create_options[];
int verb_zone_remove(int argc, char **argv, Error **reterr);
int verb_zone_move(int argc, char **argv, Error **reterr);
extern const VerbOption zone_move_options[];
