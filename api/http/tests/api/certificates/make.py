"""Makes the certificates of the TLS tests: `python make.py`, with PyPI's cryptography.

They are valid from 2020 to 2120, so that no test depends on a clock. Their keys are public and protect nothing.
servers, clients, fresh: authorities, whose keys are not kept; NAME-of-AUTHORITY: a certificate and its key.
"""

import ipaddress
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).parent


def certificate(name, key, issuer, issuer_key, *extensions):
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=datetime(2020, 1, 1),
        not_valid_after=datetime(2120, 1, 1),
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tidegate test {text}")])


def authority(name, members):
    own = ec.generate_private_key(ec.SECP256R1())
    pem = certificate(named(name), own, named(name), own, x509.BasicConstraints(ca=True, path_length=None))
    (HERE / f"{name}.pem").write_bytes(pem)
    for member, purpose in members:
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        usage = x509.ExtendedKeyUsage([purpose])
        pem = certificate(named(member), key, named(name), own, address, usage, x509.BasicConstraints(ca=False, path_length=None))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (HERE / f"{member}-of-{name}.pem").write_bytes(pem)
        (HERE / f"{member}-of-{name}.key").write_bytes(secret)


server = ("server", ExtendedKeyUsageOID.SERVER_AUTH)
client = ("client", ExtendedKeyUsageOID.CLIENT_AUTH)
authority("servers", [server, client])
authority("clients", [client])
authority("fresh", [server])
