"""The furniture of pages: what it says, what it ties together, and that nobody is shut out of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from teams.desk import gallery, navigation, numbers
from teams.desk.charts import Chart, Series, round_scale
from teams.desk.icons import ICONS, icon
from teams.desk.statuses import LOOKS, STAGES, look_of

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NOW = datetime(2025, 11, 23, 14, 0, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    """A few lines of template, as a page would have them."""
    return engines["django"].from_string("{% load page i18n %}" + source).render(context)


def component(name: str, **context: Any) -> str:
    """One component with its arguments, in one line."""
    return re.sub(r"\s+", " ", render_to_string(f"components/{name}.html", context)).strip()


def gallery_page(query: str = "") -> str:
    """The gallery as its view answers it."""
    return gallery.components(RequestFactory().get(f"/components/{query}")).content.decode()


def page_templates() -> list[Path]:
    """Mail and the admin have rules of their own."""
    return [path for path in TEMPLATES.rglob("*.html") if not {"emails", "admin"} & set(path.parts)]


# Numbers and times


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ 12400|number }}", "12,400"),
        ("{{ 0.93412|number:3 }}", "0.934"),
        ("{{ negative|number:1 }}", "−3.5"),
        ("{{ nothing|number }}", "–"),
        ("{{ 0.934|percent:1 }}", "93.4%"),
        ("{{ 0.8|signed:1 }}", "+0.8"),
        ("{{ negative|signed:1 }}", "−3.5"),
        ("{{ 0.001|signed:1 }}", "0.0"),
        ("{{ 48213|figure }}", "48,213"),
        ("{{ '842 of 1,000'|figure }}", "842 of 1,000"),
        ("{{ 4812|duration }}", "1 h 20 min"),
        ("{{ 3.4|duration }}", "3.4 s"),
        ("{{ 0|duration }}", "0 s"),
        ("{{ digest|short_hash }}", "9f2c41d7a0b8"),
    ],
)
def test_numbers_are_said_as_people_read_them(source: str, said: str) -> None:
    assert render(source, negative=-3.5, nothing=None, digest="sha256:9f2c41d7a0b86e53") == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=-3), "in a moment"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(minutes=60), "1 hour ago"),
        (timedelta(hours=-35), "in 35 hours"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(days=90), "25 Aug 2025"),
    ],
)
def test_a_moment_is_said_in_one_unit(ago: timedelta, said: str) -> None:
    assert numbers.relative(NOW - ago, NOW) == said


def test_a_relative_time_carries_the_exact_one() -> None:
    html = render("{% when at %}", at=NOW)
    assert 'datetime="2025-11-23T14:00:00+00:00"' in html
    assert 'title="23 Nov 2025, 14:00 UTC"' in html
    assert render("{% when at %}", at=None) == "–"


# Status


def test_every_status_has_a_shape_that_was_drawn() -> None:
    assert {look.icon for look in LOOKS.values()} - set(ICONS) == set()


def test_outcomes_and_stages_differ_in_word_shape_and_tone() -> None:
    outcomes = [LOOKS[name] for name in ("pass", "fail", "inconclusive")]
    assert len({look.icon for look in outcomes}) == len({look.tone for look in outcomes}) == 3
    assert len({look.icon for look in STAGES.values()}) == len(STAGES)


def test_an_unknown_status_says_itself() -> None:
    assert str(look_of("half_way").label) == "Half way"
    assert "Half way" in component("badge", status="half_way")


def test_an_icon_that_was_never_drawn_is_an_error() -> None:
    with pytest.raises(LookupError, match="unicorn"):
        icon("unicorn")


# Components


def test_a_disabled_button_can_be_reached_and_says_why() -> None:
    html = component("button", label="Promote", disabled_reason="A manager has to sign first.", href="/x")
    why = re.search(r'aria-describedby="([^"]+)"', html)
    assert why is not None
    assert f'id="{why[1]}">A manager has to sign first.' in html
    assert "<button" in html
    assert 'aria-disabled="true"' in html
    assert "href" not in html


def test_a_key_is_printed_on_its_button_and_told_to_screen_readers() -> None:
    html = component("button", label="Skip", key="s")
    assert '<kbd aria-hidden="true">s</kbd>' in html
    assert 'data-key="s"' in html
    assert 'aria-keyshortcuts="s"' in html


class NameForm(forms.Form):
    name = forms.CharField(help_text="What people see.")
    order = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect, help_text="Which first.")


def test_help_and_errors_are_tied_to_their_field() -> None:
    form = NameForm({})
    for field in form:
        html = component("field", field=field)
        described = re.findall(r'aria-describedby="([^"]+)"', html)[0].split()
        assert described == [f"id_{field.name}_helptext", f"id_{field.name}_error"]
        assert [html.count(f'id="{name}"') for name in described] == [1, 1]


def test_errors_are_summed_at_the_top_and_lead_to_their_fields() -> None:
    html = component("error_summary", form=NameForm({}))
    assert "There are 2 problems" in html
    assert re.findall(r'href="#([^"]+)"', html) == ["id_name", "id_order_field"]
    assert 'id="id_order_field"' in component("field", field=NameForm({})["order"])


def test_a_form_without_errors_has_no_summary() -> None:
    assert component("error_summary", form=NameForm()) == ""


def test_what_people_wrote_is_escaped() -> None:
    wrote = "<blink onclick=x>"
    parts = [
        component("button", label=wrote),
        component("badge", status=wrote),
        component("flash", level="info", text=wrote),
        component("copyable", value=wrote, label=wrote),
        component("feed_row", text=wrote, at=NOW, actor=wrote),
        component("code", code=wrote, label=wrote),
        render("{% panel title=t %}{{ t }}{% endpanel %}", t=wrote),
        render("{% table caption=t %}{% endtable %}", t=wrote),
        render("{% sparkline values t %}", values=[1, 2], t=wrote),
    ]
    assert [part for part in parts if "<blink" in part] == []


def test_a_pager_knows_its_ends() -> None:
    first = component("pager", next_url="/n", range="1–50")
    assert 'rel="next" href="/n"' in first
    assert 'aria-disabled="true"' in first
    assert component("pager") == ""


def test_progress_says_counts_rate_and_time_left() -> None:
    html = component("progress", label="Export", done=1200, total=5000, unit="examples", left="2 min")
    assert "1,200 of 5,000 examples" in html
    assert 'value="1200" max="5000"' in html
    assert "2 min left" in html
    assert "value=" not in component("progress", label="Reading", done=3)


def test_content_tags_hold_content_and_name_themselves() -> None:
    html = render('{% table caption="Slices" %}<tbody></tbody>{% endtable %}')
    label = re.search(r'aria-labelledby="([^"]+)"', html)
    assert label is not None
    assert f'id="{label[1]}">Slices</caption>' in html
    assert "<tbody></tbody>" in html


def test_the_ladder_marks_where_a_model_is() -> None:
    html = component("stage", current="shadow", desired="production")
    assert html.count("is-reached") == 1
    assert html.count('aria-current="step"') == 1
    assert "wanted" in html


# Charts


def a_chart(**changes: Any) -> Chart:
    given: dict[str, Any] = {
        "title": "Accuracy",
        "description": "It rises.",
        "unit": "%",
        "x": [1, 2, 3],
        "series": [Series("Chosen", [81, None, 93.5], "model", [79, None, 92], [84, None, 95])],
    }
    return Chart(**{**given, **changes})


def test_a_chart_has_words_and_its_numbers_as_a_table() -> None:
    html = render("{% chart c %}", c=a_chart())
    assert ">Accuracy</title>" in html
    assert ">It rises.</desc>" in html
    assert re.findall(r'<td class="num">([^<]+)</td>', html) == ["81 (79–84)", "–", "93.5 (92–95)"]


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    (drawn,) = a_chart(series=[Series("A", [1, 2, None, 4, 5], "model")], x=[1, 2, 3, 4, 5]).drawings
    assert len(drawn.paths) == 2
    assert len(drawn.points) == 4


def test_bars_begin_at_zero_whatever_is_asked() -> None:
    chart = a_chart(kind="bar", y_min=80, series=[Series("A", [90, 95, 100], "labels")])
    assert chart.scale[0] == 0
    assert chart.zero_at == 100


@pytest.mark.parametrize("values", [[], [None], [5], [0, 0], [-3, 4]])
def test_a_chart_of_little_or_nothing_is_still_drawn(values: list[float | None]) -> None:
    for kind in ("line", "bar"):
        chart = a_chart(kind=kind, x=list(range(len(values))), series=[Series("A", values)])
        assert "<svg" in render("{% chart c %}", c=chart)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_a_scale_encloses_what_is_drawn(low: float, span: float) -> None:
    scale = round_scale(low, low + span)
    slack = 1e-6 * max(1.0, abs(low), abs(low + span))
    assert scale[0] <= low + slack
    assert scale[-1] >= low + span - slack
    assert 2 <= len(scale) <= 7


# Navigation


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_items", [])
    monkeypatch.setattr(navigation, "reverse", lambda name, kwargs: f"/o/{kwargs['organization']}/{name}/")


def a_request(path: str = "/o/acme/", verbs: tuple[str, ...] = (), **kwargs: str) -> Any:
    request: Any = RequestFactory().get(path)
    request.organization = SimpleNamespace(slug="acme", name="Acme")
    request.membership = SimpleNamespace(role="labeler", can=lambda verb: verb in verbs)
    request.resolver_match = SimpleNamespace(url_name="page", kwargs={"organization": "acme", **kwargs})
    return request


@pytest.mark.usefixtures("places")
def test_people_see_the_places_that_they_may_enter() -> None:
    navigation.register_item("Work", "work", "w")
    navigation.register_item("People", "people", "p", permission="teams.view_people")
    assert [link.label for link in navigation.links_for(a_request())] == ["Work"]
    able = a_request(verbs=("teams.view_people",))
    assert [link.label for link in navigation.links_for(able)] == ["People", "Work"]


@pytest.mark.usefixtures("places")
def test_a_projects_places_are_offered_inside_a_project() -> None:
    navigation.register_item("Slices", "slices", "s", scope="project")
    assert navigation.links_for(a_request()) == []
    assert [link.label for link in navigation.links_for(a_request(project="digits"))] == ["Slices"]


@pytest.mark.usefixtures("places")
def test_one_key_goes_to_one_place() -> None:
    navigation.register_item("Slices", "slices", "s")
    navigation.register_item("Slices", "slices", "s")
    with pytest.raises(ValueError, match="taken"):
        navigation.register_item("Schedules", "schedules", "s")


@pytest.mark.usefixtures("places")
def test_the_most_specific_place_is_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"home": "/o/acme/", "slices": "/o/acme/slices/"}
    monkeypatch.setattr(navigation, "reverse", lambda name, kwargs: addresses[name])
    navigation.register_item("Overview", "home", "h")
    navigation.register_item("Slices", "slices", "s")
    current = [link.label for link in navigation.links_for(a_request("/o/acme/slices/4/")) if link.current]
    assert current == ["Slices"]


@pytest.mark.usefixtures("places")
def test_a_place_may_claim_a_page_that_lies_elsewhere() -> None:
    navigation.register_item("Stream", "o", "e")
    navigation.register_item("Slices", "slices", "s", pages=["snapshot"])
    request = a_request("/o/acme/o/4/")
    request.resolver_match.url_name = "snapshot"
    assert [link.label for link in navigation.links_for(request) if link.current] == ["Slices"]


def test_a_place_whose_address_is_unknown_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_items", [])
    navigation.register_item("Nowhere", "no-such-address", "n")
    assert navigation.links_for(a_request()) == []


def test_outside_an_organization_there_are_no_places() -> None:
    assert navigation.links_for(RequestFactory().get("/")) == []


# Pages


def test_the_gallery_shows_every_component() -> None:
    source = (TEMPLATES / "teams" / "components.html").read_text()
    frame = {"top", "side", "key_help", "wordmark", "table", "panel", "dialog", "disclosure", "chart"}
    nested = {"error_summary", "field"}  # by the form
    shown = set(re.findall(r"components/(\w+)\.html", source))
    assert {path.stem for path in (TEMPLATES / "components").glob("*.html")} - shown == frame | nested


def test_a_page_has_one_heading_and_its_landmarks() -> None:
    html = gallery_page()
    assert [html.count(tag) for tag in ("<h1", "<main", '<header class="top"')] == [1, 1, 1]
    assert 'href="#main"' in html


def test_a_stranger_sees_no_places() -> None:
    html = gallery_page("?as=nobody")
    assert 'id="places"' not in html
    assert "Northwind" not in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_nothing_from_a_request(code: str) -> None:
    html = render_to_string(f"{code}.html", {})
    assert html.count("<h1>") == 1
    assert "Request id" not in html
    assert "req_7" in render_to_string(f"{code}.html", {"request_id": "req_7"})


def test_pages_keep_to_the_content_policy() -> None:
    inline = re.compile(r'\sstyle="|\son\w+="|<script(?![^>]*\ssrc=)|<style')
    written = {path.name: re.sub(r"{%.*?%}", "", path.read_text()) for path in page_templates()}
    assert [name for name, html in written.items() if inline.search(html)] == []


def test_components_are_included_with_named_arguments_only() -> None:
    frame = ("top", "side", "key_help")
    loose = [
        (path.name, name)
        for path in page_templates()
        for name, arguments in re.findall(r'{%\s*include "components/(\w+)\.html"(.*?)%}', path.read_text())
        if name not in frame and not arguments.rstrip().endswith(" only")
    ]
    assert loose == []


def test_mail_has_words_in_both_forms() -> None:
    context = {
        "action_url": "https://sluice.test/join/a",
        "action_label": "Join",
        "organization_name": "Acme",
    }
    for form in ("html", "txt"):
        mail = render_to_string(f"emails/base.{form}", context)
        assert mail.count("https://sluice.test/join/a") >= 1
        assert "Acme" in mail


def test_a_card_without_a_next_run_warns() -> None:
    request = a_request()
    request.user = SimpleNamespace(is_authenticated=True, name="Amara", email="a@x.test")
    card = {"name": "Digits", "url": "/d", "last_run_at": timezone.now(), "next_run_at": None}
    html = render_to_string("slices/home.html", {"cards": [card], "request": request})
    assert "No next run" in html
