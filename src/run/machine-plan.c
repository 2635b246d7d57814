/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>

#include "fd.h"
#include "file.h"
#include "find.h"
#include "guest-credentials.h"
#include "guest-environment.h"
#include "guest-timezone.h"
#include "link-journal.h"
#include "init-look.h"
#include "labels.h"
#include "limits.h"
#include "network.h"
#include "nics.h"
#include "parse.h"
#include "path.h"
#include "plan-devices.h"
#include "plan-ids.h"
#include "plan-isolation.h"
#include "plan-resources.h"
#include "port-map.h"
#include "property.h"
#include "pty.h"
#include "ready.h"
#include "registration.h"
#include "text.h"
#include "tree.h"

#define STOP_TIMEOUT_USEC (90 * UINT64_C(1000000))
#define READY_WAIT_USEC (30 * UINT64_C(1000000)) /* for an init that never says what it is expected to */
#define OS_RELEASE_MAX (64 * 1024)

void plan_free(MachinePlan *p) {
        if (!p)
                return;
        free(p->name);
        free(p->root);
        free(p->os);
        strv_free(p->argv);
        strv_free(p->environment);
        free(p->host_os);
        strv_free(p->credentials);
        free(p->user);
        free(p->chdir);
        free(p->hostname);
        for (size_t i = 0; i < p->n_mounts; i++) {
                free(p->mounts[i].source);
                strv_free(p->mounts[i].sources);
                free(p->mounts[i].destination);
                free(p->mounts[i].options);
        }
        free(p->mounts);
        free(p->pivot_new);
        free(p->pivot_old);
        device_list_done(&p->devices);
        for (size_t i = 0; i < p->n_ready; i++)
                ready_condition_done(&p->ready[i]);
        for (size_t i = 0; i < p->n_health; i++)
                health_check_done(&p->health[i]);
        free(p->health);
        free(p->ready);
        nic_list_done(&p->nics);
        free(p->network_namespace);
        port_list_done(&p->ports);
        port_list_done(&p->host_ports);
        strv_free(p->system_call_filter);
        free(p->filter);
        free(p->oom_score_adjust);
        free(p->cpu_affinity);
        labels_done(&p->labels);
        free(p->slice);
        strv_free(p->properties);
        for (Resource r = 0; r < RESOURCES; r++) {
                free(p->resources[r]);
                free(p->resources_from[r]);
        }
        strv_free(p->slice_properties);
        strv_free(p->scope_properties);
        strv_free(p->settings_files);
        free(p);
}

int plan_add_mount(MachinePlan *p, const MountStep *like) {
        MountStep *m = reallocarray(p->mounts, p->n_mounts + 1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        p->mounts = m;
        m += p->n_mounts++;
        *m = *like;
        m->source = m->destination = m->options = NULL;
        m->sources = NULL;
        if (like->sources && !(m->sources = strv_copy(like->sources)))
                return -ENOMEM;
        if (string_set(&m->source, like->source) < 0 || string_set(&m->destination, like->destination) < 0 ||
            string_set(&m->options, like->options) < 0)
                return -ENOMEM;
        return 0;
}

/* A node that is bound below /dev stands there as one of the machine's own, whose root can open it; elsewhere it is a mount like others. */
static int plan_bind(MachinePlan *p, const BindMount *b, Error **reterr) {
        bool placed = false;
        int r = b->from_root ? 0 : devices_resolve_bind(b->source, b->destination, b->read_only, &p->devices, &placed, reterr);

        if (r < 0 || placed)
                return r;
        r = plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_BIND, .source = b->source, .destination = b->destination,
                                       .attr = b->read_only ? MOUNT_ATTR_RDONLY : 0,
                                       .from_root = b->from_root, .recursive = b->recursive,
                                       .optional = b->optional,
                                       .idmap = b->idmap < 0 ? MOUNT_IDMAP_NO : (MountIdmap) b->idmap });
        return r < 0 ? error_oom(reterr) : 0;
}

static bool has_mount(const MachineConfig *c, const char *path) {
        for (size_t i = 0; i < c->n_binds; i++)
                if (strcmp(c->binds[i].destination, path) == 0)
                        return true;
        for (size_t i = 0; i < c->n_tmpfs; i++)
                if (strcmp(c->tmpfs[i].destination, path) == 0)
                        return true;
        for (size_t i = 0; i < c->n_overlays; i++)
                if (strcmp(c->overlays[i].destination, path) == 0)
                        return true;
        return false;
}

/* What the user mounts there is what it is for then. */
static int plan_volume(MachinePlan *p, const MachineConfig *c, const char *path) {
        _cleanup_strv_ char **sources = NULL;

        if (has_mount(c, path))
                return 0;
        if (strv_appendf(&sources, "+%s", path) < 0 || strv_append(&sources, "") < 0)
                return -ENOMEM;
        return plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_VOLUME, .destination = (char *) path, .sources = sources });
}

/* Ours first, then the user's in their order, so that theirs may stand on /run or /tmp. */
static int plan_mounts(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        static const MountStep standard[] = {
                /* Without flags, which the kernel would lock: systemd binds files of it elsewhere and remounts them with
                 * flags of its own. The child adds nosuid and nodev to it, unlocked. */
                { .kind = MOUNT_STEP_TMPFS, .destination = (char *) "/run", .options = (char *) "mode=0755," LIMIT_RUN },
                { .kind = MOUNT_STEP_TMPFS, .destination = (char *) "/tmp", .options = (char *) "mode=1777," LIMIT_TMP,
                  .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV },
        };
        static const MountStep volatile_state = { .kind = MOUNT_STEP_TMPFS, .destination = (char *) "/var",
                                                  .options = (char *) "mode=0755," LIMIT_VAR, .attr = MOUNT_ATTR_NODEV };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(standard); i++)
                r = plan_add_mount(p, &standard[i]);
        if (r >= 0 && p->volatility == VOLATILE_STATE)
                r = plan_add_mount(p, &volatile_state);
        for (size_t i = 0; r >= 0 && i < c->n_tmpfs; i++)
                r = plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_TMPFS, .destination = c->tmpfs[i].destination,
                                               .options = c->tmpfs[i].options ?: (char *) "mode=0755",
                                               .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV });
        if (r < 0)
                return error_oom(reterr);
        for (size_t i = 0; r >= 0 && i < c->n_binds; i++)
                r = plan_bind(p, &c->binds[i], reterr);
        for (size_t i = 0; r >= 0 && i < c->n_overlays; i++)
                if (plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_OVERLAY, .sources = c->overlays[i].sources,
                                               .destination = c->overlays[i].destination,
                                               .attr = c->overlays[i].read_only ? MOUNT_ATTR_RDONLY : 0 }) < 0)
                        r = error_oom(reterr);
        for (size_t i = 0; r >= 0 && c->volumes && c->volumes[i]; i++)
                if (plan_volume(p, c, c->volumes[i]) < 0)
                        r = error_oom(reterr);
        for (size_t i = 0; r >= 0 && c->inaccessible && c->inaccessible[i]; i++)
                if (plan_add_mount(p, &(MountStep){ .kind = MOUNT_STEP_COVER, .destination = c->inaccessible[i] }) < 0)
                        r = error_oom(reterr);
        return r;
}

/* --uuid, else the tree's own machine-id, else a new one. */
static int plan_id(MachinePlan *p, const MachineConfig *c, int root, Error **reterr) {
        _cleanup_free_ char *text = NULL;

        if (c->id_set) {
                memcpy(p->id, c->id, sizeof(p->id));
                return 0;
        }
        if (tree_read_file(root, "/etc/machine-id", 64, &text) >= 0) {
                text[strcspn(text, "\n")] = 0;
                if (parse_id128(text, p->id) >= 0)
                        return 0;
        }
        if (getrandom(p->id, sizeof(p->id), 0) != (ssize_t) sizeof(p->id))
                return error_errno(reterr, errno, "Cannot make a machine id");
        p->id[6] = (p->id[6] & 0x0f) | 0x40; /* a version 4 UUID, as sd_id128_randomize() makes */
        p->id[8] = (p->id[8] & 0x3f) | 0x80;
        return 0;
}

/* A tree without a machine-id is on its first boot to systemd, which then stops to ask questions on the console (systemd-firstboot(1)):
 * a machine that is left in the background would never come up. In a container, systemd's kernel command line is its own. */
static int answer_first_boot(MachinePlan *p, const MachineConfig *c) {
        static const char word[] = "systemd.firstboot=";

        p->init_says_ready = p->init.kind == INIT_SYSTEMD;
        if (!p->init_says_ready)
                return 0;
        for (size_t i = 0; c->parameters && c->parameters[i]; i++)
                if (strncmp(c->parameters[i], word, sizeof(word) - 1) == 0)
                        return 0;
        return strv_appendf(&p->argv, "%sno", word);
}

/* Which init, and what is known of it: Init= has either a path or the name of a kind. */
static int plan_init(MachinePlan *p, const MachineConfig *c, int root, Error **reterr) {
        _cleanup_free_ char *found = NULL;
        bool given = c->init && c->init[0] == '/';
        int r;

        r = given ? tree_check_init(root, c->init, reterr) : tree_find_init(root, &found, reterr);
        if (r == -ENOEXEC && c->boot == 0)
                return error_hint(reterr, r, "It is there for a command that its settings name: `nbox run %s` starts that, `nbox start %s` "
                                  "as a service.", c->machine, c->machine);
        if (r < 0)
                return r;
        if (strv_append(&p->argv, given ? c->init : found) < 0)
                return error_oom(reterr);
        p->init.kind = c->init && !given ? init_kind_from_string(c->init) : INIT_AUTO;
        p->init.chosen = p->init.kind != INIT_AUTO;
        if (!p->init.chosen)
                p->init.kind = init_kind_in_tree(root, p->argv[0]);
        return answer_first_boot(p, c) < 0 ? error_oom(reterr) : 0;
}

static int plan_program(MachinePlan *p, const MachineConfig *c, int root, Error **reterr) {
        int r;

        p->stub_init = c->as_pid2 > 0;
        p->init.kind = INIT_AUTO;
        if (c->mode == START_BOOT) {
                r = plan_init(p, c, root, reterr);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; c->parameters && c->parameters[i]; i++)
                if (strv_append(&p->argv, c->parameters[i]) < 0)
                        return error_oom(reterr);
        p->login_shell = !p->argv; /* config_validate() lets it come to that where there may be one */
        if (p->login_shell && strv_append(&p->argv, "/bin/sh") < 0)
                return error_oom(reterr);
        return 0;
}

/* Which system the machine runs on (systemd's CONTAINER_INTERFACE). */
static int host_environment(MachinePlan *p) {
        _cleanup_(os_release_done) OsRelease host = {};
        int r = 0;

        if (file_read(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &p->host_os) < 0 || os_release_parse(p->host_os, &host) < 0)
                return 0;
        if (host.id)
                r = strv_appendf(&p->environment, "container_host_id=%s", host.id);
        if (r >= 0 && host.version_id)
                r = strv_appendf(&p->environment, "container_host_version_id=%s", host.version_id);
        return r;
}

static int plan_environment(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        char uuid[33];
        int r;

        r = strv_append(&p->environment, "PATH=" GUEST_PATH);
        if (r >= 0)
                r = strv_append(&p->environment, GUEST_CONTAINER);
        if (r >= 0)
                r = strv_appendf(&p->environment, "container_uuid=%s", id128_to_text(p->id, uuid));
        if (r >= 0)
                r = host_environment(p);
        if (r >= 0)
                r = strv_append(&p->environment, "NOTIFY_SOCKET=/run/host/notify");
        /* Two ttys on which a systemd guest starts gettys at once; other inits use the names /dev/tty1 and on. */
        if (r >= 0 && p->mode == START_BOOT && p->n_ttys >= 2)
                r = strv_append(&p->environment, "container_ttys=pts/1 pts/2");
        if (r >= 0 && p->console != CONSOLE_PIPE)
                r = strv_appendf(&p->environment, "TERM=%s", p->console == CONSOLE_INTERACTIVE ? guest_own_term() : GUEST_TERM);
        if (r >= 0 && c->credentials.n > 0)
                r = strv_append(&p->environment, "CREDENTIALS_DIRECTORY=" GUEST_CREDENTIALS);
        for (size_t i = 0; r >= 0 && c->environment && c->environment[i]; i++)
                r = strv_env_set(&p->environment, c->environment[i]);
        return r < 0 ? error_oom(reterr) : 0;
}

static ConsoleMode decide_console(const MachineConfig *c) {
        bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);

        if (c->detach > 0)
                return CONSOLE_PASSIVE;
        switch (c->console) {
        case CONSOLE_UNSET:
                /* An init wants a terminal, a command wants what the caller has. */
                if (c->mode == START_BOOT)
                        return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? CONSOLE_INTERACTIVE : CONSOLE_READ_ONLY;
                return terminal ? CONSOLE_INTERACTIVE : CONSOLE_PIPE;
        case CONSOLE_AUTOPIPE:
                return terminal ? CONSOLE_INTERACTIVE : CONSOLE_PIPE;
        default:
                return c->console;
        }
}

static int plan_network(MachinePlan *p, const MachineConfig *c) {
        static const NicConfig default_nic = { .zone = ZONE_DEFAULT };
        const NicList nics = c->nics.n > 0 ? c->nics : (NicList){ (NicConfig *) &default_nic, 1 };
        int r;

        p->network = c->network == NETWORK_UNSET ? NETWORK_OWN : c->network;
        if (p->network != NETWORK_OWN)
                return string_set(&p->network_namespace, c->network_namespace);
        if (nic_list_copy(&nics, &p->nics) < 0)
                return -ENOMEM;
        nic_list_choose_names(&p->nics);
        p->ingress_rate = c->ingress_rate == UINT64_MAX ? 0 : c->ingress_rate;
        p->egress_rate = c->egress_rate == UINT64_MAX ? 0 : c->egress_rate;
        r = port_list_copy(&c->ports, &p->ports);
        return r < 0 ? r : port_list_copy(&c->host_ports, &p->host_ports);
}

/* Whether it is given a way to the world; else it is left to itself to find one, and name servers with that. */
static bool is_addressed(const MachinePlan *p) {
        for (size_t i = 0; i < p->nics.n; i++)
                if (p->nics.items[i].kind == NIC_ZONE || p->nics.items[i].n_addresses > 0)
                        return true;
        return false;
}

static void plan_names(MachinePlan *p, const MachineConfig *c, int root) {
        p->resolv_conf = c->resolv_conf;
        if (p->resolv_conf == RESOLV_CONF_UNSET || p->resolv_conf == RESOLV_CONF_AUTO)
                p->resolv_conf = is_addressed(p)       ? RESOLV_CONF_AUTO
                        : p->network == NETWORK_HOST ? (p->read_only ? RESOLV_CONF_BIND_HOST : RESOLV_CONF_COPY_HOST)
                                                     : RESOLV_CONF_OFF;
        p->timezone = c->timezone;
        if (p->timezone == TIMEZONE_UNSET || p->timezone == TIMEZONE_AUTO) {
                _cleanup_free_ char *zone = guest_timezone_name(root);

                p->timezone = !zone ? TIMEZONE_OFF : p->read_only ? TIMEZONE_BIND : TIMEZONE_SYMLINK;
        }
}

/* auto becomes what this init can do. */
static int add_ready(MachinePlan *p, const char *text, Error **reterr) {
        ReadyCondition *c = &p->ready[p->n_ready];
        int r = ready_condition_parse(text, c, reterr);

        if (r < 0)
                return r;
        if (c->kind == READY_EXEC) {
                ready_condition_done(c);
                return 0;
        }
        p->n_ready++;
        if (c->kind != READY_AUTO || !p->init_says_ready)
                return 0;
        ready_condition_done(c);
        return ready_condition_parse("notify", c, reterr);
}

static int plan_ready(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        static char *const automatic[] = { (char *) "auto", NULL };
        char *const *wanted = c->ready && c->ready[0] ? c->ready : automatic;
        bool only_auto = true;
        int r = 0;

        if (c->mode == START_RUN)
                return 0;
        p->ready = calloc(strv_length(wanted), sizeof(*p->ready));
        if (!p->ready)
                return error_oom(reterr);
        for (char *const *text = wanted; *text && r >= 0; text++) {
                only_auto = only_auto && strcmp(*text, "auto") == 0;
                r = add_ready(p, *text, reterr);
        }
        p->ready_wait_usec = c->ready_wait_usec != UINT64_MAX ? c->ready_wait_usec : only_auto ? READY_WAIT_USEC : DURATION_INFINITY;
        return r;
}

static int plan_health(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        int r = 0;

        p->health_interval_usec = c->health_interval_usec != UINT64_MAX ? c->health_interval_usec : HEALTH_INTERVAL_USEC;
        p->health_timeout_usec = c->health_timeout_usec != UINT64_MAX ? c->health_timeout_usec : HEALTH_TIMEOUT_USEC;
        p->health_start_period_usec = c->health_start_period_usec != UINT64_MAX ? c->health_start_period_usec : p->health_interval_usec;
        p->health_retries = c->health_retries > 0 ? (unsigned) c->health_retries : HEALTH_RETRIES;
        p->health_on_failure = c->health_on_failure == HEALTH_ACTION_UNSET ? HEALTH_ACTION_NONE : c->health_on_failure;
        if (!c->health || !config_wants_health(c))
                return 0;
        p->health = calloc(strv_length(c->health), sizeof(*p->health));
        if (!p->health)
                return error_oom(reterr);
        for (char **text = c->health; *text && r >= 0; text++) {
                r = health_check_parse(*text, &p->health[p->n_health], reterr);
                p->n_health += r >= 0;
        }
        return r;
}

/* A pty costs the host memory, and of those that all machines share there are not many: 3,072 where nobody has changed that. So the more
 * are used, the fewer each new machine has, down to its console. */
static unsigned plan_ttys(void) {
        static const struct {
                unsigned left, ttys;
        } steps[] = { { 2048, PLAN_TTYS }, { 1024, 2 } };
        unsigned left = pty_left();

        for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                if (left >= steps[i].left)
                        return steps[i].ttys;
        return 0;
}

static int plan_rest(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        int r;

        p->console = decide_console(c);
        p->n_ttys = c->mode == START_BOOT ? plan_ttys() : 0;
        p->registered = c->registered != 0;
        p->kill_signal = c->kill_signal;
        p->stop_timeout_usec = c->stop_timeout_usec == UINT64_MAX ? STOP_TIMEOUT_USEC : c->stop_timeout_usec;
        p->detach = c->detach > 0;
        p->quiet = c->quiet > 0;
        p->as_nspawn = c->as_nspawn;
        p->as_service = c->mode == START_RUN && (p->detach || c->as_service);
        p->keep_address = (c->mode == START_BOOT || p->as_service) && !p->name_is_made_up;
        if (plan_network(p, c) < 0 || string_set(&p->user, c->user) < 0 || string_set(&p->chdir, c->chdir) < 0 ||
            string_set(&p->hostname, c->hostname ?: p->name) < 0 ||
            credentials_describe(&c->credentials, &p->credentials) < 0)
                return error_oom(reterr);
        p->slice = c->slice ? strdup(c->slice) : machine_slice_name(p->name);
        p->properties = strv_copy(c->properties);
        p->settings_files = strv_copy(c->settings_files);
        if (!p->slice || !p->properties || !p->settings_files)
                return error_oom(reterr);
        r = plan_isolation(p, c, reterr);
        if (r >= 0)
                r = plan_mounts(p, c, reterr);
        if (r >= 0)
                r = plan_devices(p, c, reterr);
        if (r >= 0)
                r = properties_check(p->properties, reterr);
        return r < 0 ? r : plan_resources(p, c, reterr);
}

/* What the tree is made of, and what of it is the machine's to write to. */
static int plan_stack(MachinePlan *p, const MachineConfig *c, const Image *image, ImageStack **ret, Error **reterr) {
        StackWish wish = { .read_only = c->read_only > 0, .ephemeral = c->ephemeral > 0, .volatility = c->volatility, .machine = p->name };
        int r = image_stack_open(image, &wish, ret, reterr);

        if (r < 0)
                return r;
        p->volatility = (*ret)->volatility;
        p->ephemeral = (*ret)->ephemeral;
        p->name_is_made_up = c->name_is_made_up;
        p->image_type = image->type;
        p->is_plain = (*ret)->is_plain;
        p->read_only = wish.read_only || p->volatility == VOLATILE_STATE;
        p->shares_tree = p->read_only || p->ephemeral || p->volatility != VOLATILE_NO;
        return string_set(&p->root, image->path) < 0 ? error_oom(reterr) : 0;
}

static int plan_verity(const MachineConfig *c, Image *image, Error **reterr) {
        if (!c->root_hash && !c->verity_data)
                return 0;
        if (image->type != IMAGE_DISK)
                return error_set(reterr, EINVAL, "%s is not a disk image: --root-hash= and --verity-data= are for those", image->path);
        if (string_set(&image->root_hash, c->root_hash) < 0 || string_set(&image->verity_data, c->verity_data) < 0)
                return error_oom(reterr);
        return 0;
}

/* Where in the tree its root is; *ret is what all else is looked up in, the caller's. */
static int plan_pivot(MachinePlan *p, const MachineConfig *c, int tree, int *ret, Error **reterr) {
        const char *rest = c->pivot_root;
        int r;

        *ret = -1;
        if (!rest)
                return 0;
        p->pivot_new = colon_next_field(&rest);
        p->pivot_old = rest ? colon_next_field(&rest) : NULL;
        if (!p->pivot_new || (rest && !p->pivot_old))
                return error_oom(reterr);
        r = *ret = open_in_root(tree, p->pivot_new, O_PATH | O_DIRECTORY, 0);
        if (r >= 0)
                return 0;
        error_errno(reterr, r, "Cannot make %s of %s the root", p->pivot_new, p->root);
        return error_hint(reterr, r, "--pivot-root= names a directory of the tree.");
}

int plan_make(const MachineConfig *c, MachinePlan **ret, Image **ret_image, ImageStack **ret_stack, Error **reterr) {
        _cleanup_(plan_freep) MachinePlan *p = calloc(1, sizeof(*p));
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(image_stack_freep) ImageStack *stack = NULL;
        _cleanup_(os_release_done) OsRelease os = {};
        _cleanup_close_ int pivot = -1;
        int r, look;

        if (!p)
                return error_oom(reterr);
        p->mode = c->mode;
        if (string_set(&p->name, c->machine) < 0)
                return error_oom(reterr);
        r = image_find(c->directory ?: c->image ?: c->machine, &image, reterr);
        if (r >= 0)
                r = plan_verity(c, image, reterr);
        if (r >= 0)
                r = plan_stack(p, c, image, &stack, reterr);
        if (r < 0)
                return r;
        r = plan_pivot(p, c, stack->look, &pivot, reterr);
        if (r < 0)
                return r;
        look = pivot >= 0 ? pivot : stack->look;
        r = plan_program(p, c, look, reterr);
        if (r >= 0)
                r = plan_ready(p, c, reterr);
        if (r >= 0)
                r = plan_health(p, c, reterr);
        if (r >= 0)
                r = plan_id(p, c, look, reterr);
        if (r >= 0)
                r = plan_ids(p, c, look, image->fd, reterr);
        if (r >= 0)
                r = plan_rest(p, c, reterr);
        if (r >= 0)
                r = labels_plan(c, p->read_only, &p->labels, reterr);
        if (r >= 0)
                r = plan_environment(p, c, reterr);
        if (r < 0)
                return r;
        plan_names(p, c, look);
        r = link_journal_plan(p, c->link_journal, reterr);
        if (r < 0)
                return r;
        if (tree_os_release(look, &os) >= 0)
                p->os = TAKE_PTR(os.pretty_name);
        *ret_stack = TAKE_PTR(stack);
        *ret_image = TAKE_PTR(image);
        *ret = TAKE_PTR(p);
        return 0;
}
