import copy
import json

import pytest

from troth.errors import GuidelineError
from troth.guidance import fill, objectives, read_catalog, read_profile, select


@pytest.fixture
def resolve(document, profile_document, as_bytes):
    def run(**changes):
        changed = copy.deepcopy(profile_document)
        body = changed["profile"]
        only = body["imports"][0]
        for key, value in changes.items():
            name = key.replace("_", "-")
            holder = body if name in {"merge", "modify", "back-matter", "imports"} else only
            holder.pop("include-controls", None) if name == "include-all" else None
            holder[name] = value
        return select(read_profile(as_bytes(changed)), read_catalog(as_bytes(document)))

    return run


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["top", "a-2"]),  # in the catalog's order, not the list's
        ({"include_all": {}}, ["top", "a-1", "a-1.1", "a-1.1.1", "a-2"]),
        (
            {"include_all": {}, "exclude_controls": [{"with-ids": ["a-1"]}]},
            ["top", "a-1.1", "a-1.1.1", "a-2"],
        ),
        (
            {"include_all": {}, "exclude_controls": [{"with-ids": ["a-1"], "with-child-controls": "yes"}]},
            ["top", "a-2"],
        ),
        ({"include_controls": [{"with-ids": ["a-1"]}]}, ["a-1"]),
        (
            {"include_controls": [{"with-ids": ["a-1"], "with-child-controls": "yes"}]},
            ["a-1", "a-1.1", "a-1.1.1"],
        ),
        (
            {
                "include_controls": [
                    {"with-ids": ["a-1.1"], "with-child-controls": "yes"},
                    {"with-ids": ["a-1.1"]},
                ]
            },
            ["a-1.1", "a-1.1.1"],
        ),
        ({"include_controls": []}, []),
        ({"merge": {"as-is": True}}, ["top", "a-2"]),
        ({"merge": {"flat": {}, "combine": {"method": "use-first"}}}, ["top", "a-2"]),
    ],
)
def test_controls_are_selected(resolve, changes, expected):
    assert list(resolve(**changes).controls) == expected


def test_set_parameters_reach_the_prose(resolve):
    chosen = resolve(
        include_all={},
        modify={
            "set-parameters": [
                {"param-id": "a-1_p", "values": ["one hour"]},
                {"param-id": "a-1_p", "values": ["two hours"], "label": "later"},
                {"param-id": "a-1_q", "values": ["x"]},
                {"param-id": "loose", "select": {"choice": ["green"]}},
                {"param-id": "g-p", "label": "a shade", "guidelines": [{"prose": "a hint"}]},
            ]
        },
    )
    prose = chosen.controls["a-1"].control.parts[0].prose
    assert fill(prose, chosen.params) == "In two hours."
    assert fill(prose, chosen.catalog.params) == "In [a time]."
    assert chosen.params["a-1_q"].select is None
    assert chosen.params["loose"].values == ()
    assert chosen.params["g-p"].label == "a shade"
    assert chosen.params["g-p"].guidelines[0].prose == "a hint"
    assert chosen.warnings == ()


def test_a_setting_without_effect_is_told(resolve):
    chosen = resolve(modify={"set-parameters": [{"param-id": "a-1_p", "values": ["one hour"]}]})
    assert chosen.warnings == ("The profile sets a-1_p, but does not select its control, a-1.",)


def test_objectives_of_a_selection_are_those_of_its_controls(resolve):
    assert [row.id for row in objectives(resolve(include_controls=[{"with-ids": ["a-1"]}]))] == ["a-1.rate"]
    assert objectives(resolve()) == []


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        (
            {"include_controls": [{"with-ids": ["top", "a-9"]}]},
            "/include-controls/0/with-ids/1",
            "no control 'a-9'",
        ),
        ({"exclude_controls": [{"with-ids": ["a-9"]}]}, "/exclude-controls/0/with-ids/0", "no control 'a-9'"),
        (
            {"include_controls": [{"matching": [{"pattern": "a-*"}]}]},
            "/include-controls/0/matching",
            "matching",
        ),
        (
            {"exclude_controls": [{"matching": [{"pattern": "*"}]}]},
            "/exclude-controls/0/matching",
            "matching",
        ),
        ({"merge": {"custom": {"groups": []}}}, "/profile/merge/custom", "custom merge"),
        ({"merge": {"combine": {"method": "merge"}}}, "/combine/method", "deprecated"),
        ({"merge": {"flat": {}, "as-is": True}}, "/profile/merge", "exclude each other"),
        ({"modify": {"alters": [{"control-id": "a-1"}]}}, "/profile/modify/alters", "alters"),
        (
            {"modify": {"set-parameters": [{"param-id": "zz"}]}},
            "/set-parameters/0/param-id",
            "no parameter 'zz'",
        ),
        ({"imports": []}, "/profile/imports", "0 imports"),
        ({"imports": [{"href": "a", "include-all": {}}] * 2}, "/profile/imports", "2 imports"),
        ({"imports": [{"href": "a"}]}, "/profile/imports/0", "include-all and include-controls"),
        ({"imports": [{"href": "#gone", "include-all": {}}]}, "/imports/0/href", "no such resource"),
        ({"exclude-control": []}, "/profile/imports/0", "'exclude-control' is not known"),
        (
            {"include_controls": [{"with-child-controls": "maybe"}]},
            "with-child-controls",
            "Invalid enum value",
        ),
    ],
)
def test_what_is_unknown_or_not_supported_is_refused_by_name(resolve, changes, where, what):
    with pytest.raises(GuidelineError) as error:
        resolve(**changes)
    assert error.value.where.endswith(where)
    assert what in error.value.what
    assert error.value.hint


def test_a_profile_is_told_from_a_catalog(document, as_bytes):
    with pytest.raises(GuidelineError, match="missing required field `profile`"):
        read_profile(as_bytes(document))


NIST = [
    ("NIST_SP-800-53_rev5_{}-baseline_profile.json", "NIST_SP-800-53_rev5_catalog.json", (149, 287, 370)),
    (
        "rev4/NIST_SP-800-53_rev4_{}-baseline_profile.json",
        "rev4/NIST_SP-800-53_rev4_catalog.json",
        (124, 261, 343),
    ),
]


def without_alters(data):
    """Rev 4 profiles add a priority to each control; the set of controls does not depend on that."""
    document = json.loads(data)
    document["profile"].get("modify", {}).pop("alters", None)
    return json.dumps(document).encode()


@pytest.mark.parametrize(("profile", "catalog", "counts"), NIST)
def test_nist_baselines_select_exactly_their_controls(shared, profile, catalog, counts):
    source = read_catalog(shared(f"oscal/{catalog}").read_bytes())
    for level, count in zip(("LOW", "MODERATE", "HIGH"), counts, strict=True):
        data = shared(f"oscal/{profile.format(level)}").read_bytes()
        chosen = select(read_profile(without_alters(data)), source)
        named = {
            key
            for only in json.loads(data)["profile"]["imports"]
            for pick in only["include-controls"]
            for key in pick["with-ids"]
        }
        assert set(chosen.controls) == named
        assert len(chosen.controls) == count
        order = list(source.controls)
        assert list(chosen.controls) == sorted(named, key=order.index)


def test_rev5_baselines_need_nothing_left_out(shared):
    source = read_catalog(shared("oscal/NIST_SP-800-53_rev5_catalog.json").read_bytes())
    for level in ("LOW", "MODERATE", "HIGH", "PRIVACY"):
        data = shared(f"oscal/NIST_SP-800-53_rev5_{level}-baseline_profile.json").read_bytes()
        assert select(read_profile(data), source).controls


def test_rev4_low_selects_what_nist_published_as_resolved(shared):
    source = read_catalog(shared("oscal/rev4/NIST_SP-800-53_rev4_catalog.json").read_bytes())
    data = shared("oscal/rev4/NIST_SP-800-53_rev4_LOW-baseline_profile.json").read_bytes()
    published = shared(
        "oscal/rev4/NIST_SP-800-53_rev4_LOW-baseline-resolved-profile_catalog.json"
    ).read_bytes()
    chosen = select(read_profile(without_alters(data)), source)
    assert list(chosen.controls) == list(read_catalog(published).controls)


def test_fedramp_is_refused_for_its_alters_and_never_shrunk(shared):
    source = read_catalog(shared("oscal/rev4/NIST_SP-800-53_rev4_catalog.json").read_bytes())
    profile = read_profile(shared("oscal/fedramp-rev4/FedRAMP_rev4_LOW-baseline_profile.json").read_bytes())
    with pytest.raises(GuidelineError, match="alters are not supported"):
        select(profile, source)
