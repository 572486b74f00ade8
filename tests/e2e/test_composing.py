"""The instruments for composing, where the console puts them: settings files, undo, curves and sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from studio.models import ModelFile, RenderJob
from tenants.scope import all_tenants
from tests.e2e.pages import Console
from tests.waiting import until

SETTINGS = {
    "animation_mode": "3D",
    "max_frames": 60,
    "fps": 12,
    "seed": 77,
    "zoom": "0: (1)",
    "translation_z": "0: (2), 30: (6)",
    "strength_schedule": "0: (0.6)",
    "perspective_flip_theta": "0: (0)",
    "near_schedule": "0: (150)",
    "prompts": {"0": "a harbour", "30": "a city"},
    "a_key_of_next_year": 1,
}


def panel(page: Page, title: str) -> Locator:
    """The panel, opened."""
    found = page.locator("#compose-instruments").get_by_role("region", name=title)
    fold = found.get_by_role("heading").get_by_role("button")
    if fold.get_attribute("aria-expanded") == "false":
        fold.press("Enter")
    # Its module is loaded by itself.
    expect(found.locator(".instrument-body > *").first).to_be_visible()
    return found


def choose(files: Locator, content: object, name: str = "mine.txt") -> None:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    file: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": text}
    files.get_by_label("Settings file of Deforum").set_input_files(file)


def form(page: Page) -> dict[str, str]:
    return page.evaluate(
        """() => {
            const controls = [...document.querySelectorAll("#composer [id]")];
            const valued = controls.filter((node) => "value" in node && node.type !== "file");
            return Object.fromEntries(valued.map((node) => [node.id, node.value]));
        }"""
    )


def test_a_settings_file_goes_into_the_form_and_all_of_it_into_the_render(
    console: Console, page: Page, tiny_model: ModelFile
) -> None:
    files = panel(page, "Settings files")
    choose(files, SETTINGS)
    expect(files.get_by_role("status")).to_contain_text("settings are in the form")
    for name, value in (
        ("translation_z", "0: (2), 30: (6)"), ("length", "5"), ("fps", "12"), ("seed", "77"), ("animation_mode", "3D"),
    ):  # fmt: skip
        expect(page.locator(f"#{name}")).to_have_value(value)
    assert json.loads(page.locator("#prompt").input_value()) == SETTINGS["prompts"]
    expect(page.locator("#carried-names")).to_contain_text("near_schedule")
    files.get_by_text("1 mean nothing here").click()
    expect(files.get_by_text("a_key_of_next_year")).to_be_visible()

    page.reload()
    expect(page.locator("#account")).to_be_visible()


def test_what_has_no_control_goes_along(console: Console, page: Page, tiny_model: ModelFile) -> None:
    choose(panel(page, "Settings files"), SETTINGS)
    expect(page.locator("#carried-shown")).to_be_visible()
    page.locator("#animation_mode").select_option("2D")
    console.press("Preview")
    until(lambda: jobs() == 1, "render")
    with all_tenants():
        asked = RenderJob.objects.get().parameters["schedules"]
    assert (asked["near_schedule"], asked["translation_z"]) == ("0: (150)", "0: (2), 30: (6)")
    page.get_by_role("button", name="Leave them out").click()
    expect(page.locator("#carried-shown")).to_be_hidden()
    assert page.locator("#carried").get_attribute("value") == ""


def jobs() -> int:
    with all_tenants():
        return RenderJob.objects.count()


def test_a_malformed_file_says_why_and_changes_nothing(console: Console, page: Page) -> None:
    files = panel(page, "Settings files")
    console.fill(prompt="a lighthouse", zoom="0:(1.5)", seed=5)
    before = form(page)
    for content, reason in (
        (b'{"zoom": "0:(1)"', "mine.txt: no settings file:"),
        (b"\xff\xfe\x00binary", "mine.txt: no settings file:"),
        (b"", "mine.txt: no settings file:"),
        ([1, 2], "mine.txt: no settings file: it holds no object."),
        ({"animation_mode": "2D", "zoom": "0:(1), 4:(1/(9-t))"}, "zoom: keyframe 4: division by zero at frame 9"),
        ({"zoom": ["0"]}, "zoom: expected a schedule"),
        ({"prompts": 7}, "prompts:"),
        (b'{"a": "' + b"x" * 2_100_000 + b'"}', "mine.txt: more than 2 MB"),
    ):
        choose(files, content)
        expect(files.locator(".note.error")).to_contain_text(reason)
        assert form(page) == before, reason


def test_a_file_is_dropped_anywhere(console: Console, page: Page) -> None:
    files = panel(page, "Settings files")
    for name, content, expected in (
        ("mine.json", json.dumps(SETTINGS), "0: (2), 30: (6)"),
        ("broken.txt", "{", "0: (2), 30: (6)"),
        ("notes.pdf", "%PDF", "0: (2), 30: (6)"),
    ):
        data = page.evaluate_handle(
            "([name, text]) => { const d = new DataTransfer(); d.items.add(new File([text], name)); return d; }",
            [name, content],
        )
        page.dispatch_event("#library-title", "dragover", {"dataTransfer": data})
        expect(page.locator("body.dropping")).to_be_attached()
        page.dispatch_event("#library-title", "drop", {"dataTransfer": data})
        expect(page.locator("body.dropping")).not_to_be_attached()
        expect(files.get_by_role("status")).to_contain_text(name)
        expect(page.locator("#translation_z")).to_have_value(expected)
    expect(files.locator(".note.error")).to_contain_text("no settings file: those end in .txt or .json.")


def test_the_form_is_saved_as_a_file_that_fills_it_again(console: Console, page: Page, tmp_path: Path) -> None:
    files = panel(page, "Settings files")
    choose(files, SETTINGS)
    expect(page.locator("#carried-shown")).to_be_visible()
    console.fill(zoom="0:(1.25)", negative_prompt="fog", steps=9)
    before = form(page)
    with page.expect_download() as download:
        files.get_by_role("button", name="Save these settings").click()
    path = tmp_path / "saved.txt"
    download.value.save_as(path)
    saved: dict[str, Any] = json.loads(path.read_text())
    assert (saved["zoom"], saved["near_schedule"], saved["max_frames"]) == ("0:(1.25)", "0: (150)", 60)
    console.fill(zoom="0:(3)", seed=1, prompt="", negative_prompt="", length=2, steps=2)
    choose(files, path.read_bytes(), "saved.txt")
    expect(page.locator("#zoom")).to_have_value("0:(1.25)")
    assert {k: v for k, v in form(page).items() if k != "negative_prompt"} == {
        k: v for k, v in before.items() if k != "negative_prompt"
    }
    assert page.locator("#negative_prompt").input_value() == "fog"


@pytest.fixture
def late(page: Page) -> list[Route]:
    """The request for the module of the history, which is answered when the test lets it."""
    held: list[Route] = []
    page.route("**/instruments/undo.js", lambda route: held.append(route))
    return held


def test_what_was_changed_before_the_history_was_there_is_undone(
    late: list[Route], console: Console, page: Page
) -> None:
    until(lambda: page.evaluate("0") == 0 and late, "the module asked for")
    first = form(page)
    page.locator("#zoom").fill("0:(2)")
    page.locator("#zoom").press("Tab")
    late[0].continue_()
    history = panel(page, "History")
    page.locator("#border").select_option("wrap")
    history.get_by_role("button", name="Undo", exact=True).click()
    until(lambda: form(page) == first, "first settings")


def test_settings_are_undone_and_done_again(console: Console, page: Page) -> None:
    undo = panel(page, "History")
    first = form(page)
    page.locator("#zoom").fill("0:(2)")
    page.locator("#zoom").press("Tab")
    page.locator("#border").select_option("wrap")
    choose(panel(page, "Settings files"), SETTINGS)
    expect(page.locator("#carried-shown")).to_be_visible()
    filled = form(page)
    page.get_by_role("heading", name="My videos").click()
    for _ in range(3):
        page.keyboard.press("Control+z")
    until(lambda: form(page) == first, "first settings")
    expect(page.locator("#carried-shown")).to_be_hidden()
    expect(undo.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    for _ in range(3):
        page.keyboard.press("Control+Shift+Z")
    until(lambda: form(page) == filled, "the file's settings")
    # Whoever writes undoes letters.
    page.locator("#seed").press_sequentially("123")
    page.locator("#seed").press("Control+z")
    assert page.locator("#zoom").input_value() == filled["zoom"]


def test_a_preset_is_one_step(console: Console, page: Page, pan_preset: object) -> None:
    page.reload()
    expect(page.locator("#preset option")).to_have_count(2)
    undo = panel(page, "History")
    before = form(page)
    page.locator("#preset").select_option(label="Speeding pan")
    expect(page.locator("#translation_x")).to_have_value("0: (1), 8: (4)")
    undo.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#translation_x")).to_have_value(before["translation_x"])
    assert form(page)["preset"] == before["preset"]


def test_panels_fold_and_change_places_and_stay_so(console: Console, page: Page) -> None:
    def order() -> list[str | None]:
        return [node.get_attribute("id") for node in page.locator("#compose-instruments > section").all()]

    first = order()
    panel(page, "Schedule curves")
    up = page.get_by_role("button", name="Move Schedule curves up")
    up.press("Enter")
    expect(up).to_be_focused()
    up.press("Enter")
    assert order() == [first[2], first[0], first[1], first[3]]
    page.reload()
    expect(page.locator("#compose-curves svg.plot")).to_be_visible()
    assert order() == [first[2], first[0], first[1], first[3]]
    stored = " ".join(page.evaluate("Object.values(localStorage)"))
    assert "eyJ" not in stored


def test_a_phone_shows_all_of_it(console: Console, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for title in ("Settings files", "History", "Schedule curves", "Sound"):
        panel(page, title)
    expect(page.locator("#compose-curves svg.plot")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
