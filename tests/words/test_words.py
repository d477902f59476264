"""Every code that a person may meet has words, a colour and, where somebody has to act, a worklist."""

from collections.abc import Iterable, Mapping

import pytest
from django.utils.translation import override

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState, Outcome
from integrations.domain.discrepancies import RISKS, DiscrepancyKind
from integrations.domain.reasons import Holds, Problem, Reason, Severity, because_of, effect_of
from integrations.domain.titles import TitleStatus
from integrations.models import MappingChange, SyncRun
from integrations.models.connections import ConnectionStatus
from integrations.models.mappings import MappingKind
from integrations.words import alerts, colours, discrepancies
from integrations.words.reasons import advice, of_worklist, problem_text, sentence, words_of
from integrations.words.worklists import WORKLIST_WORDS

BADGES: list[tuple[Mapping[str, str], Iterable[str]]] = [
    (colours.STATE_COLOURS, DeliveryState),
    (colours.STATUS_COLOURS, TitleStatus),
    (colours.CONNECTION_COLOURS, ConnectionStatus.values),
    (colours.RUN_COLOURS, SyncRun.State.values),
    (colours.CHANGE_COLOURS, MappingChange.State.values),
    (colours.MAPPING_KIND_COLOURS, MappingKind.values),
    (colours.OUTCOME_COLOURS, [outcome or "in_flight" for outcome in Outcome]),
    (alerts.ALERT_COLOURS, AlertCause),
]


@pytest.mark.parametrize(("table", "words"), BADGES)
def test_no_badge_is_without_a_colour(table: Mapping[str, str], words: Iterable[str]) -> None:
    assert set(words) <= table.keys()


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_that_asks_a_person_is_in_a_worklist_and_says_what_to_do(reason: Reason) -> None:
    words, effect = words_of(reason), effect_of(reason)
    if effect.needs_human and effect.holds is not Holds.NOTHING:
        assert words.worklist in WORKLIST_WORDS
        assert words.advice
    assert not words.worklist or reason in of_worklist(words.worklist)
    assert colours.SEVERITY_COLOURS[effect_of(reason).severity] in ("danger", "warning", "info")


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("reason", Reason)
def test_a_sentence_never_fails_for_a_parameter_that_an_older_version_did_not_store(
    reason: Reason, language: str
) -> None:
    with override(language):
        text = problem_text(Problem(reason))
    assert len(text) > 10
    assert "%(" not in text


def test_paid_twice_is_as_loud_as_can_be() -> None:
    assert alerts.ALERT_COLOURS[AlertCause.DOUBLE_PAYMENT] == colours.SEVERITY_COLOURS[Severity.DANGER]
    assert AlertCause.DOUBLE_PAYMENT in alerts.URGENT_CAUSES
    assert {discrepancies.kind_colour(kind) for kind in RISKS} == {"danger"}
    assert effect_of(Reason.SCHEDULED).severity is Severity.DANGER


def test_what_kamino_said_without_a_full_stop_gets_one_before_what_to_do() -> None:
    problem = Problem(Reason.REFUSED, {"message": "Valor inválido"})
    assert ". " in problem_text(problem)
    assert ".. " not in problem_text(Problem(Reason.REFUSED, {"message": "Valor inválido."}))


def test_a_reason_behind_a_reason_is_said_with_its_own_values() -> None:
    inner = Problem(Reason.REFUSED, {"message": "CNPJ bloqueado"})
    problem = because_of(Reason.PERSON_REFUSED, inner, name="Padaria Sol")
    with override("en"):
        assert "Padaria Sol" in sentence(problem)
        assert "CNPJ bloqueado" in sentence(problem)
        assert advice(problem) == "Correct what Kamino names, then choose “Send to Kamino again”."
    assert because_of(Reason.PERSON_REFUSED, None, name="x").params == {"name": "x"}


@pytest.mark.parametrize("kind", DiscrepancyKind)
def test_a_kind_of_discrepancy_has_a_name_a_meaning_and_an_advice(kind: DiscrepancyKind) -> None:
    assert dict(discrepancies.kind_choices())[kind]
    assert discrepancies.kind_cause(kind)
    assert discrepancies.suggested_action(kind)


@pytest.mark.parametrize("cause", AlertCause)
def test_an_alert_that_lacks_its_parameters_is_still_a_sentence(cause: AlertCause) -> None:
    for params in ({}, {"failure": {"kind": "of another version"}}):
        for is_whole in (True, False):
            assert alerts.alert_text(cause, params, is_whole=is_whole) or cause is AlertCause.KAMINO


@pytest.mark.parametrize(("titles", "asks"), [(0, False), (1, True), (13, True)])
def test_an_alert_after_a_restore_asks_for_a_release_only_where_titles_wait(titles: int, asks: bool) -> None:
    with override("pt-br"):
        text = alerts.alert_text(AlertCause.RESTORED, {"titles": titles}, is_whole=True)
    assert ("Retenções após restauração" in text) == asks
    assert (str(titles) in text) == asks
