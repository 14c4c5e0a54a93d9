# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificates, its inventory, its state socket and its ways to lose connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import DNSName
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.lab.certificates import CertificateAuthority
from tests.lab.connections import DeafListener
from tests.lab.control import OrderRefused, give_order, read_state, serve_orders
from tests.lab.fleet import load_fleet
from tests.lab.inventory import write_inventory
from tests.lab.wirespec import Certificate
from tests.labfixture import one_host

ADDRESS = "127.1.255.250"


def shown(authority: CertificateAuthority, kind: Certificate) -> tuple[x509.Certificate, bytes]:
    """The certificate that a listener shows, taken from a handshake in memory, and the hash that NTLM is bound to."""
    identity = authority.identity("one", ADDRESS, kind)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(to_client, to_server)
    server = identity.context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    der = client.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der), identity.certificate_hash


@pytest.mark.parametrize("kind", list(Certificate))
def test_certificates_are_as_good_or_bad_as_asked_for(tmp_path: Path, kind: Certificate) -> None:
    authority = CertificateAuthority(tmp_path / "private", tmp_path / "ca.pem")
    certificate, bound = shown(authority, kind)
    trusted = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    verifier = PolicyBuilder().store(Store([trusted])).build_server_verifier(DNSName("one"))
    if kind is Certificate.GOOD:
        assert verifier.verify(certificate, [])
    else:
        with pytest.raises(VerificationError):
            verifier.verify(certificate, [])
    assert bound == certificate.fingerprint(hashes.SHA256())
    assert list((tmp_path / "private").iterdir()) == []


def test_the_inventory_is_complete(tmp_path: Path) -> None:
    fleet = one_host(variables={"extra": 1})
    base = fleet["kinds"]["tested"]
    fleet["kinds"]["over-tls"] = base | {"wire": {"scheme": "https", "authentication": "basic"}}
    fleet["kinds"]["psrp"] = base | {"wire": {"connection": "psrp"}}
    fleet["kinds"]["psrp-tls"] = base | {"wire": {"connection": "psrp", "scheme": "https"}}
    fleet["hosts"] += [{"name": name, "kind": name} for name in ("over-tls", "psrp", "psrp-tls")]
    (tmp_path / "fleet.yml").write_text(yaml.safe_dump(fleet))
    hosts = load_fleet(tmp_path / "fleet.yml").hosts
    write_inventory(tmp_path / "inventory.yml", hosts, Path("/run/ca.pem"))
    written = yaml.safe_load((tmp_path / "inventory.yml").read_text())
    common = {"ansible_user": "labadmin", "ansible_password": "Nic-Lab <&> 2026"}
    winrm = {"ansible_connection": "winrm"} | common
    psrp = {"ansible_connection": "psrp"} | common
    assert written["all"]["hosts"] == {
        "one": winrm
        | {"ansible_host": "127.1.0.1", "ansible_port": 5985, "extra": 1}
        | {"ansible_winrm_scheme": "http", "ansible_winrm_transport": ["ntlm"]},
        "over-tls": winrm
        | {"ansible_host": "127.1.0.2", "ansible_port": 5986, "extra": 1}
        | {"ansible_winrm_scheme": "https", "ansible_winrm_transport": ["basic"]}
        | {"ansible_winrm_server_cert_validation": "validate", "ansible_winrm_ca_trust_path": "/run/ca.pem"},
        "psrp": psrp
        | {"ansible_host": "127.1.0.3", "ansible_port": 5985, "extra": 1}
        | {"ansible_psrp_protocol": "http", "ansible_psrp_auth": "ntlm"},
        "psrp-tls": psrp
        | {"ansible_host": "127.1.0.4", "ansible_port": 5986, "extra": 1}
        | {"ansible_psrp_protocol": "https", "ansible_psrp_auth": "ntlm"}
        | {"ansible_psrp_cert_validation": "validate", "ansible_psrp_ca_cert": "/run/ca.pem"},
    }
    assert written["all"]["children"]["kind_psrp_tls"] == {"hosts": {"psrp-tls": None}}
    assert (tmp_path / "inventory.yml").stat().st_mode & 0o077 == 0


def test_the_state_is_told_to_whoever_connects(tmp_path: Path) -> None:
    run_dir = tmp_path / ("a-run-directory-with-a-very-long-name-" * 4)
    run_dir.mkdir()
    told = {"one": {"name": "\u4ee5\u592a\u7f51", "more": "x" * 300_000}}

    async def scenario() -> None:
        server = await serve_orders(run_dir, {"state": lambda _unused: told})
        assert await asyncio.to_thread(read_state, run_dir) == told
        assert await asyncio.to_thread(read_state, run_dir) == told
        server.close()

    asyncio.run(scenario())
    with pytest.raises(OSError, match="refused"):
        read_state(run_dir)
    with pytest.raises(FileNotFoundError):
        read_state(tmp_path)


def test_orders_are_carried_out_or_refused(tmp_path: Path) -> None:
    def skip(order: Mapping[str, Any]) -> dict[str, Any]:
        return {"moved": float(order["seconds"])}

    async def scenario() -> None:
        server = await serve_orders(tmp_path, {"skip": skip})
        assert await asyncio.to_thread(give_order, tmp_path, "skip", seconds=2) == {"moved": 2.0}
        for order, more, why in (
            ("skip", {"seconds": "soon"}, "could not convert"),
            ("skip", {}, "there is no 'seconds'"),
            ("dance", {}, "there is no 'dance'"),
        ):
            with pytest.raises(OrderRefused, match=why):
                await asyncio.to_thread(give_order, tmp_path, order, **more)
        server.close()

    asyncio.run(scenario())


def test_a_deaf_listener_answers_no_connection_request() -> None:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port = probe.getsockname()[1]
    listener = DeafListener(ADDRESS, port)
    for _unused in range(2):
        with pytest.raises(TimeoutError), socket.create_connection((ADDRESS, port), timeout=0.2):
            pass
    listener.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection((ADDRESS, port), timeout=5):
        pass
    DeafListener(ADDRESS, port).close()
