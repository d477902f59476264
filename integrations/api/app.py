"""The API itself: its routes, its page for those who write programs, and how it refuses."""

from ninja import NinjaAPI, Swagger
from ninja.errors import HttpError, ValidationError

from integrations.api import bills, customers
from integrations.api.errors import (
    Refused,
    StrictParser,
    refused,
    refused_by_library,
    refused_by_pipeline,
    refused_fields,
)
from integrations.api.keys import Key
from integrations.pipeline.customers.accept import NotTakenError

ABOUT = """
Para adaptadores de outros sistemas. Cada sistema tem a sua chave (`Authorization: Bearer …`), que o suporte cria e o
financeiro confirma; ela diz em que sentido os clientes vão, e se o sistema envia faturas.

O que é enviado é aceito na hora e comparado com o Bling em minutos. Um campo vazio nunca apaga; o CPF/CNPJ nunca muda;
onde os dois lados mudaram o mesmo campo, uma pessoa decide, ou o lado que a chave nomeia. Uma fatura vira um pedido de
venda, uma vez; a nota é emitida por uma pessoa, no Bling.
""".strip()

api = NinjaAPI(
    title="Bling ↔ Kamino", version="1", description=ABOUT, urls_namespace="api", auth=Key(), parser=StrictParser(),
    docs=Swagger(settings={"persistAuthorization": False, "supportedSubmitMethods": []}),
)  # fmt: skip
api.add_router("/clientes", customers.router)
api.add_router("/faturas", bills.router)
api.exception_handler(Refused)(refused)
api.exception_handler(NotTakenError)(refused_by_pipeline)
api.exception_handler(ValidationError)(refused_fields)
api.exception_handler(HttpError)(refused_by_library)
