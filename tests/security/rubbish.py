"""What nobody in their right mind sends, and what somebody will: bodies, values, addresses and headers."""

from __future__ import annotations

import gzip
import json
from typing import Any

LONG = b'"' + b"a" * 10_000_000 + b'"'
DEEP = b"[" * 1000 + b"]" * 1000
BOMB = gzip.compress(b" " * 60_000_000)
PACKED = {"content-encoding": "gzip"}
JSON = "application/json"

# Bodies that no operation takes, whatever it does: content type, body, further headers.
BODIES: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "nothing": (JSON, b"", {}),
    "blanks": (JSON, b" \r\n", {}),
    "half of it": (JSON, b'{"name": "a', {}),
    "a list": (JSON, b"[]", {}),
    "a text": (JSON, b'"name"', {}),
    "a number": (JSON, b"1", {}),
    "null": (JSON, b"null", {}),
    "two documents": (JSON, b"{} {}", {}),
    "deep lists": (JSON, DEEP, {}),
    "very deep lists": (JSON, b"[" * 200_000, {}),
    "deep objects": (JSON, b'{"a":' * 1000 + b"1" + b"}" * 1000, {}),
    "10 MB of text": (JSON, b'{"name": %b}' % LONG, {}),
    "10 MB of a name": (JSON, b"{%b: 1}" % LONG, {}),
    "latin-1": (JSON, '{"name": "é"}'.encode("latin-1"), {}),
    "latin-1 that says so": (f"{JSON}; charset=iso-8859-1", '{"name": "é"}'.encode("latin-1"), {}),
    "UTF-16 that says so": (f"{JSON}; charset=utf-16", '{"name": "é"}'.encode("utf-16"), {}),
    "an unknown charset": (f"{JSON}; charset=klingon", b'{"no such": 1}', {}),
    "overlong UTF-8": (JSON, b'{"name": "\xc0\xaf"}', {}),
    "a form": ("application/x-www-form-urlencoded", b"name=a", {}),
    "parts of a form": ("multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--\r\n", {}),
    "XML": ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", {}),
    "a type that is none": ("\x00/;;", b"{}", {}),
    "gzip": (JSON, gzip.compress(b"[]"), PACKED),
    "a bomb": (JSON, BOMB, PACKED),
    "half of a gzip": (JSON, gzip.compress(b'{"name": "aaaaaaaaaaaaaaaaaaaaaaa"}')[:-12], PACKED),
    "what is no gzip": (JSON, b'{"name": 1}', PACKED),
    "brotli": (JSON, b"\x0b\x02\x80[]\x03", {"content-encoding": "br"}),
}

# Values that no field takes, whatever it is.
VALUES: dict[str, bytes] = {
    "NUL": b'"a\\u0000b"',
    "NUL in a name": b'{"a\\u0000b": 1}',
    "NUL that is not escaped": b'"a\x00b"',
    "half a surrogate": b'"\\ud800"',
    "the other half": b'"\\udfff"',
    "surrogates the wrong way round": b'"\\udc00\\ud800"',
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "1e400": b"1e400",
    "10**400 in a list": b"[1" + b"0" * 400 + b"]",
    "5,000 digits": b"9" * 5000,
    "deep": DEEP,
    "twice": b'{"a": 1, "a": 2}',
}

# Values that some fields take; nobody falls over them. By what the document says that a field is.
ODD: dict[str, dict[str, bytes]] = {
    "integer": {
        "2**31": str(2**31).encode(),
        "2**63 - 1": str(2**63 - 1).encode(),
        "2**64": str(2**64).encode(),
        "-1": b"-1",
        "-(2**63)": str(-(2**63)).encode(),
        "a half": b"0.5",
        "digits of another script": '"\u0663"'.encode(),
        "true": b"true",
    },
    "number": {
        "1e308": b"1e308",
        "-1": b"-1",
        "2**63": str(2**63).encode(),
        "a text": b'"nan"',
        "null": b"null",
    },
    "boolean": {"a text": b'"maybe"', "2": b"2", "null": b"null"},
    "date-time": {
        "a time without zone": b'"2026-01-01T00:00:00"',
        "the year 9999": b'"9999-12-31T23:59:59-23:59"',
        "the year 1": b'"0001-01-01T00:00:00+23:59"',
        "the year 10000": b'"10000-01-01T00:00:00Z"',
        "a second too many": b'"2026-12-31T23:59:60Z"',
        "2**63": str(2**63).encode(),
    },
    "string": {
        "10 MB": LONG,
        "a number": b"7",
        "an empty text": b'""',
        "text from right to left": '"\u202egnp.exe"'.encode(),
        "a path": b'"../../etc/passwd"',
        "a format": b'"%s{0.__class__}{{7*7}}"',
        "a quote": b'"\' or 1=1--"',
    },
    "array": {
        "an object": b'{"0": 1}',
        "10,001 of it": json.dumps(["a"] * 10_001).encode(),
        "in itself": b"[[[]]]",
    },
    "object": {
        "a list of everything": b'[null, true, 1.5, "a", {}, []]',
        "names of every kind": b'{"": 1, "a/~b": [], "__proto__": {}, "organization_id": null}',
        "10 MB": b'{"a": %b}' % LONG,
        "10,001 names": json.dumps({str(n): n for n in range(10_001)}).encode(),
    },
}

# Texts in an address: what stands for an id, a name or a parameter.
TEXTS: dict[str, str] = {
    "nothing": "",
    "NUL": "%00",
    "half a surrogate": "%ED%A0%80",
    "bad UTF-8": "%FF%C0%AF",
    "-1": "-1",
    "0": "0",
    "2**31": str(2**31),
    "2**63": str(2**63),
    "2**64": str(2**64),
    "10**400": "1" + "0" * 400,
    "5,000 digits": "9" * 5000,
    "digits of another script": "%D9%A3",
    "NaN": "NaN",
    "1e400": "1e400",
    "a time without zone": "2026-01-01T00:00:00",
    "the year 9999": "9999-12-31T23:59:59-23:59",
    "the year 1": "0001-01-01T00:00:00%2B23:59",
    "the year 10000": "10000-01-01T00:00:00Z",
    "a path": "..%2F..%2Fetc%2Fpasswd",
    "an object": "%7B%22a%22%3A%7B%7D%7D",
    "a pattern": "(a%2B)%2B$",
    "wildcards": "%25_%25",
    "a quote": "%27%20or%201=1--",
    "brackets": "(" * 2000,
    "8 KB": "x" * 8000,
}

UNKNOWN = {
    query: query
    for query in (
        "?no_such=1",
        "?%00=1",
        "?organization=1",
        "?limit__gt=1",
        "?cursor=%00",
        "?id__in=1,2",
        "?=1",
    )
}

HEADERS: dict[str, list[str]] = {
    "Idempotency-Key": ["", " ", "a" * 256, "a b", "é", "a\x00b", "a\tb", "\x7f", "a\r\nX-Evil: 1"],
    "Range": [
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=-0",
        "bytes=0-0,0-0",
        "bytes=" + ",".join(["0-"] * 1000),
        "bytes=0-" + "9" * 400,
        "bytes=" + "9" * 5000 + "-",
        "bytes=-" + "9" * 400,
        "bytes=a-b",
        "bytes=\u0663-",
        "lines=0-1",
        "bytes 0-1",
        "\x00",
    ],
    "If-None-Match": ["", "*", '"', 'W/"x"', '"a", "b', "x" * 8000, "\x00", "é"],
    "If-Range": ["", '"x"', "Mon, 99 Foo 0000 99:99:99 GMT", "\x00"],
    "If-Modified-Since": ["yesterday", "Mon, 99 Foo 0000 99:99:99 GMT"],
    "Last-Event-ID": ["", "-1", "x", "9" * 5000, "\x00"],
    "Content-Encoding": ["br", "gzip, gzip", "GZIP ", "\x00", "identity, gzip"],
    "Accept": ["text/html", "*/*;q=x", "\x00", "a" * 8000, "application/json;version=9"],
    "Accept-Language": ["\x00", "x" * 8000, "../../etc"],
    "Content-Length": ["-1", "x"],
    "X-Forwarded-For": ["\x00", "999.999.999.999", "::::"],
    "X-HTTP-Method-Override": ["DELETE"],
    "User-Agent": ["\x00", "x" * 8000],
    "Authorization": [
        "",
        "Bearer",
        "Bearer \x00",
        "Bearer é",
        "Bearer slc_" + "a" * 8000,
        "Basic Og==",
        "Bearer a b",
    ],
    "Host": ["evil.example", "a\x00b", "[", "localhost:99999999"],
    "Cookie": ["sessionid=\x00", "x" * 8000],
}


def with_value(body: dict[str, Any], path: tuple[str, ...], value: bytes) -> bytes:
    """A body whose field at this path is these bytes of JSON; what is missing on the way is made."""
    mark = "here it goes"
    return json.dumps(put(body, path, mark)).encode().replace(json.dumps(mark).encode(), value, 1)


def put(place: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of an object or a list with something else at this path."""
    if not path:
        return value
    name, rest = path[0], path[1:]
    if name == "0":
        rows = place if isinstance(place, list) else []
        return [put(rows[0] if rows else {}, rest, value), *rows[1:]]
    known = place if isinstance(place, dict) else {}
    return known | {name: put(known.get(name), rest, value)}


def some(found: dict[str, Any], turn: int, n: int) -> dict[str, Any]:
    """`n` of them, other ones each turn: over many turns all of them."""
    names = list(found)
    chosen = [names[(turn * n + k) % len(names)] for k in range(min(n, len(names)))]
    return {name: found[name] for name in chosen}
