"""What requests and answers hold. A field that is not named here is refused: a slip would lose its value unseen."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import BeforeValidator, ConfigDict, StringConstraints, ValidationInfo, field_validator

from integrations.api.states import Estado
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.payables import MOST_NAME, DesiredContact, contact_kind
from integrations.domain.telephones import telephone
from integrations.pipeline.customers.accept import Given
from integrations.rest.fields import LARGEST, storable

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""A system's own name for something: nothing that has to be written otherwise in an address."""
MOST_ROWS = 100


def plain(value: Any) -> Any:
    """Return a text without what no column takes and without repeated blanks; of anything else its kind is judged."""
    if value is None:
        return ""
    return " ".join(storable(value).split()) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(plain), StringConstraints(max_length=255)]
Short = Annotated[str, BeforeValidator(plain), StringConstraints(max_length=40)]
State = Annotated[str, BeforeValidator(plain), StringConstraints(pattern=r"^([A-Za-z]{2})?$")]
PostalCode = Annotated[str, BeforeValidator(plain), StringConstraints(pattern=r"^([0-9]{5}-?[0-9]{3})?$")]
Name = Annotated[str, BeforeValidator(plain), StringConstraints(min_length=1, max_length=MOST_NAME)]
Document = Annotated[str, BeforeValidator(plain), StringConstraints(max_length=20)]


class Endereco(Schema):
    """Um endereço. Campo vazio ou ausente não apaga o que o Bling tem."""

    model_config = ConfigDict(extra="forbid")

    endereco: Text = ""
    numero: Short = ""
    complemento: Text = ""
    bairro: Text = ""
    municipio: Text = ""
    uf: State = ""
    cep: PostalCode = ""


class DadosDoCliente(Schema):
    """Quem um cliente é. Campo vazio ou ausente não apaga o que o Bling tem."""

    model_config = ConfigDict(extra="forbid")

    nome: Name
    documento: Document = Field("", description="CPF ou CNPJ, com ou sem pontuação; o CNPJ pode ter letras")
    tipo: Literal["J", "F", "E"] | None = Field(None, description="Ausente: pelo documento; sem documento, J")
    fantasia: Text = ""
    inscricao_estadual: Short = Field("", description="Só de pessoa jurídica")
    email: Text = ""
    telefone: Short = Field("", description="Com DDD; o que não é um número brasileiro não é enviado")
    celular: Short = Field("", description="Com DDD; o que não é um número brasileiro não é enviado")
    endereco: Endereco = Field(default_factory=Endereco)

    @field_validator("email")
    @classmethod
    def _is_email(cls, value: str) -> str:
        if value and "@" not in value:
            raise ValueError("não é um e-mail")
        return value

    @field_validator("documento")
    @classmethod
    def _is_document(cls, value: str) -> str:
        if kind_of(value) is DocumentKind.INVALID:
            raise ValueError("os dígitos verificadores do CPF/CNPJ não conferem")
        return value

    @field_validator("tipo")
    @classmethod
    def _is_of_document(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = kind_of(info.data.get("documento", ""))
        wanted = {DocumentKind.CPF: "F", DocumentKind.CNPJ: "J"}.get(kind)
        if value is not None and wanted is not None and value != wanted:
            raise ValueError("não é o do documento: F com CPF, J com CNPJ, E sem documento")
        return value

    def to_contact(self) -> DesiredContact:
        """Return the customer in the terms of the domain, without what Bling would refuse."""
        document, place = compact(self.documento), self.endereco
        kind = self.tipo or contact_kind(document)
        return DesiredContact(
            name=self.nome, document=document, kind=kind, trade_name=self.fantasia, email=self.email,
            state_registration=self.inscricao_estadual if kind == "J" else "",
            phone=telephone(self.telefone), mobile=telephone(self.celular),
            street=place.endereco, number=place.numero, complement=place.complemento, district=place.bairro,
            city=place.municipio, state=place.uf.upper(), postal_code=compact(place.cep),
        )  # fmt: skip


class Cliente(DadosDoCliente):
    """Um cliente como o outro sistema o tem. Campo vazio ou ausente não apaga o que o Bling tem."""

    versao: int = Field(..., ge=1, le=LARGEST, description="Cresce a cada mudança; a mesma versão de novo não faz nada")

    def to_given(self, ref: str) -> Given:
        """Return what the system says, with the names of what it gave and Bling would refuse."""
        contact = self.to_contact()
        given = {"telefone": contact.phone, "celular": contact.mobile, "inscricao_estadual": contact.state_registration}
        left_out = tuple(name for name, kept in given.items() if getattr(self, name) and not kept)
        return Given(ref, self.versao, contact, left_out)


class Diferenca(Schema):
    """Um campo em que o sistema e o Bling não têm o mesmo."""

    campo: str
    sistema: str
    bling: str
    vale: Literal["", "sistema", "bling"] = Field("", description="Vazio: uma pessoa decide")


class Situacao(Schema):
    """O que foi feito de um cliente."""

    ref: str
    versao: int
    estado: Estado
    motivo: str = Field("", description="Código do motivo, em inglês; vazio quando não há")
    mensagem: str = Field("", description="A mesma frase que as pessoas leem")
    bling_id: int | None = Field(None, description="O contato no Bling")
    diferencas: list[Diferenca] = []
    nao_enviados: list[str] = Field([], description="Campos que o Bling recusaria")


class Contato(Schema):
    """Um contato do Bling, como o espelho o tem."""

    bling_id: int
    ref: str = Field("", description="A referência deste sistema; vazia quando ele não o enviou")
    igual_ao_enviado: bool = Field(False, description="É o que este sistema enviou por último")
    tipos: list[str] = Field([], description="Os tipos de contato que tem no Bling, como Cliente")
    nome: str
    documento: str
    tipo: str
    fantasia: str
    email: str
    endereco: Endereco
    alterado_em: datetime


class Contatos(Schema):
    """Contatos na ordem em que mudaram."""

    contatos: list[Contato]
    proxima: str | None = Field(None, description="Para a próxima página; nulo quando esta é a última")
    proximo_desde: datetime = Field(..., description="O `desde` da próxima consulta, depois da última página")


class Consulta(Schema):
    """Quais contatos são pedidos."""

    desde: datetime | None = Field(None, description="Ausente: todos")
    pagina: str | None = Field(None, max_length=100, description="O `proxima` da página anterior")
    limite: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS)


class Campo(Schema):
    campo: str
    mensagem: str


class Motivo(Schema):
    codigo: str
    mensagem: str
    campos: list[Campo] = []


class Erro(Schema):
    """Por que uma requisição não foi aceita. Nada foi gravado."""

    erro: Motivo


REFUSALS = dict.fromkeys((401, 403, 429, 503), Erro)
"""What every request may be answered with."""
