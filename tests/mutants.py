"""Known ways of breaking the engine. Each is tried on a copy of the tree, and the tests have to see it.

`make mutants` runs them all, with the tests of `make test` that are meant to catch them; a name runs one.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTBOX = "integrations/models/outbox.py"


@dataclass(frozen=True)
class Mutant:
    """Replace `old` by `new` in a file; `seen_by` are the tests that have to fail."""

    name: str
    file: str
    old: str
    new: str
    seen_by: tuple[str, ...]


MUTANTS = [
    Mutant(
        "wake_up_moved_under_a_writer", "integrations/pipeline/handover/wake_ups.py",
        "kind=self.kind).select_for_update(skip_locked=True)", "kind=self.kind)",
        ("tests/pipeline/handover/test_wake_ups.py",),
    ),
    Mutant(
        "company_with_work_sleeps", "integrations/pipeline/handover/wake_ups.py",
        "if tenant not in busy:", "if True:",
        ("tests/pipeline/handover/test_wake_ups.py",),
    ),
    Mutant(
        "requests_for_plans_wake_nobody", "integrations/models/wake_up_triggers.py",
        '*_of_statement("integrations_planrequest", "by_planrequest", asked),', "",
        ("tests/pipeline/handover/test_wake_ups.py",),
    ),
    Mutant(
        "new_titles_released_unlooked", "integrations/pipeline/read/steps/new.py",
        "needs = frozenset({ReadGone.name})", "needs = frozenset()",
        ("tests/pipeline/read/test_left_out.py",),
    ),
    Mutant(
        "days_around_not_looked_at", "integrations/pipeline/deliver/existing.py",
        "believed=believed, around=(_around(desired), near_since))", "believed=believed)",
        ("tests/pipeline/deliver/test_existing.py",),
    ),
    Mutant(
        "acceptance_forgotten", "integrations/pipeline/compare/discrepancies.py",
        "if sides in accepted and (", "if False and (",
        ("tests/pipeline/desk/test_acceptance.py",),
    ),
    Mutant(
        "lost_renewal_forgotten", "integrations/pipeline/access/tokens.py",
        "version if lost or was_begun else 0", "version if lost else 0",
        ("tests/pipeline/access/test_token_answers.py",),
    ),
    Mutant(
        "paid_as_scheduled_is_adopted", "integrations/domain/conflicts.py",
        "if met in _ABOUT_TO_BE_PAID and row", "if False and row",
        ("tests/flows/test_edited_in_kamino.py",),
    ),
    Mutant(
        "stuck_while_an_outcome_is_unknown", "integrations/pipeline/deliver/ready.py",
        "_list_may_be_tried(now), ~Exists(Posting.unresolved()))", "_list_may_be_tried(now))",
        ("tests/flows/test_by_hand.py",),
    ),
    Mutant(
        "several_pages_prove_what_is_gone", "integrations/pipeline/deliver/titles.py",
        "return is_gone and is_proved_gone(self.posting)", "return is_gone",
        ("tests/flows/test_edited_in_kamino.py",),
    ),
    Mutant(
        "recreated_by_who_ordered_it", "integrations/pipeline/desk/recreation.py",
        "if order.user_id == user.pk:", "if False:",
        ("tests/pipeline/desk/test_recreation.py",),
    ),
    Mutant(
        "recreated_without_a_look", "integrations/pipeline/deliver/existing.py",
        "if has_list and posting.was_there():", "if False:",
        ("tests/pipeline/desk/test_recreation.py",),
    ),
    Mutant(
        "resync_writes_over_what_is_paid", "integrations/domain/conflicts.py",
        "    if row.status is not KaminoStatus.PENDING:\n        return False", "    if False:\n        return False",
        ("tests/domain/test_conflicts.py",),
    ),
    Mutant(
        "undone_settlement_still_counts", "integrations/pipeline/handover/beliefs.py",
        "if moved and held.payment is None:", "if False:",
        ("tests/flows/test_by_hand.py",),
    ),
    Mutant(
        "resend_after_a_lost_answer", "integrations/pipeline/deliver/resolve.py",
        "elif kamino.lists_are_complete:", "elif True:",
        ("tests/flows/test_dying_workers.py",),
    ),
    Mutant(
        "no_fence_check", OUTBOX,
        "mine = self.filter(same_object, pk=pk, fence=fence)", "mine = self.filter(same_object, pk=pk)",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "absence_of_one_reading", "integrations/kamino/listing.py", "for _ in range(2):", "for _ in range(1):",
        ("tests/kamino/test_listing.py",),
    ),
    Mutant(
        "odd_rows_prove_absence", "integrations/kamino/listing.py",
        "is_whole = read[-1].is_last and not unread and counted", "is_whole = read[-1].is_last and counted",
        ("tests/kamino/test_listing.py",),
    ),
    Mutant(
        "settle_twice", "integrations/domain/delivery.py",
        "if delivered.status is KaminoStatus.SETTLED:",
        "if delivered.status is KaminoStatus.SETTLED and desired.status is not KaminoStatus.SETTLED:",
        ("tests/domain/test_delivery.py",),
    ),
    Mutant(
        "older_body_differs", "integrations/domain/delivery.py",
        "    delivered = delivered.completed(desired)\n", "",
        ("tests/flows/test_stored_bodies.py",),
    ),
    Mutant(
        "older_reading_wins", "integrations/pipeline/read/mirror.py",
        "(last_read or title).read_at >= reading.read_at:", "reading.read_at is None:",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "expired_becomes_ready", OUTBOX,
        "self.expired(now).update(\n            state=DeliveryState.UNCERTAIN",
        "self.expired(now).update(\n            state=DeliveryState.READY",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "claim_ignores_unresolved_attempts", "integrations/pipeline/outbox/claim.py",
        ".exclude(Exists(model.unresolved()))", "",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "plan_request_dropped", "integrations/pipeline/plan/planner.py",
        "PlanRequest.objects.filter(pk__in=list(requests)).delete()",
        "PlanRequest.objects.filter(connection=connection_id).delete()",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "lease_not_checked", "integrations/pipeline/access/leases.py",
        "return Q(lease_until__isnull=True) | Q(lease_until__lt=now)", "return Q(pk__isnull=False)",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "lease_of_a_claim_not_checked", OUTBOX,
        "state=DeliveryState.SENDING, lease_until__gte=until)", "state=DeliveryState.SENDING)",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "claim_without_a_fence", OUTBOX,
        "self.filter(pk=pk, state=DeliveryState.READY, fence=fence, desired_fingerprint=desired).update(",
        "self.filter(pk=pk, state=DeliveryState.READY, desired_fingerprint=desired).update(",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "object_exchanged", OUTBOX,
        "self.filter(same_object, pk=pk, fence=fence)", "self.filter(pk=pk, fence=fence)",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "looked_up_once", "integrations/pipeline/outbox/lookup.py", "LOOKUPS = 2", "LOOKUPS = 1",
        ("tests/flows/test_lost_answers.py",),
    ),
    Mutant(
        "another_amount_adopted", "integrations/domain/conflicts.py",
        "        and row.paid_amount == desired.payment.amount\n", "",
        ("tests/flows/test_changes.py",),
    ),
    Mutant(
        "run_without_a_fence", "integrations/pipeline/read/mirror.py",
        "SyncRun.objects.filter(pk=run.pk, fence=run.fence, state=SyncRun.State.OPEN).update(\n        lease_until",
        "SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.OPEN).update(\n        lease_until",
        ("tests/flows/test_state_machine.py",),
    ),
    Mutant(
        "any_answer_to_an_update_is_a_success", "integrations/kamino/recognise.py",
        'if not found and not (sent and answer.get("Sucesso") is True):', "if not found and not sent:",
        ("tests/kamino/test_recognise.py",),
    ),
    Mutant(
        "any_answer_to_a_cancellation_is_a_success", "integrations/kamino/recognise.py",
        'if _success(body, operation).get("Sucesso") is not True:', "if _success(body, operation) is None:",
        ("tests/flows/test_odd_answers.py",),
    ),
    Mutant(
        "other_id_thrown_away", "integrations/kamino/recognise.py",
        "if sent and found and found != sent:", "if False:",
        ("tests/flows/test_odd_answers.py",),
    ),
    Mutant(
        "other_id_asked_about_once", "integrations/models/outbox.py",
        "return self.surplus_id if self.surplus_gone_at is None else None", "return None",
        ("tests/flows/test_odd_answers.py",),
    ),
    Mutant(
        "late_number_lost", "integrations/pipeline/outbox/record.py",
        "rows.update(surplus_id=remote_id, surplus_gone_at=None)", "pass",
        ("tests/flows/test_odd_answers.py",),
    ),
    Mutant(
        "unknown_status_is_pending", "integrations/kamino/translate.py",
        "_STATUSES.get(number, KaminoStatus.UNKNOWN)", "_STATUSES.get(number, KaminoStatus.PENDING)",
        ("tests/flows/test_unknown_statuses.py",),
    ),
    Mutant(
        "look_up_asks_for_the_wish", "integrations/pipeline/deliver/resolve.py",
        "sent = DesiredTitle.from_json(look.attempt.was_sent)", "sent = DesiredTitle.from_json(look.attempt.body)",
        ("tests/flows/test_odd_answers.py",),
    ),
    Mutant(
        "tenant_not_filtered_in_one_list", "integrations/admin/kit/scope.py",
        "if path is None or sees_every_tenant(request):",
        "if path is None or sees_every_tenant(request) or queryset.model is models.Attempt:",
        ("tests/admin/kit/test_scope.py",),
    ),
    Mutant(
        "colour_missing", "integrations/words/colours.py",
        '    "uncertain": "danger",\n    "internal"', '    "internal"',
        ("tests/words/test_words.py",),
    ),
    Mutant(
        "payment_of_the_last_closed_day_goes_through", "integrations/domain/desired.py",
        "desired.payment.date > closed:", "desired.payment.date >= closed:",
        ("tests/domain/test_closed_periods.py",),
    ),
    Mutant(
        "less_than_owed_is_overpaid", "integrations/domain/settlement.py",
        "elif all(reading.principal(paid) > owed", "elif any(reading.principal(paid) > owed",
        ("tests/domain/test_settlement.py",),
    ),
    Mutant(
        "paid_amount_is_sent_as_it_is", "integrations/domain/settlement.py",
        "amount, found = moved(paid, owed), []", "amount, found = paid.amount, []",
        ("tests/domain/test_settlement.py",),
    ),
    Mutant(
        "unclear_payment_looks_reversed", "integrations/domain/desired.py",
        "unknown = _NOT_COMPARABLE if before.status is KaminoStatus.SETTLED else set()", "unknown = set()",
        ("tests/flows/test_settlement_cases.py",),
    ),
    Mutant(
        "paid_titles_hide_corrected_borderos", "integrations/pipeline/read/steps/paid.py",
        "Q(last_read__read_at__lt=age) | Exists", "Q(last_read__read_at__lt=age) & Exists",
        ("tests/pipeline/read/test_seen_after.py",),
    ),
    Mutant(
        "breaker_closed_by_an_older_answer", "integrations/pipeline/access/rate_limits.py",
        "            if was_probing:\n", "            if True:\n",
        ("tests/pipeline/access/test_rate_limits.py",),
    ),
    Mutant(
        "repeated_request_is_booked_again", "integrations/pipeline/payables/repeats.py",
        "return not is_over or now - _ended_at(batch) < window", "return not is_over",
        ("tests/flows/test_bridge.py",),
    ),
    Mutant(
        "changed_request_is_not_held", "integrations/pipeline/payables/repeats.py",
        "found += _changed(", "_changed(",
        ("tests/flows/test_bridge.py",),
    ),
    Mutant(
        "refused_request_stays_to_be_sent", "integrations/pipeline/payables/outcome.py",
        "if outcome.ended is not Ended.REFUSED:", "if True:",
        ("tests/flows/test_bridge.py",),
    ),
    Mutant(
        "request_goes_on_after_a_refusal", "integrations/pipeline/to_bling/send.py",
        "most = 1 if batch.source", "most = 5 if batch.source",
        ("tests/flows/test_bridge.py",),
    ),
    Mutant(
        "stranger_s_xml_may_hold_a_dtd", "integrations/bling_v2/xml.py",
        "forbid_dtd=True", "forbid_dtd=False",
        ("tests/bling_v2/test_facts.py",),
    ),
    Mutant(
        "bridge_writes_in_simulation", "integrations/pipeline/payables/doorway.py",
        "mode=WriteMode.LIVE, **switches", "**switches",
        ("tests/flows/test_bridge_doorway.py",),
    ),
    Mutant(
        "paid_payable_is_settled", "integrations/pipeline/to_bling/settle.py",
        "if not _is_whole(facts) or _is_paid_in_mirror(unit):", "if _is_paid_in_mirror(unit):",
        ("tests/flows/test_bridge_settles.py",),
    ),
    Mutant(
        "settlement_ignores_the_mirror", "integrations/pipeline/to_bling/settle.py",
        "if not _is_whole(facts) or _is_paid_in_mirror(unit):", "if not _is_whole(facts):",
        ("tests/flows/test_bridge_settles.py",),
    ),
    Mutant(
        "payment_of_others_is_taken_for_ours", "integrations/pipeline/to_bling/settle.py",
        "return bordero.bling_id if is_ours else None", "return bordero.bling_id",
        ("tests/flows/test_bridge_settles_kills.py",),
    ),
    Mutant(
        "one_look_proves_no_settlement", "integrations/pipeline/to_bling/settle.py",
        "elif look.is_last:", "elif True:",
        ("tests/flows/test_bridge_settles_kills.py",),
    ),
    Mutant(
        "another_settlement_is_answered_as_the_first", "integrations/pipeline/payables/settlements.py",
        "if before.fingerprint != facts.fingerprint:", "if False:",
        ("tests/flows/test_bridge_settles.py",),
    ),
    Mutant(
        "key_settles_what_people_entered", "integrations/pipeline/payables/settlements.py",
        "bling_id=title_id, batch__source=WriteBatch.Source.BRIDGE", "bling_id=title_id",
        ("tests/flows/test_bridge_settles.py",),
    ),
    Mutant(
        "program_has_no_limit", "integrations/pipeline/payables/accept.py",
        "if limit is not None and", "if api_key is None and limit is not None and",
        ("tests/flows/test_bridge_limits.py",),
    ),
    Mutant(
        "spreadsheet_creates_suppliers_unasked", "integrations/pipeline/payables/sheet.py",
        "if with_new or not row.has_new_supplier", "if True",
        ("tests/pipeline/payables/test_sheet_suppliers.py",),
    ),
]  # fmt: skip


def main(names: list[str]) -> int:
    """Try the mutants and return 1 when one was not seen."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unseen = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder, "tree")
        _copy(copy)
        for mutant in chosen:
            begin, failed = time.monotonic(), _try(copy, mutant)
            if failed is None:
                unseen.append(mutant.name)
            print(f"{mutant.name}: {failed or 'NOT SEEN'} ({time.monotonic() - begin:.0f} s)", flush=True)
    print(f"{len(chosen) - len(unseen)} of {len(chosen)} seen")
    return int(bool(unseen) or not chosen)


def _copy(target: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _try(copy: Path, mutant: Mutant) -> str | None:
    """Return the first test that fails with the mutant, or `None`. Raises `ValueError` where its place has moved."""
    file = copy / mutant.file
    text = file.read_text()
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} does not hold this once: {mutant.old!r}")
    file.write_text(text.replace(mutant.old, mutant.new))
    try:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not long and not soak", *mutant.seen_by],
            cwd=copy, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        file.write_text(text)
    ends = [line.split()[1] for line in run.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    failed = [name for name in ends if name.startswith("tests/")]  # not a captured line of a log
    if run.returncode and not failed:
        raise RuntimeError(f"{mutant.name}: the tests did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return failed[0] if failed else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
