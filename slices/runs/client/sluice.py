#!/usr/bin/env python3
"""Sluice from the command line. One file; it needs Python 3.9 or newer and nothing else.

    curl -O https://your-sluice.example/sluice.py
    export SLUICE_URL=https://your-sluice.example SLUICE_TOKEN=slc_...
    python sluice.py pull 17 --to data            a snapshot, with what proves it; go on where a download broke off
    python sluice.py pull 17 --format parquet     jsonl, jsonl.gz, parquet, csv, coco, huggingface
    python sluice.py verify data --model m.bin    without a connection: are these the rows, is this the model?

Exit codes: 0 all is well; 1 something does not hold, or could not be fetched; 2 the command makes no sense.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple, Optional
from urllib.parse import urlsplit

FORMATS = ("jsonl", "jsonl.gz", "parquet", "csv", "coco", "huggingface")
CHUNK = 256 * 1024
TRIES = 8
EVIDENCE, MANIFEST, DIGESTS, PULLED = "evidence.json", "manifest.csv", "digests.bin", "pulled.json"
AGAIN = (408, 425, 429, 500, 502, 503, 504)  # answers that may be others in a moment
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


class Failed(Exception):
    """What went wrong, in a sentence."""


# ---------------------------------------------------------------- the server


class Stay(urllib.request.HTTPRedirectHandler):
    """A token goes to the server that it was meant for, and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Server:
    """The API, with a token; what is busy or broken is asked again, a little later each time."""

    def __init__(self, url: str, token: str, pause: float = 1.0) -> None:
        self.url, self.token, self.pause = url.rstrip("/"), token, pause
        self.opener = urllib.request.build_opener(Stay)

    def open(
        self, path: str, body: Optional[dict[str, Any]] = None, headers: Optional[dict[str, str]] = None
    ) -> Any:
        """One request. Raises urllib's errors."""
        parts = urlsplit(path)  # the server may know itself by another name than we do
        url = self.url + parts.path + ("?" + parts.query if parts.query else "")
        sent = {"Authorization": "Bearer " + self.token, "Accept": "*/*", **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        return self.opener.open(urllib.request.Request(url, data=data, headers=sent), timeout=60)

    def json(self, path: str, body: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        """An answer in JSON. Raises Failed with what the server said."""
        for left in reversed(range(TRIES)):
            try:
                with self.open(path, body) as answer:
                    found: dict[str, Any] = json.load(answer)
                    return found
            except urllib.error.HTTPError as error:
                if error.code not in AGAIN or not left:
                    raise Failed(said(error)) from None
                self.wait(left, error.headers.get("Retry-After"))
            except BROKEN as error:
                if not left:
                    raise Failed("%s cannot be reached: %s" % (self.url, error)) from None
                self.wait(left)
        raise Failed("unreachable")

    def wait(self, left: int, after: Optional[str] = None) -> None:
        """A little longer each time."""
        asked = float(after) if after and after.isdigit() else 0.0
        time.sleep(max(asked, self.pause * min(30, 2 ** (TRIES - 1 - left))))


def said(error: urllib.error.HTTPError) -> str:
    """What a refusal says: the server's own sentence where there is one."""
    try:
        problem = json.loads(error.read())
        return "%s (%s)" % (problem.get("detail") or problem.get("title"), error.code)
    except (ValueError, AttributeError):
        return "The server answers %s." % error.code


def fetch(server: Server, url: str, path: Path, tell: Any = None) -> str:
    """A file, whole or from where it broke off; its SHA-256, which is what the server says it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, tag = path.with_name(path.name + ".part"), path.with_name(path.name + ".etag")
    for left in reversed(range(TRIES)):
        try:
            wanted = more(server, url, path, part, tag, tell)
        except urllib.error.HTTPError as error:
            if error.code not in AGAIN or not left:
                raise Failed("%s: %s" % (path.name, said(error))) from None
            server.wait(left, error.headers.get("Retry-After"))
            continue
        except BROKEN as error:
            if not left:
                raise Failed("%s broke off: %s. Run it again to go on." % (path.name, error)) from None
            server.wait(left)
            continue
        if wanted is None:  # it was here already
            return sha256_of(path)
        digest = sha256_of(part)
        if digest == wanted:
            os.replace(part, path)
            tag.unlink()
            return digest
        part.unlink()  # begin again: something between us and the server spoils it
    raise Failed("%s arrives with another checksum than it should have." % path.name)


def more(server: Server, url: str, path: Path, part: Path, tag: Path, tell: Any) -> Optional[str]:
    """Ask for what is missing of a file; the SHA-256 that all of it must have, None if it was complete."""
    headers = {}
    have = part.stat().st_size if part.exists() and tag.exists() else 0
    if have:
        headers = {"Range": "bytes=%d-" % have, "If-Range": tag.read_text()}
    elif path.exists():
        headers = {"If-None-Match": '"%s"' % sha256_of(path)}
    try:
        answer = server.open(url, headers=headers)
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        if error.code == 416 and have:  # nothing is missing, or it is another file by now
            return tag.read_text().strip('"')
        raise
    with answer, open(part, "ab" if answer.status == 206 else "wb") as file:
        tag.write_text(answer.headers.get("ETag", ""))
        left = int(answer.headers["Content-Length"])
        done = file.tell()
        while chunk := answer.read(min(CHUNK, left)) if left else b"":
            file.write(chunk)
            left, done = left - len(chunk), done + len(chunk)
            if tell:
                tell(path.name, done, done + left)
    if left:
        raise http.client.IncompleteRead(b"", left)
    wanted: str = answer.headers.get("X-Content-SHA256", "")
    return wanted


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    running = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            running.update(chunk)
    return running.hexdigest()


# ---------------------------------------------------------------- pull


def pull(
    server: Server, snapshot: int, folder: Path, kind: str, options: dict[str, Any], tell: Any
) -> dict[str, Any]:
    """A snapshot as files of one format, and what proves it; what was pulled."""
    base = "/api/v1/snapshots/%d" % snapshot
    evidence = server.json(base + "/evidence")
    if kind == "jsonl" and not options:
        plan = [("snapshot-%d.jsonl" % snapshot, evidence["urls"]["rows"])]
    else:
        export = exported(server, base, kind, options, tell)
        plan = [(file["name"], file["url"]) for file in export["shards"]]
        evidence = server.json(base + "/evidence")  # it names these files now
    files = [{"name": name, "sha256": fetch(server, url, inside(folder, name), tell)} for name, url in plan]
    fetch(server, evidence["urls"]["manifest"], folder / MANIFEST, tell)
    if "digests" in evidence["urls"]:
        fetch(server, evidence["urls"]["digests"], folder / DIGESTS, tell)
    write(folder / EVIDENCE, evidence)
    pulled = {"snapshot": snapshot, "format": kind, "options": options, "files": files}
    write(folder / PULLED, pulled)
    return pulled


def exported(server: Server, base: str, kind: str, options: dict[str, Any], tell: Any) -> dict[str, Any]:
    """The export, once it has been made."""
    export = server.json(base + "/exports", {"format": kind, "options": options})
    while export["state"] in ("queued", "making"):
        if tell:
            tell("rows", export["rows_done"], export["rows_total"])
        time.sleep(min(server.pause, 1.0))
        export = server.json(export["url"])
    if export["state"] != "ready":
        raise Failed("The files were not made: %s. %s" % (export["state"], export["error"]))
    return export


def inside(folder: Path, name: str) -> Path:
    """The place of a file; a name cannot lead out of the folder."""
    path = (folder / name).resolve()
    if folder.resolve() not in path.parents:
        raise Failed("The server names a file outside of the folder: %r." % name)
    return path


def write(path: Path, content: dict[str, Any]) -> None:
    """JSON, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(draft, path)


# ---------------------------------------------------------------- verify


class Check(NamedTuple):
    """One thing that holds (True), does not (False), or cannot be said from here (None)."""

    name: str
    holds: Optional[bool]
    words: str


class Member(NamedTuple):
    """A line of the manifest, and the digest of its row."""

    example_id: int
    annotation_id: Optional[int]
    split: str
    digest: bytes


def verify(folder: Path, model: Optional[Path] = None) -> list[Check]:
    """Every check that these files allow; nothing is asked of anybody."""
    evidence = read(folder / EVIDENCE)
    pulled = read(folder / PULLED) if (folder / PULLED).exists() else {"files": []}
    checks = [manifest_holds(folder, evidence), digests_hold(folder, evidence), definition_holds(evidence)]
    checks += rows_hold(folder, evidence, pulled)
    checks += files_hold(folder, evidence, pulled)
    checks += audit_holds("frozen", evidence.get("audit"), evidence["manifest_sha256"])
    return checks + models_hold(evidence, model)


def read(path: Path) -> dict[str, Any]:
    """A file of JSON. Raises Failed where there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise Failed("%s cannot be read: %s" % (path, error)) from None


def manifest_holds(folder: Path, evidence: dict[str, Any]) -> Check:
    """Who is in it: the hash, and that hash's lines counted."""
    path = folder / MANIFEST
    if not path.exists():
        return Check("manifest", False, "%s is not here." % MANIFEST)
    with open(path, "rb") as file:
        n = sum(1 for _line in file)
    if sha256_of(path) != evidence["manifest_sha256"] or n != evidence["n_total"]:
        return Check("manifest", False, "The list of members is not the one of this snapshot.")
    return Check("manifest", True, "%d members, hash %s." % (n, evidence["manifest_sha256"]))


def digests_hold(folder: Path, evidence: dict[str, Any]) -> Check:
    """What they held: the digests of all rows, erased ones too, make up the content hash."""
    if evidence["evidence_version"] < 2:
        words = "This snapshot is older than keys of its own: only the server can check what its rows held."
        return Check("contents", None, words)
    path = folder / DIGESTS
    if not path.exists() or sha256_of(path) != evidence["content_sha256"]:
        return Check("contents", False, "The digests of the rows are not those of this snapshot.")
    return Check("contents", True, "A digest for every row, hash %s." % evidence["content_sha256"])


def members(folder: Path) -> Iterator[Member]:
    """The manifest line by line, with the digests beside it."""
    with (
        open(folder / MANIFEST, encoding="ascii") as lines,
        open(folder / DIGESTS, "rb") as digests,
    ):
        for line in lines:
            example, _rev, annotation, split = line.rstrip("\n").split(",")
            yield Member(int(example), int(annotation) if annotation else None, split, digests.read(32))


def rows_hold(folder: Path, evidence: dict[str, Any], pulled: dict[str, Any]) -> list[Check]:
    """Every row that is here has its digest, in order; those that are missing were erased."""
    names = [file["name"] for file in pulled["files"] if file["name"].endswith((".jsonl", ".jsonl.gz"))]
    if not names or evidence["key"] is None:
        if evidence["key"] is None:
            return []
        return [Check("rows", None, "Only lines of JSON can be recomputed; pull them with --format jsonl.")]
    try:
        rows = rows_of([folder / name for name in names])
        n, gone = compare(rows, members(folder), bytes.fromhex(evidence["key"]))
    except (Failed, OSError, ValueError) as error:
        return [Check("rows", False, str(error))]
    checks = [Check("rows", True, "%d rows are exactly what was frozen." % n)]
    erased = set(evidence["erased"])
    unknown = [example for example in gone if example not in erased]
    if unknown:
        words = "%d rows are missing, and the evidence does not say that they were erased: %s."
        checks.append(Check("erased", False, words % (len(unknown), some(unknown))))
    elif gone:
        words = "%d rows are gone: they were erased on request. Their digests stayed, so the rest is proven."
        checks.append(Check("erased", True, words % len(gone)))
    return checks


def rows_of(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of some files as they were frozen: without the pictures that were put in for a download."""
    for path in paths:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else open(path, "rb") as file:
            for line in file:
                row, added, _picture = line.rstrip(b"\n").rpartition(b',"media_base64":')
                yield row + b"}" if added else line.rstrip(b"\n")


def compare(rows: Iterable[bytes], wanted: Iterator[Member], key: bytes) -> tuple[int, list[int]]:
    """(rows that are right, examples whose rows are missing). Raises Failed at the first that is wrong."""
    n, gone = 0, []
    for n, row in enumerate(rows, start=1):
        said = json.loads(row)
        member = next(wanted, None)
        while member is not None and member.example_id != said["example_id"]:
            gone.append(member.example_id)
            member = next(wanted, None)
        if member is None:
            raise Failed("Row %d (example %s) is no member, or not in its place." % (n, said["example_id"]))
        right = hmac.compare_digest(hmac.new(key, row, "sha256").digest(), member.digest)
        if not right or (said["annotation_id"], said["split"]) != (member.annotation_id, member.split):
            raise Failed("Row %d (example %s) is not what was frozen." % (n, member.example_id))
    return n, gone + [member.example_id for member in wanted]


def files_hold(folder: Path, evidence: dict[str, Any], pulled: dict[str, Any]) -> list[Check]:
    """The files are byte for byte those that the server made."""
    known = {file["sha256"] for export in evidence["exports"] for file in export["files"]}
    checks = []
    for file in pulled["files"]:
        path = inside(folder, file["name"])
        digest = sha256_of(path) if path.exists() else ""
        if digest != file["sha256"]:
            checks.append(Check(file["name"], False, "It is missing, or not as it was when it was pulled."))
        elif digest in known:
            checks.append(
                Check(file["name"], True, "It is the file that was made of this snapshot, %s." % digest)
            )
    return checks


def definition_holds(evidence: dict[str, Any]) -> Check:
    """What the slice meant."""
    if evidence["definition"] is None:
        return Check("definition", None, "The stream has lost a field that the slice asked about.")
    right = hashlib.sha256(evidence["definition"].encode()).hexdigest() == evidence["definition_hash"]
    what = "%s@%s" % (evidence["slice"], evidence["slice_version"])
    return Check(
        "definition", right, "%s %s." % (what, "means what its hash says" if right else "has another hash")
    )


def audit_holds(what: str, proof: Optional[dict[str, Any]], *needed: str) -> list[Check]:
    """The entry in the audit's chain is the one that its digest says, and names what it should."""
    if proof is None:
        return [Check("audit", None, "The audit had not sealed that it was %s when this was pulled." % what)]
    right = hashlib.sha256(proof["before"].encode() + proof["line"].encode()).hexdigest() == proof["digest"]
    right = right and all(word in proof["line"] for word in needed)
    words = "That it was %s is entry %d of the audit, digest %s." % (what, proof["position"], proof["digest"])
    return [
        Check("audit", right, words if right else "The audit's entry does not say that it was %s." % what)
    ]


def models_hold(evidence: dict[str, Any], path: Optional[Path]) -> list[Check]:
    """Which models were trained on exactly this, and whether the file given is one of them."""
    checks, digest = [], sha256_of(path) if path else None
    for model in evidence["models"]:
        right = model["manifest_sha256"] == evidence["manifest_sha256"]
        name = "%s@%s" % (model["name"], model["version"])
        words = "Run %s trained %s (digest %s) on this snapshot." % (
            model["run"],
            name,
            model["digest"] or "not said",
        )
        checks.append(Check("model", right, words if right else "%s was trained on another snapshot." % name))
        checks += (
            audit_holds("trained", model["audit"], evidence["manifest_sha256"], model["digest"])
            if right
            else []
        )
    if path is None:
        return checks
    mine = [
        model
        for model in evidence["models"]
        if digest and model["digest"].lower().rpartition(":")[2] == digest
    ]
    words = (
        "%s is %s@%s." % (path.name, mine[0]["name"], mine[0]["version"])
        if mine
        else ("%s (SHA-256 %s) is no model that was trained on this snapshot." % (path.name, digest))
    )
    return [*checks, Check("model file", bool(mine), words)]


def some(ids: list[int]) -> str:
    """The first few."""
    return ", ".join(map(str, ids[:5])) + (" ..." if len(ids) > 5 else "")


# ---------------------------------------------------------------- the command line


def arguments(words: Optional[list[str]] = None) -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(
        prog="sluice.py", description="Snapshots of Sluice: fetch them, verify them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("pull", help="fetch a snapshot and what proves it")
    one.add_argument("snapshot", type=int)
    one.add_argument("--to", type=Path, help="the folder (default: snapshot-<number>)")
    one.add_argument("--format", choices=FORMATS, default="jsonl")
    one.add_argument("--pictures", action="store_true", help="put uploaded pictures into the rows")
    one.add_argument("--url", default=os.environ.get("SLUICE_URL", ""), help="default: $SLUICE_URL")
    two = commands.add_parser("verify", help="check a folder that was pulled, without a connection")
    two.add_argument("folder", type=Path)
    two.add_argument("--model", type=Path, help="a model's file: was it trained on this?")
    for command in (one, two):
        command.add_argument("--json", action="store_true", help="say it in JSON")
    found = parser.parse_args(words)
    if found.command == "pull" and not (found.url and os.environ.get("SLUICE_TOKEN")):
        parser.error("set SLUICE_URL and SLUICE_TOKEN")
    return found


def progress(name: str, done: int, total: int) -> None:
    """One line that moves, where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write("\r%s: %d of %d\033[K%s" % (name, done, total, "\n" if done == total else ""))


def main(words: Optional[list[str]] = None) -> int:
    """Do it, and say how it went."""
    asked = arguments(words)
    try:
        if asked.command == "pull":
            server = Server(asked.url, os.environ["SLUICE_TOKEN"], float(os.environ.get("SLUICE_PAUSE", "1")))
            folder = asked.to or Path("snapshot-%d" % asked.snapshot)
            options = {"media": "inline"} if asked.pictures else {}
            pulled = pull(
                server, asked.snapshot, folder, asked.format, options, None if asked.json else progress
            )
            lines = ["%s  %s" % (file["sha256"], folder / file["name"]) for file in pulled["files"]]
            print(json.dumps(pulled) if asked.json else "\n".join(lines))
            return 0
        checks = verify(asked.folder, asked.model)
    except Failed as failed:
        print(json.dumps({"error": str(failed)}) if asked.json else str(failed), file=sys.stderr)
        return 1
    if asked.json:
        print(json.dumps({"checks": [check._asdict() for check in checks]}))
    else:
        marks = {True: "holds", False: "DOES NOT HOLD", None: "cannot be said"}
        print("\n".join("%-14s %s: %s" % (marks[check.holds], check.name, check.words) for check in checks))
    return 1 if any(check.holds is False for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main())
