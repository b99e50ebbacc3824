"""A person with a file and no script: choose it, see what it becomes, start it, watch it, mend it, say who is who."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Annotation, Import, ImportedPerson
from projects.models import Example, Stream
from teams.identity.roles import Role
from teams.models import User
from tests.factories import LabelSchemaFactory, ProjectFactory, QueueFactory, StreamFactory, member
from tests.labeling.importing import work

pytestmark = pytest.mark.django_db
TABLE = b"""id,sentence,label,annotator,shelf,price
a,one,1,ann,x1,1.5
b,seven,7,bob,x2,2
c,odd,11,bob,x3,3
"""


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(slug="tags", name="Tags", project=ProjectFactory(slug="digits"))
    LabelSchemaFactory(project=stream.project, version=1)
    return stream


@pytest.fixture
def manager(stream: Any) -> Any:
    return member(stream.organization, Role.MANAGER, stream.project)


@pytest.fixture
def browser(manager: Any, page: Any) -> Any:
    return page(manager)


@pytest.fixture
def home(stream: Any) -> str:
    return f"/o/{stream.organization.slug}/projects/digits/imports/"


@pytest.fixture
def brought(browser: Any, home: str, stream: Any) -> Any:
    def bring(body: bytes = TABLE, name: str = "old.csv") -> str:
        answer = browser.post(home, {"stream": stream.pk, "file": SimpleUploadedFile(name, body)})
        assert answer.status_code == 303, answer.content.decode()
        return str(answer["Location"])

    return bring


def settings(shown: Any, **changes: Any) -> dict[str, Any]:
    """The form of a draft as the page offers it."""
    form = shown.context["form"]
    found = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (found | changes).items() if value not in (None, False)}


def test_a_project_without_questions_asks_those_that_a_table_answers(
    browser: Any, brought: Any, stream: Any
) -> None:
    stream.project.label_schemas.all().delete()
    draft = brought()
    shown = browser.get(draft)
    assert [row["errors"] for row in shown.context["seen"].rows] == [[], [], []]
    assert browser.post(f"{draft}start/", settings(shown)).status_code == 303
    work()
    [schema] = stream.project.label_schemas.all()
    assert [(row["name"], row["kind"], len(row["options"])) for row in schema.questions] == [
        ("label", "choice", 3)
    ]
    row = Import.objects.get()
    assert (row.state, row.created, row.labels, row.rejected) == ("done", 3, 3, 0)


def test_a_column_of_free_text_is_asked_as_text(browser: Any, brought: Any, stream: Any) -> None:
    stream.project.label_schemas.all().delete()
    lines = "".join(f"k{number},what they said {number}\n" for number in range(300))
    shown = browser.get(brought(f"id,label\n{lines}".encode(), "said.csv"))
    assert [(row["name"], row["kind"]) for row in shown.context["seen"].proposal] == [("label", "text")]


def test_a_file_is_looked_at_before_anything_is_taken(browser: Any, brought: Any) -> None:
    shown = browser.get(brought())
    seen = shown.context["seen"]
    assert (seen.format, [column.name for column in seen.columns]) == (
        "csv",
        ["id", "sentence", "label", "annotator", "shelf", "price"],
    )
    assert [row["key"] for row in seen.rows] == ["a", "b", "c"]
    assert [bool(row["errors"]) for row in seen.rows] == [False, False, True]
    assert settings(shown)["column_5"] == "attribute/number"
    assert Example.objects.count() == 0
    text = shown.content.decode()
    assert "1 of these rows would not be taken." in text
    assert "Not one of the options" in text or "/labels/0/answer/digit" in text


def test_it_is_started_declares_its_attributes_and_comes_in(browser: Any, brought: Any) -> None:
    url = brought()
    answer = browser.post(f"{url}start/", settings(browser.get(url)))
    assert (answer.status_code, answer["Location"]) == (303, url)
    assert Import.objects.get().state == "queued"
    assert 'data-fresh-s="1"' in browser.get(url).content.decode()
    work()
    done = browser.get(url)
    assert (done.context["row"].created, done.context["row"].rejected) == (2, 1)
    assert 'data-fresh-s="1"' not in done.content.decode()
    types = {field["name"]: field["type"] for field in Stream.objects.get().fields}
    assert (types["shelf"], types["price"]) == ("string", "number")
    assert Example.objects.get(key="a").attributes == {"shelf": "x1", "price": 1.5}
    table = b"".join(browser.get(f"{url}errors/").streaming_content).decode()
    assert table.splitlines()[1].startswith("line 4,c,/labels/0/answer/digit,")


def test_looking_again_shows_what_the_form_says_now(browser: Any, brought: Any) -> None:
    url = brought()
    said = settings(browser.get(url), column_4="label:digit", column_2="ignore", again="1")
    again = browser.post(f"{url}start/", said)
    assert again.status_code == 200
    assert [row["errors"][0].pointer for row in again.context["seen"].rows] == ["/labels/0/answer/digit"] * 3
    assert (Import.objects.get().state, Example.objects.count()) == ("draft", 0)


def test_what_makes_no_sense_is_said_beside_the_form(browser: Any, brought: Any) -> None:
    url = brought()
    shown = browser.get(url)
    twice = browser.post(f"{url}start/", settings(shown, column_1="key", again="1"))
    assert "Only one column can be “key”." in twice.content.decode()
    unchecked = browser.post(f"{url}start/", settings(shown, trust="audited", audit_percent=""))
    assert (unchecked.status_code, Import.objects.get().state) == (422, "draft")
    assert {"audit_percent", "audit_queue"} == set(unchecked.context["form"].errors)


def test_checking_a_share_of_the_labels_shows_how_far_people_agree(
    browser: Any, brought: Any, stream: Any
) -> None:
    queue = QueueFactory(stream=stream, schema=stream.project.label_schemas.get(), name="Check them")
    url = brought()
    said = settings(browser.get(url), trust="audited", audit_percent="100", audit_queue=queue.pk)
    assert browser.post(f"{url}start/", said).status_code == 303
    work()
    assert browser.get(url).context["audit"] == (2, 0, 0)
    assert queue.tasks.count() == 2


def test_people_are_told_who_they_are(browser: Any, brought: Any, stream: Any) -> None:
    ann = member(stream.organization, Role.LABELER, stream.project)
    url = brought()
    browser.post(f"{url}start/", settings(browser.get(url)))
    work()
    person = ImportedPerson.objects.get(name="ann")
    place = stream.organization.memberships.get(user=ann)
    answer = browser.post(f"{url}person/", {"person": person.pk, "member": place.pk})
    assert answer.status_code == 303
    work()
    assert Annotation.objects.get(said_by=person).author == ann
    browser.post(f"{url}person/", {"person": person.pk, "member": ""})
    work()
    assert Annotation.objects.get(said_by=person).author is None


def test_it_is_cancelled_and_resumed(browser: Any, brought: Any) -> None:
    url = brought()
    browser.post(f"{url}start/", settings(browser.get(url)))
    assert browser.post(f"{url}cancel/").status_code == 303
    work()
    assert (Import.objects.get().state, Example.objects.count()) == ("cancelled", 0)
    browser.post(f"{url}resume/")
    work()
    assert (Import.objects.get().state, Example.objects.count()) == ("done", 2)


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (b"\xff\xfek\x00e\x00y\x00", "utf16.csv", "UTF-16"),
        (b"k\xe9y,text\n", "latin.csv", "not UTF-8"),
        (b"[1, 2]", "list.ndjson", "one JSON list"),
        (b"\x00\x01\x02" * 50, "what.bin", "which format"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    browser: Any, brought: Any, body: bytes, name: str, words: str
) -> None:
    draft = brought(body, name)
    shown = browser.get(draft)
    text = shown.content.decode()
    assert (words in text, "Start the import" in text, "Look again" in text) == (True, False, True)
    sent = browser.post(f"{draft}start/", settings(shown))
    assert (sent.status_code, Import.objects.get().state) == (422, "draft")


def test_times_without_a_zone_are_of_the_persons_unless_they_say_another(
    browser: Any, brought: Any, stream: Any
) -> None:
    User.objects.update(time_zone="Europe/Berlin")
    draft = brought(b"id,sentence,captured_at\na,one,2026-07-01T12:00\nb,two,2026-07-01T12:00Z\n", "t.csv")
    shown = browser.get(draft)
    assert shown.context["form"]["time_zone"].value() == "Europe/Berlin"
    odd = browser.post(f"{draft}start/", settings(shown, time_zone="Mars/Olympus"))
    assert (odd.status_code, set(odd.context["form"].errors)) == (422, {"time_zone"})
    said = settings(shown, time_zone="America/New_York")
    assert browser.post(f"{draft}start/", said).status_code == 303
    work()
    found = dict(Example.objects.values_list("key", "captured_at"))
    assert {key: at.isoformat() for key, at in found.items()} == {
        "a": "2026-07-01T16:00:00+00:00",
        "b": "2026-07-01T12:00:00+00:00",
    }


def test_a_form_without_a_file_or_an_address_is_not_sent(browser: Any, home: str, stream: Any) -> None:
    answer = browser.post(home, {"stream": stream.pk})
    assert (answer.status_code, Import.objects.count()) == (422, 0)
    outside = browser.post(home, {"stream": stream.pk, "uri": "s3://anybodys/x"})
    assert (outside.status_code, "has no files there" in outside.content.decode()) == (422, True)


def test_a_viewer_looks_and_brings_nothing(page: Any, home: str, stream: Any, brought: Any) -> None:
    url = brought()
    viewer = page(member(stream.organization, Role.VIEWER, stream.project))
    assert "A manager of this project brings files." in viewer.get(home).content.decode()
    assert "A manager says how it is read" in viewer.get(url).content.decode()
    assert viewer.post(home, {"stream": stream.pk, "uri": "s3://x/y"}).status_code == 403
    assert viewer.post(f"{url}start/", {}).status_code == 403


def test_the_list_costs_the_same_however_long(browser: Any, home: str, brought: Any) -> None:
    sizes = []
    for _more in range(2):
        brought()
        brought()
        with CaptureQueriesContext(connection) as asked:
            browser.get(home)
        sizes.append(len(asked))
    assert sizes[0] == sizes[1]
