"""The codes that a request is refused with: v2's own (its documentation, verbatim) and ours from 901 on."""

CODES: dict[int, str] = {
    3: "API Key inválida",
    66: "Valor é campo obrigatório",
    67: "Dia de vencimento é campo obrigatório",
    68: "Número de parcelas é campo obrigatório",
    69: "Nome do fornecedor é campo obrigatório",
    70: "Categoria inválida",
    71: "Portador inválida",
    72: "Tipo da ocorrência é obrigatório",
    73: "Ocorrência inválida",
    74: "Não existem parcelas para esta ocorrência",
    75: "Não existe dia de vencimento para esta ocorrência",
    77: "Número de parcelas deve ser maior que 1 para esta ocorrência",
    78: "Limite máximo para número de parcelas é 100",
    79: "Cpf/Cnpj inválido",
    81: "Fornecedor não encontrado",
    82: "O dia da semana de vencimento não corresponde",
    84: "A forma de pagamento não existe ou está inativa.",
    86: "Não é possível liquidar esta conta",
    901: "O XML não pôde ser lido",
    902: "Data inválida: use dd/mm/aaaa",
    903: "Recebido; confirmação pendente. Repita a mesma requisição: não será lançado em dobro.",
    904: "Muitas requisições aguardam ao mesmo tempo. Nada foi gravado; repita mais tarde.",
    905: "O lançamento no Bling não está ativo para esta chave. Nada foi gravado.",
    906: "O Bling recusou o lançamento",
    907: "Muitas requisições. Nada foi gravado; repita mais tarde.",
    908: "Requisição grande demais",
}
_STATUSES = {3: 401, 903: 503, 904: 503, 905: 503, 907: 429, 908: 413}
PENDING, BUSY, OFF, REFUSED, TOO_MANY, TOO_LARGE = 903, 904, 905, 906, 907, 908
UNREADABLE, NO_DATE, NO_KEY, NOT_SETTLED = 901, 902, 3, 86


def status_of(code: int) -> int:
    """Return the HTTP status that goes with a code: v2 answers its own errors with 200."""
    return _STATUSES.get(code, 200)


class RefusedError(Exception):
    """A request is answered with a code. `text` is what is said instead of the code's own sentence."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(f"{code} {text}".strip())
        self.code = code
        self.text = text or CODES[code]


def because(code: int, why: str) -> RefusedError:
    """Return the refusal of a code with v2's own sentence and the reason, which v2 does not give."""
    return RefusedError(code, f"{CODES[code]}: {why}" if why else "")
