"""Film reel, total recall, undo, keyboard and gamepad: what they send to a render that is steered."""

from __future__ import annotations

import re
from typing import Any

import av
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from studio.models import ModelFile
from tests.e2e.pages import Console
from tests.e2e.steering_stub import NAMES, SteeredRender
from tests.e2e.test_sound import clicks, wav

PAD = """
    globalThis.pad = null;
    navigator.getGamepads = () => [globalThis.pad, null];
    globalThis.plug = (buttons, axes) => {
        const button = (value) => ({ value, pressed: value > 0.5 });
        const state = Array.from({ length: 16 }, (_, n) => button(buttons[n] ?? 0));
        const fresh = globalThis.pad === null;
        globalThis.pad = { id: "Test pad", index: 0, connected: true, mapping: "standard", buttons: state, axes };
        if (fresh) dispatchEvent(new Event("gamepadconnected"));
    };
"""


@pytest.fixture
def render(tiny_model: ModelFile, page: Page) -> SteeredRender:
    page.add_init_script(PAD)
    return SteeredRender(page)


@pytest.fixture
def live(render: SteeredRender, console: Console) -> SteeredRender:
    render.open(console)
    return render


def region(page: Page, title: str) -> Locator:
    found = page.locator("#live").get_by_role("region", name=title, exact=True)
    fold = found.get_by_role("heading").get_by_role("button")
    if fold.get_attribute("aria-expanded") == "false":
        fold.click()
    # Its module is loaded by itself.
    expect(found.locator(".instrument-body > *").first).to_be_visible()
    return found


def sent(render: SteeredRender, kind: str) -> dict[str, Any]:
    render.until(lambda: any(command["kind"] == kind for command in render.commands), f"{kind} command")
    found = [command for command in render.commands if command["kind"] == kind][-1]
    return {key: value for key, value in found.items() if key not in ("number", "kind", "token")}


class TestReel:
    def test_every_frame_has_its_picture_and_its_place(self, live: SteeredRender, page: Page) -> None:
        reel = region(page, "Film reel")
        expect(reel.get_by_role("option", name="Frame 41", exact=True)).to_have_attribute("aria-selected", "true")
        picture = reel.get_by_role("option", name="Frame 41", exact=True).locator("img")
        live.until(lambda: picture.evaluate("(image) => image.naturalWidth") > 0, "thumbnail")
        reel.get_by_role("button", name="Start").click()
        expect(reel.get_by_role("option", name="Frame 0", exact=True)).to_be_visible()
        expect(reel.locator(".what")).to_have_text("Frame 0 of 42, seed 100.")
        reel.get_by_role("button", name="One frame on").click()
        reel.get_by_label("Go to frame").fill("17")
        reel.get_by_label("Go to frame").press("Enter")
        expect(reel.get_by_label("Frame, by slider")).to_have_value("17")
        reel.get_by_label("Frame, by slider").press("ArrowRight")
        expect(reel.get_by_role("option", name="Frame 18", exact=True)).to_have_attribute("aria-selected", "true")
        reel.get_by_role("listbox").press("ArrowLeft")
        reel.get_by_role("option", name="Frame 17", exact=True).press("End")
        expect(reel.get_by_label("Frame, by slider")).to_have_value("41")
        before = reel.get_by_role("option", name="Frame 41", exact=True).bounding_box()
        reel.get_by_label("Size of the pictures").press("End")
        after = reel.get_by_role("option", name="Frame 41", exact=True).bounding_box()
        assert before
        assert after
        assert after["width"] > 2 * before["width"]
        # Only what is in sight is in the page.
        assert reel.get_by_role("option").count() < 30

    def test_a_stretch_is_marked_and_played(self, live: SteeredRender, page: Page) -> None:
        reel = region(page, "Film reel")
        for frame, mark in ((10, "Mark in"), (14, "Mark out")):
            reel.get_by_label("Go to frame").fill(str(frame))
            reel.get_by_label("Go to frame").press("Enter")
            reel.get_by_role("button", name=mark).click()
        expect(reel.locator(".what")).to_contain_text("In 10, out 14.")
        expect(reel.locator(".reel-frame.within")).to_have_count(5)
        reel.get_by_label("Frames a second").fill("30")
        shown = page.evaluate_handle(
            """() => {
                const seen = new Set();
                const image = document.querySelector(".reel-picture");
                new MutationObserver(() => seen.add(image.alt)).observe(image, { attributes: true });
                return seen;
            }"""
        )
        reel.get_by_role("button", name="Play in to out").click()
        live.until(lambda: shown.evaluate("(seen) => seen.size") == 5, "five frames")
        reel.get_by_role("button", name="Stop playing").click()
        assert sorted(shown.evaluate("(seen) => [...seen]")) == [f"Frame {frame}" for frame in range(10, 15)]
        # They are the stretch of the total recall as well, and are kept.
        recall = region(page, "Total recall")
        expect(recall.get_by_label("From frame")).to_have_value("10")
        expect(recall.get_by_label("To frame")).to_have_value("14")

    def test_a_stretch_is_saved_as_a_video(self, live: SteeredRender, page: Page) -> None:
        reel = region(page, "Film reel")
        for frame, mark in (("10", "Mark in"), ("14", "Mark out")):
            reel.get_by_label("Go to frame").fill(frame)
            reel.get_by_label("Go to frame").press("Enter")
            reel.get_by_role("button", name=mark).click()
        reel.get_by_label("CRF").fill("52")
        reel.get_by_role("button", name="Save in to out").click()
        expect(reel.get_by_role("status").filter(has_text="A CRF of 0 to 51.")).to_be_visible()
        reel.get_by_label("CRF").fill("18")
        with page.expect_download() as downloading:
            reel.get_by_role("button", name="Save in to out").click()
        saved = downloading.value
        assert re.fullmatch(r"render-\d+-10-14\.(webm|mp4)", saved.suggested_filename)
        with av.open(str(saved.path())) as film:
            pictures = [picture.to_ndarray(format="rgb24") for picture in film.decode(video=0)]
        assert 1 < len(pictures) <= 7
        assert pictures[0].shape == (54, 96, 3)
        expect(reel.get_by_role("status").filter(has_text="Frames 10 to 14 are saved.")).to_be_visible()

    def test_a_frame_is_gone_back_to(self, live: SteeredRender, page: Page) -> None:
        reel = region(page, "Film reel")
        reel.get_by_role("option", name="Frame 38", exact=True).click(button="right")
        expect(reel.get_by_role("button", name="Rewind and go on from here")).to_be_focused()
        page.keyboard.press("Enter")
        assert sent(live, "rewind") == {"frame": 38, "restore_values": False}
        reel.get_by_role("button", name="Rewind here with its values").click()
        live.until(lambda: len(live.commands) == 2, "second rewind")
        assert sent(live, "rewind") == {"frame": 38, "restore_values": True}

    def test_its_values_and_its_prompt_are_used_again(self, live: SteeredRender, page: Page) -> None:
        reel = region(page, "Film reel")
        reel.get_by_role("option", name="Frame 40", exact=True).click()
        reel.get_by_role("button", name="Use its values").click()
        values = sent(live, "set")["values"]
        assert values["translation_z"] == {"mode": "replace", "value": 4.0}
        assert values["strength_schedule"] == {"mode": "replace", "value": 0.5}
        assert set(values) == set(NAMES)
        reel.get_by_role("button", name="Get its prompt").click()
        expect(page.locator("#prompt-a")).to_have_value("a pier at 40")
        reel.get_by_role("button", name="Its values for the next render").click()
        expect(page.locator("#translation_z")).to_have_value("0: (4)")


class TestRecall:
    def test_a_range_is_replayed(self, live: SteeredRender, page: Page) -> None:
        recall = region(page, "Total recall")
        recall.get_by_label("From frame").fill("5")
        recall.get_by_label("To frame").fill("20")
        recall.get_by_label("Prompts").select_option("live")
        recall.get_by_role("button", name="Replay these frames").click()
        assert sent(live, "replay") == {
            "start": 5, "end": 20, "movements": "replay", "prompts": "live", "others": "replay",
        }  # fmt: skip
        expect(recall.get_by_role("status")).to_have_text("Frames 5 to 20 are replayed from frame 42 on.")

    def test_what_makes_no_sense_is_not_sent(self, live: SteeredRender, page: Page) -> None:
        recall = region(page, "Total recall")
        recall.get_by_label("From frame").fill("9")
        recall.get_by_label("To frame").fill("3")
        recall.get_by_role("button", name="Replay these frames").click()
        expect(recall.locator(".note.error")).to_contain_text("not before the first one")
        expect(recall.get_by_label("To frame")).to_be_focused()
        recall.get_by_label("To frame").fill("12")
        for part in ("Movements", "Prompts", "Everything else"):
            recall.get_by_label(part).select_option("live")
        recall.get_by_role("button", name="Replay these frames").click()
        expect(recall.locator(".note.error")).to_have_text("Something has to be as recorded.")
        assert live.commands == []


class TestKeyboard:
    def test_keys_step_as_the_pads_do(self, live: SteeredRender, page: Page) -> None:
        region(page, "Input devices")
        page.get_by_role("heading", name="Motion", exact=True).click()
        for key, name, value in (
            ("d", "translation_x", 1), ("d", "translation_x", 2), ("a", "translation_x", 1), ("w", "translation_y", 1),
            ("r", "translation_z", 1), ("i", "rotation_3d_x", 0.2), ("l", "rotation_3d_y", 0.2),
            ("e", "rotation_3d_z", 0.2),
        ):  # fmt: skip
            done = len(live.values(name))
            page.keyboard.press(key)
            live.until_steered(name, done + 1)
            assert abs(live.values(name)[-1]) == value, key
        page.keyboard.press("0")
        live.until(lambda: live.values("translation_x")[-1] == 0, "zero")
        assert live.values("rotation_3d_z")[-1] == 0
        page.keyboard.press("p")
        assert sent(live, "pause") == {}

    def test_keys_rest_while_somebody_writes(self, live: SteeredRender, page: Page) -> None:
        devices = region(page, "Input devices")
        page.locator("#prompt-b").click()
        page.keyboard.type("a wasd 0 p?")
        expect(page.locator("#prompt-b")).to_have_value("a wasd 0 p?")
        page.locator("#easing").focus()
        page.keyboard.press("d")
        expect(page.locator("dialog[open]")).to_have_count(0)
        devices.get_by_label("Keys steer").uncheck()
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.press("d")
        devices.get_by_label("Keys steer").check()
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.press("w")
        live.until(lambda: live.values("translation_y") != [], "the key that steers")
        assert live.values("translation_x") == []

    def test_the_help_sheet(self, live: SteeredRender, page: Page) -> None:
        region(page, "Input devices")
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keys")
        expect(sheet).to_contain_text("Pan left")
        page.keyboard.press("d")
        page.keyboard.press("Escape")
        expect(sheet).to_have_count(0)
        assert live.commands == []

    def test_a_key_is_bound_anew_and_stays_so(self, live: SteeredRender, page: Page) -> None:
        devices = region(page, "Input devices")
        devices.get_by_role("button", name="Key for Pan left").click()
        page.keyboard.press("p")
        expect(devices.locator(".note.error")).to_contain_text("p is taken")
        devices.get_by_role("button", name="Key for Pan left").click()
        page.keyboard.press("x")
        expect(devices.get_by_role("button", name="Key for Pan left: x")).to_be_visible()
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.press("x")
        live.until(lambda: live.values("translation_x") == [-1], "new key")
        assert '"pan_left":"x"' in page.evaluate("localStorage['console-devices']")

    def test_in_game_mode_a_key_springs_back(self, live: SteeredRender, page: Page) -> None:
        region(page, "Input devices").get_by_label("A key or stick").select_option("game")
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.down("d")
        live.until(lambda: live.values("translation_x") == [5], "held key")
        page.keyboard.up("d")
        live.until(lambda: live.values("translation_x")[-1] == 0, "sprung back")


class TestGamepad:
    def test_a_stick_steps_while_it_is_held(self, live: SteeredRender, page: Page) -> None:
        devices = region(page, "Input devices")
        page.evaluate("plug([], [0, 0, 0, 0])")
        expect(devices.get_by_text("Connected: Test pad")).to_be_visible()
        page.evaluate("plug([], [1, 0, 0, 0])")
        live.until(lambda: len(live.values("translation_x")) >= 3, "steps")
        page.evaluate("plug([], [0.1, 0, 0, 0])")
        values = live.values("translation_x")
        assert values == sorted(values)
        assert values[:2] == [1, 2]

    def test_in_game_mode_it_springs_back(self, live: SteeredRender, page: Page) -> None:
        region(page, "Input devices").get_by_label("A key or stick").select_option("game")
        page.evaluate("plug([], [0, 0, 0, 0])")
        page.evaluate("plug([0, 0, 0, 0, 0, 0, 0, 0.5], [-1, 0, 0, 0])")
        live.until(lambda: live.values("translation_x") != [], "stick")
        assert live.values("translation_x")[-1] == -5
        assert live.values("translation_z")[-1] == pytest.approx(2.5)
        page.evaluate("plug([], [0, 0, 0, 0])")
        live.until(lambda: live.values("translation_x")[-1] == 0, "at rest")
        assert live.values("translation_z")[-1] == 0
        done = len(live.commands)
        page.evaluate("plug([], [0.05, -0.1, 0, 0])")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert len(live.commands) == done

    def test_it_rests_while_somebody_writes(self, live: SteeredRender, page: Page) -> None:
        region(page, "Input devices")
        page.evaluate("plug([], [0, 0, 0, 0])")
        page.locator("#prompt-a").click()
        page.evaluate("plug([], [1, 0, 0, 0])")
        page.evaluate("new Promise((done) => setTimeout(done, 300))")
        assert live.commands == []

    def test_a_control_is_bound(self, live: SteeredRender, page: Page) -> None:
        devices = region(page, "Input devices")
        devices.get_by_role("button", name="Gamepad control for Zoom in").click()
        expect(devices.locator(".note.error")).to_have_text("No gamepad is connected.")
        page.evaluate("plug([], [0, 0, 0, 0])")
        devices.get_by_role("button", name="Gamepad control for Zoom in").click()
        page.evaluate("plug([0, 0, 1], [0, 0, 0, 0])")
        expect(devices.get_by_role("button", name="Gamepad control for Zoom in: Button 3")).to_be_visible()
        page.evaluate("plug([], [0, 0, 0, 0])")
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.evaluate("plug([0, 0, 1], [0, 0, 0, 0])")
        live.until(lambda: live.values("translation_z") != [], "bound button")


class TestUndo:
    def test_live_values_are_taken_back(self, live: SteeredRender, page: Page) -> None:
        undo = region(page, "History")
        region(page, "Input devices")
        page.get_by_role("heading", name="Motion", exact=True).click()
        for expected in ([1], [1, 2]):
            page.keyboard.press("d")
            live.until_steered("translation_x", len(expected))
            assert live.values("translation_x") == expected
            expect(undo.locator(".steps li")).to_have_count(len(expected))
        page.keyboard.press("Control+z")
        live.until(lambda: len(live.commands) == 3, "undone")
        undo.get_by_role("button", name="Undo", exact=True).click()
        live.until(lambda: len(live.commands) == 4, "undone")
        assert live.values("translation_x")[2:] == [1, "schedule"]
        expect(undo.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
        page.get_by_role("heading", name="Motion", exact=True).click()
        page.keyboard.press("Control+Shift+Z")
        live.until(lambda: live.values("translation_x")[4:] == [1], "done again")

    def test_prompts_are_taken_back(self, live: SteeredRender, page: Page) -> None:
        page.locator("#prompt-a").fill("a storm")
        page.get_by_role("button", name="Send prompts").click()
        sent(live, "prompt")
        region(page, "History").get_by_role("button", name="Undo", exact=True).click()
        live.until(lambda: len(live.commands) == 2, "undone")
        back = sent(live, "prompt")
        assert (back["a"], back["negative"], back["mode"]) == ("a pier", "fog", "replace")


def test_panels_of_the_live_view_are_all_there(live: SteeredRender, page: Page) -> None:
    titles = ["Film reel", "Schedule curves", "Sound", "Total recall", "History", "Input devices", "Layout"]
    for title in titles:
        region(page, title)
    layout = region(page, "Layout")
    layout.get_by_label("Keep the panels as they are, as").fill("Mine")
    layout.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("button", name="Total recall", exact=True).click()
    expect(page.locator("#recall-body")).to_be_hidden()
    layout.get_by_role("button", name="Mine", exact=True).click()
    expect(page.locator("#recall-body")).to_be_visible()
    expect(page.locator("#curves svg.plot")).to_have_attribute("aria-label", re.compile("over"))
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_render_follows_a_line_that_is_drawn_ahead(live: SteeredRender, page: Page) -> None:
    curves = region(page, "Schedule curves")
    curves.get_by_label("Schedule", exact=True).select_option("translation_z")
    expect(curves.locator("line.now")).to_have_count(1)
    expect(curves.get_by_role("button", name="Add a keyframe")).to_be_hidden()
    plot = curves.locator("svg.plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    left, width = box["x"] + 46, box["width"] - 56

    def draw(first: int, last: int) -> None:
        page.mouse.move(left + width * first / 239, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(left + width * last / 239, box["y"] + 30, steps=4)
        page.mouse.up()

    draw(5, 30)
    expect(curves.locator(".note.error")).to_contain_text("rewind the film")
    assert live.commands == []
    draw(30, 90)
    # The newest frame is 41; what the line says at 42 is on its way.
    live.until_steered("translation_z", 1)
    assert 2 < live.values("translation_z")[0] < 4
    assert sent(live, "set")["values"]["translation_z"]["mode"] == "replace"
    curves.get_by_role("button", name="Back to the schedule").click()
    live.until_steered("translation_z", 2)
    assert live.values("translation_z")[1] == "schedule"
    curves.get_by_role("button", name="Take this schedule into the form").click()
    expect(page.locator("#translation_z")).to_have_value("0: (2*sin(t/8)), 40: (3)")


def test_a_render_follows_the_sound(live: SteeredRender, page: Page) -> None:
    sound = region(page, "Sound")
    file: FilePayload = {"name": "clicks.wav", "mimeType": "audio/wav", "buffer": wav(clicks(120, 6))}
    sound.get_by_label("Sound file").set_input_files(file)
    expect(sound.locator(".beats line.beat")).to_have_count(12)
    sound.get_by_label("Parameter").select_option("translation_z")
    sound.get_by_role("button", name="Bind to the sound").click()
    sound.get_by_role("button", name="Sync to render").click()
    # Frame 42 of 12 a second is a beat.
    live.until_steered("translation_z", 1)
    assert live.values("translation_z") == [8]
    sound.get_by_role("button", name="Sync to render").click()
    live.until_steered("translation_z", 2)
    assert live.values("translation_z")[1] == "schedule"
