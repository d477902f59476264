"""The mapping desk's pages: who may do what, on which company, and what files do."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from integrations.models import KaminoItem, Mapping, MappingChange, Person, PlanRequest, Title
from integrations.models.confidential import WHOLE
from integrations.resources.mappings import mapping_xlsx
from tests.admin.kit.test_actions import said
from tests.admin.kit.test_pages import url
from tests.admin.world import Rows

HEADERS = ["Empresa", "Conexão", "Tipo", "ID no Bling", "Nome no Bling", "Plano de contas", "Centro de custo",
           "Unidade de negócio", "Conta corrente"]  # fmt: skip


def desk(rows: Rows) -> str:
    return reverse("admin:integrations_mapping_desk", args=[rows.tenant.pk])


def export(rows: Rows, file_format: str = "xlsx") -> str:
    return reverse("admin:integrations_mapping_export", args=[rows.tenant.pk, file_format])


def page_of(change: MappingChange) -> str:
    return url(MappingChange, "change", change.pk)


def errors_of(change: MappingChange) -> str:
    return reverse("admin:integrations_mappingchange_errors", args=[change.pk])


def line(rows: Rows, **changes: Any) -> list[Any]:
    """Return a row of the file for the category that nothing maps yet."""
    own = [rows.tenant.name, rows.bling.label, "Categoria", rows.free_category.bling_id, str(rows.free_category)]
    values = dict(zip(HEADERS, [*own, rows.chart_account.name, "", "", ""], strict=True))
    return list({**values, **changes}.values())


def workbook(*lines: list[Any], headers: list[str] = HEADERS) -> bytes:
    book = openpyxl.Workbook()
    for row in [headers, *lines]:
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def send(client: Client, rows: Rows, content: bytes, name: str = "de-para.xlsx") -> MappingChange:
    """Send a file as finance does and return what became of it."""
    MappingChange.objects.all().delete()
    response = client.post(desk(rows), {"do": "upload", "file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302
    return MappingChange.objects.get()


class TestWhoMay:
    @pytest.mark.parametrize("role", ["financeiro", "operacao"])
    def test_another_company_s_desk_does_not_exist(
        self, role: str, login: Callable[[str], Client], theirs: Rows
    ) -> None:
        client = login(role)
        upload = {"do": "upload", "file": SimpleUploadedFile("x.csv", b"A;B\n1;2\n")}
        answers = [
            client.get(desk(theirs)),
            client.post(desk(theirs), {"do": "save"}),
            client.post(desk(theirs), {"do": "suggestions"}),
            client.post(desk(theirs), upload),
            client.get(export(theirs)),
            client.get(export(theirs, "csv")),
            client.get(page_of(theirs.change)),
            client.get(errors_of(theirs.change)),
            client.post(page_of(theirs.change), {"do": "confirm", "reach": "open", "good_rows_only": "yes"}),
            client.post(page_of(theirs.change), {"do": "discard"}),
        ]
        for place, response in enumerate(answers):
            assert response.status_code in (302, 403, 404), place
            assert "alheia" not in response.content.decode(), place
        theirs.change.refresh_from_db()
        assert theirs.change.state == "proposed"
        assert MappingChange.objects.filter(tenant=theirs.tenant).count() == 1

    def test_nothing_is_copied_from_a_connection_that_one_may_not_see(
        self, login: Callable[[str], Client], ours: Rows, theirs: Rows
    ) -> None:
        client = login("financeiro")
        assert "alheia" not in client.get(desk(ours)).content.decode()
        assert client.post(desk(ours), {"do": "copy", "connection": theirs.bling.pk}).status_code == 404

    def test_staff_look_and_change_nothing(self, login: Callable[[str], Client], ours: Rows) -> None:
        client = login("operacao")
        page = client.get(desk(ours))
        assert "Categoria 2 nossa" in page.content.decode()
        assert "Ver a prévia" not in page.content.decode()
        for data in ({"do": "save"}, {"do": "suggestions"}, {"do": "upload"}):
            assert client.post(desk(ours), data).status_code == 403
        assert client.get(export(ours)).status_code == 403
        assert client.post(page_of(ours.change), {"do": "confirm", "reach": "open"}).status_code == 403
        assert client.get(errors_of(ours.change)).status_code == 403

    def test_a_person_without_a_role_sees_nothing(self, login: Callable[[str], Client], ours: Rows) -> None:
        assert login("nobody").get(desk(ours)).status_code == 403
        assert login("nobody").get(reverse("admin:integrations_mapping_choose")).status_code == 403

    def test_a_single_company_opens_at_once(self, login: Callable[[str], Client], ours: Rows, theirs: Rows) -> None:
        response = login("financeiro").get(reverse("admin:integrations_mapping_choose"))
        assert response["Location"] == desk(ours)
        page = login("root").get(reverse("admin:integrations_mapping_choose")).content.decode()
        assert desk(ours) in page
        assert desk(theirs) in page


class TestOnScreen:
    def test_a_name_is_mapped_after_a_preview(self, login: Callable[[str], Client], ours: Rows) -> None:
        Title.objects.filter(pk=ours.title.pk).update(category_id=ours.free_category.bling_id)
        client, key = login("financeiro"), f"{ours.bling.pk}-category-{ours.free_category.pk}"
        data = {"do": "save", "row": key, f"{key}-chart_account": str(ours.chart_account)}
        preview = client.post(desk(ours), data)
        assert Mapping.objects.filter(connection=ours.bling).count() == 1
        page = client.get(preview["Location"]).content.decode()
        assert "Em aberto: os novos e os que estão em aberto na Kamino" in page
        assert "1 títulos, R$\xa01.234,56; 0 deles já estão na Kamino." in page
        response = client.post(preview["Location"], {"do": "confirm", "reach": "open"}, follow=True)
        assert "1 linha alterada, 1 título será replanejado." in response.content.decode()
        assert Mapping.objects.get(source=ours.free_category).chart_account == ours.chart_account
        assert PlanRequest.objects.filter(title=ours.title).exists()
        assert OrmQ.objects.exists()

    def test_a_name_that_kamino_does_not_have_is_shown_with_the_nearest(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        client, key = login("financeiro"), f"{ours.bling.pk}-category-{ours.free_category.pk}"
        response = client.post(desk(ours), {"do": "save", "row": key, f"{key}-chart_account": "chart acount"})
        page = client.get(response["Location"]).content.decode()
        assert "A Kamino não tem “chart acount”. Nomes mais próximos: 11.chart_account chart_account nossa." in page
        assert "Aplicar</button>" not in page

    def test_a_row_that_was_not_shown_is_not_emptied(self, login: Callable[[str], Client], ours: Rows) -> None:
        response = login("financeiro").post(desk(ours), {"do": "save"})
        assert "não há nada novo" in said(response)

    def test_a_page_that_is_old_takes_nothing_back(self, login: Callable[[str], Client], ours: Rows) -> None:
        key = f"{ours.bling.pk}-category-{ours.free_category.pk}"
        shown = {"do": "save", "row": key, f"{key}-chart_account": "", f"{key}-chart_account-was": ""}
        Mapping.objects.create(
            connection=ours.bling, kind="category", source=ours.free_category, chart_account=ours.chart_account
        )
        assert "não há nada novo" in said(login("financeiro").post(desk(ours), shown))

    def test_a_name_given_at_set_up_is_not_lost_with_the_rest_of_its_row(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        center = KaminoItem.objects.create(
            connection=ours.kamino, kind="cost_center", kamino_id="C1", name="Centro", folded_name="centro",
            read_at=ours.run.due_at,
        )  # fmt: skip
        Mapping.objects.create(
            connection=ours.bling, kind="category", source=ours.free_category, cost_center=center,
            pending={"chart_account": "Conta que ainda vem"},
        )  # fmt: skip
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours, **{"Plano de contas": ""})))
        client.post(page_of(change), {"do": "confirm", "reach": "open"})
        assert Mapping.objects.get(source=ours.free_category).pending == {"chart_account": "Conta que ainda vem"}

    def test_suggestions_are_accepted_together(self, login: Callable[[str], Client], ours: Rows) -> None:
        KaminoItem.objects.create(
            connection=ours.kamino, kind="chart_account", kamino_id="77", name="Nossa categoria 2",
            folded_name="x", read_at=ours.run.due_at,
        )  # fmt: skip
        client = login("financeiro")
        assert "Aceitar 1 sugestão acima de 90" in client.get(desk(ours)).content.decode()
        preview = client.post(desk(ours), {"do": "suggestions"})
        client.post(preview["Location"], {"do": "confirm", "reach": "new"})
        assert Mapping.objects.get(source=ours.free_category).chart_account.kamino_id == "77"

    def test_a_renamed_name_is_marked_and_keeps_its_mapping(self, login: Callable[[str], Client], ours: Rows) -> None:
        type(ours.category).objects.filter(pk=ours.category.pk).update(name="Novo nome", renamed_from="Nome velho")
        page = login("financeiro").get(desk(ours), {"state": "renamed"}).content.decode()
        assert "Renomeado no Bling; antes “Nome velho”" in page
        assert str(ours.chart_account) in page

    def test_the_title_page_leads_to_the_name_that_holds_it(self, login: Callable[[str], Client], ours: Rows) -> None:
        link = f"{desk(ours)}?find=category-{ours.category.bling_id}"
        client = login("financeiro")
        assert link in client.get(url(Title, "change", ours.title.pk)).content.decode()
        page = client.get(link).content.decode()
        assert "Categoria 1 nossa" in page
        assert "Categoria 2 nossa" not in page

    def test_one_supplier_gets_a_rule_from_its_own_page(self, login: Callable[[str], Client], ours: Rows) -> None:
        client = login("financeiro")
        link = f"{desk(ours)}?find=supplier-{ours.person.bling_id}"
        assert link in client.get(url(Person, "change", ours.person.pk)).content.decode()
        assert "Pessoa nossa" in client.get(link).content.decode()
        key = f"{ours.bling.pk}-supplier-{ours.person.pk}"
        data = {"do": "save", "row": key, f"{key}-chart_account": ours.chart_account.kamino_id}
        preview = client.post(link, data)
        client.post(preview["Location"], {"do": "confirm", "reach": "open"})
        assert Mapping.objects.get(person=ours.person).chart_account == ours.chart_account
        assert set(PlanRequest.objects.values_list("title", flat=True)) >= {ours.title.pk}


class TestFiles:
    def test_a_good_row_is_carried_out(self, login: Callable[[str], Client], ours: Rows) -> None:
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours)))
        assert (change.state, change.total_rows, len(change.rows)) == ("proposed", 1, 1)
        client.post(page_of(change), {"do": "confirm", "reach": "open"})
        assert Mapping.objects.get(source=ours.free_category).chart_account == ours.chart_account
        assert Mapping.history.latest().history_user.username == "financeiro"

    def test_what_was_exported_changes_nothing(self, login: Callable[[str], Client], ours: Rows) -> None:
        client = login("financeiro")
        for file_format in ("xlsx", "csv"):
            content = client.get(export(ours, file_format)).content
            change = send(client, ours, content, f"x.{file_format}")
            assert (change.state, change.rows, change.total_rows) == ("proposed", [], 2), change.error

    def test_hostile_names_go_out_and_come_back_harmless(self, login: Callable[[str], Client], ours: Rows) -> None:
        type(ours.free_category).objects.filter(pk=ours.free_category.pk).update(name="=1+1", path="=1+1")
        KaminoItem.objects.filter(pk=ours.chart_account.pk).update(name="@SUM(A1)", kamino_id="+55")
        book = openpyxl.load_workbook(BytesIO(login("financeiro").get(export(ours)).content))
        assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
        texts = [cell.value for row in book["De-Para"].iter_rows() for cell in row if isinstance(cell.value, str)]
        assert "'=1+1" in texts
        assert "'+55 @SUM(A1)" in texts
        change = send(login("financeiro"), ours, mapping_xlsx(ours.tenant.pk, WHOLE))
        assert (change.state, change.rows) == ("proposed", [])

    def test_numbers_are_numbers_and_names_are_offered_as_lists(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        book = openpyxl.load_workbook(BytesIO(login("financeiro").get(export(ours)).content))
        sheet = book["De-Para"]
        headers = [cell.value for cell in sheet[1]]
        row = next(row for row in sheet.iter_rows(min_row=2, values_only=True) if row[4] == "Categoria 1 nossa")
        values = dict(zip(headers, row, strict=True))
        assert values["Títulos"] == 2
        assert float(values["Valor total"]) == 2469.12
        assert values["Plano de contas"] == str(ours.chart_account)
        lists = {str(found.sqref): found.formula1 for found in sheet.data_validations.dataValidation}
        assert "'Kamino'!$A$2:$A$2" in {formula.lstrip("=") for formula in lists.values()}
        assert book["Kamino"]["A2"].value == str(ours.chart_account)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"Plano de contas": "Não existe"}, "Plano de contas: A Kamino não tem “Não existe”. Nomes mais próximos:"),
            ({"Plano de contas": "Conta dupla"}, "“Conta dupla” é ambíguo: escreva o código (D1 Conta dupla; D2"),
            ({"Plano de contas": "Conta parada"}, "“I1 Conta parada” está inativo na Kamino."),
            ({"Plano de contas": "Grupo"}, "“G1 Grupo” é um grupo e não aceita lançamentos"),
            ({"Plano de contas": "Só receita"}, "“R1 Só receita” é uma conta de receita, e esta linha é de despesa."),
            ({"Plano de contas": "bank_account nossa"}, "é de outra coluna: o tipo dele é “Conta bancária”"),
            ({"Conta corrente": "bank_account nossa"}, "Conta corrente: Linhas do tipo “Categoria” não têm nada"),
            ({"Tipo": "Categori"}, "Tipo: Este tipo não existe. Existem: Categoria, Conta bancária,"),
            ({"Empresa": "Empresa alheia"}, "Esta linha é da empresa “Empresa alheia”, não de “Empresa nossa”."),
            ({"Conexão": "Outra"}, "Conexão: Esta conexão não existe. Existem: Bling nossa."),
            ({"ID no Bling": 999}, "ID no Bling: O Bling não mostra o cadastro 999 nesta conexão."),
            ({"ID no Bling": "onze"}, "ID no Bling: O ID no Bling é um número."),
            ({"Tipo": "Conta bancária"}, "Tipo: O ID 11002 é de outro tipo: Categoria."),
            ({"Tipo": "Cliente"}, "Nenhum título cita o contato 11002 nesta conexão."),
            ({"Plano de contas": '=HYPERLINK("http://x")'}, "Plano de contas: A célula contém uma fórmula."),
            ({"Plano de contas": 1.1}, "A célula contém o número 1.1: um zero pode ter se perdido."),
            ({"ID no Bling": "=11000+2"}, "ID no Bling: A célula contém uma fórmula."),
        ],
    )  # fmt: skip
    def test_a_bad_cell_is_named_with_its_mend_and_changes_nothing(
        self, changes: dict[str, Any], says: str, login: Callable[[str], Client], ours: Rows
    ) -> None:
        type(ours.free_category).objects.filter(pk=ours.free_category.pk).update(nature="expense")
        for code, name, values in [
            ("D1", "Conta dupla", {}), ("D2", "Conta dupla", {}), ("I1", "Conta parada", {"is_active": False}),
            ("G1", "Grupo", {"takes_postings": False}), ("R1", "Só receita", {"nature": "income"}),
        ]:  # fmt: skip
            KaminoItem.objects.create(
                connection=ours.kamino, kind="chart_account", kamino_id=code, name=name, folded_name=name,
                read_at=ours.run.due_at, **values,
            )  # fmt: skip
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours, **changes)))
        page = client.get(page_of(change)).content.decode().replace("&quot;", '"')
        assert says in page
        client.post(page_of(change), {"do": "confirm", "reach": "open", "good_rows_only": "yes"})
        assert Mapping.objects.filter(connection=ours.bling).count() == 1

    def test_a_repeated_row_counts_once(self, login: Callable[[str], Client], ours: Rows) -> None:
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours), line(ours)))
        assert "Esta linha está repetida: vale a primeira." in client.get(page_of(change)).content.decode()

    def test_good_rows_are_taken_alone_only_when_somebody_says_so(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours), line(ours, Tipo="x")))
        refused = client.post(page_of(change), {"do": "confirm", "reach": "open"})
        assert "Há linhas com erro" in said(refused)
        refused = client.post(page_of(change), {"do": "confirm", "reach": "?", "good_rows_only": "yes"})
        assert "Escolha o que a alteração pode alcançar." in said(refused)
        assert Mapping.objects.filter(connection=ours.bling).count() == 1
        client.post(page_of(change), {"do": "confirm", "reach": "open", "good_rows_only": "yes"})
        assert Mapping.objects.filter(connection=ours.bling).count() == 2

    def test_bad_rows_come_back_with_reasons_to_be_mended_and_sent(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        client = login("financeiro")
        change = send(client, ours, workbook(line(ours, **{"Plano de contas": "=1", "Tipo": "Categori"})))
        book = openpyxl.load_workbook(BytesIO(client.get(errors_of(change)).content))
        sheet = book.active
        assert sheet["J1"].value == "Motivo"
        assert sheet["J2"].value.startswith("Tipo: Este tipo não existe.")
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
        sheet["C2"], sheet["F2"] = "Categoria", ours.chart_account.kamino_id
        buffer = BytesIO()
        book.save(buffer)
        fixed = send(client, ours, buffer.getvalue())
        client.post(page_of(fixed), {"do": "confirm", "reach": "open"})
        assert Mapping.objects.get(source=ours.free_category).chart_account == ours.chart_account

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "arquivo"),
            (b"%PDF-1.7", "não é uma planilha"),
            ("Empresa;Conexão\n".encode() + "Ação;B\n".encode("cp1252"), "A codificação do arquivo está errada"),
            (workbook(["x"], headers=["Empresa"]), "Faltam colunas: Conexão, Tipo, ID no Bling"),
            (workbook(["x"], headers=[*HEADERS[:-1], "Conta correntes"]), "Colunas desconhecidas: Conta correntes."),
            (workbook(), "só tem o cabeçalho"),
            (b"x" * (5 * 1024 * 1024 + 1), "grande demais: mais de 5 MB"),
        ],
    )
    def test_a_bad_file_changes_nothing_and_says_why(
        self, content: bytes, says: str, login: Callable[[str], Client], ours: Rows
    ) -> None:
        client = login("financeiro")
        MappingChange.objects.all().delete()
        upload = {"do": "upload", "file": SimpleUploadedFile("de-para.xlsx", content)}
        response = client.post(desk(ours), upload, follow=True)
        assert says in response.content.decode()
        assert not MappingChange.objects.exclude(state="failed").exists()

    def test_a_change_that_was_discarded_cannot_be_carried_out(
        self, login: Callable[[str], Client], ours: Rows
    ) -> None:
        client = login("financeiro")
        client.post(page_of(ours.change), {"do": "discard"})
        refused = client.post(page_of(ours.change), {"do": "confirm", "reach": "open", "good_rows_only": "yes"})
        assert "já foi aplicada ou descartada" in said(refused)
        assert Mapping.objects.filter(connection=ours.bling).count() == 1
