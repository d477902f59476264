"""`python -m project.demo`: everything on one machine — database, sandbox, web, worker — until Ctrl-C.

With `--check` nobody is needed: it waits for the first sync, compares both sides and prints one JSON object.
Everything that it keeps is under `.data/demo` (`.data/demo-check`); nothing outside of the machine is called.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from types import FrameType
from typing import Any, cast

from django.core.management import CommandError

from integrations.management.files import open_private
from project.demo_processes import Child, ChildDiedError, Children, free_ports, is_free
from project.demo_sandbox import HEALTHY, UNMAPPED
from project.local import BASE_DIR, DATA_DIR, make_roles, start_embedded_database
from sandbox.bling.api import PREFIX as BLING_PREFIX
from sandbox.server import bling_addresses

HOST = "127.0.0.1"
CONNECTED = (HEALTHY, UNMAPPED)
CHECK_TIMEOUT = 240.0
START_TIMEOUT = 60.0


class DemoError(Exception):
    """The demo cannot go on; the message says why in one line or two."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo. Returns 0, or 1 when something went wrong or the two sides differ."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    folder = DATA_DIR / ("demo-check" if options.check else "demo")
    try:
        with _only_one(folder):
            if options.reset:
                return _reset()
            if options.check:
                _clear(folder)
                options.web_port, options.sandbox_port = free_ports(2)
            else:
                _refuse_used_ports(options)
            return Demo(folder, options).run()
    except (DemoError, ChildDiedError, CommandError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m project.demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="sync once, compare both sides, print JSON, end")
    parser.add_argument("--reset", action="store_true", help="delete the demo's data, and end")
    parser.add_argument("--web-port", type=int, default=8000)
    parser.add_argument("--sandbox-port", type=int, default=9000)
    parser.add_argument("--titles", type=int, default=120, help="payables, and receivables, of each company")
    return parser


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Keep a second demo out of the same folder. Raises `DemoError`."""
    DATA_DIR.mkdir(exist_ok=True)
    with (DATA_DIR / f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError("another one is running in this folder; stop it first (Ctrl-C there).") from None
        yield


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise DemoError(f"{folder} cannot be deleted; delete it by hand.")


def _reset() -> int:
    for name in ("demo", "demo-check"):
        _clear(DATA_DIR / name)
    print("The demo's data is deleted.")
    return 0


def _refuse_used_ports(options: argparse.Namespace) -> None:
    for name, variable in (("web_port", "WEB_PORT"), ("sandbox_port", "SANDBOX_PORT")):
        port = getattr(options, name)
        if not is_free(port):
            raise DemoError(f"port {port} is in use; choose another one: make demo {variable}={port + 1}")
    if options.web_port == options.sandbox_port:
        raise DemoError("WEB_PORT and SANDBOX_PORT must differ.")


class Demo:
    """One demo: its folder, its processes, and what it says meanwhile (to stderr; stdout is for results)."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.options = options
        self.web = f"http://{HOST}:{options.web_port}"
        self.sandbox = f"http://{HOST}:{options.sandbox_port}"
        self.children = Children(folder=folder, cwd=BASE_DIR)
        self.began = time.monotonic()

    def run(self) -> int:
        """Start everything, wait for the first sync, and then for Ctrl-C; a check ends by itself."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
            if self.options.check:
                return self._check()
            self._accompany()
        except KeyboardInterrupt:
            self.say("\nStopping …")
        finally:
            # A second Ctrl-C must not leave half of the processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.children.stop()
            _close_database()
        return 0

    def say(self, text: str, *, end: str = "\n") -> None:
        """Tell the person at the terminal."""
        print(text, end=end, file=sys.stderr, flush=True)

    def _start(self) -> None:
        self.say("Starting PostgreSQL …")
        try:
            # As in production: whoever has the web's or the workers' environment cannot touch the audit record.
            owner, app = make_roles(start_embedded_database(f"{self.folder.name}/postgres"))
            os.environ["DATABASE_URL"] = app
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            raise DemoError(f"the embedded PostgreSQL did not start: {error}") from error
        env = self._environment()
        os.environ.update(env, LOG_LEVEL="ERROR", DATABASE_OWNER_URL=owner)  # this process migrates
        provision_file = self.folder / "provision.json"
        state = self.folder / "sandbox.state"
        is_new = not state.exists()
        self.say("Starting the sandbox (a simulated Bling and Kamino) …")
        sandbox = self._python(
            "sandbox", "-m", "project.demo_sandbox", "--port", str(self.options.sandbox_port),
            "--titles", str(self.options.titles), "--callback", f"{self.web}/bling/callback",
            "--state", str(state), "--provision-file", str(provision_file), env=env,
        )  # fmt: skip
        import django

        django.setup()
        from project import demo_data

        self.say("Preparing the database …")
        if demo_data.migrate() != is_new:
            raise DemoError("only half of the last start's data is left; run: make demo-reset")
        if not is_new:
            self.say("The data of the last start is kept (make demo-reset deletes it).")
        self._wait_for(f"{self.sandbox}/_control/health", sandbox)
        demo_data.prepare(provision_file, is_new=is_new)
        demo_data.collect_static()
        web = self._python(
            "web", "-m", "gunicorn", "project.wsgi:application", "--bind", f"{HOST}:{self.options.web_port}",
            "--workers", "2", "--threads", "4", "--worker-tmp-dir", str(self.folder), env=env,
        )  # fmt: skip
        self._python("worker", "manage.py", "cluster", env=env)
        self._write_env_file(env)
        self._wait_for(f"{self.web}/health/ready", web)

    def _python(self, name: str, *arguments: str, env: dict[str, str]) -> Child:
        return self.children.start(name, [sys.executable, *arguments], env={**os.environ, **env})

    def _environment(self) -> dict[str, str]:
        """Return what makes this service talk to the sandbox, and to nothing else."""
        local = f"{HOST},localhost"
        return {
            "ENVIRONMENT": "local",
            "DEBUG": "false",
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "DATABASE_OWNER_URL": "",
            "ALLOWED_HOSTS": local,
            "PUBLIC_URL": self.web,
            "CSRF_TRUSTED_ORIGINS": f"{self.web},http://localhost:{self.options.web_port}",
            "BEHIND_PROXY": "false",
            **bling_addresses(f"{self.sandbox}{BLING_PREFIX}"),
            "BLING_CLIENT_ID": "",
            "BLING_CLIENT_SECRET": "",
            "BLING_WRITE_CLIENT_ID": "",
            "BLING_WRITE_CLIENT_SECRET": "",
            "BLING_WRITE_SCOPES": "",
            "TEST_HOSTS": HOST,
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
            "NO_PROXY": local,
            "no_proxy": local,
            # The sandbox has no limits here: a demo is not a place to wait.
            "BLING_INTERVAL_MS": "5",
            "BLING_EGRESS_INTERVAL_MS": "5",
            "BLING_TOKEN_INTERVAL_MS": "200",
            "KAMINO_PER_MINUTE": "3000",
            "SYNC_JITTER_MINUTES": "1",
            "UNCERTAIN_WAIT_SECONDS": "20",
            "QUEUE_WORKERS": "2",
            "EMAIL_URL": "consolemail://",
            "LOG_LEVEL": "INFO",
            "LOG_JSON": "false",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }

    def _write_env_file(self, env: dict[str, str]) -> None:
        """Leave the environment in a file, for `manage.py` in another terminal."""
        lines = [f"export {name}='{value}'" for name, value in sorted(env.items())]
        with open_private(self.folder / "env.sh") as file:
            file.write(("\n".join(lines) + "\n").encode())

    def _wait_for(self, url: str, child: Child) -> None:
        """Wait until an address answers. Raises `ChildDiedError` or `DemoError`."""
        until = time.monotonic() + START_TIMEOUT
        while time.monotonic() < until:
            child.check()
            with contextlib.suppress(OSError):
                fetch(url)
                return
            time.sleep(0.1)
        raise DemoError(f"{child.name} did not answer at {url}. End of {child.log}:\n{child.tail()}")

    def _accompany(self) -> None:
        """Show the first sync's progress, then the addresses; then watch the processes until Ctrl-C."""
        from project import demo_data

        self.say(f"The admin is up at {self.web}/ – the first sync has begun. Log-ins:\n{demo_data.log_ins()}")
        while not (progress := demo_data.read_progress(CONNECTED)).is_done:
            self._show(progress.to_text())
            self.children.check()
            time.sleep(0.5)
        self._show(progress.to_text())
        self.say("")
        print(demo_data.welcome(web=self.web, sandbox=self.sandbox, folder=self.folder), flush=True)
        while True:
            self.children.check()
            time.sleep(1.0)

    def _show(self, text: str) -> None:
        """Show one line that the next one replaces (on a terminal)."""
        if sys.stderr.isatty():
            self.say(f"\r\x1b[K{text}", end="")
        elif text != getattr(self, "_shown", ""):
            self._shown = text
            self.say(text)

    def _check(self) -> int:
        """Wait for the first sync and compare both sides. Prints one JSON object on stdout."""
        from project import demo_check, demo_data

        until = time.monotonic() + CHECK_TIMEOUT
        while not (progress := demo_data.read_progress(CONNECTED)).is_done and time.monotonic() < until:
            self._show(progress.to_text())
            self.children.check()
            if progress.failed:
                break
            time.sleep(0.5)
        self._show(progress.to_text())
        self.say("")
        companies = {slug: self._compare(slug) for slug in CONNECTED}
        result = demo_check.summarize(companies, progress, seconds=round(time.monotonic() - self.began, 1))
        result["pages"] = self._pages()
        result["ok"] = result["ok"] and all(status == 200 for status in result["pages"].values())
        print(json.dumps(result, ensure_ascii=False, indent=2, default=str), flush=True)
        return 0 if result["ok"] else 1

    def _compare(self, slug: str) -> Any:
        from project import demo_check, demo_data

        summary = demo_check.parse(fetch(f"{self.sandbox}/_control/{slug}/summary"))
        return demo_check.compare(summary, demo_data.read_titles(slug), sync_from=demo_data.sync_from(slug))

    def _pages(self) -> dict[str, int]:
        """Return the status of some pages that people see first."""
        found = {}
        for path in ("/admin/login/", "/static/integrations/admin.css", "/health/ready"):
            try:
                with _open(f"{self.web}{path}") as answer:
                    found[path] = int(answer.status)
            except OSError as error:
                found[path] = int(getattr(error, "code", 0))
        return found


def _close_database() -> None:
    """Let go of the database before its server stops with this process."""
    with contextlib.suppress(Exception):
        from django.db import connections

        connections.close_all()


def _open(url: str) -> HTTPResponse:
    # Only our own addresses, and never through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return cast(HTTPResponse, opener.open(url, timeout=20))


def fetch(url: str) -> bytes:
    """Return the body of one of our own pages. Raises `OSError`."""
    with _open(url) as answer:
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main())
