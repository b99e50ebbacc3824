"""Every kind of question, answered by keyboard alone; what is kept is what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labeling.models import Annotation, Lease, Queue
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

PETS = [{"value": "cat", "title": "Cat"}, {"value": "dog", "title": "Dog", "key": "d"}, {"value": "owl"}]
TEXT = "Ann 👩‍👩‍👧 met Bob in São Paulo."
TREE = [{"value": "animal", "title": "Animal"}, {"value": "plant", "title": "Plant"}] + [
    {"value": f"kind-{n}", "title": f"Kind {n}", "parent": "animal" if n % 2 else "plant"}
    for n in range(20_000 - 2)
]


def asking(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": more.pop("name", kind), "kind": kind, "title": f"What {kind}?"} | more


@pytest.fixture
def task(browser: Browser, live_server: Any, client: Any) -> Iterator[Callable[..., Page]]:
    """Opens the page of a task that asks these questions, for a labeler who is signed in; no script may go wrong."""
    wrong: list[str] = []
    opened: list[Any] = []

    def open_page(*questions: dict[str, Any], tasks: int = 1, script: bool = True, **example: Any) -> Page:
        project = ProjectFactory(organization=OrganizationFactory(slug="acme"), slug="pets", name="Pets")
        stream = StreamFactory(project=project)
        schema = LabelSchemaFactory(project=project, questions=list(questions))
        queue = QueueFactory(
            stream=stream, schema=schema, slug="hard", name="Hard", instructions="Look well."
        )
        for number in range(tasks):
            made = {"text": TEXT, "key": f"pet-{number}"} | example
            TaskFactory(queue=queue, order_key=number, example=ExampleFactory(stream=stream, **made))
        client.force_login(member(project.organization, "labeler", project))
        context = browser.new_context(java_script_enabled=script, viewport={"width": 1280, "height": 800})
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{live_server.url}/o/acme/label/pets/hard/")
        if script:
            page.keyboard.press("Enter")
            begun(page)
        else:
            page.get_by_role("button", name="Start").click()
        return page

    yield open_page
    for context in opened:
        context.close()
    assert wrong == []


def begun(page: Page) -> None:
    """Its questions are drawn and the keys are theirs."""
    expect(page.locator("[data-question].is-current")).to_be_attached()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def answered(page: Page) -> Any:
    """The answer that was kept, once the page says that nothing else waits."""
    expect(page.locator("[data-empty]")).to_be_visible()
    return Annotation.objects.get().answer


@pytest.mark.parametrize(
    ("question", "keys", "kept"),
    [
        (asking("choice", options=PETS), ["d"], "dog"),
        (asking("choice", options=PETS), ["1"], "cat"),
        (asking("choices", options=PETS), ["1", "2", "d", "2", "Enter"], ["cat", "dog"]),
        (asking("choices", options=PETS), ["Enter"], []),
        (asking("boolean"), ["n"], False),
        (asking("rating", max=10), ["0"], 10),
        (asking("number"), ["Tab", "3", ".", "5", "Enter"], 3.5),
        (asking("text"), ["j", "h", "i", "Enter", "y", "o", "Control+Enter"], "hi\nyo"),
        (asking("ranking", options=PETS), ["2", "d", "Enter"], ["owl", "dog", "cat"]),
        (
            asking("ranking", options=PETS),
            ["ArrowDown", "Shift+ArrowUp", "j", "Control+Enter"],
            ["dog", "cat", "owl"],
        ),
        (asking("pairwise", options=PETS[:1] + PETS[2:]), ["ArrowRight"], "owl"),
        (asking("pairwise", options=PETS[:1] + PETS[2:]), ["ArrowDown"], "tie"),
    ],
)
def test_each_kind_is_answered_by_keys(
    task: Callable[..., Page], question: dict[str, Any], keys: list[str], kept: Any
) -> None:
    page = task(question)
    if question["kind"] in ("number", "text"):
        page.locator("#task-title").focus()
    press(page, *keys)
    assert answered(page) == {question["kind"]: kept}


def test_passages_are_marked_by_keys_and_counted_in_code_points(task: Callable[..., Page]) -> None:
    page = task(asking("spans", options=[{"value": "person", "key": "p"}, {"value": "place", "key": "l"}]))
    expect(page.locator(".marking")).to_be_focused()
    press(page, "Control+Shift+ArrowRight", "p")  # Ann
    press(page, "ArrowRight", "Shift+ArrowRight", "l", "Delete")  # the family, taken away again
    press(page, "End", "ArrowLeft", "Control+Shift+ArrowLeft", "Control+Shift+ArrowLeft", "l")  # São Paulo
    press(page, "Shift+ArrowLeft", "Shift+ArrowLeft", "p")  # on top of it
    expect(page.locator(".marking-list li")).to_have_count(3)
    press(page, "Enter")
    kept = answered(page)["spans"]
    assert [(mark["text"], mark["label"]) for mark in kept] == [
        ("Ann", "person"),
        ("n ", "person"),
        ("São Paulo", "place"),
    ]
    assert [TEXT[mark["start"] : mark["end"]] for mark in kept] == [mark["text"] for mark in kept]


def test_twenty_thousand_options_are_searched_and_never_on_the_page(task: Callable[..., Page]) -> None:
    page = task(asking("choice", options=TREE), asking("choices", name="also", options=TREE, required=False))
    assert len(page.content()) < 60_000
    expect(page.get_by_role("combobox").first).to_be_focused()
    page.keyboard.type("kind 1234")
    expect(page.get_by_role("option").first).to_contain_text("Kind 1234")
    press(page, "ArrowDown", "ArrowUp", "Enter", "Tab", "ArrowDown")
    expect(page.get_by_role("option").first).to_contain_text("Animal")
    press(page, "ArrowRight")
    expect(page.get_by_role("option").first).to_contain_text("Kind 1")
    press(page, "Enter", "Enter")
    assert answered(page) == {"choice": "kind-1234", "also": ["kind-1"]}


def test_a_question_comes_with_the_answer_that_it_depends_on(task: Callable[..., Page]) -> None:
    page = task(
        asking("choice", options=PETS),
        asking("number", title="How many legs?", visible_if={"question": "choice", "is": ["dog", "cat"]}),
        asking("boolean", title="Is it tame?", key="t"),
    )
    legs = page.locator("#question-number")
    expect(legs).to_be_hidden()
    press(page, "1")
    expect(legs.locator("input")).to_be_focused()
    press(page, "4", "Escape", "j", "y", "k", "Escape", "k", "2")
    expect(legs).to_be_hidden()
    press(page, "Enter")
    assert answered(page) == {"choice": "owl", "boolean": True}


def test_what_is_wrong_is_said_at_the_top_and_at_the_question(task: Callable[..., Page]) -> None:
    page = task(asking("choice", options=PETS), asking("number", min=1, max=4))
    press(page, "1")
    expect(page.locator("#question-number input")).to_be_focused()
    press(page, "9", "Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("#question-number-errors")).to_contain_text("out of bounds: 1 to 4")
    page.locator("#question-number input").fill("4")
    press(page, "Enter")
    assert answered(page) == {"choice": "cat", "number": 4}


def test_a_draft_is_kept_and_there_again(task: Callable[..., Page]) -> None:
    page = task(asking("text"), asking("ranking", options=PETS))
    press(page, "j")
    page.keyboard.type("half a th")
    expect(page.locator("[data-draft-status]")).to_have_text("Draft saved")
    press(page, "Escape", "j", "2")
    here = page.url
    page.goto("about:blank")
    eventually(lambda: Lease.objects.get().draft == {"text": "half a th", "ranking": ["owl"]})
    page.goto(here)
    begun(page)
    assert page.locator("[data-begun]").inner_text() == "What you had begun is here again."
    expect(page.locator("textarea")).to_have_value("half a th")
    expect(page.locator(".ranking-row:not(.is-unranked)")).to_have_count(1)


def test_without_a_script_plain_questions_are_answered(task: Callable[..., Page]) -> None:
    page = task(
        asking("choice", options=PETS),
        asking("choices", options=PETS),
        asking("boolean"),
        asking("number", visible_if={"question": "boolean", "is": True}),
        asking("rating", max=5),
        asking("text", required=False),
        script=False,
    )
    for question, words in (("choice", "Dog"), ("choices", "Cat"), ("boolean", "No"), ("rating", "4")):
        asked = page.locator(f"#question-{question}")
        asked.get_by_role("checkbox" if question == "choices" else "radio", name=words).check()
    page.locator("#question-number input").fill("3")
    page.get_by_role("button", name="Submit and next").click()
    assert "not asked after the other answers" in page.locator(".error-summary").inner_text()
    page.locator("#question-number input").fill("")
    page.get_by_role("button", name="Submit and next").click()
    assert answered(page) == {"choice": "dog", "choices": ["cat"], "boolean": False, "rating": 4}


def test_the_guideline_opens_and_closes_by_a_key(task: Callable[..., Page]) -> None:
    page = task(asking("choice", options=PETS), tasks=2)
    press(page, "i")
    expect(page.get_by_text("Look well.")).to_be_hidden()
    press(page, "1")
    expect(page.locator("[data-example-key=pet-1]")).to_be_visible()
    expect(page.get_by_text("Look well.")).to_be_hidden()
    press(page, "i")
    expect(page.get_by_text("Look well.")).to_be_visible()


EVERY = [
    asking("choice", options=PETS, help="The larger one."),
    asking("choices", options=PETS),
    asking("boolean"),
    asking("number", required=False),
    asking("rating", max=5),
    asking("text"),
    asking("ranking", options=PETS),
    asking("pairwise", options=[{"value": "a", "attribute": "store"}, {"value": "b", "title": "B"}]),
    asking("spans", options=[{"value": "person", "key": "p"}, {"value": "place", "key": "l"}]),
    asking("choice", name="tree", options=TREE[:40]),
]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nobody_is_shut_out_of_any_kind(task: Callable[..., Page], width: int, scheme: Any) -> None:
    page = task(*EVERY)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.locator(".marking").focus()
    press(page, "Control+Shift+ArrowRight", "p", "Shift+ArrowRight")
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_task_with_every_kind_weighs_less_than_100_kb(task: Callable[..., Page]) -> None:
    page = task(*EVERY)
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(page.url)
    page.wait_for_load_state("networkidle")
    assert sum(sizes) < 100_000, sizes
    assert Queue.objects.count() == 1
