from __future__ import annotations

import socket
import threading
import time
from types import SimpleNamespace

import dns.flags
import dns.message
import dns.resolver
import dns.rrset
import pytest

from pipeline.fields.mail_domains import Verdict, verdicts


class FakeResolver:
    """Answers from a table, and remembers what it was asked."""

    def __init__(self, records, *, delay=0.0):
        self.records, self.delay, self.asked = records, delay, []

    def resolve(self, qname, rdtype, *, lifetime):
        self.asked.append((qname, rdtype))
        time.sleep(min(self.delay, lifetime))
        if self.delay > lifetime:
            raise dns.resolver.LifetimeTimeout(timeout=lifetime, errors=[])
        found = self.records.get((qname.rstrip("."), rdtype), dns.resolver.NoAnswer)
        if isinstance(found, type):
            raise found
        return [SimpleNamespace(exchange=each) for each in found]


def verdict(records):
    return verdicts(["acme.com"], resolver=FakeResolver(records), timeout=5)["acme.com"]


class TestVerdicts:
    @pytest.mark.parametrize(
        ("records", "expected"),
        [
            pytest.param({("acme.com", "MX"): ["mx.acme.com."]}, "has_mx", id="MX"),
            pytest.param({("acme.com", "MX"): ["."]}, "no_mx", id="null MX"),
            pytest.param({("acme.com", "A"): ["1.2.3.4"]}, "has_mx", id="implicit MX"),
            pytest.param({("acme.com", "AAAA"): ["::1"]}, "has_mx", id="implicit MX, IPv6"),
            pytest.param({}, "no_mx", id="neither"),
            pytest.param({("acme.com", "MX"): dns.resolver.NXDOMAIN}, "no_mx", id="no domain"),
            pytest.param(
                {("acme.com", "MX"): dns.resolver.NoNameservers}, "unknown", id="servers fail"
            ),
            pytest.param(
                {("acme.com", "A"): dns.resolver.NoNameservers}, "unknown", id="fail at the host"
            ),
            pytest.param({("acme.com", "MX"): OSError}, "unknown", id="no network"),
        ],
    )
    def test_say_what_is_certain(self, records, expected):
        assert verdict(records) == expected

    def test_ask_each_domain_once(self):
        resolver = FakeResolver({("acme.com", "MX"): ["mx."]})

        found = verdicts(["acme.com", "acme.com"], resolver=resolver, timeout=5)

        assert found == {"acme.com": "has_mx"}
        assert resolver.asked == [("acme.com.", "MX")]

    def test_keep_what_is_certain_and_ask_again_for_the_rest(self):
        resolver = FakeResolver(
            {("acme.com", "MX"): ["mx."], ("bolt.com", "MX"): dns.resolver.NoNameservers}
        )
        cache: dict[str, Verdict] = {"known.com": "no_mx"}

        found = verdicts(
            ["acme.com", "bolt.com", "known.com"], resolver=resolver, timeout=5, cache=cache
        )

        assert found == {"acme.com": "has_mx", "bolt.com": "unknown", "known.com": "no_mx"}
        assert cache == {"acme.com": "has_mx", "known.com": "no_mx"}
        assert ("known.com.", "MX") not in resolver.asked

    @pytest.mark.alone
    def test_take_no_longer_than_they_may(self):
        domains = [f"a{n}.com" for n in range(200)]
        started = time.monotonic()

        found = verdicts(domains, resolver=FakeResolver({}, delay=60), timeout=0.2)

        assert time.monotonic() - started < 2
        assert set(found.values()) == {"unknown"}
        assert list(found) == domains

    def test_of_no_domain(self):
        assert verdicts([], resolver=FakeResolver({}), timeout=1) == {}


ZONE = {
    ("acme.com.", "MX"): "10 mx.acme.com.",
    ("null.com.", "MX"): "0 .",
    ("host.com.", "A"): "192.0.2.1",
}


def answer(wire):
    query = dns.message.from_wire(wire)
    name, kind = str(query.question[0].name), dns.rdatatype.to_text(query.question[0].rdtype)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if name == "broken.com.":
        response.set_rcode(dns.rcode.SERVFAIL)
    elif name == "nowhere.com.":
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif (name, kind) in ZONE:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, ZONE[name, kind]))
    return response.to_wire()


def serve(server):
    while (message := server.recvfrom(4096))[0] != b"stop":
        server.sendto(answer(message[0]), message[1])


@pytest.fixture
def name_server():
    """A name server of our own on loopback that speaks the real protocol."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        yield server.getsockname()
        server.sendto(b"stop", server.getsockname())
        thread.join()


class TestVerdictsOfARealResolver:
    def test_over_the_wire(self, name_server):
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [name_server[0]], name_server[1]

        found = verdicts(
            ["acme.com", "null.com", "host.com", "nowhere.com", "broken.com"],
            resolver=resolver,
            timeout=20,
        )

        assert found == {
            "acme.com": "has_mx",
            "null.com": "no_mx",
            "host.com": "has_mx",
            "nowhere.com": "no_mx",
            "broken.com": "unknown",
        }
