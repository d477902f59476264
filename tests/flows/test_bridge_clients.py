"""Programs as customers have them, against the bridge over HTTP: PHP as the page shows it, C# and Node."""

import base64
import http.client
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations.domain.payables import marker_of
from tests.flows.bridged import KEY, ONCE, bridge, may_settle, ours, settlement
from tests.flows.helpers import Company

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "bridge-v2.md"
SHOWN = "https://ponte.exemplo.com.br"
AWKWARD = ONCE.replace("Teste de conta a pagar", "Boleto A&amp;B 10% + frete")
UNQUOTED = "Boleto A&B 10% + frete"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def bridged(company: Company, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Company:
    found = bridge(company, settings, monkeypatch)
    may_settle()
    settings.BRIDGE_WAIT_SECONDS = 30
    return found


def meanwhile(company: Company, call: Callable[[], Any]) -> Any:
    """Let the workers work while a program waits for its answer; return that."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    while thread.is_alive():
        company.work(waits=False)
        thread.join(0.05)
    return found[0]


def check(company: Company, inserted: Any, settled: Any) -> None:
    """Both were answered as v2 did, and Bling has one payable, settled once, with every character of its text."""
    [title] = ours(company)
    told = {"id": str(title.id), "nroDocumento": "0123456", "vencimento": "2017-04-20"}
    assert inserted == (201, {"retorno": {"contaspagar": [{"contapagar": told}]}})
    assert settled == (200, {"retorno": {"contaspagar": [{"contapagar": told}]}})
    assert title.history == f"{UNQUOTED} [#K{marker_of(title.history)}]"
    assert len(company.bling.payments_of(title.id)) == 1


class TestPhp:
    """What the page shows, as it stands there: only the address is another one."""

    pytestmark = [
        pytest.mark.long,
        pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed (Debian: php-cli, php-curl)"),
    ]

    def snippets(self) -> list[str]:
        return re.findall(r"```php\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    def run(self, company: Company, snippet: str, url: str, **values: str) -> tuple[int, Any]:
        assert SHOWN in snippet
        given = "".join(f"${name} = base64_decode('{_base64(text)}');\n" for name, text in values.items())
        told = 'echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE), "\\n", $resposta;'
        program = f"<?php\n{given}{snippet.replace(SHOWN, url)}\n{told}"
        done = meanwhile(company, lambda: subprocess.run(
            ["php", "-d", "display_errors=stderr"], input=program, capture_output=True, text=True, timeout=90
        ))  # fmt: skip
        assert done.stderr == ""
        status, _newline, body = done.stdout.partition("\n")
        return int(status), json.loads(body)

    def test_it_enters_and_settles(self, bridged: Company, live_server: Any) -> None:
        insert, settle = self.snippets()
        entered = self.run(bridged, insert, live_server.url, apikey=KEY, xml=AWKWARD)
        [title] = ours(bridged)
        paid = self.run(bridged, settle, live_server.url, apikey=KEY, id=str(title.id))
        check(bridged, entered, paid)
        assert self.run(bridged, settle, live_server.url, apikey=KEY, id=str(title.id)) == paid
        assert self.run(bridged, insert, live_server.url, apikey=KEY, xml=AWKWARD) == entered
        check(bridged, entered, paid)


NODE = """
const [url, method, apikey, xml, form] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const body = form === "raw" ? `apikey=${apikey}&xml=${xml}` : new URLSearchParams({apikey, xml}).toString();
const headers = {"Content-Type": "application/x-www-form-urlencoded"};
fetch(url, {method, headers, body}).then(async (answer) =>
  console.log(JSON.stringify([answer.status, await answer.json()])));
"""


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed (Debian: nodejs)")
@pytest.mark.parametrize("form", ["urlencoded", "raw"])
def test_a_program_in_node_enters_and_settles(bridged: Company, live_server: Any, form: str) -> None:
    def run(path: str, method: str, xml: str) -> Any:
        given = json.dumps([f"{live_server.url}{path}", method, KEY, xml, form])
        done = meanwhile(bridged, lambda: subprocess.run(
            ["node", "-e", NODE], input=given, capture_output=True, text=True, timeout=90
        ))  # fmt: skip
        assert done.returncode == 0, done.stderr
        return tuple(json.loads(done.stdout))

    entered = run("/Api/v2/contapagar/json/", "POST", AWKWARD)
    [title] = ours(bridged)
    check(bridged, entered, run(f"/b/Api/v2/contapagar/{title.id}/json", "PUT", settlement()))


@pytest.mark.parametrize("is_key_last", [False, True])
def test_the_bytes_of_c_sharp_enter_and_settle(bridged: Company, live_server: Any, is_key_last: bool) -> None:
    """`"apikey=" + apikey + "&xml=" + xml` without encoding anything, and the other way round."""

    def send(method: str, path: str, xml: str) -> tuple[int, Any]:
        body = (f"xml={xml}&apikey={KEY}" if is_key_last else f"apikey={KEY}&xml={xml}").encode()
        with closing(http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=60)) as connection:
            connection.request(method, path, body, FORM)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    entered = meanwhile(bridged, lambda: send("POST", "/Api/v2/contapagar/json/", AWKWARD))
    [title] = ours(bridged)
    path = f"/Api/v2/contapagar/{title.id}/json/"
    check(bridged, entered, meanwhile(bridged, lambda: send("PUT", path, settlement())))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
