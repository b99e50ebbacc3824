"""A training pipeline as a customer would have one: a script of its own, which knows Sluice by address and token.

    SLUICE_URL=http://127.0.0.1:8000 SLUICE_TOKEN=slc_... python pipeline.py FOLDER

It claims runs, trains on the snapshot it downloads, evaluates on the snapshot it is given, and posts predictions
for whatever arrived since. Models stay in FOLDER: Sluice knows their digests, never their weights.
Nothing of Sluice is imported here, and what Sluice cannot answer now is asked again until it can.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import pickle
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: threads would only wait for each other

import numpy as np
import requests
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PROJECT, STREAM, MAIN_MODEL = "digits", "tags", "digits"
POOLS = ["default"]
LOOK_AGAIN_S = 0.5
AWAY = {429, 500, 502, 503, 504}
Rows = list[dict[str, Any]]


class Refused(Exception):
    """Sluice understood the request and said no; the message is its own."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:500]}")
        self.status = answer.status_code


class Sluice:
    """Calls to Sluice. Each may be sent twice without harm, so each is repeated until it is answered."""

    def __init__(self, address: str, token: str) -> None:
        self.root = f"{address.rstrip('/')}/api/v1/"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """One answer. Raises Refused for a 4xx; waits for as long as nobody answers, or only a 5xx."""
        url = path if path.startswith("http") else self.root + path.removeprefix("/api/v1/")
        delay = 0.2
        while True:
            try:
                answer = self.session.request(method, url, timeout=60, **request)
                if answer.status_code not in AWAY:
                    break
                say(f"{method} {path}: {answer.status_code}, trying again")
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                say(f"{method} {path}: nobody answers, trying again")
            time.sleep(delay)
            delay = min(5.0, delay * 2)
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at an address."""
        return self.call("GET", path, params=parameters).json()

    def post(self, path: str, body: Any) -> Any:
        """The JSON answered to a JSON body; None for an empty answer."""
        answer = self.call("POST", path, json=body)
        return answer.json() if answer.content else None


class Shelf:
    """The folder of models, each named by the digest of its bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def keep(self, model: Any) -> str:
        """Put a model down; its digest."""
        content = pickle.dumps(model)
        digest = hashlib.sha256(content).hexdigest()
        write(self.folder / f"{digest}.pickle", content)
        return digest

    def load(self, digest: str) -> Any:
        """A model of ours. Raises FileNotFoundError for one that was trained elsewhere."""
        return pickle.loads((self.folder / f"{digest}.pickle").read_bytes())  # noqa: S301 - we wrote it

    def announce(self, name: str, version: str, digest: str) -> None:
        """Remember the newest model of a name, once Sluice knows it too."""
        write(self.folder / f"{name}.json", json.dumps({"version": version, "digest": digest}).encode())

    def newest(self, name: str) -> dict[str, str] | None:
        """{version, digest} of the newest model of a name; None before there is one."""
        file = self.folder / f"{name}.json"
        return json.loads(file.read_text()) if file.exists() else None

    def claim_id(self) -> str:
        """The name of the claim we are at, kept on disk: whoever starts again here is given the same run."""
        file = self.folder / "claim"
        if not file.exists():
            write(file, uuid.uuid4().hex.encode())
        return file.read_text()

    def end_claim(self) -> None:
        """That claim is over; the next gets a name of its own."""
        (self.folder / "claim").unlink(missing_ok=True)


class Heart:
    """Beats while a run is worked on, so that Sluice does not give it to somebody else."""

    def __init__(self, sluice: Sluice, run: int, lease: dict[str, Any]) -> None:
        self.sluice, self.run, self.lease = sluice, run, lease
        self.stopping = threading.Event()
        self.unwanted = False
        self.thread = threading.Thread(target=self.beat, daemon=True)

    def __enter__(self) -> Heart:
        self.thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.stopping.set()

    def beat(self) -> None:
        """Until the work is over, cancelled, or somebody else's."""
        calls = Sluice(self.sluice.root.removesuffix("/api/v1/"), "")
        calls.session.headers.update(self.sluice.session.headers)
        while not self.stopping.wait(self.lease["heartbeat_s"]) and not self.unwanted:
            try:
                answer = calls.post(f"runs/{self.run}/heartbeat", {"token": self.lease["token"]})
                self.unwanted = answer["command"] == "cancel"
            except Refused:
                self.unwanted = True


def work(sluice: Sluice, shelf: Shelf) -> bool:
    """Claim one run and do it; False when there was none."""
    worker = f"{os.uname().nodename}/{os.getpid()}"
    body = {"claim_id": shelf.claim_id(), "worker": worker, "pools": POOLS, "wait_s": 0}
    work = sluice.post("runs/claim", body)
    if work is None:
        return False
    run, lease = work["run"], work["lease"]
    say(f"claimed run {run['id']}: {run['kind']} of {run['model_name']}, attempt {run['attempt']}")
    try:
        with Heart(sluice, run["id"], lease) as heart:
            report = attempt(sluice, shelf, work)
            if heart.unwanted:
                sluice.post(f"runs/{run['id']}/release", {"token": lease["token"], "reason": "cancelled"})
            else:
                sluice.post(f"runs/{run['id']}/complete", {"token": lease["token"], **report})
    except Refused as problem:
        say(f"run {run['id']}: {problem}")
    else:
        remember(shelf, run, report)
    shelf.end_claim()
    return True


def attempt(sluice: Sluice, shelf: Shelf, work: dict[str, Any]) -> dict[str, Any]:
    """What to report of a run: its model and results, or what went wrong."""
    try:
        doing = train if work["run"]["kind"] == "train" else evaluate
        return doing(sluice, shelf, work)
    except (ValueError, KeyError, OSError) as problem:
        message = f"{type(problem).__name__}: {problem}"
        return {"outcome": "failed", "error": {"message": message, "retryable": False}}


def remember(shelf: Shelf, run: dict[str, Any], report: dict[str, Any]) -> None:
    """From now on predict with what was trained."""
    say(f"run {run['id']}: {report['outcome']}")
    if report["outcome"] == "succeeded" and "model" in report:
        shelf.announce(run["model_name"], report["model"]["version"], report["model"]["digest"])


def train(sluice: Sluice, shelf: Shelf, work: dict[str, Any]) -> dict[str, Any]:
    """A new model from the training snapshot, tried on the evaluation snapshot."""
    run = work["run"]
    rows = download(sluice, work["snapshot"])
    strength = float(run["params"].get("C", 0.05))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))
    model.fit(pixels(rows), [row["label"] for row in rows])
    digest = shelf.keep(model)
    facts = {"kind": "logistic regression on grey values", "C": strength, "examples": len(rows)}
    version = f"{run['id']}.{run['attempt']}"
    return {
        "outcome": "succeeded",
        "model": {"version": version, "digest": digest, "uri": f"shelf:{digest[:12]}", "facts": facts},
        "evaluations": results(sluice, model, work["eval_snapshot"]),
    }


def evaluate(sluice: Sluice, shelf: Shelf, work: dict[str, Any]) -> dict[str, Any]:
    """An earlier model on the evaluation snapshot, so that two can be compared on the same examples."""
    model = shelf.load(work["model_version"]["digest"])
    return {"outcome": "succeeded", "evaluations": results(sluice, model, work["eval_snapshot"])}


def results(sluice: Sluice, model: Any, snapshot: dict[str, Any] | None) -> Rows:
    """What the model says of every example of a snapshot, as `complete` wants it."""
    if snapshot is None or not snapshot["n_total"]:
        return []
    rows = download(sluice, snapshot)
    said = [
        {"example_id": row["example_id"], "label": label, "confidence": confidence}
        for row, (label, confidence) in zip(rows, guesses(model, rows), strict=True)
    ]
    return [{"snapshot": snapshot["id"], "results": said}]


def predict(sluice: Sluice, shelf: Shelf) -> bool:
    """Post what the newest model says of examples without a prediction; False when there were none."""
    newest = shelf.newest(MAIN_MODEL)
    if newest is None:
        return False
    stream = f"projects/{PROJECT}/streams/{STREAM}"
    rows = sluice.get(f"{stream}/examples", where="confidence is null", limit=200, media="inline")["results"]
    if not rows:
        return False
    said = [
        {"key": row["key"], "label": label, "confidence": confidence}
        for row, (label, confidence) in zip(rows, guesses(shelf.load(newest["digest"]), rows), strict=True)
    ]
    sluice.post(f"{stream}/predictions", {"model": {"name": MAIN_MODEL, **newest}, "predictions": said})
    say(f"predicted {len(said)} examples with {MAIN_MODEL}@{newest['version']}")
    return True


def download(sluice: Sluice, snapshot: dict[str, Any]) -> Rows:
    """The rows of a snapshot, each with its picture."""
    answer = sluice.call("GET", snapshot["urls"]["jsonl"], params={"media": "inline"})
    return [json.loads(line) for line in answer.text.splitlines() if line]


def guesses(model: Any, rows: Rows) -> Iterator[tuple[str, float]]:
    """(label, confidence) of each row."""
    for shares in model.predict_proba(pixels(rows)):
        best = int(shares.argmax())
        yield str(model.classes_[best]), round(float(shares[best]), 4)


def pixels(rows: Iterable[dict[str, Any]]) -> np.ndarray:
    """(rows, 384) grey values of the whole tag, each tag brought to mean 0 and deviation 1."""
    return np.array([grey(base64.b64decode(row["media_base64"])) for row in rows])


def grey(png: bytes) -> np.ndarray:
    """One picture as 16 x 24 numbers."""
    small = Image.open(io.BytesIO(png)).convert("L").resize((24, 16), Image.Resampling.BOX)
    values = np.asarray(small, dtype=float).ravel()
    return (values - values.mean()) / (values.std() + 1e-6)


def write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


def say(text: str) -> None:
    """One line for whoever reads the log."""
    print(text, flush=True)


def main() -> None:
    """Work for as long as we are let."""
    sluice = Sluice(os.environ["SLUICE_URL"], os.environ["SLUICE_TOKEN"])
    shelf = Shelf(Path(sys.argv[1] if len(sys.argv) > 1 else "models"))
    while True:
        if not (work(sluice, shelf) or predict(sluice, shelf)):
            time.sleep(LOOK_AGAIN_S)


if __name__ == "__main__":
    main()
