"""The tree: published vectors, and a naive recursive tree that must agree at every size and split."""

import base64
import json
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.errors import ProofError, UsageError
from troth.log import (
    EMPTY_ROOT,
    Frontier,
    MemoryTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)

MOST = 600
ENTRIES = [b"%d" % number for number in range(MOST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = MemoryTree(LEAVES)

# RFC 6962's reference tree: the entries, and the roots at sizes 1 to 8, as every implementation tests them
REFERENCE = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@cache
def naive_root(start, end):
    """RFC 9162 §2.1.1, word for word."""
    if start == end:
        return sha256().digest()
    if end - start == 1:
        return sha256(b"\0" + ENTRIES[start]).digest()
    middle = start + split(end - start)
    return sha256(b"\1" + naive_root(start, middle) + naive_root(middle, end)).digest()


def naive_path(index, start, end):
    """RFC 9162 §2.1.3.1."""
    if end - start <= 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*naive_path(index, start, middle), naive_root(middle, end)]
    return [*naive_path(index, middle, end), naive_root(start, middle)]


def naive_subproof(size, start, end, whole):
    """RFC 9162 §2.1.4.1."""
    if size == end - start:
        return [] if whole else [naive_root(start, end)]
    middle = start + split(end - start)
    if size <= middle - start:
        return [*naive_subproof(size, start, middle, whole), naive_root(middle, end)]
    return [*naive_subproof(size - (middle - start), middle, end, False), naive_root(start, middle)]


def split(count):
    return 1 << (count - 1).bit_length() - 1


def test_the_reference_tree_of_rfc_6962():
    tree = MemoryTree()
    assert root(0, tree) == tree.frontier.root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, (entry, expected) in enumerate(zip(REFERENCE, REFERENCE_ROOTS, strict=True), 1):
        tree.append([leaf_hash(entry)])
        assert tree.frontier.root().hex() == expected
        assert root(size, tree).hex() == expected


def test_every_root_is_that_of_the_naive_tree():
    for size in range(MOST + 1):
        assert root(size, TREE) == naive_root(0, size)
        assert Frontier.read(size, TREE).root() == naive_root(0, size)


def test_every_proof_in_small_trees_is_that_of_the_naive_tree():
    for size in range(1, 70):
        for index in range(size):
            proof = inclusion_proof(index, size, TREE)
            assert proof == naive_path(index, 0, size)
            verify_inclusion(LEAVES[index], index, size, proof, naive_root(0, size))
        for first in range(1, size + 1):
            proof = consistency_proof(first, size, TREE)
            assert proof == naive_subproof(first, 0, size, True)
            verify_consistency(first, naive_root(0, first), size, naive_root(0, size), proof)
        assert consistency_proof(0, size, TREE) == []


@given(st.integers(1, MOST), st.data())
def test_proofs_are_those_of_the_naive_tree(size, data):
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(index, size, TREE) == naive_path(index, 0, size)
    first = data.draw(st.integers(1, size))
    proof = consistency_proof(first, size, TREE)
    assert proof == naive_subproof(first, 0, size, True)
    verify_consistency(first, naive_root(0, first), size, naive_root(0, size), proof)


@given(st.lists(st.integers(0, 200), max_size=6))
def test_growing_in_steps_is_growing_at_once(steps):
    stepwise, frontier, size = MemoryTree(), Frontier(), 0
    for step in steps:
        growth = frontier.append(LEAVES[size % 300 : size % 300 + step])
        assert growth.before == frontier.size
        stepwise.append(LEAVES[size % 300 : size % 300 + step])
        frontier, size = growth.frontier, size + step
        assert frontier == stepwise.frontier == Frontier.read(size, stepwise)
    whole = MemoryTree(stepwise.node(0, index) for index in range(size))
    assert whole.frontier == frontier
    assert whole._levels == stepwise._levels


@given(st.integers(2, MOST), st.data())
def test_an_altered_proof_fails(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, TREE)
    damaged = altered(proof, data)
    with pytest.raises(ProofError):
        verify_inclusion(LEAVES[index], index, size, damaged, naive_root(0, size))
    first = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(first, size, TREE)
    with pytest.raises(ProofError):
        verify_consistency(first, naive_root(0, first), size, naive_root(0, size), altered(proof, data))


def altered(proof, data):
    changed = list(proof)
    how = data.draw(st.sampled_from(["flip", "drop", "add", "short"])) if proof else "add"
    place = data.draw(st.integers(0, max(len(proof) - 1, 0)))
    if how == "flip":
        changed[place] = bytes([changed[place][0] ^ 1]) + changed[place][1:]
    elif how == "drop":
        del changed[place]
    elif how == "short":
        changed[place] = changed[place][:-1]
    else:
        changed.insert(place, bytes(32))
    return changed


@given(st.integers(-3, 2**70), st.integers(-3, 2**70), st.lists(st.binary(max_size=33), max_size=70))
def test_fuzz_any_proof_raises_only_our_errors(first, second, proof):
    for call in (
        lambda: verify_inclusion(LEAVES[0], first, second, proof, EMPTY_ROOT),
        lambda: verify_consistency(first, LEAVES[0], second, LEAVES[1], proof),
    ):
        with pytest.raises(ProofError):
            call()


def test_proofs_that_nobody_can_make():
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(UsageError, match="no leaf"):
            inclusion_proof(index, size, TREE)
    with pytest.raises(UsageError, match="does not continue"):
        consistency_proof(4, 3, TREE)


def test_a_node_is_no_leaf():
    # second preimage: a leaf whose entry is two hashes must not pass for their parent
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


# --- the vectors that other implementations test with ------------------------------------------------


def vectors(shared, kind):
    found = sorted(shared(f"merkle/testdata/{kind}").rglob("*.json"))
    return [(path, json.loads(path.read_text())) for path in found]


def unb64(text):
    return base64.b64decode(text or "")


@pytest.mark.shared
def test_all_published_vectors(shared):
    inclusion, consistency = vectors(shared, "inclusion"), vectors(shared, "consistency")
    assert len(inclusion) + len(consistency) == 196
    wrong = []
    for path, vector in inclusion:
        proof = [unb64(step) for step in vector["proof"] or []]
        call = (
            unb64(vector["leafHash"]),
            vector["leafIdx"],
            vector["treeSize"],
            proof,
            unb64(vector["root"]),
        )
        wrong += [path] if fails(verify_inclusion, call) != vector["wantErr"] else []
    for path, vector in consistency:
        proof = [unb64(step) for step in vector["proof"] or []]
        call = (vector["size1"], unb64(vector["root1"]), vector["size2"], unb64(vector["root2"]), proof)
        wrong += [path] if fails(verify_consistency, call) != vector["wantErr"] else []
    assert wrong == []


def fails(verify, call):
    try:
        verify(*call)
    except ProofError:
        return True
    return False


def test_root_from_inclusion_is_the_root():
    assert root_from_inclusion(LEAVES[0], 0, 1, []) == LEAVES[0]
    assert root_from_inclusion(LEAVES[4], 4, 7, inclusion_proof(4, 7, TREE)) == naive_root(0, 7)
