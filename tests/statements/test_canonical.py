"""The quick way to canonical JSON and the slow one are the same bytes."""

from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from troth.errors import JsonError
from troth.statements.canonical import canonical, require_canonical


class Holder(msgspec.Struct):
    value: Any


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(-(2.0**50), 2.0**50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_a_record_is_written_as_rfc8785_writes_it(value):
    try:
        expected = rfc8785.dumps({"value": value})
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(JsonError):
            canonical(Holder(value))
        return
    assert canonical(Holder(value)) == expected
    require_canonical(expected)


@given(
    st.dictionaries(
        st.sampled_from(["\ue000", "\U00010000", "a", "\x7f", "é", "\u2028", '"', "\\", "\n"]),
        st.integers(0, 9),
    )
)
def test_keys_are_sorted_by_utf16(value):
    assert canonical(Holder(value)) == rfc8785.dumps({"value": value})


@pytest.mark.parametrize(
    "text",
    [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":1e3}', b'{"a":"\\u0041"}', b'{"a":"\\/"}',
     '{"\ue000":1,"\U00010000":2}'.encode(), b"[1] ", b"[-0]"],
)  # fmt: skip
def test_any_other_text_of_the_same_data_is_refused(text):
    with pytest.raises(JsonError):
        require_canonical(text)
