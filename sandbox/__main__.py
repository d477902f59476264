"""`python -m sandbox`: run the fake Bling and Kamino as a process of their own."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from sandbox.ground import DEFAULT_REDIRECT, today_in_brasilia
from sandbox.server import SandboxServer
from sandbox.world import World


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    options = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    add = options.add_argument
    add("--port", type=int, default=9000)
    add("--host", default="127.0.0.1")
    add("--seed", type=int, default=1, help="the same seed gives the same data")
    add("--payables", type=int, default=0, help="payables per account")
    add("--receivables", type=int, default=0, help="receivables per account")
    add("--accounts", default="demo", help="company slugs, separated by commas")
    add("--unlimited", action="store_true", help="no rate limits on either side")
    add("--generous", action="store_true", help="Kamino shows external codes and undoes settlements")
    add(
        "--receivable-list",
        choices=("first", "second", "none"),
        default="first",
        help="at which path Kamino lists them",
    )
    add("--unmapped", action="store_true", help="many Bling categories without a namesake in Kamino")
    add("--kamino-per-minute", type=int, default=20)
    add("--today", type=date.fromisoformat, help="the day on which this world stands still, YYYY-MM-DD")
    add("--redirect-uri", default=DEFAULT_REDIRECT, help="where the consent page of every app sends the browser")
    add("--token-kind", choices=("opaque", "jwt"), default="opaque", help="kind of the provisioned tokens")
    add("--provision-file", type=Path, help="write the configuration that a client needs, as JSON")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. Returns 2 when the port is in use."""
    options = parser().parse_args(arguments)
    world = World(
        today=options.today or today_in_brasilia(),
        seed=options.seed,
        unlimited=options.unlimited,
        generous=options.generous,
        receivable_list=options.receivable_list,
        kamino_per_minute=options.kamino_per_minute,
        redirect_uri=options.redirect_uri,
    )
    try:
        # Bind first: filling a large world takes seconds that a wrong port should not cost.
        server = SandboxServer(world, port=options.port, host=options.host)
    except OSError as error:
        print(f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 2
    for slug in filter(None, (text.strip() for text in options.accounts.split(","))):
        world.add_account(slug, payables=options.payables, receivables=options.receivables, unmapped=options.unmapped)
    if options.provision_file:
        text = json.dumps(world.provision(options.token_kind), ensure_ascii=False, indent=2)
        options.provision_file.write_text(text + "\n", encoding="utf-8")
    print(f"sandbox: {server.url}/  bling {server.bling_url}  kamino {server.kamino_url}", flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
