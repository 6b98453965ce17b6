"""HTML and SVG text. Everything that is not ours goes through `bare` or `text`, or is an attribute of `tag`."""

from __future__ import annotations

from html import escape

from trivium.pictures.wording import plain


def bare(value: str, *, longest: int = 60) -> str:
    """Somebody's text, cut and escaped.

    >>> bare("<script>")
    '&lt;script&gt;'
    """
    return escape(plain(value, longest=longest))


def text(value: str, *, longest: int = 60) -> str:
    """Somebody's text in HTML, which keeps its direction (right to left, perhaps) to itself.

    >>> text("a & b")
    '<bdi>a &amp; b</bdi>'
    """
    return f"<bdi>{bare(value, longest=longest)}</bdi>"


def tag(name: str, inner: str = "", /, **attributes: str | float | None) -> str:
    """An element around markup that is ready. `klass` is class, `_` in names is `-`; None leaves an attribute out.

    >>> tag("a", "x", href='"><b>', klass="mark", aria_label=None)
    '<a href="&quot;&gt;&lt;b&gt;" class="mark">x</a>'
    """
    spelled = "".join(
        f' {KEYWORDS.get(key, key.replace("_", "-"))}="{_spelled(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{spelled}/>" if not inner and name in ALONE else f"<{name}{spelled}>{inner}</{name}>"


KEYWORDS = {"klass": "class", "view_box": "viewBox", "text_anchor": "text-anchor"}
ALONE = frozenset({"path", "circle", "line", "rect", "polygon"})


def _spelled(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return escape(str(value))
