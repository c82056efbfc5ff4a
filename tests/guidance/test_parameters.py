import pytest

from troth.errors import GuidelineError
from troth.guidance import fill
from troth.guidance.oscal import Param, Select

PARAMS = {
    "value": Param("value", values=("7 days", "a week")),
    "label": Param("label", label="a time"),
    "bare": Param("bare"),
    "one": Param("one", select=Select(choice=("red", "in {{ insert: param, label }}"))),
    "many": Param("many", select=Select(how_many="one-or-more", choice=("red", "blue"))),
    "circle": Param("circle", values=("{{ insert: param, back }}",)),
    "back": Param("back", values=("{{insert: param, circle}}",)),
}


@pytest.mark.parametrize(
    ("prose", "filled"),
    [
        ("Within {{ insert: param, value }}.", "Within 7 days, a week."),
        ("{{insert: param, label}} and {{  insert:  param,  bare  }}", "[a time] and [bare]"),
        ("{{ insert: param, one }}", "[Selection: red; in [a time]]"),
        ("{{ insert: param, many }}", "[Selection (one or more): red; blue]"),
        ("nothing { to } {{ insert }}", "nothing { to } {{ insert }}"),
    ],
)
def test_insertions_are_filled(prose, filled):
    assert fill(prose, PARAMS) == filled


def test_a_circle_is_named():
    with pytest.raises(GuidelineError, match="circle -> back -> circle"):
        fill("{{ insert: param, circle }}", PARAMS)


def test_an_unknown_parameter_is_named():
    with pytest.raises(GuidelineError, match="'nowhere'"):
        fill("{{ insert: param, nowhere }}", PARAMS)


def test_parameters_that_multiply_are_cut_short():
    params = {f"p{i}": Param(f"p{i}", values=(f"{{{{ insert: param, p{i + 1} }}}}" * 10,)) for i in range(10)}
    params["p10"] = Param("p10", values=("ha",))
    with pytest.raises(GuidelineError, match="grows beyond"):
        fill("{{ insert: param, p0 }}", params)


def test_a_long_chain_is_refused():
    params = {f"p{i}": Param(f"p{i}", values=(f"{{{{ insert: param, p{i + 1} }}}}",)) for i in range(5000)}
    with pytest.raises(GuidelineError, match="circle"):
        fill("{{ insert: param, p0 }}", params)
