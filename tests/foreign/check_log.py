"""Checks a Tidegate log, its cosignatures and a Tidegate witness with PyPI's packages, unmodified.

    check_log.py scales LOCATION LOG_VKEY WITNESS_VKEY...      tlog-scales: signatures, root, every proof
    check_log.py feed URL WITNESS_VKEY LOCATION                aics-witness's client submits the log's head

LOCATION is a directory or an address. Exits with 0 if all holds.
"""

import sys

from tlog_scales import backend, tiles
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet


def read(location):
    reader = TilesReader(backend.make_backend(location))
    return reader, reader.get_checkpoint()


def scales(location, *vkeys):
    reader, head = read(location)
    known = VkeySet(*map(Vkey.from_string, vkeys))
    valid = known.verify(head.signatures, head)
    assert len(valid) == len(vkeys), f"{len(valid)} of {len(vkeys)} keys signed"
    assert reader.calculate_root_hash() == head.root_hash, "another root"
    for index in range(head.size):
        proof = reader.get_inclusion_proof(index, head.size)
        proof.check(tiles.leaf_hash(reader.get_entry(index)), head.root_hash)
    for old in range(1, head.size):
        proof = reader.get_consistency_proof(old, head.size)
        proof.check(reader.mth(0, old), head.root_hash)


def feed(url, witness, location):
    from aics_tlog import MerkleTree
    from aics_witness.feeder import WitnessClient, merge_cosignatures

    reader, head = read(location)
    tree = MerkleTree(reader.get_entry(index) for index in range(head.size))
    note = backend.make_backend(location).get("checkpoint").decode()
    lines = WitnessClient(url, witness, max_attempts=1).submit(note, tree.consistency_proof)
    merged = merge_cosignatures(note, lines).decode()
    assert merged.count("— " + witness.split("+")[0] + " ") == 1, merged


if __name__ == "__main__":
    {"scales": scales, "feed": feed}[sys.argv[1]](*sys.argv[2:])
    print("verified")
