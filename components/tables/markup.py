"""Texts without HTML: tags are cut, and entities become the characters that they stand for."""

import html
import re
from html.entities import html5

import pyarrow as pa
import pyarrow.compute as pc

# Elements that stand inside a word or a line; any other one parts words.
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|"
    "sup|time|tt|u|var|wbr"
)
_PARTING = (
    "address|area|article|aside|audio|base|blockquote|body|br|button|canvas|caption|center|col|colgroup|datalist|dd|"
    "details|dialog|dir|div|dl|dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|"
    "hgroup|hr|html|iframe|img|input|label|legend|li|link|main|map|menu|meta|meter|nav|noscript|object|ol|optgroup|"
    "option|output|p|param|picture|pre|progress|rp|rt|ruby|script|section|select|slot|source|style|summary|svg|table|"
    "tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
# As Word writes them: o:p, st1:place. Other names are no markup: <3, <none>, <2kg>.
_PREFIXED = "[a-z][a-z0-9]{0,3}:[a-z0-9]+"
_ATTRIBUTES = r"""(?:\s(?:"[^"]*"|'[^']*'|[^"'<>])*)?"""
_TAG = re.compile(rf"</?(?:(?P<inline>{_INLINE})|{_PARTING}|{_PREFIXED}){_ATTRIBUTES}/?>", re.IGNORECASE)
# What is in them is nothing to read, but for CDATA, which is text.
_UNREAD = re.compile(
    r"<(script|style|template)\b[^>]*>.*?</\1\s*>|<!--.*?-->|<\?[^<>]*\?>|<!\[(?!CDATA)[^<>]*\]>|<!doctype\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ENTITY = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[A-Za-z][A-Za-z0-9]{1,31});")
# What a value must hold to be looked at; Arrow's RE2 finds it in a whole column at once.
_SUSPICIOUS = r"<[A-Za-z/!?][^<>]*>|&[A-Za-z#][A-Za-z0-9]*;"
# Some exports escape twice: &lt;b&gt; and &amp;eacute;.
_ROUNDS = 3


def cut_markup(texts: pa.Array) -> pa.Array:
    """Returns texts without markup; one without any stays as it is, byte for byte, and one of markup alone is null.

    Args:
        texts: string or large_string, maybe null.
    """
    suspicious = pc.fill_null(pc.match_substring_regex(texts, _SUSPICIOUS), False)
    if not pc.any(suspicious).as_py():
        return texts
    cut = [without_markup(text) for text in texts.filter(suspicious).to_pylist()]
    something = [text if text.strip() else None for text in cut]
    return pc.replace_with_mask(texts, suspicious, pa.array(something, texts.type))


def without_markup(text: str) -> str:
    """Returns a text as a browser would show it, on one line where it had tags.

    Tags of HTML's own elements are cut, so that what only looks like one stays: "3 < 5 and 7 > 2", "I <3 tea". What
    stands in scripts, styles and comments is cut with them.

    Example:
        >>> without_markup("<p>Caf&eacute; <b>au</b> lait</p><script>x()</script>")
        'Café au lait'
    """
    tagged = False
    for _ in range(_ROUNDS):
        cut = _CDATA.sub(r" \1 ", _UNREAD.sub(" ", text))
        cut = _TAG.sub(lambda tag: "" if tag["inline"] else " ", cut)
        tagged = tagged or cut != text
        before, text = text, _ENTITY.sub(_character, cut)
        if text == before:
            break
    return " ".join(text.split()) if tagged else text


def _character(entity: re.Match[str]) -> str:
    """Returns what an entity stands for, U+0020 for any space; a name that HTML does not know stays as it is."""
    written = entity[0]
    if written[1] != "#" and written[1:] not in html5:
        return written
    character = html.unescape(written)
    return " " if character.isspace() else character
