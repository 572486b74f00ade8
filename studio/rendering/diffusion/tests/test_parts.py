import numpy as np
import pytest
import torch

from studio.rendering.diffusion import memory
from studio.rendering.diffusion.compiling import wants_compiling, worth_compiling
from studio.rendering.diffusion.noise import initial_noise, slerp
from studio.rendering.diffusion.preprocessors import canny, depth, preprocessor, softedge, tile
from studio.rendering.diffusion.tests.support import generation, pictures
from studio.rendering.diffusion.transfer import to_device, to_host
from studio.rendering.errors import PlanError
from studio.rendering.pictures.depth import FlatDepth
from studio.rendering.pictures.geometry import crop, pad_to_multiple, padded_size, resize
from studio.rendering.pictures.tests.doubles import RampDepth
from studio.rendering.plan import RenderOptions


class TestGeometry:
    def test_padding_repeats_the_edge_and_is_undone(self):
        frames = pictures(2)[:, :50, :62]
        padded = pad_to_multiple(frames)
        assert padded.shape == (2, 56, 64, 3)
        assert padded_size(50, 62) == (56, 64)
        assert np.array_equal(crop(padded, 50, 62), frames)
        assert np.array_equal(padded[:, 55, :62], frames[:, 49])

    def test_fitting_sizes_are_left_alone(self):
        frames = pictures(1)
        assert pad_to_multiple(frames) is frames
        assert resize(frames, 64, 64) is frames
        assert resize(frames, 32, 48).shape == (1, 32, 48, 3)


class TestNoise:
    def test_it_is_a_function_of_the_seed(self):
        shape = (4, 8, 8)
        assert torch.equal(initial_noise(shape, 7, None, 0.0), initial_noise(shape, 7, 9, 0.0))
        assert not torch.equal(initial_noise(shape, 7, None, 0.0), initial_noise(shape, 8, None, 0.0))

    def test_slerp_keeps_the_length_that_a_straight_line_loses(self):
        a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
        middle = slerp(a, b, 0.5)
        assert torch.allclose(middle, torch.tensor([0.5**0.5, 0.5**0.5]))
        assert torch.equal(slerp(a, a, 0.3), a)


class TestTransfer:
    def test_every_level_survives_the_round_trip(self):
        frames = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
        assert np.array_equal(to_host(to_device(frames, torch.device("cpu"), torch.float32)), frames)

    def test_out_of_range_is_clipped_not_wrapped(self):
        out = to_host(torch.tensor([-1.5, 1.5]).reshape(1, 1, 1, 2).expand(1, 3, 1, 2))
        assert out[0, 0, :, 0].tolist() == [0, 255]


class TestPreprocessors:
    def square(self):
        frames = np.zeros((2, 64, 64, 3), np.uint8)
        frames[1, 16:48, 16:48] = 255
        return frames

    @pytest.mark.parametrize("function", [canny, softedge])
    def test_edges_are_where_the_picture_changes(self, function):
        edges = function(self.square())
        assert edges.shape == (2, 64, 64, 3)
        assert not edges[0].any()
        assert edges[1, 14:18, 20:44].max() > 200
        assert not edges[1, 30:34, 30:34].any()
        assert np.array_equal(edges[..., 0], edges[..., 2])

    def test_thresholds_decide_which_edges_are_seen(self):
        faint = self.square() // 10
        assert not preprocessor("canny")(faint).any()
        assert preprocessor("canny", thresholds=(5, 10))(faint)[1].any()

    def test_tile_loses_detail_and_keeps_the_colours(self):
        frames = pictures(1)
        shown = tile(frames)
        assert (
            np.abs(np.diff(shown.astype(int), axis=2)).mean() < 0.7 * np.abs(np.diff(frames.astype(int), axis=2)).mean()
        )
        assert abs(shown.mean() - frames.mean()) < 1

    def test_depth_is_white_where_it_is_near(self):
        shown = depth(self.square(), RampDepth())
        assert shown[:, 0].max() == 0
        assert shown[:, -1].min() == 255
        assert set(np.unique(depth(self.square(), FlatDepth()))) == {128}

    def test_distances_are_turned_around(self):
        class Metric(RampDepth):
            larger_is_nearer = False

        assert depth(self.square(), Metric())[:, 0].min() == 255

    def test_unknown_kinds_are_refused(self):
        with pytest.raises(PlanError, match="unknown kind 'pose'"):
            preprocessor("pose")


class TestMemory:
    def test_the_batch_shrinks_with_the_size_of_a_frame(self):
        cpu = torch.device("cpu")
        assert memory.frames_that_fit(cpu, 1) == 8
        assert memory.frames_that_fit(cpu, 2**60) == 1

    def test_larger_frames_never_get_larger_batches(self, sd15_engine):
        sizes = [sd15_engine.free_batch(side, side) for side in (64, 512, 4096, 65536)]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] == 1


class TestCompiling:
    def test_it_pays_for_long_jobs_only(self):
        assert not worth_compiling(20, 10, 512, 512)
        assert worth_compiling(20_000, 10, 512, 512)

    def test_it_is_asked_for_and_never_on_a_cpu(self):
        cpu, cuda = torch.device("cpu"), torch.device("cuda")
        long = generation(options=RenderOptions(compile=True), job_frames=20_000)
        assert not wants_compiling(long, cpu, 10, 512, 512)
        assert wants_compiling(long, cuda, 10, 512, 512)
        assert not wants_compiling(generation(job_frames=20_000), cuda, 10, 512, 512)
        assert not wants_compiling(generation(options=RenderOptions(compile=True), job_frames=20), cuda, 10, 512, 512)
        assert wants_compiling(generation(options=RenderOptions(compile="always")), cuda, 10, 512, 512)
