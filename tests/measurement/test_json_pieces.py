"""Arrays decoded in batches: the same elements however the text is cut, and nothing without bounds."""

import json
import math
import re

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from troth.errors import EvidenceError
from troth.measurement import json_pieces
from troth.measurement.inspect_samples import SHAPE
from troth.measurement.json_pieces import INFINITY, MINUS_INFINITY, NAN, attempt, batches, decode, nests

MANY = msgspec.json.Decoder(list[dict[str, object]])

# objects that begin as samples do, inside strings and inside samples, are no boundaries
TRAPS = st.sampled_from(
    [
        '},{"id":1,"epoch":1',
        '"}, {"id": "a", "epoch": 1}',
        "NaN",
        '"NaN',
        "\\",
        "[]{}",
        "ünïcode",
        '\\"},{"id":1,"epoch":',
    ]
)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | TRAPS
    | st.just(math.nan)
    | st.just(-math.inf)
    | st.just(math.inf),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TRAPS, inner, max_size=3)
        | st.fixed_dictionaries({"id": st.integers(), "epoch": st.integers(), "more": inner})
    ),
    max_leaves=8,
)
ELEMENTS = st.lists(
    st.fixed_dictionaries({"id": st.integers(-9, 9) | TRAPS, "epoch": st.integers(1, 4), "x": ANY}),
    max_size=12,
)


def marked(value):
    """What a value with constants is read as."""
    if isinstance(value, float) and not math.isfinite(value):
        return NAN if math.isnan(value) else INFINITY if value > 0 else MINUS_INFINITY
    if isinstance(value, list):
        return [marked(each) for each in value]
    if isinstance(value, dict):
        return {key: marked(each) for key, each in value.items()}
    return value


def read(text, width):
    pieces = (text[at : at + width] for at in range(0, len(text), width))
    found = list(batches(pieces, SHAPE, MANY, lambda held: decode(MANY, held, "here"), "here"))
    return [element for batch in found for element in batch], found


@given(ELEMENTS, st.integers(1, 400), st.sampled_from([None, 0, 2]), st.booleans())
@example([{"id": 1, "epoch": 1, "x": [{"id": 2, "epoch": 2, "x": 0}]}] * 5, 30, None, False)
@settings(max_examples=300)
def test_batches_give_the_elements_however_the_text_is_cut(elements, width, indent, ascii_only):
    text = json.dumps(elements, indent=indent, ensure_ascii=ascii_only).encode()
    assert read(text, width)[0] == marked(elements)


def test_a_long_array_comes_in_many_small_batches():
    text = json.dumps([{"id": i, "epoch": 1, "x": "y" * 100} for i in range(1000)]).encode()
    elements, found = read(text, 4096)
    assert [each["id"] for each in elements] == list(range(1000))
    assert len(found) > 25
    assert max(len(batch) for batch in found) < 100


@pytest.mark.parametrize(
    "text",
    [b"", b"[", b'[{"id":1,"epoch":1}', b'[{"id":1,"epoch":1},', b'[{"id":1,"epoch":1},]', b"{}", b"[1]", b'[{"id":1,"epoch":1}]x',
     b'[{"id":1,"epoch":1,"x":nan}]', b'[{"id":1,"epoch":NaN1}]', b'[{"id":1,"epoch":1,"x":"\xff"}]', b"[" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("width", [1, 7, 10_000])
def test_what_is_no_array_of_objects_is_an_evidence_error(text, width):
    with pytest.raises(EvidenceError, match="here"):
        read(text, width)


def test_a_wrong_type_in_a_batch_names_its_place():
    strict = msgspec.json.Decoder(list[msgspec.defstruct("S", [("id", int), ("epoch", int)])])
    text = b'[{"id":1,"epoch":1},{"id":2,"epoch":"two"},{"id":3,"epoch":1},{"id":4,"epoch":1}]'
    with pytest.raises(EvidenceError, match=r"Expected `int`, got `str` - at `\$\[1\].epoch`"):
        list(
            batches(
                iter((text[:60], text[60:])), SHAPE, strict, lambda held: decode(strict, held, "here"), "here"
            )
        )


def test_an_element_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(json_pieces, "HELD", 1000)
    endless = iter([b'[{"id":1,"epoch":1,"x":"', *[b"y" * 100] * 1000])
    with pytest.raises(EvidenceError, match="no end of an element within 1000 bytes"):
        list(batches(endless, SHAPE, MANY, lambda held: decode(MANY, held, "here"), "here"))
    assert sum(1 for _ in endless) > 980, "reading went on after the limit"


def test_false_boundaries_cost_few_decodings():
    tried = 0

    class Counting:
        def decode(self, data):
            nonlocal tried
            tried += 1
            return MANY.decode(data)

    inner = b",".join(b'{"id":%d,"epoch":1}' % i for i in range(20_000))
    text = b'[{"id":1,"epoch":1,"x":[' + inner + b"]}]"
    pieces = (text[at : at + 1000] for at in range(0, len(text), 1000))
    found = list(batches(pieces, SHAPE, Counting(), lambda held: decode(MANY, held, "here"), "here"))
    assert sum(map(len, found)) == 1
    assert tried < 60, "several hundred pieces, and nearly each one was tried"


def test_attempt_tells_a_part_from_a_wrong_type():
    one = msgspec.json.Decoder(dict[str, int])
    assert attempt(one, b'{"a":1}', "here") == {"a": 1}
    assert attempt(one, b'{"a":1', "here") is None
    assert attempt(msgspec.json.Decoder(), b'{"a":NaN', "here") is None
    with pytest.raises(EvidenceError, match="Expected `int`"):
        attempt(one, b'{"a":"b"}', "here")
    with pytest.raises(EvidenceError, match="nested too deeply"):
        attempt(msgspec.json.Decoder(), b"[" * 100_000, "here")


def test_constants_are_read_outside_strings_only():
    text = rb'{"a": NaN, "b": "NaN, -Infinity", "c": [Infinity,-Infinity, -1], "NaN": "\"NaN", "I": "N"}'
    assert decode(msgspec.json.Decoder(), text, "here") == {
        "a": NAN, "b": "NaN, -Infinity", "c": [INFINITY, MINUS_INFINITY, -1], "NaN": '"NaN', "I": "N",
    }  # fmt: skip


def test_what_begins_a_sample_in_real_logs_is_known():
    assert SHAPE.element.match(b'{"id":"rec\\"06","epoch":3,"input"')
    assert SHAPE.element.match(b'{\n    "id": 12,\n    "epoch": 1,')
    assert not SHAPE.element.match(b'{"id":"ZmBk","content":"x"')
    assert re.search(re.escape(SHAPE.key), b'{"id":1,"epoch":1}')


def depth(value):
    """Levels of brackets, counted on what was decoded."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


NAMES = st.text('a"\\[]{}nu/\n', max_size=6)
NESTED = st.recursive(
    NAMES | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=30,
)


@given(NESTED, st.integers(0, 30))
def test_nesting_is_that_of_brackets_outside_strings(value, around):
    text = b"[" * around + json.dumps(value).encode() + b"]" * around
    levels = depth(value) + around
    assert not nests(text, levels)
    assert not levels or nests(text, levels - 1)


@pytest.mark.parametrize("use", [decode, attempt])
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"\\\\":', b"}"), (b'[{"]":', b"}]")])
def test_the_limit_on_nesting_is_ours_and_not_the_interpreters(use, begin, end):
    times = json_pieces.DEPTH // (len(end))
    anything = msgspec.json.Decoder()
    text = begin * times + b"0" + end * times
    assert use(anything, text, "here") is not None
    for deeper in (b"[" + text + b"]", b"[0,[],%b]" % text, begin * 30_000 + b"0" + end * 30_000):
        with pytest.raises(EvidenceError, match="nested too deeply") as caught:
            use(anything, deeper, "here")
        assert caught.value.where == "here"


def test_brackets_side_by_side_do_not_nest():
    text = b"[" + b",".join([b'{"a":["[[["]}'] * 5000) + b"]"
    assert not nests(text, 3)
    assert nests(text, 2)
