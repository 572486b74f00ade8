"""The generator: the same seed draws the same bytes, and what a scene says is what its pixels show."""

import numpy as np
import pytest

from training.captions import CHOICES, COLOUR_WORDS, STYLE_WORDS, describe
from training.judges import (
    edge_agreement,
    ground_region,
    held_out_pictures,
    object_region,
    region_colour,
    shows_colour,
    sky_region,
)
from training.latents import OBJECT_WEIGHT, SQUARE, object_weight, repainted
from training.natural import natural_drawing, natural_picture
from training.scenes import CHROMATIC, COLOURS, KINDS, OBJECTS, Scene, draw, scene_at
from training.styles import COLOUR_KEEPING, STYLES, render, stylise
from training.train_controlnet import canny_edges


def test_the_same_scene_is_the_same_picture_and_another_seed_is_not():
    scene = scene_at(11, styles=STYLES)
    assert np.array_equal(render(scene), render(scene_at(11, styles=STYLES)))
    assert not np.array_equal(render(scene), render(scene_at(11, styles=STYLES, seed=5)))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_paints_any_size(style):
    picture = render(scene_at(3, styles=(style,)), 72, 104)
    assert picture.shape == (72, 104, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 3


@pytest.mark.parametrize("kind", KINDS)
def test_regions_carry_the_colours_the_scene_names(kind):
    scene = Scene(
        kind, "flat", "yellow", "purple", "" if kind in ("portrait", "abstract") else "boat", "red", "left", 4
    )
    drawing = draw(scene)
    for role, colour in (("sky", "yellow"), ("ground", "purple"), ("object", "red")):
        mask = drawing.mask(role)
        assert mask.mean() > 0.01, role
        median = np.median(drawing.rgb[mask].astype(float), axis=0)
        assert np.abs(median - COLOURS[colour]).max() < 60, role


@pytest.mark.parametrize("thing", OBJECTS)
def test_objects_stand_where_the_scene_puts_them(thing):
    columns = {}
    for place in ("left", "centre", "right"):
        mask = draw(Scene("plain", "flat", "white", "green", thing, "red", place, 9)).mask("object")
        columns[place] = np.nonzero(mask)[1].mean() / mask.shape[1]
    assert columns["left"] < 0.36 < columns["centre"] < 0.64 < columns["right"]


def test_time_moves_objects_and_nothing_else_about_the_scene():
    scene = Scene("plain", "flat", "white", "green", "boat", "red", "left", 9)
    before, after = draw(scene, time=0.0), draw(scene, time=1.0)
    shift = np.nonzero(after.mask("object"))[1].mean() - np.nonzero(before.mask("object"))[1].mean()
    assert shift == pytest.approx(0.25 * 128, abs=2)
    assert np.array_equal(before.roles, after.roles)


def test_style_repaints_without_touching_the_drawing():
    drawing = draw(scene_at(8, styles=("flat",)))
    before = drawing.rgb.copy()
    stylise(drawing, "watercolor", 3)
    assert np.array_equal(drawing.rgb, before)


def test_hue_judge_finds_the_colours_of_generated_pictures_and_rejects_others():
    scenes = [scene_at(i, styles=COLOUR_KEEPING, seed=21) for i in range(120)]
    seen, wrong, objects = [], [], []
    for scene in scenes:
        picture = render(scene)
        if scene.sky in CHROMATIC:
            seen.append(region_colour(picture, sky_region(scene, 128, 128)) == scene.sky)
            wrong.append(
                region_colour(picture, sky_region(scene, 128, 128)) == CHROMATIC[CHROMATIC.index(scene.sky) - 2]
            )
        if scene.ground in CHROMATIC and scene.kind != "abstract":
            seen.append(region_colour(picture, ground_region(scene, 128, 128)) == scene.ground)
        if scene.thing and scene.thing_colour in CHROMATIC:
            objects.append(shows_colour(picture, object_region(scene, 128, 128), scene.thing_colour))
    assert np.mean(seen) > 0.95
    assert np.mean(objects) > 0.9
    assert np.mean(wrong) < 0.05


def test_style_judge_names_styles_of_pictures_it_has_not_seen(style_judge):
    pictures, labels = held_out_pictures(60, first=1000)
    assert (
        np.mean([STYLES[label] == found for label, found in zip(labels, style_judge.judge(pictures), strict=True)])
        > 0.9
    )


def test_edge_agreement_is_high_for_the_same_picture_and_low_for_another():
    one, other = (render(scene_at(i, styles=("flat",), seed=6)) for i in (0, 1))
    assert edge_agreement(one, canny_edges(one)) > 0.8
    assert edge_agreement(other, canny_edges(one)) < 0.6


def test_natural_pictures_have_the_falling_spectrum_of_photographs():
    power = 0
    for seed in range(24):
        grey = natural_picture(np.random.default_rng(seed)).astype(float).mean(2)
        window = np.hanning(128)[:, None] * np.hanning(128)
        power = power + np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    band = (frequency > 0.03) & (frequency < 0.3)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert -4.5 < slope < -1.5


def test_captions_mention_what_they_claim_and_only_that():
    rng = np.random.default_rng(0)
    for index in range(300):
        scene = scene_at(index, styles=STYLES, seed=9)
        caption = describe(scene, rng)
        for name, value in caption.said.items():
            assert value in CHOICES[name]
            assert value == getattr(scene, name)
        words = f" {caption.text} ".replace(",", " ")
        for name in ("sky", "ground", "thing_colour"):
            if name in caption.said:
                assert any(f" {word} " in words for word in COLOUR_WORDS[caption.said[name]])
        if "style" in caption.said:
            assert any(form in caption.text for form in STYLE_WORDS[caption.said["style"]])


def test_complete_captions_leave_nothing_out_and_wordings_vary():
    scene = Scene("sea", "oil", "red", "green", "boat", "white", "right", 1)
    captions = [describe(scene, np.random.default_rng(seed), complete=True) for seed in range(40)]
    assert all(set(caption.said) == set(CHOICES) for caption in captions)
    assert len({caption.text for caption in captions}) > 25


def test_an_object_weighs_more_than_what_is_around_it():
    scene = Scene("plain", "flat", "white", "green", "house", "red", "left", 9)
    weight = object_weight(scene, SQUARE)
    inside = draw(scene).mask("object").reshape(16, 8, 16, 8).mean((1, 3))
    assert weight.shape == (16, 16)
    assert (weight[inside == 1] == 1 + OBJECT_WEIGHT).all()
    assert weight[:, 10:].max() == 1
    pattern = Scene("abstract", "flat", "white", "green", "", "red", "left", 9)
    assert object_weight(pattern, SQUARE).max() == 1


def test_photograph_like_pictures_have_outlines_to_repaint():
    drawing = natural_drawing(np.random.default_rng(3), 96, 160)
    assert drawing.labels.max() > 0
    assert drawing.roles[drawing.labels].shape == (96, 160)
    assert np.array_equal(drawing.rgb, natural_picture(np.random.default_rng(3), 96, 160))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_repaints_them(style):
    index = STYLES.index(style) + len(STYLES)
    picture = repainted(index, (72, 104))
    assert picture.shape == (72, 104, 3)
    assert np.array_equal(picture, repainted(index, (72, 104)))
