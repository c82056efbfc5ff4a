"""Run by the oracles' own Python: what independent implementations say of files that troth made.

Reads one JSON document on stdin ({"entry", "receipt", "transparent": hex; "issuer_pem", "log_pem"; "key": COSE_Key
members}), writes one on stdout. Imports nothing of troth.
"""

import json
import sys

import cwt
import scitt_cose
from pycose.keys import OKPKey
from pycose.messages import Sign1Message


def main():
    asked = json.load(sys.stdin)
    entry, receipt = bytes.fromhex(asked["entry"]), bytes.fromhex(asked["receipt"])
    transparent = bytes.fromhex(asked["transparent"])
    said = {}
    result = scitt_cose.verify_receipt(
        receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=asked["log_pem"]
    )
    said["receipt"] = {
        "ok": result.ok,
        "size": result.tree_size,
        "index": result.leaf_index,
        "errors": result.errors,
    }
    said["receipts_found"] = [found.hex() for found in scitt_cose.extract_receipts(transparent)]
    parsed = scitt_cose.parse_signed_statement(entry, public_key_pem=asked["issuer_pem"])
    said["scitt_cose"] = parsed["signature_verified"]
    message = Sign1Message.decode(entry)
    message.key = OKPKey(crv="ED25519", x=bytes.fromhex(asked["x"]))
    said["pycose"] = message.verify_signature()
    key = cwt.COSEKey.from_pem(asked["issuer_pem"], alg="EdDSA", kid=bytes.fromhex(asked["kid"]))
    payload = cwt.COSE.new().decode(entry, key)
    said["cwt"] = payload.hex() == asked["payload"]
    json.dump(said, sys.stdout)


main()
