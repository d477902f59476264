from integrations.domain.classification import Target
from integrations.domain.suggestions import Suggestions

NAMES = ["Aluguel", "Energia elétrica", "Fretes sobre compras", "Receita de vendas"]


def suggestions() -> Suggestions:
    return Suggestions([Target(str(number), name) for number, name in enumerate(NAMES)])


def nearest(*names: str, count: int = 1) -> list[tuple[str, int]]:
    return [(found.target.name, found.score) for found in suggestions().nearest(names, count)]


def test_the_same_words_in_another_order_case_or_accent_are_the_same() -> None:
    assert nearest("ELETRICA energia") == [("Energia elétrica", 100)]


def test_the_nearest_come_first_and_the_best_of_name_and_path_counts() -> None:
    found = nearest("Frete compras", "Despesas › Frete compras", count=3)
    assert found[0][0] == "Fretes sobre compras"
    assert [score for _name, score in found] == sorted((score for _name, score in found), reverse=True)


def test_what_is_unlike_is_not_suggested() -> None:
    assert nearest("Xyz") == []


def test_what_cannot_be_used_is_never_suggested() -> None:
    targets = [Target("1", "Aluguel", active=False), Target("2", "Aluguel", takes_postings=False)]
    assert Suggestions(targets).nearest(["Aluguel"]) == []
