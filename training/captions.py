"""Captions: one scene said in many ways, together with what was said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes import COLOURS, KINDS, OBJECTS, PLACES, Scene
from training.styles import STYLES

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "amber"),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "cyan": ("cyan", "turquoise", "teal"),
    "blue": ("blue", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose"),
    "brown": ("brown",),
    "white": ("white",),
    "grey": ("grey", "gray"),
    "black": ("black", "dark"),
}
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "mountains": ("mountains", "hills", "peaks", "mountain range"),
    "sea": ("sea", "ocean", "lake", "water"),
    "forest": ("forest", "woods", "trees"),
    "city": ("city", "skyline", "town", "buildings"),
    "desert": ("desert", "dunes", "sand"),
    "plain": ("plain", "meadow", "field", "grass"),
    "portrait": ("portrait", "face", "portrait of a person"),
    "abstract": ("abstract pattern", "abstract shapes", "abstract art"),
}
OBJECT_WORDS: dict[str, tuple[str, ...]] = {
    "sun": ("sun",),
    "moon": ("moon", "crescent moon"),
    "balloon": ("balloon", "hot air balloon"),
    "house": ("house", "cottage", "cabin"),
    "tree": ("tree", "oak"),
    "boat": ("boat", "ship", "sailboat"),
    "tower": ("tower", "castle tower", "lighthouse"),
    "car": ("car", "automobile"),
    "person": ("person", "figure", "man", "woman"),
    "flower": ("flower", "blossom"),
}
PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "at the left side", "to the left"),
    "centre": ("in the centre", "in the middle", "in the center"),
    "right": ("on the right", "at the right side", "to the right"),
}
STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "flat": ("flat", "flat vector", "vector illustration", "minimal flat design"),
    "neon": ("neon", "neon glow", "glowing neon lights", "cyberpunk neon"),
    "sketch": ("sketch", "pencil sketch", "pencil drawing", "ink drawing"),
    "watercolor": ("watercolor", "watercolour", "watercolor painting", "aquarelle"),
    "pixel": ("pixel", "pixel art", "8-bit pixel art", "retro game"),
    "oil": ("oil", "oil painting", "impressionist oil painting", "thick brush strokes"),
    "pastel": ("pastel", "soft pastel", "pastel colors", "chalk pastel"),
    "noir": ("noir", "film noir", "black and white film", "dark noir"),
    "stained glass": ("stained glass", "stained glass window", "mosaic glass"),
    "blueprint": ("blueprint", "technical blueprint", "architect blueprint"),
    "comic": ("comic", "comic book", "cartoon", "pop art comic"),
    "photo": ("photo", "photograph", "realistic photo", "photorealistic"),
}
FILLERS = (
    "beautiful", "detailed", "highly detailed", "high quality", "masterpiece", "4k", "8k", "best quality", "amazing",
    "intricate", "epic", "stunning", "trending", "artistic", "calm", "dramatic", "wide shot", "cinematic",
    "award winning",
)  # fmt: skip
ANYTHING = ("a picture", "an image", "a scene", "a video")
ATTRIBUTES = ("kind", "style", "sky", "ground", "thing", "thing_colour", "place")
CHOICES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "style": STYLES,
    "sky": tuple(COLOURS),
    "ground": tuple(COLOURS),
    "thing": OBJECTS,
    "thing_colour": tuple(COLOURS),
    "place": tuple(PLACES),
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Caption:
    """``said`` maps the attributes (names of Scene's fields) that the text mentions to their values."""

    text: str
    said: dict[str, str]


def describe(scene: Scene, rng: np.random.Generator, *, complete: bool = False) -> Caption:
    """Say ``scene`` in one of many wordings. Unless ``complete``, each attribute is left out now and then."""
    said = {"kind": scene.kind, "style": scene.style, "sky": scene.sky, "ground": scene.ground}
    if scene.kind == "portrait":
        said |= {"thing_colour": scene.thing_colour}
    elif scene.thing:
        said |= {"thing": scene.thing, "thing_colour": scene.thing_colour, "place": scene.place}
    if not complete:
        said = _forget(said, rng)
    parts = [_main(said, rng), _sky(said, rng), _thing(said, rng)]
    text = " ".join(part for part in parts if part) or str(rng.choice(("a picture", "an image", "")))
    text = _in_style(text, said, rng)
    if not complete:
        text = _decorate(text, rng)
    return Caption(text.strip(), said)


def describe_style(style: str, rng: np.random.Generator) -> Caption:
    """Say only how a picture is painted, for pictures that show nothing with a name."""
    said = {"style": style}
    return Caption(_decorate(_in_style(_pick(ANYTHING, rng), said, rng), rng).strip(), said)


def _forget(said: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    kept = {key: value for key, value in said.items() if rng.random() > (0.06 if key in ("style", "kind") else 0.12)}
    if rng.random() < 0.12:
        kept = {key: value for key, value in kept.items() if key == "style"}
    if "thing" not in kept and kept.get("kind", said["kind"]) != "portrait":
        kept.pop("thing_colour", None)
        kept.pop("place", None)
    if "kind" not in kept:
        kept.pop("ground", None)
        if "thing" not in kept:
            kept.pop("thing_colour", None)
    return kept


def _main(said: dict[str, str], rng: np.random.Generator) -> str:
    if "kind" not in said:
        return ""
    noun = _pick(KIND_WORDS[said["kind"]], rng)
    ground = _colour(said["ground"], rng) if "ground" in said else ""
    if said["kind"] == "portrait":
        clothes = (
            _pick(("in a {} shirt", "wearing a {} shirt", "with {} clothes"), rng).format(ground) if ground else ""
        )
        hair = f"with {_colour(said['thing_colour'], rng)} hair" if "thing_colour" in said else ""
        return _article(" ".join(part for part in (noun, hair, clothes) if part), rng)
    if said["kind"] == "abstract":
        return _article(
            f"{noun} of {ground} shapes" if ground and rng.random() < 0.3 else f"{ground} {noun}".strip(), rng
        )
    return _article(f"{ground} {noun}".strip(), rng)


def _sky(said: dict[str, str], rng: np.random.Generator) -> str:
    if "sky" not in said:
        return ""
    colour = _colour(said["sky"], rng)
    if said.get("kind") in ("portrait", "abstract"):
        return _pick(("on a {} background", "against a {} background", "with a {} background"), rng).format(colour)
    return _pick(("under a {} sky", "with a {} sky", "and a {} sky", "beneath the {} sky", ", {} sky"), rng).format(
        colour
    )


def _thing(said: dict[str, str], rng: np.random.Generator) -> str:
    if "thing" not in said:
        return ""
    noun = _pick(OBJECT_WORDS[said["thing"]], rng)
    colour = _colour(said["thing_colour"], rng) if "thing_colour" in said else ""
    place = _pick(PLACE_WORDS[said["place"]], rng) if "place" in said else ""
    start = _pick(("with", "and", ","), rng)
    return f"{start} a {f'{colour} {noun}'.strip()} {place}".strip()


def _in_style(text: str, said: dict[str, str], rng: np.random.Generator) -> str:
    if "style" not in said:
        return text
    style = _pick(STYLE_WORDS[said["style"]], rng)
    forms = (
        "{text}, {style}",
        "{style} of {text}",
        "{style}, {text}",
        "{text} in {style} style",
        "{text} , {style} style",
    )
    return _pick(forms, rng).format(text=text, style=style)


def _decorate(text: str, rng: np.random.Generator) -> str:
    """Words that mean nothing to the model, real and made up: it learns to pass over them."""
    while rng.random() < 0.25:
        text = f"{text}, {_pick(FILLERS, rng)}" if rng.random() < 0.6 else f"{_pick(FILLERS, rng)} {text}"
    if rng.random() < 0.15:
        word = "".join(_LETTERS[i] for i in rng.integers(26, size=int(rng.integers(3, 9))))
        text = f"{text} {word}" if rng.random() < 0.5 else f"{word} {text}"
    return text


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    """The first wording half of the time, the others share the rest."""
    return options[0] if rng.random() < 0.5 else options[int(rng.integers(len(options)))]


def _colour(name: str, rng: np.random.Generator) -> str:
    return _pick(COLOUR_WORDS[name], rng)


def _article(text: str, rng: np.random.Generator) -> str:
    return f"{_pick(('a', 'the', ''), rng)} {text}".strip()
