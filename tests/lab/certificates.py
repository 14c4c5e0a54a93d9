# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test certification authority of the lab and the certificates of its HTTPS listeners, made anew at every start."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.wirespec import Certificate

_LIFETIME: Final = timedelta(days=30)
_WRONG_NAME: Final = "elsewhere.example"


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What a listener shows, and what NTLM channel binding is computed from."""

    context: ssl.SSLContext
    certificate_hash: bytes
    """SHA-256 of the DER form: tls-server-end-point of RFC 5929 for a certificate signed with SHA-256."""


@dataclass(frozen=True, slots=True)
class _Authority:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class CertificateAuthority:
    """Signs the certificates of a lab, with a trusted authority and one that nobody trusts.

    Args:
        directory: private; certificates and keys of the listeners pass through it.
        trusted: file that the certificate of the trusted authority is written to, for Ansible.
    """

    def __init__(self, directory: Path, trusted: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._now = datetime.now(UTC)
        self._trusted = self._authority("Lab test authority")
        self._untrusted = self._authority("Lab authority that nobody trusts")
        # One key for all listeners: a start of a thousand hosts then takes a second.
        self._key = ec.generate_private_key(ec.SECP256R1())
        trusted.write_bytes(self._trusted.certificate.public_bytes(serialization.Encoding.PEM))

    def identity(self, name: str, address: str, kind: Certificate) -> ServerIdentity:
        """The certificate of one host, as good or as bad as asked for."""
        authority = self._untrusted if kind is Certificate.UNTRUSTED else self._trusted
        if kind is Certificate.WRONG_NAME:
            subject, names = _WRONG_NAME, [x509.DNSName(_WRONG_NAME)]
            alternatives = x509.SubjectAlternativeName(names)
        else:
            subject = name
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address(address))])
        expired = kind is Certificate.EXPIRED
        until = self._now - timedelta(days=1) if expired else self._now + _LIFETIME
        certificate = (
            self._builder(_name(subject), authority.name, self._key.public_key(), until)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
            )
            .sign(authority.key, hashes.SHA256())
        )
        return ServerIdentity(self._context(certificate), certificate.fingerprint(hashes.SHA256()))

    def _authority(self, common_name: str) -> _Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        certificate = (
            self._builder(name, name, key.public_key(), self._now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return _Authority(name, key, certificate)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _LIFETIME)
            .not_valid_after(until)
        )

    def _context(self, certificate: x509.Certificate) -> ssl.SSLContext:
        # The ssl module loads certificates from files only.
        file = self._directory / "listener.pem"
        file.touch(mode=0o600)
        file.write_bytes(
            self._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(file)
        file.unlink()
        return context


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
