"""Schedules as curves: what is drawn in the page is what the renderer computes, to the last digit."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import Device, open_session
from tests.e2e.instruments import call, mount
from tests.e2e.pages import Console
from tests.waiting import until


@pytest.fixture
def token(user: User) -> str:
    return open_session(user=user, device=Device()).access


@pytest.fixture
def curves(console: Console, page: Page, token: str) -> Locator:
    console.fill(length=2, fps=12, seed=7)
    panel = mount(page, "curves", token)
    expect(panel.locator("svg.plot")).to_have_attribute("aria-label", re.compile("over 24 frames"))
    return panel


def computed(api: APIClient, name: str, text: str, frames: int = 24, seed: int = 7) -> list[float]:
    said = float(text) if re.fullmatch(r"[\d.]+", text) else text
    answer = api.post("/api/v1/schedules", {"schedules": {name: said}, "frames": frames, "seed": seed})
    assert answer.status_code == 200, answer.json()
    numbers: list[float] = answer.json()["data"][name]
    return numbers


def plotted(panel: Locator) -> int:
    return len((panel.locator("svg.plot polyline.curve").get_attribute("points") or "").split())


CUT = {
    "0:(1), 10:(2)": [[0, "(1)", 1], [10, "(2)", 2]],
    "1.5": [[0, "1.5", 1.5]],
    '0: ("2"), "max_f-1": (where(t>3, 1, 2))': [[0, '("2")', 2], [None, "(where(t>3, 1, 2))", None]],
    "-1:(.5),": [[-1, "(.5)", 0.5]],
    "0:(1e0)": [[0, "(1e0)", None]],
}
NO_SCHEDULES = ["", " ,", "0", "0:(", "0:", "0:(1)),", "0:(1'", "sin(t)"]
DRAWN_INTO = [
    "0:(1), 23:(4)",
    "5:(1), 10:(t*t/50), 18:(3)",
    "0:(sin(t)), 30:(2)",
    "0:(0), (max_f/2):(10), (max_f-1):(0)",
    "-4:(2), 8:(1)",
    "3",
]
STROKES = [(0, 24), (0, 5), (7, 6), (20, 4), (11, 1)]


def test_schedules_are_cut_as_the_renderer_cuts_them(page: Page) -> None:
    page.goto("/deforumation-qt")
    for text, expected in CUT.items():
        assert call(page, "keyframes", "m.parseSchedule(x).map((k) => [k.frame, k.text, k.value])", text) == expected
    reason = "(() => { try { m.parseSchedule(x); } catch (error) { return error.message; } })()"
    refused = [text for text in NO_SCHEDULES if call(page, "keyframes", reason, text)]
    # A single number stands for a constant.
    assert refused == [text for text in NO_SCHEDULES if text != "0"]


def test_what_is_drawn_comes_back_and_the_rest_stays(page: Page, api: APIClient) -> None:
    page.goto("/deforumation-qt")
    for text in DRAWN_INTO:
        before = computed(api, "translation_x", text)
        for start, count in STROKES:
            drawn = [round(((frame * 37) % 11) / 4, 3) for frame in range(count)]
            written = call(page, "keyframes", "m.splice(...x)", [text, before, start, drawn])
            after = computed(api, "translation_x", written)
            assert after[start : start + count] == drawn, (text, start, written)
            kept = [*range(start), *range(start + count, 24)]
            assert [after[frame] for frame in kept] == pytest.approx([before[frame] for frame in kept], abs=1e-9), (
                text, start, written,
            )  # fmt: skip


def test_a_line_needs_two_keyframes(page: Page) -> None:
    page.goto("/deforumation-qt")
    values = [0.1 * frame for frame in range(1000)] + [9.0 - 0.3 * frame for frame in range(1000)]
    assert call(page, "keyframes", "m.simplify(x).map((k) => k.frame)", values) == [0, 999, 1000, 1999]
    assert call(page, "keyframes", "m.decimal(1e-9)") == "0.000000001"


def test_the_plot_has_the_renderers_numbers(curves: Locator, page: Page, api: APIClient, console: Console) -> None:
    page.locator("#zoom").fill("0:(1+0.1*sin(t/3)), 12:(s)")
    text = "0:(1+0.1*sin(t/3)), 12:(s)"
    expect(curves.locator("code.schedule-text")).to_have_text(text)
    until(lambda: "highest 7" in (curves.locator("svg.plot").get_attribute("aria-label") or ""), "new curve")
    assert plotted(curves) == 24
    # The points, turned back by the figures of the axis, are the renderer's.
    assert shown_values(curves) == pytest.approx(computed(api, "zoom", text), abs=0.02)
    console.fill(length=3)
    until(lambda: plotted(curves) == 36, "longer curve")


def shown_values(panel: Locator) -> list[float]:
    return panel.evaluate(
        """(panel) => {
            const svg = panel.querySelector("svg.plot");
            const height = (text) => Number(text.getAttribute("y")) - 4;
            const texts = [...svg.querySelectorAll("text[text-anchor=end]")];
            const figures = texts.map((text) => [height(text), Number(text.textContent)]);
            const [[y0, v0], [y1, v1]] = [figures[0], figures.at(-1)];
            const points = svg.querySelector("polyline.curve").getAttribute("points").split(" ");
            return points.map((p) => v0 + ((Number(p.split(",")[1]) - y0) / (y1 - y0)) * (v1 - v0));
        }"""
    )


def test_a_curve_is_drawn_by_hand(curves: Locator, page: Page, api: APIClient) -> None:
    curves.get_by_label("Schedule").select_option("translation_x")
    plot = curves.locator("svg.plot")
    box = plot.bounding_box()
    assert box
    left, width = box["x"] + 46, box["width"] - 56
    page.mouse.move(left, box["y"] + 150)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(left + width * step / 10, box["y"] + 150 - 12 * step)
    expect(curves.locator("polyline.stroke")).to_have_count(1)
    page.mouse.up()
    written = page.locator("#translation_x").input_value()
    values = computed(api, "translation_x", written)
    until(lambda: shown_values(curves) == pytest.approx(values, abs=0.01), "drawn curve")
    assert values == sorted(values)
    assert values[0] < values[-1]
    # A straight stroke is two keyframes, not one for each frame.
    assert len(written.split(",")) <= 4
    expect(curves.locator("table tbody tr")).to_have_count(len(written.split(",")))


def test_escape_gives_a_stroke_up(curves: Locator, page: Page) -> None:
    before = page.locator("#zoom").input_value()
    box = curves.locator("svg.plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 90)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.locator("#zoom").input_value() == before


def test_keyframes_are_edited_without_a_mouse(curves: Locator, page: Page, api: APIClient) -> None:
    curves.get_by_label("Schedule").focus()
    curves.get_by_label("Schedule").select_option("angle")
    curves.get_by_role("button", name="Add a keyframe").press("Enter")
    expect(curves.locator("tbody tr")).to_have_count(2)
    entry = curves.get_by_label("Value of keyframe 2")
    entry.focus()
    entry.fill("3.5")
    entry.press("Tab")
    assert page.locator("#angle").input_value() == "0: (0), 12: (3.5)"
    curves.get_by_label("Frame of keyframe 2").fill("20")
    curves.get_by_label("Frame of keyframe 2").press("Tab")
    assert computed(api, "angle", page.locator("#angle").input_value())[10] == 1.75
    curves.get_by_label("Value of keyframe 1").fill("(")
    curves.get_by_label("Value of keyframe 1").press("Tab")
    expect(curves.locator(".note.error")).to_have_text("A bracket is not closed.")
    assert page.locator("#angle").input_value() == "0: (0), 20: (3.5)"
    curves.get_by_role("button", name="Remove keyframe 1").press("Enter")
    expect(curves.locator("tbody tr")).to_have_count(1)
    curves.get_by_role("button", name="Remove keyframe 1").press("Enter")
    expect(curves.locator(".note.error")).to_have_text("One keyframe has to stay.")


def test_what_cannot_be_computed_is_told_and_the_others_stay(curves: Locator, page: Page) -> None:
    page.locator("#zoom").fill("0:(1), 4:(1/(9-t))")
    expect(curves.locator(".note.error")).to_have_text("zoom: keyframe 4: division by zero at frame 9")
    expect(curves.locator(".overview li.wrong")).to_have_count(1)
    curves.locator(".overview").get_by_role("button", name="Strength").click()
    expect(curves.locator("svg.plot")).to_have_attribute("aria-label", re.compile("^Strength: constant 0.65"))


def test_easing_is_that_of_the_renderers_smooth_steps(page: Page) -> None:
    page.goto("/deforumation-qt")
    assert call(page, "easing", "m.eased(0, 1, 4)") == [0.25, 0.5, 0.75, 1]
    # CSS's own curves: the animation of the browser itself is the measure.
    for name in ("ease", "ease-in", "ease-out", "ease-in-out"):
        ours = call(page, "easing", "m.eased(0, 1, 10, x)", name)
        theirs = page.evaluate(
            """(easing) => {
                const node = document.body.appendChild(document.createElement("div"));
                const options = { duration: 1000, easing, fill: "both" };
                const animation = node.animate([{ opacity: 0 }, { opacity: 1 }], options);
                animation.pause();
                return Array.from({ length: 10 }, (_, n) => {
                    animation.currentTime = (n + 1) * 100;
                    return Number(getComputedStyle(node).opacity);
                });
            }""",
            name,
        )
        assert ours == pytest.approx(theirs, abs=2e-5), name
