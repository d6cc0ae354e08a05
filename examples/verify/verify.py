#!/usr/bin/env python3
"""Checks a proof that `mainstay ledger prove` wrote, with nothing of Mainstay and nothing but Python's own library.

    verify.py PROOF KEY [CHECKPOINT]

PROOF is the file of the proof. KEY is the verifier key, as text or in a file (`<name>+<id>+<key>`), got from somebody you
trust and not from the proof. With CHECKPOINT, a signed checkpoint that you kept or got elsewhere, the proof must be of
exactly that checkpoint. Exit status 0: it holds; 1: it does not; 2: the input cannot be read.

What is checked, in this order: the note's Ed25519 signature (c2sp.org/signed-note, RFC 8032), the checkpoint's form
(c2sp.org/tlog-checkpoint), that the entry's leaf leads to the signed root (RFC 6962), and that the data is what the entry
digests.
"""

import base64
import hashlib
import json
import os
import sys

# --- Ed25519 (RFC 8032, section 5.1), for verifying only: plain and slow, which one signature bears. ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    """The x coordinate of the point with this y and sign, or None."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    """The sum of two points in extended coordinates (X, Y, Z, T)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    k, l, m, n = f - e, h - g, h + g, f + e
    return (k * l % P, m * n % P, l * m % P, k * n % P)


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signature_holds(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = decompress(public), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ORDER:
        return False
    # A key of small order would accept signatures that nobody made.
    if same(times(8, key), (0, 1, 1, 0)):
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % ORDER
    return same(times(scalar, BASE), add(commitment, times(challenge, key)))


# --- The note, the tree, the entry. ---


class Fails(Exception):
    """The proof does not hold; the message says where."""


def read_key(text):
    """Name, id and public key of a verifier key."""
    try:
        name, key_id, key = text.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
    except ValueError:
        raise Fails("the key has not the form <name>+<id>+<key>")
    if len(raw) != 33 or raw[0] != 1:
        raise Fails("the key is not one of Ed25519")
    wanted = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if wanted.hex() != key_id:
        raise Fails("the key's id is not that of the key")
    return name, wanted, raw[1:]


def open_note(note, key):
    """The text of a note that the key signed."""
    name, key_id, public = key
    head, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise Fails("the checkpoint carries no signature")
    text = head + "\n"
    for line in tail[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise Fails("a signature line of the checkpoint is malformed")
        try:
            raw = base64.b64decode(parts[2], validate=True)
        except ValueError:
            raise Fails("a signature of the checkpoint is not base64")
        if parts[1] == name and raw[:4] == key_id:
            if signature_holds(public, text.encode(), raw[4:]):
                return text
            raise Fails("the signature of the checkpoint is wrong")
    raise Fails("the checkpoint is not signed by " + name)


def read_checkpoint(text, origin):
    """Size and root."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != origin or not lines[1].isdecimal():
        raise Fails("the note is no checkpoint of " + origin)
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(index, size, leaf, path):
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Fails("the entry's position lies outside of the log")
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if len(sibling) != 32 or last == 0:
            raise Fails("the proof has hashes that do not belong there")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise Fails("the proof has too few hashes")
    return found


def check(proof, key_text, checkpoint=None):
    """Checks a proof; gives the entry's attributes, and the data or None where it was redacted."""
    if proof.get("format") != "mainstay-proof-v1":
        raise Fails("the form of the proof is not known")
    if checkpoint is not None and checkpoint != proof["checkpoint"]:
        raise Fails("the proof is of another checkpoint than the one given")
    key = read_key(key_text)
    size, root = read_checkpoint(open_note(proof["checkpoint"], key), key[0])
    entry = proof["entry"].encode()
    path = [base64.b64decode(item, validate=True) for item in proof["inclusion"]]
    if root_from(proof["sequence"], size, leaf_hash(entry), path) != root:
        raise Fails("the entry does not lead to the signed root")
    lines = proof["entry"].split("\n")
    if len(lines) != 9 or lines[0] != "mainstay-fact-v1" or lines[8] != "":
        raise Fails("the entry has not the form of an entry")
    if proof.get("salt") is None or proof.get("data") is None:
        return size, lines, None
    payload = proof["data"]
    if proof.get("extensions") is not None:
        payload += "\n" + proof["extensions"]
    if hashlib.sha256(bytes.fromhex(proof["salt"]) + payload.encode()).hexdigest() != lines[7]:
        raise Fails("the data is not what the entry digests")
    return size, lines, proof["data"]


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            proof = json.load(file)
        key = arguments[1]
        if os.path.exists(key):
            with open(key, encoding="utf-8") as file:
                key = file.read()
        checkpoint = None
        if len(arguments) == 3:
            with open(arguments[2], encoding="utf-8", newline="") as file:
                checkpoint = file.read()
    except (OSError, ValueError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    try:
        size, lines, data = check(proof, key, checkpoint)
    except Fails as failure:
        print(f"DOES NOT HOLD: {failure}")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"DOES NOT HOLD: the proof is malformed: {error!r}")
        return 1
    print(f"HOLDS: entry {proof['sequence']} of {size} of {key.split('+')[0]}")
    for name, value in zip(("source", "id", "type", "subject", "time (us)", "recorded (us)"), lines[1:7]):
        print(f"  {name}: {value}")
    print("  data: " + ("(redacted)" if data is None else data))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
