"""A reviewer judges by keys; the pages are fit for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Annotation, Issue, Review
from projects.streams import media
from teams.identity.roles import Role
from tests.browser.rules import RULES
from tests.factories import (
    AnnotationFactory,
    ExampleFactory,
    LabelSchemaFactory,
    LeaseFactory,
    OrganizationFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    TaskFactory,
    member,
)
from tests.factories.files import picture

pytestmark = pytest.mark.django_db(transaction=True)
PETS = [{"value": "cat", "title": "Cat"}, {"value": "dog", "title": "Dog"}]
ASKED = [
    {"name": "pet", "kind": "choice", "title": "Which pet?", "options": PETS},
    {"name": "where", "kind": "boxes", "title": "Where is it?", "options": PETS, "required": False},
    {"name": "words", "kind": "spans", "title": "Which words say so?", "options": PETS, "required": False},
]
ANSWER = {
    "pet": "cat",
    "where": [{"x": 0.2, "y": 0.3, "width": 0.4, "height": 0.4, "label": "cat"}],
    "words": [{"start": 4, "end": 7, "text": "Tom", "label": "cat"}],
}


@pytest.fixture
def queue() -> Any:
    """Four answers in review, and a task whose people did not agree."""
    project = ProjectFactory(organization=OrganizationFactory(slug="acme"), slug="pets", name="Pets")
    stream = StreamFactory(project=project)
    schema = LabelSchemaFactory(project=project, questions=ASKED)
    queue = QueueFactory(stream=stream, schema=schema, slug="hard", name="Hard", instructions="Look well.")
    png = picture("PNG", (240, 180))
    digest = media.digest_of(project.organization, png)
    media.keep(project.organization, {digest: png})
    for number in range(5):
        example = ExampleFactory(
            stream=stream,
            key=f"pet-{number}",
            text="See Tom the cat.",
            media_uri=f"{media.SCHEME}{digest}",
            media_type="image/png",
            predicted="dog",
            confidence=0.6,
        )
        apart = number == 4
        task = TaskFactory(
            queue=queue, example=example, state="complete" if apart else "in_review", open_slots=0
        )
        for label in ("cat", "dog") if apart else ("cat",):
            state = "submitted" if apart else "in_review"
            answer = ANSWER | {"pet": label}
            lease = LeaseFactory(task=task, state="answered")
            AnnotationFactory(
                task=task, lease=lease, author=lease.user, state=state, label=label, answer=answer
            )
    return queue


def signed_in(browser: Browser, live_server: Any, client: Any, queue: Any, width: int, dark: bool) -> Page:
    client.force_login(member(queue.organization, Role.MANAGER, queue.project))
    scheme: Any = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def fit(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    wrong = found.response["violations"]
    assert [(row["id"], [node["html"][:200] for node in row["nodes"]]) for row in wrong] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_answers_are_judged_by_keys(
    browser: Browser, live_server: Any, client: Any, queue: Any, width: int, dark: bool, tmp_path: Any
) -> None:
    page = signed_in(browser, live_server, client, queue, width, dark)
    page.goto(f"{live_server.url}/o/acme/review/")
    fit(page)
    page.goto(f"{live_server.url}/o/acme/review/pets/hard/")
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-0]")).to_be_visible()
    fit(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-1]")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.press("2")
    fit(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-2]")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("[data-question].is-current")).to_be_attached()
    fit(page)
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Dog")).to_be_checked()
    page.get_by_role("button", name="Correct and accept").click()
    expect(page.locator("[data-example-key=pet-3]")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-4]")).to_be_visible()
    fit(page)
    page.keyboard.press("2")
    expect(page.locator("[data-empty]")).to_be_visible()
    verdicts = Review.objects.order_by("pk").values_list("verdict", "reason")
    assert list(verdicts) == [
        ("accept", ""), ("return", "Something is missing"), ("correct", ""), ("accept", ""),
    ]  # fmt: skip
    accepted = Annotation.objects.filter(state="accepted").order_by("example__key")
    assert list(accepted.values_list("label", flat=True)) == ["cat", "dog", "cat", "dog"]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_an_issue_is_pinned_to_a_spot_from_the_review_room(
    browser: Browser, live_server: Any, client: Any, queue: Any, width: int, dark: bool
) -> None:
    page = signed_in(browser, live_server, client, queue, width, dark)
    page.goto(f"{live_server.url}/o/acme/review/pets/hard/")
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-0]")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("q")
    picture = page.locator("[data-pin-on]")
    picture.locator("img").evaluate("image => image.decode()")
    picture.click()
    expect(page.locator("#issue-across")).not_to_have_value("")
    page.keyboard.type("What is this?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("dialog[open] [role=status]")).to_contain_text("Opened")
    expect(page.locator("dialog[open] .pin")).to_have_count(1)
    fit(page)
    issue = Issue.objects.get()
    assert issue.pin["at"] == pytest.approx([0.5, 0.5], abs=0.02)
    assert (issue.kind, issue.example.key) == ("issue", "pet-0")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("[data-example-key=pet-1]")).to_be_visible()
