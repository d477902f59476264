"""What changed in Bling is kept with its old and new values; what did not change leaves nothing."""

from decimal import Decimal

from django.contrib.auth.models import User

from integrations.admin.titles.timeline import _field_words
from integrations.models import Title, TitleChange
from integrations.pipeline.read.change_log import SHOWN
from tests.flows.helpers import Company


def test_a_change_is_kept_once_with_both_values(company: Company) -> None:
    title, _other = company.add_title("payable", value="100.00", history="Antes"), company.add_title("payable")
    company.sync()
    assert not TitleChange.objects.exists(), "a new title is no change"
    company.bling.edit_title(title, value="120.00", history="Depois")
    company.sync()
    company.sync()
    change = TitleChange.objects.get()
    assert change.title == company.title(title)
    assert change.values["history"] == ["Antes", "Depois"]
    assert [Decimal(value) for value in change.values["value"]] == [Decimal("100"), Decimal("120")]


def test_a_reading_on_demand_is_kept_and_an_equal_one_is_not(company: Company) -> None:
    title = company.add_title("payable", history="Antes")
    company.sync()
    user = User.objects.create_user("maria")
    company.resync(title, user)
    assert not TitleChange.objects.exists()
    company.bling.edit_title(title, history="Depois")
    company.resync(title, user)
    assert TitleChange.objects.get().values == {"history": ["Antes", "Depois"]}


def test_a_title_that_bling_deleted_says_so(company: Company) -> None:
    title = company.add_title("payable")
    company.sync()
    company.bling.delete(title)
    for _ in range(3):
        company.sync()
    assert Title.objects.get().status == "deleted"
    assert TitleChange.objects.get().values == {"status": ["open", "deleted"]}


def test_each_kept_column_has_a_word_on_the_page() -> None:
    assert set(_field_words()) == set(SHOWN)
