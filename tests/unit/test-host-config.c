/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-config.h"

#include "unit.h"

static int parse(HostConfig *c, const char *text, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text);

        assert_non_null(copy);
        return host_config_parse(c, "/etc/nbox.conf", copy, strlen(copy), reterr);
}

static void values(void **state _unused_) {
        static const struct {
                const char *text;
                int firewall;
        } cases[] = {
                { "", FIREWALL_AUTO },
                { "# nothing\n\n[Host]\n", FIREWALL_AUTO },
                { "[Host]\nFirewall=auto\n", FIREWALL_AUTO },
                { "[Host]\nFirewall=iptables", FIREWALL_IPTABLES },
                { "[Host]\n  Firewall = nft \n", FIREWALL_NFT },
                { "[Host]\nFirewall=nft\nFirewall=\n", FIREWALL_AUTO },
                { "[X-Other]\nFirewall=what\n[Host]\nFirewall=nft\n", FIREWALL_NFT },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                HostConfig c = { -1 };

                assert_ok(parse(&c, cases[i].text, &error));
                assert_int_equal(c.firewall, cases[i].firewall);
        }
}

static void ipv6(void **state _unused_) {
        static const struct {
                const char *text;
                int ipv6;
        } cases[] = {
                { "", IPV6_YES }, { "[Host]\nIPv6=no\n", IPV6_NO }, { "[Host]\nIPv6=false\nIPv6=\n", IPV6_YES }, { "[Host]\nIPv6=on\n", IPV6_YES },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                HostConfig c;

                assert_ok(parse(&c, cases[i].text, &error));
                assert_int_equal(c.ipv6, cases[i].ipv6);
        }
}

/* Warned about, and nothing else. */
static void unknown(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        HostConfig c;

        assert_ok(parse(&c, "stray\n[Guest]\nFirewall=what\n[Host]\nFirewal=what\nno assignment\nFirewall=nft\n", &error));
        assert_int_equal(c.firewall, FIREWALL_NFT);
}

static void refused(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL, *bytes = NULL;
        HostConfig c = { FIREWALL_IPTABLES };

        assert_int_equal(parse(&c, "[Host]\n\nFirewall=pf\n", &error), -EINVAL);
        assert_error_says(error, "/etc/nbox.conf:3: Firewall=: 'pf' is not one of auto, iptables or nft");
        assert_int_equal(parse(&c, "[Host]\nFirewall=\033[31m\n", &bytes), -EBADMSG);
        assert_error_says(bytes, "/etc/nbox.conf:");
        assert_int_equal(c.firewall, FIREWALL_IPTABLES);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values),
                cmocka_unit_test(ipv6),
                cmocka_unit_test(unknown),
                cmocka_unit_test(refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
