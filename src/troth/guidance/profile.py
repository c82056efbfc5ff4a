"""An OSCAL profile: which controls of a catalog it selects, and which parameters it sets.

Done here: one import, include-all or include-controls by ids, with-child-controls, exclude-controls,
set-parameters. What a profile may also ask (matching, custom merge, alters, several imports, a profile imported by
a profile) is refused by name: a baseline must never come out smaller or other than its author wrote it. The
structure that ``merge`` asks for (flat, as-is) does not matter here, because a selection is a list.

Leaves out: fetching what an import names; the caller hands over the catalog. Source: NIST's profile resolution
specification (the ``req-…`` names are its own).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from troth.errors import GuidelineError
from troth.guidance.catalog import Catalog, Placed
from troth.guidance.oscal import (
    BackMatter,
    Hint,
    Link,
    Metadata,
    Param,
    Prop,
    Select,
    check_version,
    decode,
    fail,
)


class Pick(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """Some controls, by id."""

    with_ids: tuple[str, ...] = ()
    with_child_controls: Literal["yes", "no"] = "no"
    matching: tuple[dict[str, Any], ...] = ()


class Import(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What is taken from one document."""

    href: str
    include_all: dict[str, Any] | None = None
    include_controls: tuple[Pick, ...] | None = None
    exclude_controls: tuple[Pick, ...] = ()


class Combine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of controls with equal ids."""

    method: Literal["keep", "use-first", "merge"] = "keep"


class Merge(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """How the result is arranged."""

    combine: Combine = Combine()
    flat: dict[str, Any] | None = None
    as_is: bool = False
    custom: dict[str, Any] | None = None


class Setting(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A parameter that the profile sets."""

    param_id: str
    class_: str | None = msgspec.field(default=None, name="class")
    depends_on: str | None = None
    label: str | None = None
    usage: str | None = None
    values: tuple[str, ...] = ()
    select: Select | None = None
    props: tuple[Prop, ...] = ()
    links: tuple[Link, ...] = ()
    constraints: tuple[dict[str, Any], ...] = ()
    guidelines: tuple[Hint, ...] = ()
    remarks: str | None = None


class Modify(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What is changed in what was taken."""

    set_parameters: tuple[Setting, ...] = ()
    alters: tuple[dict[str, Any], ...] = ()


class Profile(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """A profile that was read."""

    uuid: str
    metadata: Metadata
    imports: tuple[Import, ...]
    merge: Merge = Merge()
    modify: Modify = Modify()
    back_matter: BackMatter = BackMatter()


class _Document(msgspec.Struct, frozen=True):
    profile: Profile


class Selection(msgspec.Struct, frozen=True):
    """The controls that a profile selects, in the catalog's order, with its parameters set."""

    profile: Profile
    catalog: Catalog
    controls: Mapping[str, Placed]
    params: Mapping[str, Param]
    warnings: tuple[str, ...] = ()  # what had no effect, in a sentence each


def read_profile(data: bytes) -> Profile:
    """A Profile from the bytes of OSCAL JSON; raises GuidelineError with a JSON pointer."""
    profile = decode(data, _Document).profile
    check_version(profile.metadata, "/profile")
    return profile


def select(profile: Profile, catalog: Catalog) -> Selection:
    """What ``profile`` selects from ``catalog``; raises GuidelineError for unknown ids and what is not supported."""
    _refuse_unsupported(profile)
    chosen = _chosen(profile.imports[0], catalog)
    params, warnings = _set(profile.modify.set_parameters, catalog, chosen)
    return Selection(
        profile=profile,
        catalog=catalog,
        controls={key: placed for key, placed in catalog.controls.items() if key in chosen},
        params=params,
        warnings=warnings,
    )


def _refuse_unsupported(profile: Profile) -> None:
    later = "Resolve the profile with another tool first, and give troth the resolved catalog"
    if len(profile.imports) != 1:
        fail(
            f"{len(profile.imports)} imports: only a profile with one import is supported",
            pointer="/profile/imports",
            hint=later,
        )
    only = profile.imports[0]
    known = {resource.uuid for resource in profile.back_matter.resources}
    if only.href.startswith("#") and only.href[1:] not in known:
        fail(
            f"the import names {only.href[:80]!r}, and the profile's back matter has no such resource",
            pointer="/profile/imports/0/href",
            hint="Add the resource, or name the catalog's file",
        )
    if (only.include_all is None) == (only.include_controls is None):  # req-include-all
        fail(
            "an import needs one of include-all and include-controls",
            pointer="/profile/imports/0",
            hint="Say which controls are taken",
        )
    for field in ("include_controls", "exclude_controls"):
        for i, pick in enumerate(getattr(only, field) or ()):
            if pick.matching:
                at = f"/profile/imports/0/{field.replace('_', '-')}/{i}/matching"
                fail(
                    "matching (ids by pattern) is not supported", pointer=at, hint="List the ids in with-ids"
                )
    if profile.merge.combine.method == "merge":
        fail(
            "the combine method merge is deprecated and its result undefined",
            pointer="/profile/merge/combine/method",
            hint="Use keep or use-first",
        )
    if profile.merge.custom is not None:
        fail("a custom merge is not supported", pointer="/profile/merge/custom", hint=later)
    if profile.merge.flat is not None and profile.merge.as_is:  # req-stucture
        fail("flat and as-is exclude each other", pointer="/profile/merge", hint="Keep one of them")
    if profile.modify.alters:
        fail("alters are not supported", pointer="/profile/modify/alters", hint=later)


def _chosen(only: Import, catalog: Catalog) -> set[str]:
    """Ids taken: excludes win over includes (req-exclude)."""
    if only.include_controls is None:
        taken = set(catalog.controls)
    else:
        taken = _picked(only.include_controls, catalog, "/profile/imports/0/include-controls")
    return taken - _picked(only.exclude_controls, catalog, "/profile/imports/0/exclude-controls")


def _picked(picks: Iterable[Pick], catalog: Catalog, pointer: str) -> set[str]:
    taken: set[str] = set()
    for i, pick in enumerate(picks):
        for j, key in enumerate(pick.with_ids):
            if key not in catalog.controls:
                fail(
                    f"the catalog {catalog.metadata.title[:80]!r} has no control {key[:80]!r}",
                    pointer=f"{pointer}/{i}/with-ids/{j}",
                    hint="Mend the id, or give the version of the catalog that the profile was written for",
                )
        named = set(pick.with_ids)
        taken |= named
        if pick.with_child_controls == "yes":  # all descendants (req-with-child-controls-yes)
            taken |= {key for key, placed in catalog.controls.items() if not named.isdisjoint(placed.above)}
    return taken


def _set(
    settings: Iterable[Setting], catalog: Catalog, chosen: set[str]
) -> tuple[dict[str, Param], tuple[str, ...]]:
    """Parameters after the profile's settings, applied in their order (req-modify-param-multi)."""
    params = dict(catalog.params)
    elsewhere = {
        param.id: key
        for key, placed in catalog.controls.items()
        if key not in chosen
        for param in placed.control.params
    }
    warnings: list[str] = []
    for i, setting in enumerate(settings):
        param = params.get(setting.param_id)
        if param is None:
            raise GuidelineError(
                f"the catalog has no parameter {setting.param_id[:80]!r}",
                where=f"/profile/modify/set-parameters/{i}/param-id",
                hint="Mend the id, or give the version of the catalog that the profile was written for",
            )
        if setting.param_id in elsewhere:
            control = elsewhere[setting.param_id]
            warnings.append(
                f"The profile sets {setting.param_id}, but does not select its control, {control}."
            )
        params[setting.param_id] = _apply(param, setting)
    return params, tuple(warnings)


def _apply(param: Param, setting: Setting) -> Param:
    """Replaced: class, label, usage, values or select; appended: props, links, guidelines (req-modify-set-param)."""
    new = msgspec.structs.replace(
        param,
        class_=setting.class_ or param.class_,
        label=setting.label or param.label,
        usage=setting.usage or param.usage,
        props=param.props + setting.props,
        links=param.links + setting.links,
        guidelines=param.guidelines + setting.guidelines,
    )
    if setting.values:  # values and select exclude each other: what is set replaces the other
        return msgspec.structs.replace(new, values=setting.values, select=None)
    if setting.select is not None:
        return msgspec.structs.replace(new, values=(), select=setting.select)
    return new
