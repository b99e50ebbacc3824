"""Labeling in a real browser, by hand: from the sign-in to the next task without touching the mouse."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Annotation, Lease, Task
from tests.browser.rules import RULES
from tests.factories import (
    PASSWORD,
    ExampleFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tasks() -> list[Task]:
    """Three tasks in a queue, in this order."""
    organization = OrganizationFactory(slug="acme")
    stream = StreamFactory(project=ProjectFactory(organization=organization, slug="digits", name="Digits"))
    queue = QueueFactory(stream=stream, slug="hard", name="Hard cases")
    return [
        TaskFactory(
            queue=queue,
            order_key=number,
            example=ExampleFactory(stream=stream, key=f"tag-{number}", text=f"Tag {number}"),
        )
        for number in range(3)
    ]


@pytest.fixture
def labeler(tasks: list[Task]) -> Any:
    return member(tasks[0].organization, "labeler", tasks[0].queue.project)


@pytest.fixture
def page(browser: Browser, live_server: Any, labeler: Any) -> Page:
    """The sign-in page; what goes wrong in a script fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{live_server.url}/sign-in/")
    return page


def sign_in(page: Page, labeler: Any) -> None:
    """By keyboard."""
    page.locator("[name=login]").focus()
    page.keyboard.type(labeler.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/acme/**")


def shows(page: Page, key: str) -> None:
    """This task is there, and with it the scripts that make it quick."""
    expect(page.locator("[data-example-key]")).to_have_attribute("data-example-key", key)
    page.wait_for_load_state("load")


def test_one_key_answers_and_the_next_task_is_there(page: Page, labeler: Any, tasks: list[Task]) -> None:
    sign_in(page, labeler)
    page.goto(page.url.split("/o/")[0] + "/o/acme/label/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/digits/hard/")
    page.keyboard.press("Enter")
    shows(page, "tag-0")
    page.keyboard.press("7")
    shows(page, "tag-1")
    expect(page.locator("#task-title")).to_be_focused()
    page.keyboard.press("s")
    shows(page, "tag-2")
    page.keyboard.press("3")
    expect(page.locator("[data-empty]")).to_be_visible()
    answers = Annotation.objects.order_by("id").values_list("example__key", "answer", "author")
    assert list(answers) == [("tag-0", {"digit": "7"}, labeler.pk), ("tag-2", {"digit": "3"}, labeler.pk)]
    assert list(Lease.objects.order_by("task").values_list("task", "state")) == [
        (tasks[0].pk, "answered"),
        (tasks[1].pk, "skipped"),
        (tasks[2].pk, "answered"),
    ]


def test_the_help_lists_the_keys_of_the_task_and_they_do_not_reach_through_it(
    page: Page, labeler: Any
) -> None:
    sign_in(page, labeler)
    page.goto(page.url.split("/o/")[0] + "/o/acme/label/digits/hard/")
    page.keyboard.press("Enter")
    shows(page, "tag-0")
    page.keyboard.press("?")
    help_text = page.locator("#key-help").inner_text()
    assert "Skip" in help_text
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    shows(page, "tag-0")
    assert Annotation.objects.count() == 0


def test_a_server_that_is_away_loses_no_answer(page: Page, labeler: Any) -> None:
    sign_in(page, labeler)
    page.goto(page.url.split("/o/")[0] + "/o/acme/label/digits/hard/")
    page.keyboard.press("Enter")
    shows(page, "tag-0")
    page.context.set_offline(True)
    page.keyboard.press("7")
    expect(page.locator("[data-lease-status]")).to_contain_text("Not saved")
    page.context.set_offline(False)
    page.keyboard.press("7")
    shows(page, "tag-1")
    assert list(Annotation.objects.values_list("example__key", "answer")) == [("tag-0", {"digit": "7"})]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nobody_is_shut_out_of_a_task(page: Page, labeler: Any, width: int, scheme: Any) -> None:
    sign_in(page, labeler)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(page.url.split("/o/")[0] + "/o/acme/label/digits/hard/")
    page.keyboard.press("Enter")
    shows(page, "tag-0")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []


def test_the_next_task_is_there_before_the_server_has_the_answer(
    page: Page, labeler: Any, tasks: list[Task]
) -> None:
    sign_in(page, labeler)
    page.goto(page.url.split("/o/")[0] + "/o/acme/label/digits/hard/")
    with page.expect_response("**/prefetch/"):
        page.keyboard.press("Enter")
    shows(page, "tag-0")
    held_back: list[Any] = []
    page.route("**/answer/", lambda route: route.continue_() if held_back else held_back.append(route))
    page.keyboard.press("7")
    shows(page, "tag-1")
    assert Annotation.objects.count() == 0
    page.keyboard.press("3")  # waits for the first
    held_back[0].continue_()
    shows(page, "tag-2")
    assert list(Annotation.objects.order_by("id").values_list("example__key", "label")) == [
        ("tag-0", "7"),
        ("tag-1", "3"),
    ]
