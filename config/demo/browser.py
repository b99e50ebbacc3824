"""As much of a browser as a simulated person needs: cookies, pages, forms, and patience."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

AWAY = {500, 502, 503, 504}
LONGEST_WAIT_S = 2.0
GIVE_UP_S = 120.0
TIMEOUT_S = 30.0
TRIES = 3
TOO_MANY = 429
THROTTLED = "Too many failed login attempts"
PAUSE_S = 5.0
FIELDS = {"input", "button", "textarea", "select", "option"}


class Unanswered(Exception):
    """The server did not come back."""


def send(session: requests.Session, method: str, url: str, **request: object) -> requests.Response:
    """One answer to a request that may be sent twice without harm; a server that is away is waited for.

    Raises Unanswered after two minutes of nothing but silence and 5xx.
    """
    began, delay = time.monotonic(), 0.1
    while True:
        try:
            answer = session.request(method, url, timeout=TIMEOUT_S, **request)  # type: ignore[arg-type]
            if answer.status_code not in AWAY:
                return answer
            problem = f"{answer.status_code}"
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            problem = type(error).__name__
        if time.monotonic() - began > GIVE_UP_S:
            raise Unanswered(f"{method} {url}: {problem}")
        time.sleep(delay)
        delay = min(LONGEST_WAIT_S, delay * 2)


@dataclass
class Form:
    """A form of a page: where it goes, what it holds, which buttons it has."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a person sees of a page, as far as they act on it: its forms, its links, its `data-` attributes."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.url = answer.url
        self.status = answer.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.data: dict[str, str] = {}
        self.words: list[str] = []
        self.open: Form | None = None
        self.text_area = ""
        if "html" in answer.headers.get("Content-Type", ""):
            self.feed(answer.text)

    @property
    def text(self) -> str:
        """Its words, without markup."""
        return " ".join(" ".join(self.words).split())

    def form(self, action: str = "", *fields: str) -> Form | None:
        """The first form whose address ends so, with all of these fields or buttons."""
        for form in self.forms:
            names = {*form.fields, *(name for name, _value in form.buttons)}
            if form.action.split("?")[0].endswith(action) and names.issuperset(fields):
                return form
        return None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one can act on."""
        given = {name: value or "" for name, value in attrs}
        self.data.update({name: value for name, value in given.items() if name.startswith("data-")})
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.url, given["href"]))
        elif tag == "form":
            action = urljoin(self.url, given.get("action") or self.url)
            self.open = Form(action, given.get("method", "get").upper())
            self.forms.append(self.open)
        elif tag in FIELDS and given.get("name"):
            self.note_field(tag, given)

    def note_field(self, tag: str, given: dict[str, str]) -> None:
        """One field or button of the form that is open, or of none."""
        if self.open is None:
            return
        name, value, kind = given["name"], given.get("value", ""), given.get("type", "")
        if tag == "button" or kind == "submit":
            self.open.buttons.append((name, value))
        elif kind not in {"radio", "checkbox"} or "checked" in given:
            self.open.fields[name] = value
        if tag == "textarea":
            self.text_area = name

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self.open = None
        elif tag == "textarea":
            self.text_area = ""

    def handle_data(self, data: str) -> None:
        """The words, and what a text area holds."""
        self.words.append(data)
        if self.text_area and self.open is not None:
            self.open.fields[self.text_area] += data


class Browser:
    """One person's cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()

    def look(self, path: str) -> Page:
        """A page."""
        return Page(send(self.session, "GET", urljoin(self.address, path)))

    def submit(self, form: Form, **fields: str) -> Page:
        """Send a form, filled in; the page one lands on."""
        filled = {**form.fields, **fields}
        kind = "data" if form.method == "POST" else "params"
        headers = {"Referer": self.address}
        return Page(send(self.session, form.method, form.action, headers=headers, **{kind: filled}))

    def sign_in(self, email: str, password: str) -> None:
        """Come in. Raises PermissionError where the password is another.

        A server that dies after it let somebody in takes the answer, and the cookie, with it: then one tries again.
        Sign-ins that it died over count as failed for a minute, and for ten seconds it leaves the lock on their number:
        either shuts out everybody here.
        """
        began, tries = time.monotonic(), 0
        while tries < TRIES:
            form = self.look("/sign-in/").form("", "login", "password")
            if form is None:
                return  # signed in
            answer = self.submit(form, login=email, password=password)
            is_shut_out = answer.status == TOO_MANY or THROTTLED in answer.text
            if is_shut_out and time.monotonic() - began < GIVE_UP_S:
                time.sleep(PAUSE_S)
            else:
                tries += 1
        raise PermissionError(f"{email} cannot sign in: the demo's password has been changed.")
