"""Boxes and polygons drawn on a picture by mouse, by finger and by keyboard; what is kept are fractions of its size."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Annotation, Lease
from projects.streams import media
from tests.browser.rules import RULES
from tests.factories import (
    ExampleFactory,
    LabelSchemaFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.stack import eventually

pytestmark = pytest.mark.django_db(transaction=True)

WIDTH, HEIGHT = 400, 300
LABELS = [{"value": "cat", "title": "Cat"}, {"value": "dog", "title": "Dog", "key": "d"}]


def picture() -> bytes:
    """A PNG of 400 by 300 with two bright squares on a slope of greens."""
    rows = b""
    for y in range(HEIGHT):
        line = bytearray()
        for x in range(WIDTH):
            bright = (40 <= x < 160 and 60 <= y < 180) or (240 <= x < 360 and 120 <= y < 270)
            line += bytes((230, 170, 90) if bright else (x // 5, 60 + y // 4, 90))
        rows += b"\x00" + bytes(line)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    packed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


PICTURE = picture()


def asking(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": kind, "kind": kind, "title": f"Which {kind}?", "options": LABELS} | more


@pytest.fixture
def task(browser: Browser, live_server: Any, client: Any) -> Iterator[Callable[..., Page]]:
    """Opens the page of a task about a picture, for a labeler who is signed in; no script of it may go wrong."""
    wrong: list[str] = []
    opened: list[Any] = []

    def open_page(
        *questions: dict[str, Any], script: bool = True, touch: bool = False, lost: bool = False
    ) -> Page:
        project = ProjectFactory(organization=OrganizationFactory(slug="acme"), slug="pets", name="Pets")
        stream = StreamFactory(project=project)
        queue = QueueFactory(
            stream=stream,
            schema=LabelSchemaFactory(project=project, questions=list(questions)),
            slug="hard",
            name="Hard",
        )
        digest = media.digest_of(project.organization, PICTURE)
        if not lost:
            media.keep(project.organization, {digest: PICTURE})
        kept = {"media_uri": f"{media.SCHEME}{digest}", "media_type": "image/png"}
        TaskFactory(queue=queue, example=ExampleFactory(stream=stream, key="pet-0", **kept))
        client.force_login(member(project.organization, "labeler", project))
        context = browser.new_context(
            java_script_enabled=script, has_touch=touch, viewport={"width": 1280, "height": 800}
        )
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{error} {error.stack}"))
        page.goto(f"{live_server.url}/o/acme/label/pets/hard/")
        if script:
            page.keyboard.press("Enter")
        if script and not lost:
            drawn(page)
        if not script:
            page.get_by_role("button", name="Start").click()
        return page

    yield open_page
    for context in opened:
        context.close()  # it holds connections of the server open, and each of these one of the database
    assert wrong == []


def drawn(page: Page) -> None:
    """The picture is there and fitted into its place."""
    page.locator(".stage-view").wait_for()

    def is_fitted() -> bool:
        box = page.locator(".stage-view").bounding_box()
        return box is not None and abs(box["width"] / box["height"] - WIDTH / HEIGHT) < 0.01

    eventually(is_fitted)


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """The place on the screen of a point of the picture."""
    box = page.locator(".stage-view").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*at(page, *end))
    page.mouse.up()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def shapes(page: Page, name: str = "boxes") -> Any:
    """The answer as the form holds it."""
    return page.evaluate("name => JSON.parse(document.querySelector(`[name=${name}]`).value || 'null')", name)


def kept(page: Page) -> Any:
    """The answer that was kept, once the page says that nothing else waits."""
    expect(page.locator("[data-empty]")).to_be_visible()
    return Annotation.objects.get().answer


def near(box: dict[str, Any], x: float, y: float, width: float, height: float) -> bool:
    """Whether a box is there, up to two pixels of the screen."""
    wanted = {"x": x, "y": y, "width": width, "height": height}
    return all(abs(box[name] - value) < 0.005 for name, value in wanted.items())


def test_a_box_is_drawn_moved_stretched_and_named_by_mouse(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    drag(page, (0.1, 0.2), (0.4, 0.6))
    [box] = shapes(page)
    assert (near(box, 0.1, 0.2, 0.3, 0.4), box["label"]) == (True, "cat")
    drag(page, (0.2, 0.3), (0.3, 0.3))
    drag(page, (0.5, 0.6), (0.6, 0.9))
    press(page, "d")
    drag(page, (0.05, 0.05), (0.15, 0.15))
    page.get_by_role("option").first.click()
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Submit and next").click()
    first, second = kept(page)["boxes"]
    assert (near(first, 0.2, 0.2, 0.4, 0.7), first["label"]) == (True, "dog")
    assert (near(second, 0.05, 0.05, 0.1, 0.1), second["label"]) == (True, "dog")


def test_boxes_are_placed_by_keyboard_alone(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    expect(page.locator(".stage")).to_be_focused()
    press(page, "n", *["ArrowLeft"] * 10, "ArrowUp", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowUp")
    press(page, "n", "d", "Alt+ArrowRight", "Alt+ArrowDown", "n", "Delete", "PageUp")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("option").first).to_have_text("1 Cat 30–51 % across, 39–57 % down")
    press(page, "Enter")
    assert kept(page)["boxes"] == [
        {"x": 0.3, "y": 0.39, "width": 0.21, "height": 0.18, "label": "cat"},
        {"x": 0.4025, "y": 0.403333, "width": 0.2, "height": 0.2, "label": "dog"},
    ]


def test_a_shape_stays_on_the_picture(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    press(page, "n", *["ArrowRight"] * 45, *["Shift+ArrowDown"] * 45, *["Shift+ArrowLeft"] * 25)
    assert shapes(page) == [{"x": 0.8, "y": 0.4, "width": 0.001, "height": 0.6, "label": "cat"}]
    press(page, "Enter")
    assert len(kept(page)["boxes"]) == 1


def test_the_list_selects_by_arrows_and_what_was_done_is_undone(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    press(page, "n", "n", "n", "ArrowDown", "ArrowDown")
    before = shapes(page)
    page.get_by_role("listbox").focus()
    press(page, "ArrowDown", "ArrowDown", "Delete")
    assert shapes(page) == [before[0], before[2]]
    press(page, "Control+z")
    assert shapes(page) == before
    press(page, "Control+z")
    assert [row["y"] for row in shapes(page)] == [0.4, 0.4, 0.4]
    press(page, "Control+Shift+z", "Control+y", " ")
    expect(page.locator(".stage")).to_be_focused()
    assert shapes(page) == [before[0], before[2]]


def test_a_polygon_is_drawn_by_points_and_its_points_are_changed(task: Callable[..., Page]) -> None:
    page = task(asking("polygons"))
    for point in ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.9, 0.9)):
        page.mouse.click(*at(page, *point))
    press(page, "Backspace")
    page.mouse.dblclick(*at(page, 0.1, 0.5))
    [outline] = shapes(page, "polygons")
    assert [[round(x, 1), round(y, 1)] for x, y in outline["points"]] == [
        [0.1, 0.1],
        [0.5, 0.1],
        [0.5, 0.5],
        [0.1, 0.5],
    ]
    drag(page, (0.5, 0.3), (0.8, 0.3))  # the middle of an edge
    assert len(shapes(page, "polygons")[0]["points"]) == 5
    drag(page, (0.5, 0.5), (0.5, 0.8))  # a corner
    page.mouse.click(*at(page, 0.1, 0.1))
    press(page, "Delete")
    drag(page, (0.4, 0.4), (0.5, 0.4))  # all of it
    press(page, "d", "Enter")
    [outline] = kept(page)["polygons"]
    assert [[round(x, 1), round(y, 1)] for x, y in outline["points"]] == [
        [0.6, 0.1],
        [0.9, 0.3],
        [0.6, 0.8],
        [0.2, 0.5],
    ]
    assert outline["label"] == "dog"


def test_a_polygon_is_made_by_keyboard_alone(task: Callable[..., Page]) -> None:
    page = task(asking("polygons"))
    press(page, "n", "p", "ArrowLeft", "p", "a", "ArrowUp", "p", "p", "Delete", "Escape", "ArrowDown")
    press(page, "Shift+ArrowRight", "Enter")
    [outline] = kept(page)["polygons"]
    assert len(outline["points"]) == 4
    assert outline["points"][0] == [0.39, 0.41]


def test_an_outline_that_crosses_itself_is_said_at_once_and_refused(task: Callable[..., Page]) -> None:
    page = task(asking("polygons"))
    for point in ((0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5), (0.1, 0.1)):
        page.mouse.click(*at(page, *point))
    expect(page.get_by_role("option")).to_contain_text("It crosses itself.")
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator("[data-error-summary]")).to_contain_text("This outline crosses itself after point 1.")
    drawn(page)
    expect(page.get_by_role("option")).to_have_count(1)
    assert Annotation.objects.count() == 0


def test_zoomed_and_moved_a_press_still_means_the_same_point(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    page.mouse.move(*at(page, 0.2, 0.3))
    page.mouse.wheel(0, -100)
    press(page, "+")
    before = at(page, 0.2, 0.3)
    page.mouse.move(*before)
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(before[0] - 30, before[1] - 20)
    page.mouse.up()
    page.keyboard.up(" ")
    assert at(page, 0.2, 0.3)[0] == pytest.approx(before[0] - 30, abs=1)
    drag(page, (0.25, 0.35), (0.4, 0.5))
    press(page, "0")
    assert near(shapes(page)[0], 0.25, 0.35, 0.15, 0.15)
    left, top = at(page, 0.25, 0.35)
    line = page.locator(".stage-over .shape").bounding_box()
    assert line is not None
    assert (line["x"], line["y"]) == pytest.approx((left, top), abs=5)


def test_two_questions_share_the_picture_and_a_new_shape_may_lie_on_others(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"), asking("polygons", required=False, min=1), asking("choice", required=False))
    drag(page, (0.1, 0.1), (0.9, 0.9))
    press(page, "Escape")
    drag(page, (0.3, 0.3), (0.5, 0.5))
    page.get_by_role("button", name="New box").click()
    drag(page, (0.35, 0.35), (0.45, 0.45))
    press(page, "j", "n")
    assert (len(shapes(page)), len(shapes(page, "polygons"))) == (3, 1)
    press(page, "j", "1")
    page.locator(".stage").focus()
    press(page, "Enter")
    assert sorted(kept(page)) == ["boxes", "choice", "polygons"]


def test_what_stands_beside_the_task_is_fetched_when_its_key_opens_it(task: Callable[..., Page]) -> None:
    page = task(asking("boxes", required=False), asking("choice"))
    page.locator("#question-choice").focus()
    with page.expect_response("**/beside/**"):
        press(page, "e")
    expect(page.locator("[data-beside]")).to_contain_text("It belongs to no group")
    press(page, "e")
    expect(page.locator("[data-beside]")).not_to_have_attribute("open", "")


def test_a_draft_brings_the_shapes_back(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"))
    press(page, "n")
    expect(page.locator("[data-draft-status]")).to_have_text("Draft saved")
    eventually(lambda: len(Lease.objects.get().draft["boxes"]) == 1)
    page.reload()
    drawn(page)
    expect(page.get_by_role("option")).to_have_count(1)


def test_a_finger_draws_at_360_pixels(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"), touch=True)
    page.set_viewport_size({"width": 360, "height": 740})
    drawn(page)
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        where = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    finger("touchStart", at(page, 0.2, 0.2))
    finger("touchMove", at(page, 0.4, 0.3))
    finger("touchMove", at(page, 0.6, 0.5))
    finger("touchEnd")
    assert near(shapes(page)[0], 0.2, 0.2, 0.4, 0.3)
    before = page.locator(".stage-view").bounding_box()
    finger("touchStart", at(page, 0.4, 0.5))
    finger("touchStart", at(page, 0.4, 0.5), at(page, 0.6, 0.5))
    finger("touchMove", at(page, 0.3, 0.5), at(page, 0.7, 0.5))
    finger("touchEnd")
    after = page.locator(".stage-view").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(2 * before["width"], rel=0.1)
    assert len(shapes(page)) == 1


def test_a_picture_that_cannot_be_loaded_is_not_drawn_on(task: Callable[..., Page]) -> None:
    page = task(asking("boxes"), lost=True)
    expect(page.get_by_text("The picture cannot be loaded.")).to_be_visible()
    press(page, "n")
    assert shapes(page) == []


@pytest.mark.parametrize("required", [True, False])
def test_without_a_script_it_says_so_and_what_is_optional_may_stay_open(
    task: Callable[..., Page], required: bool
) -> None:
    page = task(asking("boxes", required=required), asking("choice"), script=False)
    assert "Drawing on the picture needs JavaScript" in page.content()
    page.locator("#question-choice").get_by_label("Dog").check()
    page.get_by_role("button", name="Submit and next").click()
    if required:
        expect(page.locator(".error-summary")).to_contain_text("This question is not answered.")
    else:
        assert kept(page) == {"choice": "dog"}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nobody_is_shut_out_of_drawing(task: Callable[..., Page], width: int, scheme: Any) -> None:
    page = task(asking("boxes"), asking("polygons"))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    drawn(page)
    page.locator(".stage").focus()
    press(page, "n", "ArrowLeft", "n", "d")
    page.locator("#question-polygons").focus()
    press(page, "n", "p")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_weighs_less_than_100_kb_without_its_picture(task: Callable[..., Page]) -> None:
    """Every file that it asks for, packed as the product serves it."""
    page = task(asking("boxes"), asking("polygons"))
    urls: set[str] = set()
    page.on("request", lambda one: urls.add(one.url))
    page.goto(page.url)
    drawn(page)
    page.wait_for_load_state("networkidle")
    told = {
        url.rsplit("/", 1)[-1]: len(zlib.compress(page.context.request.get(url).body()))
        for url in urls
        if "/media/" not in url
    }
    assert {"drawing.js", "marks.css", "components.css"} <= told.keys()
    assert sum(told.values()) < 100_000, told
