"""One thread for the tiny networks: on a busy machine two wait for each other longer than they compute."""

import pytest
import torch

from training.judges import StyleJudge, held_out_pictures


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def style_judge(one_thread):
    return StyleJudge(*held_out_pictures(180))
