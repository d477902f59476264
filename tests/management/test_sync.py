"""`manage.py sync` and `discrepancies`, `ensure_schedules`: what they print, write and answer to the shell."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings
from django_q.models import OrmQ, Schedule

from integrations.models import SyncRun
from tests.flows.helpers import Company

KEYS = {
    "tenant", "bling_requests", "kamino_requests", "titles", "created", "updated", "settled", "cancelled", "held",
    "needs_human", "errors",
}  # fmt: skip


def sync(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        call_command("sync", "--wait", *arguments)
    return int(caught.value.code or 0)


def test_it_prints_one_object_per_company(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    company.add_title("payable")
    capsys.readouterr()
    assert sync("--json") == 0
    line = json.loads(capsys.readouterr().out)
    assert set(line) >= KEYS
    assert (line["tenant"], line["created"], line["titles"]) == ("azul", 1, {"delivered": 1})
    assert line["bling_requests"] == company.bling.request_count
    assert line["kamino_requests"] == sum(company.kamino.calls.values())


def test_it_ends_with_1_when_a_person_is_needed(company: Company) -> None:
    company.add_title("payable", category=0)
    assert sync() == 1


def test_it_ends_with_2_when_a_company_cannot_be_synced(company: Company) -> None:
    company.bling.revoke_all()
    assert sync() == 2


def test_it_syncs_only_the_named_companies(new_company: Callable[..., Company]) -> None:
    first, second = new_company("azul"), new_company("verde")
    sync("--tenant", "verde")
    assert (first.bling.request_count, second.bling.request_count > 0) == (0, True)
    with pytest.raises(CommandError, match="cinza"):
        call_command("sync", "--tenant", "cinza")


def test_without_wait_it_leaves_the_work_to_the_workers(company: Company) -> None:
    call_command("sync")
    assert SyncRun.objects.get().state == SyncRun.State.OPEN
    assert OrmQ.objects.count() == 1


def test_discrepancies_are_written_in_three_formats(company: Company, tmp_path: Path) -> None:
    company.add_title("payable", category=0, history="=CMD()")
    sync()
    for kind in ("csv", "xlsx", "json"):
        call_command("discrepancies", "--format", kind, "--output", str(tmp_path / f"d.{kind}"))
    rows = list(csv.reader((tmp_path / "d.csv").read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert (rows[0][0], len(rows)) == ("Empresa", 2)
    assert json.loads((tmp_path / "d.json").read_text())[0]["Empresa"] == company.tenant.name
    assert (tmp_path / "d.xlsx").read_bytes()[:2] == b"PK"


@pytest.mark.django_db
def test_schedules_are_declared_once_twelve_hours_apart() -> None:
    call_command("ensure_schedules")
    call_command("ensure_schedules")
    names = sorted(Schedule.objects.values_list("name", flat=True))
    assert names == ["purge", "sync-05h", "sync-17h", "tick"]
    five, seventeen = (Schedule.objects.get(name=name).next_run for name in ("sync-05h", "sync-17h"))
    assert five is not None
    assert seventeen is not None
    assert abs((seventeen - five).total_seconds()) == 12 * 3600
    with override_settings(SYNC_HOURS=[6]):
        call_command("ensure_schedules")
    assert sorted(Schedule.objects.values_list("name", flat=True)) == ["purge", "sync-06h", "tick"]
