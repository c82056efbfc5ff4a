"""Foreign text made visible: characters that hide or turn other characters are shown as their number."""

from __future__ import annotations

import re

# controls but tab and newline; soft hyphen, marks and overrides of direction, invisible joiners and fillers,
# line and paragraph separators, byte order mark, lone surrogates, tags
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """The text with each hidden character as ``⟨U+202E⟩``. Not escaped: templates and ``markupsafe`` do that."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
