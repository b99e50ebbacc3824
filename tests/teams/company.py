"""A company's identity provider, as far as OpenID Connect's code flow asks: discovery, token, userinfo."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt

CLIENT, SECRET = "sluice", "a secret of at least thirty-two bytes"


class Company:
    """Who signs in next, and what the company says of them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.claims: dict[str, Any] = {}
        self.codes: set[str] = set()
        self.verifiers: list[str] = []

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What it answers at an address."""
        match path.partition("?")[0]:
            case "/.well-known/openid-configuration":
                return 200, {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "userinfo_endpoint": f"{self.url}/userinfo",
                    "jwks_uri": f"{self.url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            case "/token":
                known = form.get("code") in self.codes and form.get("client_secret") == SECRET
                if not known:
                    return 400, {"error": "invalid_grant"}
                self.codes.remove(form["code"])
                self.verifiers.append(form.get("code_verifier", ""))
                now = int(time.time())
                token = {**self.claims, "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60}
                signed = jwt.encode(token, SECRET, algorithm="HS256")
                return 200, {"access_token": "a", "token_type": "Bearer", "id_token": signed}
            case "/userinfo":
                return 200, self.claims
        return 404, {}


@contextmanager
def running() -> Iterator[Company]:
    """The company on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.reply({name: values[0] for name, values in parse_qs(body).items()})

        def reply(self, form: dict[str, str]) -> None:
            status, said = company.answer(self.path, form)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *unused: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    company = Company(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield company
    finally:
        server.shutdown()
        server.server_close()
