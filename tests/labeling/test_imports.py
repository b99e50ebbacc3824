"""Files that come in over REST: taken batch by batch, cancelled, resumed, with a report of what was not taken."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from labeling.answers.people import map_person
from labeling.imports import batches, storing
from labeling.imports.handlers import forget_files
from labeling.models import AuditedLabel, Import, ImportedPerson, RejectedRow, Task
from projects.models import Example
from teams.identity.roles import Role
from teams.models import Event, Job
from teams.work import jobs
from teams.work.erasing import Doomed, NotYet, erasers, key_digest
from tests.factories import (
    AnnotationFactory,
    LabelSchemaFactory,
    ProjectFactory,
    QueueFactory,
    StreamFactory,
    member,
    token,
)
from tests.labeling.importing import URL, counts, sender, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Any:
    stream = StreamFactory(slug="tags", project=ProjectFactory(slug="digits"), policy__val_until=2000)
    LabelSchemaFactory(project=stream.project, version=1)
    return stream


@pytest.fixture
def script(stream: Any, api: Any) -> Any:
    return api(token(stream.organization, stream.project)[1])


@pytest.fixture
def send(script: Any) -> Any:
    return sender(script)


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


TABLE = b"""key,text,label,annotator,split,store,weight
a,one,1,ann,train,x,1.5
b,seven,7,bob,test,y,2
c,odd,11,bob,val,y,heavy
"""


def test_a_table_comes_in_with_labels_people_splits_and_types(send: Any, stream: Any) -> None:
    done = send(TABLE, filename="old.csv")
    assert (done["state"], done["format"], counts(done)) == (
        "done",
        "csv",
        {"created": 2, "rejected": 1, "labels": 2},
    )
    assert (done["share"], done["rows_done"], done["bytes_done"]) == (1.0, 3, len(TABLE))
    rows = {row.key: row for row in Example.objects.all()}
    assert {key: (row.text, row.label, row.k1, row.n1) for key, row in rows.items()} == {
        "a": ("one", "1", "x", 1.5),
        "b": ("seven", "7", "y", 2.0),
    }
    assert (rows["a"].bucket >= 2000, rows["b"].bucket < 1000) == (True, True)
    assert sorted(ImportedPerson.objects.values_list("name", flat=True)) == ["ann", "bob"]


def test_what_was_not_taken_is_in_a_report_that_no_spreadsheet_runs(send: Any, script: Any) -> None:
    done = send(TABLE + b"=cmd(),x,1,ann,train,x,heavy\nd,too,few\n", filename="old.csv")
    found = script.get(f"/api/v1/imports/{done['id']}/errors")
    said = [json.loads(line) for line in b"".join(found.streaming_content).splitlines()]
    assert [(row["place"], row["key"], row["pointer"], row["code"]) for row in said] == [
        ("line 4", "c", "/labels/0/answer/digit", "not_an_option"),
        ("line 5", "=cmd()", "/attributes/weight", "type"),
        ("line 6", None, "", "columns"),
    ]
    sheet = script.get(f"/api/v1/imports/{done['id']}/errors?format=csv")
    cells = b"".join(sheet.streaming_content).decode().splitlines()
    assert cells[0] == "place,key,pointer,code,detail"
    assert cells[2].startswith("line 5,'=cmd(),")


def test_the_same_file_three_times_is_the_same_examples(send: Any) -> None:
    body = lines(*({"key": f"k{n}", "attributes": {"store": "a"}} for n in range(2500)))
    assert [counts(send(body, format="ndjson")) for _again in range(3)] == [
        {"created": 2500},
        {"unchanged": 2500},
        {"unchanged": 2500},
    ]
    assert Example.objects.count() == 2500


def test_of_two_rows_of_a_key_the_later_changes_the_earlier(send: Any) -> None:
    body = lines(
        {"key": "a", "text": "1"}, {"key": "a", "text": "2"}, {"key": "b"}, {"key": "a", "text": "3"}
    )
    assert counts(send(body, format="ndjson")) == {"created": 2, "updated": 2}
    assert Example.objects.get(key="a").text == "3"


def test_labels_of_several_people_come_in_lines_of_their_own(send: Any) -> None:
    body = b"key,label,annotator\na,7,ann\na,7,bob\na,1,cy\n"
    assert counts(send(body, format="csv")) == {"created": 1, "updated": 2, "labels": 3}
    assert Example.objects.get().label == "7"


def test_columns_are_what_somebody_says(send: Any) -> None:
    body = b"nr;what;who said;picture\n1;7;ann;x/1.png\n2;1;;x/2.png\n"
    columns = {"nr": "key", "what": "label:digit", "who said": "labeled_by", "picture": "media"}
    done = send(body, format="csv", options={"columns": columns, "base_uri": "https://files.example.test/"})
    assert counts(done) == {"created": 2, "labels": 2}
    first = Example.objects.get(key="1")
    assert (first.media_uri, first.media_type, first.label) == (
        "https://files.example.test/x/1.png",
        "image/png",
        "7",
    )


def test_a_table_without_keys_makes_them_of_what_is_in_it(send: Any) -> None:
    body = b"text,label\nhello,1\nworld,7\nhello,1\n"
    assert counts(send(body, format="csv")) == {"created": 2, "unchanged": 1, "labels": 2}
    assert counts(send(body, format="csv")) == {"unchanged": 3}


def test_a_file_that_cannot_be_read_on_fails_with_a_sentence_and_keeps_what_came_before(
    send: Any, script: Any
) -> None:
    done = send(b"key,key\na,b\n", format="csv")
    assert (done["state"], done["error"]) == ("failed", "Two columns are called “key”.")
    assert Event.objects.filter(kind="import.failed").count() == 1
    import gzip

    body = gzip.compress(lines(*({"key": f"k{n}", "text": "x" * n} for n in range(900))))[:-20]
    cut = send(body, filename="cut.jsonl.gz")
    assert (cut["state"], cut["error"]) == ("failed", "The compressed file breaks off or is damaged.")
    assert Example.objects.count() == cut["created"] == cut["rows_done"]


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        (b"", "", 422, "empty"),
        (b"a,b\n", "?format=xls", 422, "invalid"),
        (b"a,b\n", "?settings=%7B", 400, "unreadable"),
        (b"a,b\n", "?settings=%7B%22mode%22%3A%22no%22%7D", 422, "invalid"),
        (b"a,b\n", "?settings=%7B%22what%22%3A1%7D", 422, "invalid"),
        (b"a,b\n", "?settings=%7B%22trust%22%3A%22audited%22%7D", 422, "invalid"),
        (
            b"a,b\n",
            "?settings=%7B%22people%22%3A%7B%22ann%22%3A%22no%40example.test%22%7D%7D",
            422,
            "invalid",
        ),
        (b"a,b\n", "?mode=insert", 400, "unknown_parameter"),
    ],
)
def test_what_cannot_begin_is_a_problem_and_leaves_nothing(
    script: Any, body: bytes, query: str, status: int, code: str
) -> None:
    answer = script.post(f"{URL}{query}", body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (Import.objects.count(), Job.objects.count()) == (0, 0)


def test_a_file_that_is_too_large_is_refused_while_it_comes(script: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(storing, "MAX_BYTES", 10)
    answer = script.post(f"{URL}?format=csv", b"key\n" + b"a\n" * 10, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert Import.objects.count() == 0


def test_only_stores_that_the_installation_names_are_read(script: Any) -> None:
    for uri in ("s3://anybodys/x", "file:///etc/passwd", "https://example.test/a.csv"):
        answer = script.post(URL, {"uri": uri}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, "outside_stores")


def test_files_below_a_prefix_are_read_one_after_the_other(
    script: Any, stream: Any, settings: Any, tmp_path: Any
) -> None:
    settings.SLUICE_MEDIA_ROOTS = {stream.organization.slug: str(tmp_path)}
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jsonl").write_bytes(lines({"key": f"{name}1"}, {"key": ""}, {"key": f"{name}2"}))
    row = script.post(URL, {"uri": f"file://{tmp_path}"}, content_type="application/json").json()
    work()
    done = script.get(f"/api/v1/imports/{row['id']}").json()
    assert (done["state"], done["error"], counts(done)) == ("done", "", {"created": 6, "rejected": 3})
    places = list(RejectedRow.objects.order_by("pk").values_list("place", flat=True))
    assert places == [f"file://{tmp_path}/{name}.jsonl: line 2" for name in ("a", "b", "c")]


def test_a_cancelled_import_takes_no_more_and_resumes_where_it_was(
    send: Any, script: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(batches, "ROWS", 10)
    monkeypatch.setattr(jobs, "TURN_S", 0.0)
    body = lines(*({"key": f"k{n}"} for n in range(45)))
    row = send(body, format="ndjson", runs=False)
    for _turn in range(3):  # one to begin, two batches
        jobs.run(Job.objects.get(kind="imports.run").pk)
    stopped = script.post(f"/api/v1/imports/{row['id']}/cancel").json()
    assert (stopped["state"], stopped["rows_done"]) == ("cancelled", 20)
    work()
    assert Example.objects.count() == 20
    again = script.post(f"/api/v1/imports/{row['id']}/cancel")
    assert (again.status_code, again.json()["detail"]) == (409, "This import has ended already.")
    assert script.post(f"/api/v1/imports/{row['id']}/resume").json()["state"] == "queued"
    work()
    done = script.get(f"/api/v1/imports/{row['id']}").json()
    assert (done["state"], counts(done)) == ("done", {"created": 45})
    assert script.post(f"/api/v1/imports/{row['id']}/resume").status_code == 409


def test_a_batch_that_dies_leaves_no_trace_and_is_taken_again(
    send: Any, script: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(batches, "ROWS", 10)
    from labeling.imports import running

    body = lines(*({"key": f"k{n}"} for n in range(45)), {"key": ""})
    row = send(body, format="ndjson", runs=False)
    whole, trouble = running.audit, iter([False, False, True])

    def dies(*args: Any) -> None:
        if next(trouble, False):
            raise ValueError("no such luck")
        whole(*args)

    monkeypatch.setattr(running, "audit", dies)
    work()
    half = script.get(f"/api/v1/imports/{row['id']}").json()
    assert (half["state"], counts(half), Example.objects.count()) == ("running", {"created": 20}, 20)
    Job.objects.update(run_after=timezone.now())
    work()
    done = script.get(f"/api/v1/imports/{row['id']}").json()
    assert (done["state"], counts(done)) == ("done", {"created": 45, "rejected": 1})
    assert RejectedRow.objects.count() == 1


def test_an_import_whose_job_is_given_up_has_failed_and_can_be_resumed(
    send: Any, script: Any, monkeypatch: Any
) -> None:
    from labeling.imports import running

    def dies(*args: Any) -> None:
        raise ValueError("no such luck")

    row = send(lines({"key": "a"}), format="ndjson", runs=False)
    with monkeypatch.context() as patched:
        patched.setattr(running, "audit", dies)
        for _attempt in range(5):
            Job.objects.update(run_after=timezone.now())
            work()
    failed = script.get(f"/api/v1/imports/{row['id']}").json()
    assert (failed["state"], failed["error"].split(",")[0]) == ("failed", "Something went wrong on our side")
    script.post(f"/api/v1/imports/{row['id']}/resume")
    work()
    assert script.get(f"/api/v1/imports/{row['id']}").json()["state"] == "done"


def test_an_audited_import_has_a_share_checked_by_people(send: Any, script: Any, stream: Any) -> None:
    queue = QueueFactory(stream=stream, slug="check", schema=stream.project.label_schemas.get())
    body = lines(*({"key": f"k{n}", "labels": [{"answer": {"digit": "7"}}]} for n in range(200)))
    settings = {"trust": "audited", "audit_percent": 20, "audit_queue": "check"}
    done = send(body, format="ndjson", **settings)
    drawn = done["audit"]["drawn"]
    assert (20 <= drawn <= 65, done["audit"]) == (True, {"drawn": drawn, "checked": 0, "same": 0})
    tasks = Task.objects.filter(queue=queue)
    assert set(tasks.values_list("selected_by", "inclusion_probability", "state")) == {
        ("random", 0.2, "open")
    }
    again = send(body, format="ndjson", **settings)
    assert (again["audit"]["drawn"], tasks.count(), AuditedLabel.objects.count()) == (drawn, drawn, drawn * 2)
    for task, label in zip(tasks.order_by("pk")[:3], "771", strict=True):
        AnnotationFactory(task=task, label=label)
        Task.objects.filter(pk=task.pk).update(state="accepted", open_slots=0)
    assert script.get(f"/api/v1/imports/{done['id']}").json()["audit"] == {
        "drawn": drawn,
        "checked": 3,
        "same": 2,
    }


def test_labels_of_examples_drawn_by_lot_say_so(send: Any) -> None:
    send(lines({"key": "a", "labels": [{"answer": {"digit": "7"}}]}), format="ndjson", drawn_by_lot=True)
    from labeling.models import Annotation

    assert Annotation.objects.get().selected_by == "random"


def test_people_are_mapped_before_or_after(send: Any, stream: Any) -> None:
    ann, bob = (member(stream.organization, Role.LABELER, stream.project) for _one in range(2))
    send(TABLE, filename="old.csv", people={"ann": ann.email})
    from labeling.models import Annotation

    said = lambda: {one.example.key: one.author for one in Annotation.objects.all()}  # noqa: E731
    assert said() == {"a": ann, "b": None}
    map_person(person=ImportedPerson.objects.get(name="bob"), user=bob, by=None)
    work()
    assert said() == {"a": ann, "b": bob}
    map_person(person=ImportedPerson.objects.get(name="bob"), user=None, by=None)
    work()
    assert said() == {"a": ann, "b": None}


def test_a_call_with_a_key_begins_one_import_and_keeps_one_file(script: Any, stream: Any) -> None:
    headers = {"Idempotency-Key": "k1"}
    answers = [
        script.post(f"{URL}?format=csv", TABLE, content_type="text/csv", headers=headers)
        for _again in range(2)
    ]
    assert [one.json()["id"] for one in answers] == [Import.objects.get().pk] * 2
    _folders, files = default_storage.listdir(f"{stream.organization.pk}/imports")
    assert len(files) == 1
    other = script.post(f"{URL}?format=csv", TABLE + b"x", content_type="text/csv", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_files_are_kept_no_longer_than_they_are_needed(send: Any, script: Any) -> None:
    done, failed = send(TABLE, format="csv"), send(b"key,key\n", format="csv")
    names = {row.pk: row.stored for row in Import.objects.all()}
    forget_files(timezone.now())
    assert {pk: default_storage.exists(name) for pk, name in names.items()} == {
        done["id"]: False,
        failed["id"]: True,
    }
    forget_files(timezone.now() + timedelta(days=8))
    assert not default_storage.exists(names[failed["id"]])
    answer = script.post(f"/api/v1/imports/{failed['id']}/resume")
    assert (answer.status_code, "kept no longer" in answer.json()["detail"]) == (409, True)


def test_what_is_erased_is_in_no_file_and_no_report(send: Any, stream: Any) -> None:
    waiting = send(TABLE, format="csv", runs=False)
    doomed = Doomed(stream.organization, (), keys={key_digest(stream.organization, stream.pk, "c")})
    files, reports = (
        next(row for row in erasers(at_once=False) if row.name == name)
        for name in ("import-files", "import-reports")
    )
    with pytest.raises(NotYet):
        files.erase(doomed)
    work()
    assert Import.objects.get().pk == waiting["id"]
    send(b"key,weight\nd,heavy\n", format="csv")
    assert (files.erase(doomed), reports.erase(doomed)) == (2, 1)
    assert list(RejectedRow.objects.values_list("key", flat=True)) == ["d"]
    assert set(Import.objects.values_list("stored", flat=True)) == {""}


def test_the_list_is_newest_first_and_costs_the_same_however_long(
    send: Any, script: Any, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    sizes = []
    for _more in range(2):
        for _one in range(2):
            send(TABLE, format="csv")
        with CaptureQueriesContext(connection) as asked:
            found = script.get(URL).json()["results"]
        sizes.append(len(asked))
    assert [row["id"] for row in found] == sorted((row["id"] for row in found), reverse=True)
    assert sizes[0] == sizes[1]
