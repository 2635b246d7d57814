/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"

#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#include "assemble.h"
#include "bind-changes.h"
#include "cgroup.h"
#include "clock.h"
#include "credentials.h"
#include "detach.h"
#include "device-changes.h"
#include "event-log.h"
#include "exit-status.h"
#include "gc.h"
#include "guest-credentials.h"
#include "id-chown.h"
#include "labels.h"
#include "libsystemd.h"
#include "link-journal.h"
#include "lives.h"
#include "log.h"
#include "machine-plan.h"
#include "nics.h"
#include "own-group.h"
#include "passing-name.h"
#include "plan-devices.h"
#include "plan-resources.h"
#include "plan-explain.h"
#include "registration.h"
#include "seal.h"
#include "start-warnings.h"
#include "supervisor.h"
#include "template.h"
#include "text.h"
#include "unit.h"
#include "usage-history.h"
#include "zone-info.h"
#include "zone-services.h"

#define TREE_TRIES 50
#define TREE_PAUSE_USEC (100 * 1000)

/* What outlives a reboot. */
typedef struct Start {
        const StartExplanation *explained; /* it is shown, not done; or NULL */
        StartMode mode;
        int argc;
        char **argv;
        int report_fd;       /* detach.h */
        bool in_background;
        bool is_dry;         /* nothing is started */
        char *name;          /* what it is called, as far as that is known; or NULL */
        char *machine;       /* a name that was made up (passing-name.h), or NULL */
        bool private_mounts; /* we are in a mount namespace of our own */
        AssembleHome home;
        Lives lives;
        int credentials;     /* credential-store.h: those that settings files name, as they are in this life; or -1 */
} Start;

static void supervisor_done(Supervisor *s) {
        (void) supervisor_teardown(s, NULL);
        record_free(s->record);
        bus_watch_free(s->bus_watch);
        sd_bus_flush_close_unref(s->bus);
        event_loop_unref(s->event);
        free(s->unit);
        image_stack_free(s->stack);
        image_free(s->image);
        plan_free(s->plan);
}

/* Those that mean something to us are read from the loop; until it runs they wait, so that a ^C in the middle of a start
 * ends it in order. */
static int block_signals(Error **reterr) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGQUIT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return error_errno(reterr, errno, "Cannot block signals");
        (void) signal(SIGPIPE, SIG_IGN);
        return 0;
}

/* Those of an earlier life of the same machine, not of what had the name before. */
static int take_changes(Supervisor *s, Error **reterr) {
        bool lived = s->record->reboots > 0;
        int r = plan_take_resources(s->plan, s->record_dir, lived, reterr);

        if (r < 0)
                return r;
        if (lived) /* binds are made again once there is a machine to bind into */
                return plan_take_device_changes(s->plan, s->record_dir, reterr);
        device_changes_forget(s->record_dir);
        bind_changes_forget(s->record_dir);
        usage_history_forget(s->record_dir);
        return 0;
}

/* A command that nothing keeps waiting: its child makes a network first, and what it does not need meanwhile is done then (launch.c). */
static bool starts_at_once(const Supervisor *s) {
        return !s->bus && s->stack->is_plain && !plan_is_recorded(s->plan) && !s->plan->rechown && !s->plan->labels.tree &&
                s->record->reboots == 0;
}

/* Who wants to change an image holds its tree for a moment before he sees that it is one of a machine that reboots (image_claim()), and who
 * copies it for as long as that takes. */
static int take_tree(Supervisor *s, Error **reterr) {
        for (unsigned tries = 0;; tries++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = image_lock_take(s->image, s->lock, &error);

                if (r != -EBUSY || s->record->reboots == 0 || tries >= TREE_TRIES)
                        return r < 0 ? error_pass(reterr, r, &error) : r;
                (void) image_lock_remove(s->lock);
                clock_pause(TREE_PAUSE_USEC);
        }
}

/* The name and the tree are taken: nobody else starts either from here on. All that has to be undone is written down first. */
static int claim(Start *start, Supervisor *s, Error **reterr) {
        int r;

        r = lives_begin(&start->lives, s, reterr);
        if (r < 0)
                return r;
        (void) gc_sweep_claimed(s->plan->name); /* what it could not, is of the same name and made anew */
        r = labels_claim(s->plan->name, &s->plan->labels, reterr);
        if (r >= 0)
                r = take_changes(s, reterr);
        if (r < 0)
                return r;
        r = image_lock_prepare(s->image, s->plan->shares_tree, &s->lock, reterr);
        if (r >= 0)
                r = own_group_choose(s, reterr);
        if (r >= 0)
                r = ids_claim(s, reterr);
        return r < 0 || starts_at_once(s) ? r : take_tree(s, reterr);
}

/* An end that was asked for is none of ours that failed; who waits for it to be up is told. */
static int was_cancelled(Supervisor *s, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;

        if (reterr && *reterr)
                *reterr = (error_free(*reterr), NULL);
        if (!s->plan->quiet)
                log_info("Machine %s was asked to end before it ran", s->plan->name);
        error_set(&error, ECANCELED, "The machine '%s' was asked to end before it ran", s->plan->name);
        detach_report_failure(&s->report_fd, -ECANCELED, error);
        if (s->record->reboots > 0 || s->waited) { /* of the service's earlier life, or none yet, so that systemd does not take it for a start that failed */
                (void) sd_notify(0, "READY=1"); /* in one message, STOPPING=1 would be all of it */
                (void) sd_notify(0, "STOPPING=1");
        }
        return 0;
}

/* While something is done that takes long. */
static bool hear_of_end(void *userdata) {
        supervisor_hear(userdata);
        return supervisor_is_cancelled(userdata);
}

/* All that the host has is looked through for it, which the machine need not wait for; where it is in the background by now, it has been said. */
static void warn_of_clashes(const MachinePlan *p) {
        if (!p->quiet && !p->detach && p->network == NETWORK_OWN)
                zone_warn_of_clashes(&p->nics);
}

/* One life of the machine, between two reboots. */
static int run_once(Start *start, Supervisor *s, Error **reterr) {
        int r;

        r = block_signals(reterr);
        if (r < 0)
                return r;
        r = event_loop_new(&s->event);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make an event loop");
        if (s->bus) {
                r = own_unit(&s->unit, reterr);
                if (r >= 0 && s->unit)
                        s->restarts = service_restarts_on(s->bus, s->unit, UNIT_REBOOT_STATUS, NULL) > 0;
                if (r >= 0 && bus_watch_new(s->bus, s->event, &s->bus_watch) < 0)
                        r = error_set(reterr, EIO, "Cannot listen to the system bus");
                if (r < 0)
                        return r;
        }
        r = claim(start, s, reterr);
        if (s->record_dir >= 0 && plan_is_recorded(s->plan))
                s->console = console_record_begin(s->plan->name, s->event);
        if (r >= 0 && !starts_at_once(s))
                r = supervisor_listen(s, reterr);
        if (r < 0)
                return r;
        supervisor_hear(s); /* what was said between two lives */
        if (!supervisor_is_cancelled(s))
                turn_wait(s);
        if (!supervisor_is_cancelled(s))
                r = link_journal_prepare(s->plan, reterr);
        if (r >= 0 && !supervisor_is_cancelled(s) && s->plan->rechown)
                r = ids_chown(s, reterr);
        if (r >= 0 && s->stack->is_plain && !supervisor_is_cancelled(s))
                r = labels_give_tree(s->plan, s->image->fd, &(RelabelWatch){ hear_of_end, s }, reterr);
        if (r >= 0 && !supervisor_is_cancelled(s))
                r = image_stack_take(s->stack, reterr);
        if (r >= 0 && !supervisor_is_cancelled(s))
                r = supervisor_launch(s, reterr);
        if (supervisor_is_cancelled(s))
                return was_cancelled(s, reterr);
        if (r < 0)
                return r;
        warn_of_clashes(s->plan);
        return supervisor_loop(s, reterr);
}

/* A settings file may lie beside the tree: where that is must be known before it is read. */
static int find_tree(MachineConfig *c, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r = template_clone(c, reterr);

        if (r < 0)
                return r;
        if (c->directory)
                return 0;
        r = image_find(c->image ?: c->machine, &image, reterr);
        if (r < 0)
                return r;
        c->directory = TAKE_PTR(image->path);
        return 0;
}

/* The name is the same in all lives. */
static int name_ephemeral(Start *start, MachineConfig *c, Error **reterr) {
        int r;

        if (c->ephemeral <= 0)
                return 0;
        if (!c->name_is_derived) {
                c->name_is_made_up = passing_name_base(c->machine) > 0;
                return 0;
        }
        r = passing_name_choose(c, start->machine, reterr);
        return r < 0 ? r : string_set(&start->machine, c->machine) < 0 ? error_oom(reterr) : 0;
}

/* mode: what the settings are read for, which may be the opposite of the verb. */
static int read_sources(Start *start, StartMode mode, MachineConfig **ret, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *c = config_new(start->mode);
        int r;

        if (!c)
                return error_oom(reterr);
        r = config_parse_argv(c, start->argc, start->argv, reterr);
        c->as_service = start->mode == START_BOOT && mode == START_RUN;
        c->mode = mode;
        if (start->explained)
                c->dry_run = 1;
        start->is_dry = c->dry_run > 0;
        if (r >= 0)
                r = find_tree(c, reterr);
        if (string_set(&start->name, c->machine) < 0)
                return r < 0 ? r : error_oom(reterr);
        if (r >= 0)
                r = config_read_settings(c, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

/* nbox@NAME.service does what the settings say the tree is there for, as systemd-nspawn@.service does. */
static bool is_named_service(const char *machine) {
        _cleanup_free_ char *unit = NULL, *service = machine_service_name(machine);

        return service && own_unit(&unit, NULL) >= 0 && unit && strcmp(unit, service) == 0;
}

static bool is_service(const Start *start, const char *machine) {
        return start->explained ? start->explained->as_service : is_named_service(machine);
}

/* What the tree is there for, where that has a say. */
static StartMode mode_by_settings(const Start *start, const MachineConfig *c) {
        if (c->mode == START_BOOT && c->boot == 0 && (c->as_nspawn ? c->settings == SETTINGS_OVERRIDE : is_service(start, c->machine)))
                return START_RUN;
        if (c->mode == START_RUN && c->boot > 0 && c->as_nspawn && c->as_pid2 <= 0)
                return START_BOOT;
        return c->mode;
}

static int read_config(Start *start, MachineConfig **ret, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *c = NULL;
        int r = read_sources(start, start->mode, &c, reterr);
        StartMode mode = r < 0 ? start->mode : mode_by_settings(start, c);

        if (r >= 0 && mode != start->mode) {
                config_free(TAKE_PTR(c));
                r = read_sources(start, mode, &c, reterr);
        }
        if (r >= 0 && c->as_nspawn && c->network == NETWORK_UNSET)
                c->network = NETWORK_HOST;
        if (r >= 0)
                r = name_ephemeral(start, c, reterr);
        if (r >= 0)
                r = config_validate(c, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

static int need_root(StartMode mode, Error **reterr) {
        const char *verb = start_mode_to_string(mode);

        if (geteuid() == 0)
                return 0;
        error_set(reterr, EPERM, "nbox %s needs root, to make mounts, links and cgroups", verb);
        return error_hint(reterr, -EPERM, "Try: sudo nbox %s …  (--dry-run shows the plan without root)", verb);
}

/* What this host cannot do: refused where it was asked for, else said. */
static int look_for_systemd(Supervisor *s, Error **reterr) {
        int r = host_bus_open(&s->bus, reterr);

        if (r != 0)
                return r;
        if (s->plan->properties && s->plan->properties[0]) {
                error_set(reterr, EOPNOTSUPP, "--property=%s needs systemd, which is not running here", s->plan->properties[0]);
                return error_hint(reterr, -EOPNOTSUPP, "Leave it out, or start the machine on a host that runs systemd.");
        }
        if (!s->plan->quiet && s->plan->mode == START_BOOT)
                log_info("systemd is not running here: %s is not registered, and has no limits but those that are set", s->plan->name);
        return own_group_check(s->plan, reterr);
}

/* Before anything of the tree is opened: a mount can only be copied from the namespace that it is opened in. */
static int enter_namespace(Start *start, Error **reterr) {
        int r;

        if (start->private_mounts)
                return 0;
        r = need_root(start->mode, reterr);
        if (r >= 0)
                r = assemble_enter_namespace(&start->home, reterr);
        start->private_mounts = r >= 0;
        return r;
}

/* A service of its own will be the supervisor, and do all this again. */
static bool left_to_service(const Supervisor *s) {
        return s->plan->detach && s->bus && !detach_is_done(s->plan);
}

/* An init, too, can be a script for /proc/self/exe (seal.h). Not where a service of its own will do it; and before a fork into the
 * background, which would else be made again. */
static int seal(const Start *start, const Supervisor *s, Error **reterr) {
        return plan_has_own_ids(s->plan) || start->in_background || left_to_service(s) ? 0 : seal_self(reterr);
}

/* What a settings file names is read for each life. What the command line gives is read once, by whoever was given it, and kept: a service
 * that we have left it to is handed it, and leaves it with systemd between two lives. */
static int take_credentials(Start *start, Supervisor *s, MachineConfig *c, Error **reterr) {
        bool from_file = c->credentials.n > 0 && c->credentials.items[0].from_file;
        int *store = from_file ? &start->credentials : &start->lives.credentials, r = 0;

        if (from_file)
                *store = close_fd(*store);
        if (c->credentials.n > 0 && *store < 0 && !(from_file && left_to_service(s))) {
                r = !from_file && !start->in_background && detach_is_done(s->plan) ? credentials_receive(reterr)
                                                                                   : credentials_gather(c, s->plan->root, reterr);
                *store = r < 0 ? -1 : r;
        }
        credential_list_wipe(&c->credentials);
        s->credentials = *store;
        return r < 0 ? r : 0;
}

/* What the command line names is found by now, and systemd begins the next life where this one began: nobody's directory is kept busy meanwhile. */
static int leave_directory(Start *start, Error **reterr) {
        if (chdir("/") < 0)
                return error_errno(reterr, errno, "Cannot leave the directory of whoever started the machine");
        start->home.directory = close_fd(start->home.directory);
        return 0;
}

/* From the arguments to what is to be done. Returns 1 when that was all: a plan printed, a machine left in the background. */
static int decide(Start *start, Supervisor *s, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *c = NULL;
        int r;

        r = read_config(start, &c, reterr);
        if (r >= 0 && (c->dry_run <= 0 || geteuid() == 0))
                r = enter_namespace(start, reterr);
        if (r >= 0)
                r = plan_make(c, &s->plan, &s->image, &s->stack, reterr);
        if (r < 0)
                return r;
        if (c->dry_run > 0) {
                r = start->explained ? plan_explain(c, s->plan, start->argv, start->explained->json, reterr)
                                     : plan_print(s->plan, c->json > 0, stdout, reterr);
                return r < 0 ? r : 1;
        }
        image_stack_let_go(s->stack);
        if (!start->in_background) {
                start_warn(c, s->plan);
                if (!s->plan->quiet)
                        devices_warn_of_used(&s->plan->devices);
                zone_services_warn(s->plan);
                r = look_for_systemd(s, reterr);
                if (r < 0)
                        return r;
        }
        r = seal(start, s, reterr);
        if (r >= 0) {
                lives_receive(&start->lives); /* not before seal(), which begins main() again and keeps nothing open */
                r = take_credentials(start, s, c, reterr);
        }
        if (r < 0)
                return r;
        if (s->plan->detach && !start->in_background && detach_is_done(s->plan))
                return leave_directory(start, reterr);
        if (!s->plan->detach || start->in_background)
                return 0;
        r = detach(&(DetachRequest){ .plan = s->plan, .bus = s->bus, .argc = start->argc, .argv = start->argv,
                                     .credentials = s->credentials, .home = &start->home }, &start->report_fd, reterr);
        start->in_background = r == 0;
        return r;
}

/* What watches was told of a next life. */
static void tell_no_next(Supervisor *s, int r, Error *const *reterr) {
        s->end.kind = END_CANCELLED;
        s->failure = r >= 0 ? NULL : reterr && *reterr ? (*reterr)->message : strerror(-r);
        supervisor_tell_end(s);
        s->failure = NULL;
}

/* To the next life; `reboot` is unset when none is to come. */
static int pass_on(Start *start, Supervisor *s, Error **reterr) {
        int r = lives_pass(s, reterr);

        lives_keep(&start->lives, s);
        if (r != 0) {
                tell_no_next(s, r, reterr);
                lives_end(&start->lives);
        } else if (s->restarts)
                lives_leave_with_systemd(&start->lives);
        return r < 0 ? r : 0;
}

/* For the log of who was not there to read it. */
static void note_failure(Supervisor *s, int r, const Error *error) {
        s->end.kind = END_FAILED;
        snprintf(s->end.text, sizeof(s->end.text), "%s%s%s", error ? error->message : strerror(-r), error && error->hint ? ". " : "",
                 error && error->hint ? error->hint : "");
}

static int live(Start *start, Supervisor *s, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r, t;

        s->record = record_new();
        if (!s->record)
                return error_oom(reterr);
        s->report_fd = start->report_fd;
        s->home = &start->home;
        r = run_once(start, s, &error);
        if (r < 0)
                note_failure(s, r, error);
        else if (s->end.kind == END_UNKNOWN && s->stop.asked)
                s->end.kind = END_CANCELLED;
        if (r < 0)
                error_pass(reterr, r, &error);
        start->report_fd = s->report_fd;
        if (s->record->name && (s->reboot || s->n_terminals > 0 || plan_is_recorded(s->plan))) /* before anybody sees its console closed */
                (void) supervisor_save_state(s, r >= 0 && s->reboot ? MACHINE_REBOOTING : MACHINE_CLOSING, NULL);
        s->failure = r >= 0 ? NULL : reterr && *reterr ? (*reterr)->message : strerror(-r);
        t = supervisor_teardown(s, r < 0 ? NULL : reterr);
        s->failure = NULL;
        if (r >= 0 && t >= 0 && s->reboot)
                r = pass_on(start, s, reterr);
        return r < 0 ? r : t;
}

static void start_done(Start *start) {
        assemble_forget_home(&start->home);
        free(start->name);
        free(start->machine);
}

/* It failed before it had a record, which is nobody's business where another machine has the name. Why is in the log of whoever started it:
 * what is wrong with settings is not for everybody to read. */
static void tell_failure(const Start *start, const Supervisor *s, int r) {
        _cleanup_(record_freep) MachineRecord *other = NULL;
        const char *name = s->plan ? s->plan->name : start->name;

        if (s->told || start->is_dry || !name || !machine_name_is_valid(name))
                return;
        if (start->lives.claim < 0 && record_load(name, &other, NULL) >= 0)
                return;
        event_log(EVENT_FAILED, name, "reason", strerror(-r), NULL);
}

int start_machine(StartMode mode, int argc, char **argv, Error **reterr) {
        _cleanup_(start_done) Start start = { .mode = mode, .argc = argc, .argv = argv, .report_fd = -1, .lives = LIVES_NONE,
                                              .credentials = -1, .home = ASSEMBLE_HOME_NONE };

        for (;;) {
                _cleanup_(supervisor_done) Supervisor s = { .record_dir = -1, .leader_fd = -1, .notify_fd = -1,
                                                            .control_fd = -1, .credentials = -1, .stage = -1, .stop.helper = -1, .report_fd = -1,
                                                            .exit_status = -1 };
                _cleanup_(error_freep) Error *error = NULL;
                int r;

                r = decide(&start, &s, &error);
                if (r > 0)
                        return r == DETACHED_LEFT ? 128 + SIGINT : 0;
                if (r == 0)
                        r = live(&start, &s, &error);
                if (r < 0) {
                        lives_receive(&start.lives);
                        tell_failure(&start, &s, r);
                        lives_end(&start.lives);
                        detach_report_failure(&start.report_fd, r, error);
                        /* A command that is not there has a status of its own; every other failure is ours. */
                        if (s.exit_status == EXIT_CANNOT_EXECUTE || s.exit_status == EXIT_NOT_FOUND) {
                                log_report(LOG_LEVEL_ERROR, r, error);
                                return s.plan->as_nspawn ? EXIT_FAILURE : s.exit_status;
                        }
                        return error_pass(reterr, r, &error);
                }
                start.private_mounts = start.private_mounts && !s.is_home;
                if (!s.reboot)
                        return s.exit_status;
                if (s.restarts)
                        return UNIT_REBOOT_STATUS;
                if (!s.plan->quiet)
                        log_info("Machine %s reboots", s.plan->name);
        }
}

int start_explain(const StartExplanation *q, Error **reterr) {
        Supervisor s = { .record_dir = -1, .leader_fd = -1, .notify_fd = -1, .control_fd = -1, .credentials = -1, .stage = -1, .stop.helper = -1,
                         .report_fd = -1, .exit_status = -1 };
        _cleanup_(start_done) Start start = { .explained = q, .mode = q->mode, .argc = q->argc, .argv = q->argv, .report_fd = -1,
                                              .lives = LIVES_NONE, .credentials = -1, .home = ASSEMBLE_HOME_NONE };
        int r = decide(&start, &s, reterr);

        image_stack_free(s.stack);
        image_free(s.image);
        plan_free(s.plan);
        return r < 0 ? r : 0;
}
