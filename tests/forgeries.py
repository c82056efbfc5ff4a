"""A good claim, and what a forger would make of it. The bundle vectors in docs/specs/vectors/ are made from these.

Each forgery is refused at a numbered step of `troth.statements.verify` with an error of the tree. Times and keys
are fixed, so that the bytes are the same wherever they are made.
"""

import importlib.util
import sys
from pathlib import Path
from typing import NamedTuple

from troth.cose import assemble, attach, decode, encode, parse_envelope, sig_structure
from troth.statements import read
from troth.statements.bundle import make
from troth.statements.payloads import Release, System, Withdrawal


class Case(NamedTuple):
    """A file, the step at which it is refused (0: it holds), and the code of the error."""

    name: str
    data: bytes
    step: int
    code: str
    what: str


def simlog():
    """tests/simlog.py, loaded by path: tests are not a package."""
    if "simlog" not in sys.modules:
        spec = importlib.util.spec_from_file_location("simlog", Path(__file__).with_name("simlog.py"))
        sys.modules["simlog"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["simlog"])
    return sys.modules["simlog"]


SYSTEM = System(
    uri="https://lab.example/models/one", name="Model One", version="1", digests=["sha256:" + 64 * "a"]
)
RELEASE = Release(system=SYSTEM, date="2026-01-02T00:00:00Z", note="a demonstration")


class Story:
    """A log with one enrolled issuer and one claim of it."""

    def __init__(self, *, enrol=None, signer=None, **options):
        self.sim = simlog()
        self.log = self.sim.SimLog(**options)
        self.log.clock(hours=1)
        self.enrolment = self.log.enrol("lab") if enrol is None else enrol(self.log)
        self.log.clock(days=1)
        self.claim = self.log.say("lab", RELEASE, subject=SYSTEM.uri, signer=signer and self.sim.key(signer))
        self.log.clock(hours=1)

    @property
    def index(self):
        """Where the claim is."""
        return self.log.index_of(self.claim)

    def bundle(self, *enrolments):
        """The claim's bundle as a hub would make it."""
        return self.log.bundle(self.claim, enrolments or [self.enrolment])

    def others(self, *, without=""):
        """The items beside the claim, less those of a kind."""
        return [each for each in decode(self.bundle())[1:] if not without or read(each).kind != without]


def good():
    """The file that holds."""
    return Story().bundle()


def trust():
    """The trust file of the log that every case is held against."""
    return Story().log.trust


def _with_claim(story, claim):
    return make(claim, story.others())


def _flipped(data, needle, offset=0):
    at = data.index(needle) + offset
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def flipped_payload():
    return _flipped(good(), b"a demonstration")


def broken_payload():
    return _flipped(good(), b'"note":"a demonstration"')


def flipped_signature():
    story = Story()
    entry = story.log.entries[story.index]
    claim = attach(entry[:-1] + bytes([entry[-1] ^ 1]), [story.log.receipt(story.index)])
    return _with_claim(story, claim)


def other_signer():
    return Story(signer="mallory").bundle()


def swapped_key():
    story = Story()
    parts = parse_envelope(story.log.entries[story.index])
    mallory = story.sim.key("mallory")
    header = dict(parts.header)
    header[15] = {**header[15], 8: {1: mallory.public.members()}}
    protected = encode(header)
    entry = assemble(protected, {}, parts.payload, mallory.sign(sig_structure(protected, parts.payload)))
    return _with_claim(story, attach(entry, [story.log.receipt(story.index)]))


def foreign_receipt():
    story = Story()
    other = story.log.say("lab", RELEASE, subject=SYSTEM.uri)
    claim = attach(story.log.entries[story.index], [story.log.receipt(story.log.index_of(other))])
    return _with_claim(story, claim)


def altered_path():
    story = Story()
    parts = parse_envelope(story.log.receipt(story.index))
    size, index, path = decode(parts.unprotected[396][-1][0])
    path[0] = bytes([path[0][0] ^ 1]) + path[0][1:]
    proof = {396: {-1: [encode([size, index, path])]}}
    receipt = assemble(parts.protected, proof, None, parts.signature)
    return _with_claim(story, attach(story.log.entries[story.index], [receipt]))


def wrong_log():
    story = Story()
    receipt = story.log.receipt(story.index, signer=story.sim.receipt_key("mallory"))
    return _with_claim(story, attach(story.log.entries[story.index], [receipt]))


def no_receipt():
    story = Story()
    return _with_claim(story, story.log.entries[story.index])


def expired():
    return Story(enrol=lambda log: log.enrol("lab", days=365, start="2024-06-01T00:00:00Z")).bundle()


def not_operator():
    return Story(enrol=lambda log: log.enrol("lab", by=simlog().key("mallory"))).bundle()


def enrolled_after():
    story = Story(enrol=lambda _log: 1)
    return story.bundle(story.log.enrol("lab"))


def stolen_request():
    """The operator was given a request for another key, signed by that one."""
    return Story(enrol=lambda log: log.enrol("lab", request_signer=simlog().key("mallory"))).bundle()


def rotated_late():
    """The lab's first key is stolen after its term and used to enrol the thief's own."""
    story = Story(enrol=lambda log: log.enrol("old", issuer="https://lab.example", called="lab", days=1))
    log, sim = story.log, story.sim
    log.clock(days=30)
    first = read(log.entries[story.enrolment]).id
    rotation = log.enrol("lab", rotates=first, by=sim.key("old"))
    log.clock(hours=1)
    claim = log.say("lab", RELEASE, subject=SYSTEM.uri)
    return log.bundle(claim, [story.enrolment, rotation])


def rotated_up():
    """The lab's key enrols its next one, as an assessor."""
    story = Story(enrol=lambda log: log.enrol("old", issuer="https://lab.example", called="lab"))
    log, sim = story.log, story.sim
    first = read(log.entries[story.enrolment]).id
    rotation = log.enrol("lab", rotates=first, by=sim.key("old"), roles=("developer", "assessor"))
    log.clock(hours=1)
    claim = log.say("lab", RELEASE, subject=SYSTEM.uri)
    return log.bundle(claim, [story.enrolment, rotation])


def enrolled_elsewhere():
    """Mallory's key is enrolled, for mallory, and signs as the lab."""
    return Story(enrol=lambda log: log.enrol("mallory"), signer="mallory").bundle()


def damaged_enrolment():
    """It names the operator's key, and is not signed by it."""
    return Story(enrol=lambda log: log.append(simlog().flipped(log.entries[log.enrol("lab")]))).bundle()


def damaged_request():
    return Story(enrol=lambda log: log.enrol("lab", request_damaged=True)).bundle()


def renamed_request():
    return Story(enrol=lambda log: log.enrol("lab", request_iss="https://mallory.example")).bundle()


def rotated_by_other():
    """The enrolment says that it rotates the lab's, and mallory signed it."""
    story = Story(enrol=lambda log: log.enrol("old", issuer="https://lab.example", called="lab"))
    log, sim = story.log, story.sim
    first = read(log.entries[story.enrolment]).id
    rotation = log.enrol("lab", rotates=first, by=sim.key("mallory"))
    log.clock(hours=1)
    claim = log.say("lab", RELEASE, subject=SYSTEM.uri)
    return log.bundle(claim, [story.enrolment, rotation])


def damaged_anchors():
    return Story(anchors_damaged=True).bundle()


def damaged_clock():
    story = Story()
    log = story.log
    log.append(story.sim.flipped(log.entries[log.clock(hours=1)]))
    claim = log.say("lab", RELEASE, subject=SYSTEM.uri)
    return log.bundle(claim, [story.enrolment])


def later_clock():
    """The key was not valid yet; the file shows a clock that stands after the claim."""
    story = Story(enrol=lambda log: log.enrol("lab", start="2026-01-03T00:00:00Z"))
    log = story.log
    late = log.clock(days=3)
    claim = attach(log.entries[story.index], [log.receipt(story.index)])
    return make(claim, [*story.others(), attach(log.entries[late], [log.receipt(late)])])


def later_anchors():
    story = Story()
    anchors = story.log.own(story.log.anchors)
    items = story.others(without="trust-anchors@1")
    claim = attach(story.log.entries[story.index], [story.log.receipt(story.index)])
    return make(claim, [attach(story.log.entries[anchors], [story.log.receipt(anchors)]), *items])


def anchors_by_other():
    return Story(anchors_signer=simlog().key("mallory")).bundle()


def foreign_clock():
    story = Story(enrol=lambda log: log.enrol("lab", days=400, start="2024-06-01T00:00:00Z"))
    false = story.log.clock("2025-01-01T00:00:00Z", signer=story.sim.receipt_key("mallory"))
    claim = story.log.say("lab", RELEASE, subject=SYSTEM.uri)
    items = story.others(without="clock@1")
    entries, log = story.log.entries, story.log
    shown = attach(entries[false], [log.receipt(false)])
    index = log.index_of(claim)
    return make(attach(entries[index], [log.receipt(index)]), [*items, shown])


def no_clock():
    story = Story()
    claim = attach(story.log.entries[story.index], [story.log.receipt(story.index)])
    return make(claim, story.others(without="clock@1"))


def with_more():
    """A claim that rests on another: a withdrawal, with what it takes back. The log, its entry id, and its index."""
    story = Story()
    claim = story.log.say("lab", Withdrawal(withdraws=story.claim, reason="a test"), subject=SYSTEM.uri)
    story.log.clock(hours=1)
    return story, claim, story.index


def good_more():
    story, claim, _ = with_more()
    return story.log.bundle(claim, [story.enrolment])


def _with_enclosed(change):
    """The withdrawal's bundle with what it takes back in another form: ``change`` gets its entry, receipt and story."""
    story, claim, index = with_more()
    entry, receipt = story.log.entries[index], story.log.receipt(index)
    items = decode(story.log.bundle(claim, [story.enrolment]))
    at = items.index(attach(entry, [receipt]))
    return make(items[0], [*items[1:at], change(entry, receipt, story), *items[at + 1 :]])


def altered_enclosed():
    return _with_enclosed(
        lambda entry, receipt, _story: attach(_flipped(entry, b"a demonstration"), [receipt])
    )


def unregistered_enclosed():
    return _with_enclosed(lambda entry, _receipt, _story: entry)


def resigned_enclosed():
    """Another text, well signed by the same key, under the receipt of the one that was registered."""

    def again(entry, receipt, story):
        parts = parse_envelope(entry)
        payload = parts.payload.replace(b"a demonstration", b"a demonstratioN")
        signature = story.sim.key("lab").sign(sig_structure(parts.protected, payload))
        return attach(assemble(parts.protected, {}, payload, signature), [receipt])

    return _with_enclosed(again)


def enclosed_of_another_log():
    return _with_enclosed(
        lambda entry, _receipt, story: attach(
            entry, [story.log.receipt(story.index, signer=story.sim.receipt_key("mallory"))]
        )
    )


def renamed_anchors():
    """The anchors' kind has one letter changed: passed over as unknown, steps 5 to 7 would ask for nothing."""
    return _flipped(good(), b"troth.trust-anchors", 6)


def truncated():
    return good()[:-1]


FORGERIES = (
    (flipped_payload, 2, "signature", "a bit of the payload's text was flipped"),
    (broken_payload, 2, "signature", "a bit was flipped, and the payload is no JSON any more"),
    (flipped_signature, 2, "signature", "the last bit of the signature was flipped"),
    (swapped_key, 2, "key-mismatch", "another key signed and put itself beside the issuer's kid"),
    (other_signer, 6, "enrolment", "another key signed in the issuer's name, and a log took it"),
    (foreign_receipt, 4, "receipt", "the receipt is that of another statement of the same log"),
    (altered_path, 4, "receipt", "a bit of the inclusion path was flipped"),
    (wrong_log, 4, "wrong-log", "the receipt is by a key that the trust file does not name"),
    (no_receipt, 4, "receipt", "nothing shows that a log holds the claim"),
    (expired, 7, "enrolment", "the key's term was over when the log took the claim"),
    (not_operator, 6, "enrolment", "the enrolment is signed by a key that may not enrol"),
    (enrolled_after, 6, "enrolment", "the key was enrolled after the log took the claim"),
    (stolen_request, 6, "key-mismatch", "the enrolled key did not ask for itself"),
    (rotated_late, 6, "enrolment", "a key whose term is over enrolled its successor"),
    (rotated_up, 6, "enrolment", "a rotation adds a role"),
    (enrolled_elsewhere, 6, "enrolment", "the key is enrolled for another issuer"),
    (damaged_enrolment, 6, "signature", "the enrolment names the operator's key and is not signed by it"),
    (damaged_request, 6, "signature", "the request names the issuer's key and is not signed by it"),
    (renamed_request, 6, "key-mismatch", "the request was made in another issuer's name"),
    (rotated_by_other, 6, "enrolment", "a rotation is signed by a key that is not the one it follows"),
    (damaged_anchors, 5, "signature", "the trust anchors name the operator's key and are not signed by it"),
    (damaged_clock, 7, "signature", "the clock names the log's key and is not signed by it"),
    (later_clock, 7, "enrolment", "the key was not valid yet, and a clock after the claim says it is"),
    (later_anchors, 5, "key-mismatch", "the trust anchors are not leaf 1"),
    (anchors_by_other, 5, "key-mismatch", "the trust anchors are signed by a key that they do not name"),
    (foreign_clock, 7, "key-mismatch", "the clock is signed by a key that is not the log's"),
    (no_clock, 7, "undecided", "the file has no clock before the claim"),
    (altered_enclosed, 8, "signature", "what the claim takes back was altered in the file"),
    (unregistered_enclosed, 8, "receipt", "nothing shows that a log holds what the claim takes back"),
    (resigned_enclosed, 8, "receipt", "what the claim takes back was written anew and signed by its issuer"),
    (enclosed_of_another_log, 8, "wrong-log", "what the claim takes back is in a log that is not trusted"),
    (renamed_anchors, 8, "signature", "the trust anchors are made to look like a kind that nobody knows"),
    (truncated, 1, "bundle", "the last byte is missing"),
)


def cases():
    """Every case: the good ones with step 0 and no code, then the forgeries."""
    story = Story()
    bare = attach(story.log.entries[story.index], [story.log.receipt(story.index)])
    yield Case("good", good(), 0, "", "a bundle that holds")
    yield Case("good-bare", bare, 0, "", "the transparent statement alone; steps 5 to 7 are not held")
    yield Case("good-more", good_more(), 0, "", "a withdrawal, with the statement that it takes back")
    for forge, step, code, what in FORGERIES:
        yield Case(forge.__name__.replace("_", "-"), forge(), step, code, what)
