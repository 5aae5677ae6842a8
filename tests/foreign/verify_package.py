"""Verifies both envelopes of a package with securesystemslib, and their statement with in-toto-attestation.

    python verify_package.py DIRECTORY

Ends with 0 if everything holds; any exception is a failure.
"""

import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

package = pathlib.Path(sys.argv[1])
payloads = set()
for name in ("ed25519", "p256"):
    public = load_pem_public_key((package / f"keys/product.{name}.pem").read_bytes())
    keyid = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    key = SSlibKey.from_crypto(public, keyid)
    envelope = Envelope.from_dict(json.loads((package / f"statement.{name}.dsse.json").read_text()))
    accepted = envelope.verify([key], 1)
    assert list(accepted) == [keyid] and envelope.payload_type == "application/vnd.in-toto+json"
    payloads.add(envelope.payload)
    print(name, key.scheme, keyid)

(payload,) = payloads
assert payload == (package / "statement.json").read_bytes()
message = json_format.Parse(payload, statement_pb2.Statement())
statement = Statement.copy_from_pb(message)
statement.validate()
subjects = {subject.name: subject.digest["sha256"] for subject in statement.pb.subject}
for path, digest in subjects.items():
    assert hashlib.sha256((package / path).read_bytes()).hexdigest() == digest, path
beside = {"statement.json", "statement.ed25519.dsse.json", "statement.p256.dsse.json"}
beside |= {f"log/delivery.{part}" for part in ("entry", "salt", "tlog-proof")}
found = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
assert found == set(subjects) | beside, found ^ (set(subjects) | beside)
print(statement.pb.predicate_type, len(subjects), "files")
