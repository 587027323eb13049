"""Who vouches for servers of the local cloud: an authority made for each, trusted only by who is told of it."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "127.0.0.1"
LIFE = timedelta(days=3650)
"""A checkout may be old: what has ended would have to be made anew under who trusts it."""
_LATE_CLOCKS = timedelta(hours=1)


@dataclass(frozen=True)
class Certificates:
    """Of one server on loopback, as PEM. The authority's own key is kept nowhere: it vouches for nobody else."""

    authority: bytes
    """Whom its clients have to trust."""
    server: bytes
    """Its key and certificate."""


def make_certificates() -> Certificates:
    """Of 127.0.0.1 and `localhost`, with an authority that has no other."""
    root, root_key = _authority()
    leaf, leaf_key = _server(root, root_key)
    key = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificates(root.public_bytes(Encoding.PEM), key + leaf.public_bytes(Encoding.PEM))


def server_context(certificates: Certificates, folder: Path) -> ssl.SSLContext:
    """
    What a server in this process needs to be believed. Its key is in `folder` only while OpenSSL reads it: Python gives
    it files alone.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # the least that the services take
    file = folder / "server.pem"
    file.touch(mode=0o600)
    try:
        file.write_bytes(certificates.server)
        context.load_cert_chain(file)
    finally:
        file.unlink()
    return context


def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("Local cloud, authority")
    usage = _usage(signs=False, vouches=True)
    made = _certificate(name, name, key.public_key(), key.public_key())
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return made.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key


def _server(
    root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName("localhost")])
    made = (
        _certificate(_name("Local cloud"), root.subject, key.public_key(), root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True, vouches=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
    )
    return made.sign(root_key, hashes.SHA256()), key


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LATE_CLOCKS)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs: bool, vouches: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=vouches,
        crl_sign=vouches,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
