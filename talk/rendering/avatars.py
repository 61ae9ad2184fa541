"""Avatars: initials on a coloured background, as SVG or PNG."""

from __future__ import annotations

import hashlib
import unicodedata
from importlib.util import find_spec
from io import BytesIO
from xml.sax.saxutils import escape

COLOURS = (
    *("#8b3a4a", "#a1402b", "#8a5200", "#6b6100", "#3f7016", "#1d7444"),
    *("#00746b", "#00708f", "#2865a8", "#4c58b5", "#7049a8", "#94408c"),
)
"""Background colours, on which white letters have a contrast of at least 4.5."""

LETTER_COLOUR = "#ffffff"
UNKNOWN_INITIAL = "?"
"""Initial of a name without letters and digits, and of letters that a font lacks."""

LETTER_SIZES = {1: 0.5, 2: 0.42}
"""Height of letters relative to the image, by the number of letters."""


def render_svg(*, key: str, name: str, size: int) -> bytes:
    """Return the initials of `name` on the colour of `key` as SVG."""
    letters = initials_of(name)
    font_size = round(100 * LETTER_SIZES[len(letters)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" '
        f'width="{size}" height="{size}">'
        f'<rect width="100" height="100" fill="{colour_of(key)}"/>'
        f'<text x="50" y="50" dy="0.35em" text-anchor="middle" '
        f'font-family="system-ui, sans-serif" font-size="{font_size}" '
        f'fill="{LETTER_COLOUR}">{escape(letters)}</text></svg>'
    ).encode()


def can_render_png() -> bool:
    """Whether images can be drawn as PNG, which needs the extra `avatars`."""
    return find_spec("PIL") is not None


def render_png(*, key: str, name: str, size: int) -> bytes:
    """Return the initials of `name` on the colour of `key` as PNG.

    Letters outside of ASCII, which the font of Pillow may lack, become their base
    letter or a question mark.
    """
    from PIL import Image, ImageDraw, ImageFont

    letters = "".join(_ascii(letter) for letter in initials_of(name))
    image = Image.new("RGB", (size, size), colour_of(key))
    font = ImageFont.load_default(size * LETTER_SIZES[len(letters)])
    middle = (size / 2, size / 2)
    ImageDraw.Draw(image).text(middle, letters, LETTER_COLOUR, font, anchor="mm")
    content = BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def initials_of(name: str) -> str:
    """Return the first letters of the first and the last word of a name, in capitals."""
    words = unicodedata.normalize("NFC", name).split()
    letters = [letter for word in words if (letter := _first_letter(word))]
    shown = letters if len(letters) < 2 else [letters[0], letters[-1]]
    return "".join(shown) or UNKNOWN_INITIAL


def colour_of(key: str) -> str:
    """Return the colour of a key, which is always the same."""
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    return COLOURS[digest[0] % len(COLOURS)]


def _first_letter(word: str) -> str:
    letter = next((char for char in word if char.isalnum()), "")
    return letter.upper()[:1]


def _ascii(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if base.isascii() and base.isalnum() else UNKNOWN_INITIAL
