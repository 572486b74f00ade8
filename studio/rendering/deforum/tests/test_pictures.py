"""Operations on the previous frame: colour, contrast, sharpness, noise, optical flow."""

import cv2
import numpy as np
import pytest

from studio.rendering.deforum import colour, noise, warps
from studio.rendering.deforum.flow import consistent_flow, flow_warp, optical_flow
from studio.rendering.deforum.tests.support import moving_video
from studio.rendering.deforum.warps import Sampler
from studio.rendering.errors import PlanError


def picture(seed=3, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (48, 64, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("source", "reference", "expected"),
    [
        ([10, 10, 20, 30], [0, 50, 100, 150], [50, 50, 100, 150]),
        ([5, 5, 5, 9], [10, 11, 12, 60], [12, 12, 12, 60]),
    ],
)
def test_histogram_matching(source, reference, expected):
    assert colour.match_histogram(np.uint8(source), np.uint8(reference)).tolist() == expected


@pytest.mark.parametrize("space", ["RGB", "HSV", "LAB"])
def test_matching_an_image_with_itself_changes_nothing(space):
    image = picture()
    assert np.array_equal(colour.Palette(image, space).match(image), image)


def test_matching_is_done_on_red_green_and_blue_in_that_order():
    """Red pictures stay red: LAB and HSV of a channel-swapped picture would tell."""
    image = picture() // 4
    image[..., 0] += 150
    reference = picture(4) // 4
    reference[..., 0] += 120
    for space in ("RGB", "HSV", "LAB"):
        matched = colour.Palette(reference, space).match(image)
        assert matched.mean(axis=(0, 1)) == pytest.approx(reference.mean(axis=(0, 1)), abs=3)


def test_contrast_clips_instead_of_wrapping():
    assert colour.adjust_contrast(np.uint8([[[250, 100, 101]]]), 1.1).tolist() == [[[255, 110, 111]]]


def test_unsharp_mask_overshoots_at_an_edge():
    row = np.repeat(np.uint8([50, 150]), 8)
    image = np.stack([np.tile(row, (16, 1))] * 3, axis=-1)
    sharpened = colour.unsharp_mask(image, amount=0.1, kernel=5, sigma=1, threshold=0)
    assert sharpened[8, 6:10, 0].tolist() == [50, 47, 153, 150]


def test_unsharp_mask_leaves_what_is_below_the_threshold():
    image = picture()
    assert np.array_equal(colour.unsharp_mask(image, amount=1, kernel=5, sigma=1, threshold=255), image)
    partly = colour.unsharp_mask(image, amount=1, kernel=5, sigma=1, threshold=30)
    small = cv2.absdiff(image, cv2.GaussianBlur(image, (5, 5), 1)) < 30
    assert np.array_equal(partly[small], image[small])
    assert not np.array_equal(partly, image)


@pytest.mark.parametrize(("grain", "expected"), [(0, 102), (0.5, 106), (-3, 94)])
def test_noise_at_one_pixel(grain, expected):
    image = np.full((1, 1, 3), 100, np.uint8)
    assert noise.add_noise(image, np.full((1, 1, 3), grain, np.float32), 0.065)[0, 0].tolist() == [expected] * 3


def test_noise_pulls_towards_grey_and_has_the_measured_deviation():
    image = np.random.default_rng(1).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    grain = noise.gaussian_noise(256, 256, seed=5)
    assert grain.std() == pytest.approx(1, abs=0.01)
    change = noise.add_noise(image, grain, 0.065) - (image * 0.935 + 127 * 0.065)
    assert change.mean() == pytest.approx(0, abs=0.1)
    assert change.std() == pytest.approx(5.96, abs=0.05)


def test_noise_stays_out_of_the_mask():
    image = picture()
    mask = np.zeros((48, 64), np.float32)
    mask[:, 32:] = 1
    noisy = noise.add_noise(image, noise.gaussian_noise(48, 64, 1), 0.2, mask)
    assert np.array_equal(noisy[:, :32], image[:, :32])
    assert np.array_equal(noisy[:, 32:], noise.add_noise(image, noise.gaussian_noise(48, 64, 1), 0.2)[:, 32:])


def test_noise_depends_on_the_seed_alone():
    assert np.array_equal(noise.gaussian_noise(8, 8, 1), noise.gaussian_noise(8, 8, 1))
    assert not np.array_equal(noise.gaussian_noise(8, 8, 1), noise.gaussian_noise(8, 8, 2))


@pytest.mark.parametrize("size", [(16, 24), (64, 64), (200, 130)])
def test_perlin_modulation_is_smooth_and_within_bounds(size):
    plane = noise.perlin_modulation(*size, seed=3, octaves=1)
    assert plane.shape == size
    assert 0 <= plane.min() < plane.max() <= 1
    assert abs(plane.mean() - 0.5) < 0.1
    if min(size) >= 64:
        assert np.abs(np.diff(plane, axis=1)).max() < 0.25


def test_perlin_noise_vanishes_at_the_lattice_points():
    plane = noise.perlin_modulation(128, 128, seed=3, octaves=1)
    assert plane[::16, ::16] == pytest.approx(np.full((8, 8), 0.5), abs=1e-6)


@pytest.mark.parametrize("method", ["DIS Medium", "DIS Fine", "Farneback"])
def test_flow_finds_the_motion_and_its_warp_carries_the_image_along(method):
    video = cv2.GaussianBlur(moving_video(2, 64, 96).reshape(128, 96, 3), (0, 0), 1.5).reshape(2, 64, 96, 3)
    flow = optical_flow(video[0], video[1], method)
    assert np.median(flow[16:-16, 16:-16], axis=(0, 1)) == pytest.approx([2, 0], abs=0.4)
    carried = warps.apply(video[0], flow_warp(flow, 1), Sampler(border="reflect"))
    inner = np.s_[16:-16, 16:-16]
    before, after = (np.abs(image[inner].astype(int) - video[1][inner]).mean() for image in (video[0], carried))
    assert after < before / 3


def test_flow_of_tiny_images():
    assert optical_flow(picture()[:8, :8], picture()[:8, :8], "DIS Medium").shape == (8, 8, 2)


def test_inconsistent_flow_is_faded_out():
    video = moving_video(2, 64, 96)
    torn = video[1].copy()
    torn[:, 48:] = np.random.default_rng(0).integers(0, 256, (64, 48, 3))
    plain, consistent = (function(video[0], torn, "DIS Medium") for function in (optical_flow, consistent_flow))
    kept = np.any(consistent != 0, axis=-1)
    assert kept[8:-8, 8:40].mean() > 0.9
    assert kept[8:-8, 56:].mean() < 0.8
    assert np.array_equal(consistent[kept], plain[kept])


def test_unknown_flow():
    with pytest.raises(PlanError):
        optical_flow(picture(), picture(), "RAFT")
