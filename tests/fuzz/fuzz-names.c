/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "address.h"
#include "guest.h"
#include "ifname.h"
#include "layer-info.h"
#include "limit-text.h"
#include "logs.h"
#include "machine-order.h"
#include "name.h"
#include "names.h"
#include "nics.h"
#include "parse.h"
#include "path.h"
#include "range.h"
#include "range6.h"
#include "remote.h"
#include "shell-word.h"
#include "specifiers.h"
#include "strv.h"
#include "sums.h"
#include "text.h"
#include "top-view.h"
#include "url.h"
#include "values.h"
#include "verity.h"
#include "zone-name.h"

/* Texts that are one thing: names, addresses, numbers, times, URLs. All parsers are given the same text. */

static void check_names(const char *text) {
        _cleanup_(error_freep) Error *error = NULL, *zone = NULL, *path = NULL;
        _cleanup_free_ char *derived = NULL, *escaped = unit_name_escape(text);
        char fit[IFNAME_SIZE], bridge[IF_NAMESIZE], name[ZONE_NAME_MAX + 1];
        int r = machine_name_check(text, &error);

        fuzz_check_error(r, error);
        fuzz_check((r == 0) == machine_name_is_valid(text) && escaped);
        for (const char *p = escaped; *p; p++)
                fuzz_check(*p != '/' && (unsigned char) *p > ' ' && (unsigned char) *p < 0x7f);
        if (machine_name_from_path(text, &derived, &path) >= 0)
                fuzz_check(machine_name_is_valid(derived));
        (void) ifname_fit("nb-", text, 0, fit);
        fuzz_check(strlen(fit) < IFNAME_SIZE);
        (void) ifname_is_valid(text, IFNAME_ALT_MAX);
        r = zone_name_check(text, &zone);
        fuzz_check_error(r, zone);
        if (r < 0)
                return;
        zone_bridge_name(text, bridge);
        fuzz_check(zone_name_of_bridge(bridge, name) && strcmp(name, text) == 0);
        if (machine_name_is_valid("web")) {
                char names[NAMES_TEXT_MAX];

                names_of("web", text, names);
        }
}

static void check_addresses(const char *text) {
        char shown[IP_TEXT_MAX], mac_shown[MAC_TEXT_MAX], range_shown[RANGE_TEXT_MAX], range6_shown[RANGE6_TEXT_MAX];
        IpAddress a, b;
        uint8_t mac[6], again[6];
        Range range, range_again;
        Range6 six, six_again;
        uint32_t four;

        if (ip_parse(text, &a) >= 0)
                fuzz_check(ip_parse(ip_format(&a, shown), &b) >= 0 && ip_same(&a, &b));
        if (mac_parse(text, mac) >= 0)
                fuzz_check(mac_parse(mac_format(mac, mac_shown), again) >= 0 && memcmp(mac, again, 6) == 0);
        if (range_parse(text, &range) >= 0) {
                range_format(range, range_shown);
                fuzz_check(range_parse(range_shown, &range_again) >= 0 && range.base == range_again.base && range.prefix == range_again.prefix);
                for (uint32_t i = 0; i < range_slots(range) && i < 4; i++)
                        fuzz_check(range_contains(range, range_slot(range, i)) && range_slot(range, i) != range_gateway(range));
        }
        if (range6_parse(text, &six) >= 0) {
                range6_format(&six, range6_shown);
                fuzz_check(range6_parse(range6_shown, &six_again) >= 0 && memcmp(&six, &six_again, sizeof(six)) == 0);
        }
        (void) address_parse(text, &four);
}

static void check_numbers(const char *text) {
        uint8_t id[16], id_again[16];
        struct rlimit limit;
        cpu_set_t cpus;
        char id_text[33], sig_text[SIGNAL_TEXT_MAX];
        uint64_t n;
        uint16_t port;
        bool b;
        pid_t pid;
        int sig, sig_again;

        (void) parse_bool(text, &b);
        (void) parse_u64(text, UINT64_MAX, &n);
        (void) parse_pid(text, &pid);
        (void) parse_size(text, &n);
        (void) parse_byte_rate(text, &n);
        (void) parse_percent(text, 1000000, &n);
        (void) parse_port(text, &port);
        (void) parse_duration(text, &n);
        (void) machine_order_parse_delay(text, &n);
        (void) top_interval_parse(text, &n);
        (void) log_time_parse(text, 1700000000000000, &n, NULL);
        (void) cpu_list_parse(text, &cpus);
        (void) limit_parse(RLIMIT_NOFILE, text, &limit, NULL);
        if (parse_id128(text, id) >= 0)
                fuzz_check(parse_id128(id128_to_text(id, id_text), id_again) >= 0 && memcmp(id, id_again, 16) == 0);
        if (parse_signal(text, &sig) >= 0)
                fuzz_check(parse_signal(signal_to_text(sig, sig_text), &sig_again) >= 0 && sig == sig_again);
}

static void check_texts(const char *text) {
        const SpecifierContext context = { .machine = "web", .path = "/etc/nbox/web.conf" };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *quoted = shell_word(text), *replaced = NULL;
        _cleanup_strv_ char **words = NULL, **back = NULL;
        VerityHash hash = {};
        char id[LAYER_ID_SIZE];
        int r = split_words(text, &words, &error);

        fuzz_check(quoted);
        fuzz_check_error(r, error);
        error_free(TAKE_PTR(error));
        r = specifiers_replace(text, &context, &replaced, &error);
        fuzz_check_error(r, error);
        (void) path_is_clean(text);
        (void) string_columns(text, strlen(text));
        (void) verity_hash_parse(text, &hash);
        (void) layer_from_link(text, id);
        (void) layer_from_snapshot_link(text, id);
        back = strv_copy(words);
        fuzz_check(strv_length(words) == strv_length(back));
}

static void check_places(const char *text) {
        _cleanup_(error_freep) Error *error = NULL, *second = NULL, *third = NULL, *fourth = NULL;
        _cleanup_(remote_done) Remote host = {}, machine = {};
        _cleanup_free_ char *shown = NULL, *file = NULL, *beside = NULL;
        NicConfig nic, again;
        int r = url_check(text, &error);

        fuzz_check_error(r, error);
        if (r >= 0) {
                shown = url_public(text);
                beside = url_beside(text, "SHA256SUMS");
                fuzz_check(shown && string_is_clean(shown) && beside);
                if (url_file(text, &file, &second) >= 0)
                        fuzz_check(*file && !strchr(file, '/') && string_is_clean(file));
        }
        r = remote_parse_host(&host, text, &third);
        fuzz_check_error(r, third);
        fuzz_check(r < 0 || (*host.host != '-' && (!host.user || *host.user != '-')));
        r = remote_parse_machine(&machine, text, &fourth);
        fuzz_check_error(r, fourth);
        error_free(TAKE_PTR(error));
        r = nic_parse(text, &nic, &error);
        fuzz_check_error(r, error);
        if (r >= 0) {
                char written[NIC_TEXT_MAX], twice[NIC_TEXT_MAX];

                nic_format(&nic, written);
                fuzz_check(nic_parse(written, &again, &error) >= 0);
                nic_format(&again, twice);
                fuzz_check(strcmp(written, twice) == 0);
        }
}

static void check_sums(const char *text, size_t size) {
        char digest[DIGEST_HEX_SIZE];
        int r = sums_find(text, size, "image.tar.xz", size % 2, digest);

        fuzz_check(r == 1 ? strlen(digest) == DIGEST_HEX_SIZE - 1 : r == 0 || r == -EBADMSG);
}

void fuzz_names(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        size_t n;
        _cleanup_free_ char *text = fuzz_rest(&in, &n);

        check_sums(text, n);
        check_names(text);
        check_addresses(text);
        check_numbers(text);
        check_texts(text);
        check_places(text);
}
