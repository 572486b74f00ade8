"""Warps: the worked examples of 2D and 3D motion, composition, and identities that change nothing."""

import cv2
import numpy as np
import pytest

from studio.rendering.deforum import warps
from studio.rendering.deforum.warp2d import flip_matrix, motion_matrix
from studio.rendering.deforum.warp3d import camera_field, projected_shift
from studio.rendering.deforum.warps import Sampler

STILL_2D = {
    "angle": 0,
    "zoom": 1,
    "translation_x": 0,
    "translation_y": 0,
    "transform_center_x": 0.5,
    "transform_center_y": 0.5,
    "perspective_flip_theta": 0,
    "perspective_flip_phi": 0,
    "perspective_flip_gamma": 0,
    "perspective_flip_fv": 53,
}
STILL_3D = {
    "translation_x": 0,
    "translation_y": 0,
    "translation_z": 0,
    "rotation_3d_x": 0,
    "rotation_3d_y": 0,
    "rotation_3d_z": 0,
    "fov_schedule": 70,
    "aspect_ratio_schedule": 1,
}
PRECISE = Sampler("bicubic", "border", precise=True)


def picture(height=48, width=64):
    return np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)


def moved(matrix, x, y):
    point = matrix @ (x, y, 1)
    return (point[:2] / point[2]).tolist()


@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        ({"translation_x": 10}, [[1, 0, 10], [0, 1, 0]]),
        ({"zoom": 1.1}, [[1.1, 0, -25.6], [0, 1.1, -25.6]]),
        ({"zoom": 2, "translation_x": 10}, [[2, 0, -236], [0, 2, -256]]),
        ({"angle": 90}, [[0, 1, 0], [-1, 0, 512]]),
        (
            {"angle": 10, "zoom": 1.05, "translation_x": 4, "translation_y": -2},
            [[1.034048, 0.182331, -51.621423], [-0.182331, 1.034048, 35.162888]],
        ),
    ],
)
def test_2d_matrices(motion, expected):
    matrix = motion_matrix(STILL_2D | motion, 512, 512)
    assert matrix[:2] == pytest.approx(np.array(expected), abs=1e-6)
    assert matrix[2].tolist() == [0, 0, 1]


def test_2d_points():
    turned = {"angle": 10, "zoom": 1.05, "translation_x": 4, "translation_y": -2}
    assert moved(motion_matrix(STILL_2D | turned, 512, 512), 256, 256) == pytest.approx(
        [259.771531, 253.202581], abs=1e-6
    )
    zoomed = motion_matrix(STILL_2D | {"zoom": 2, "translation_x": 10}, 512, 512)
    assert moved(zoomed, 256, 256) == pytest.approx([276, 256])


def test_2d_content_moves_right_and_down():
    image = np.zeros((48, 64, 3), np.uint8)
    image[20, 30] = 255
    matrix = motion_matrix(STILL_2D | {"translation_x": 5, "translation_y": 3}, 48, 64)
    assert np.argwhere(warps.apply(image, matrix, Sampler())[..., 0]).tolist() == [[23, 35]]


def test_identity_is_bit_exact():
    image = picture()
    assert np.array_equal(warps.apply(image, motion_matrix(STILL_2D, 48, 64), Sampler()), image)
    assert np.array_equal(warps.apply(image, motion_matrix(STILL_2D, 48, 64, perspective_flip=True), Sampler()), image)
    for mode in ("bicubic", "bilinear", "nearest"):
        field = camera_field(STILL_3D, np.ones((48, 64), np.float32))
        assert np.array_equal(warps.apply(image, field, Sampler(mode, "reflection", precise=True)), image)


def test_borders():
    image = picture()
    matrix = motion_matrix(STILL_2D | {"translation_x": 10}, 48, 64)
    assert np.array_equal(warps.apply(image, matrix, Sampler(border="wrap")), np.roll(image, 10, axis=1))
    replicated = warps.apply(image, matrix, Sampler(border="replicate"))
    assert np.array_equal(replicated[:, :10], np.repeat(image[:, :1], 10, axis=1))


def test_perspective_flip_keeps_the_translation():
    both = motion_matrix(STILL_2D | {"translation_x": 10, "perspective_flip_phi": 20}, 100, 100, perspective_flip=True)
    flip = flip_matrix(STILL_2D | {"perspective_flip_phi": 20}, 100, 100)
    assert moved(both, 40, 50) == pytest.approx(moved(flip, 50, 50))
    assert moved(flip, 50, 50) == pytest.approx([50, 50])


@pytest.mark.parametrize(
    ("angle", "near", "far"), [("phi", (50, 10), (50, 90)), ("gamma", (90, 50), (10, 50)), ("theta", None, None)]
)
def test_perspective_flip_turns_in_space(angle, near, far):
    matrix = flip_matrix(STILL_2D | {f"perspective_flip_{angle}": 30}, 100, 100)
    if near is None:
        expected = np.array([50, 50]) + 40 * np.array([np.cos(np.radians(30)), -np.sin(np.radians(30))])
        assert moved(matrix, 90, 50) == pytest.approx(expected.tolist())
    else:
        grown, shrunk = (np.linalg.norm(np.subtract(moved(matrix, *point), 50)) for point in (near, far))
        assert grown > shrunk


@pytest.mark.parametrize(
    ("motion", "z", "expected"),
    [
        ({"translation_x": 10}, 1, (0.571407, 0.5)),
        ({"translation_y": 10}, 1, (0.5, 0.428593)),
        ({"translation_z": 10}, 1, (0.462417, 0.462417)),
        ({"translation_z": 10}, 2, (0.490845, 0.490845)),
        ({"translation_z": 10, "fov_schedule": 40}, 1, (0.427698, 0.427698)),
        ({"translation_z": 1.75}, 1, (0.493697, 0.493697)),
        ({"rotation_3d_x": 1}, 1, (0.493603, 0.468565)),
        ({"rotation_3d_y": 1}, 1, (0.530891, 0.506070)),
        ({"rotation_3d_z": 1}, 1, (0.487646, 0.512571)),
    ],
)
def test_3d_sample_coordinates(motion, z, expected):
    point = np.array(0.5)
    dx, dy = projected_shift(STILL_3D | motion, point, point, np.array(float(z)))
    assert (0.5 - dx, 0.5 - dy) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("z", "shift"), [(1, 18.28), (2, 9.14)])
def test_3d_shift_in_pixels(z, shift):
    field = camera_field(STILL_3D | {"translation_x": 10}, np.full((512, 512), z, np.float32))
    assert np.abs(field[..., 0] - shift).max() < 0.01
    assert np.abs(field[..., 1]).max() < 1e-4


def test_3d_moves_content_left_and_down_and_zooms_in():
    image = np.zeros((64, 64, 3), np.uint8)
    image[32, 32] = image[32, 33] = image[33, 32] = image[33, 33] = 255
    z = np.ones((64, 64), np.float32)

    def centre(motion):
        result = warps.apply(image, camera_field(STILL_3D | motion, z), PRECISE)[..., 0].astype(float)
        rows, columns = np.indices(result.shape)
        return (columns * result).sum() / result.sum(), (rows * result).sum() / result.sum()

    assert centre({"translation_x": 30})[0] < 32.5 - 5
    assert centre({"translation_y": 30})[1] > 32.5 + 5
    grown = warps.apply(image, camera_field(STILL_3D | {"translation_z": 60}, z), PRECISE)
    assert (grown > 128).sum() > (image > 128).sum()


def test_a_camera_that_passes_a_point_stays_finite():
    field = camera_field(STILL_3D | {"translation_z": 1000, "rotation_3d_y": 170}, np.ones((16, 16), np.float32))
    assert np.isfinite(field).all()


def test_composition_of_matrices_is_their_product():
    a = motion_matrix(STILL_2D | {"angle": 10}, 48, 64)
    b = motion_matrix(STILL_2D | {"translation_x": 3}, 48, 64)
    assert warps.compose(a, b, 48, 64) == pytest.approx(b @ a)


@pytest.mark.parametrize("first_as_field", [True, False])
@pytest.mark.parametrize("then_as_field", [True, False])
def test_matrices_and_fields_compose_to_the_same_warp(first_as_field, then_as_field):
    first = motion_matrix(STILL_2D | {"angle": 5, "zoom": 1.2}, 48, 64)
    then = motion_matrix(STILL_2D | {"translation_x": 3, "translation_y": -2, "angle": -3}, 48, 64)
    expected = warps.as_field(then @ first, 48, 64)
    composed = warps.compose(
        warps.as_field(first, 48, 64) if first_as_field else first,
        warps.as_field(then, 48, 64) if then_as_field else then,
        48,
        64,
    )
    # OpenCV rounds look-ups to 1/32 pixel; at the border a field continues with its edge value, a matrix with
    # its slope.
    assert warps.as_field(composed, 48, 64)[8:-8, 8:-8] == pytest.approx(expected[8:-8, 8:-8], abs=0.02)


def test_a_field_resamples_like_its_matrix():
    image = cv2.GaussianBlur(picture(), (0, 0), 2)
    matrix = motion_matrix(STILL_2D | {"angle": 5, "zoom": 1.1, "translation_x": 2.5}, 48, 64)
    by_matrix = warps.apply(image, matrix, Sampler())
    by_field = warps.apply(image, warps.as_field(matrix, 48, 64), Sampler())
    precisely = warps.apply(image, warps.as_field(matrix, 48, 64), Sampler("bilinear", "border", precise=True))
    assert np.abs(by_matrix.astype(int) - by_field).max() <= 2
    assert np.abs(by_matrix.astype(int) - precisely).max() <= 2
