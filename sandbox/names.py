"""Names of the seeded world: categories, accounts, and what Kamino calls them."""

from __future__ import annotations

#: (name, kind: 1 expense, 2 revenue, 3 both, parent's name or "")
CATEGORIES: tuple[tuple[str, int, str], ...] = (
    ("Despesas administrativas", 1, ""),
    ("Aluguel", 1, "Despesas administrativas"),
    ("Energia elétrica", 1, "Despesas administrativas"),
    ("Internet e telefonia", 1, "Despesas administrativas"),
    ("Salários e ordenados", 1, ""),
    ("Fornecedores de mercadorias", 1, ""),
    ("Fretes sobre compras", 1, ""),
    ("Impostos sobre vendas", 1, ""),
    ("Tarifas bancárias", 1, ""),
    ("Marketing digital", 1, ""),
    ("Receitas operacionais", 2, ""),
    ("Venda de mercadorias", 2, "Receitas operacionais"),
    ("Prestação de serviços", 2, "Receitas operacionais"),
    ("Receitas financeiras", 2, ""),
    ("Adiantamentos", 3, ""),
)
#: What Kamino says of the accounts that stand for expenses and revenues.
CHART_NATURES = {1: "Despesa", 2: "Receita"}
#: Categories that Kamino has no namesake of, in every seeded set.
STRANGE_CATEGORIES: tuple[tuple[str, int], ...] = (("Outras despesas (revisar)", 1), ("Vendas marketplace antigo", 2))
#: The folded name of these differs from Bling's only in case, accents or spaces.
KAMINO_SPELLINGS = {
    "Energia elétrica": "ENERGIA ELETRICA",
    "Salários e ordenados": "Salarios e  Ordenados",
    "Prestação de serviços": "prestação de serviços",
}
#: These are groups on Kamino's side, so that an identical name does not take postings.
GROUPS = {"Despesas administrativas", "Receitas operacionais"}
ACCOUNTS = ("Banco do Brasil", "Itaú", "Caixa interno")
#: Kamino has no account by this name.
STRANGE_ACCOUNT = "Mercado Pago"
COST_CENTERS = ("Administrativo", "Comercial", "Logística")
UNITS = ("Matriz", "Filial Campinas")

#: What business names are made of when no name of the generator fits.
TRICKY_NAMES: tuple[tuple[str, str], ...] = (
    ("D'Ávila & Irmãos Conceição Ltda", "J"),
    ("Ângela Núñez O'Brien", "F"),
    ("João da Silva", "F"),
    ("Café São João – Torrefação", "J"),
    ("Ação & Cia. (Filial)", "J"),
)
UNMAPPED_WORDS = (
    "Eventos",
    "Brindes",
    "Patrocínio",
    "Manutenção",
    "Software",
    "Viagens",
    "Seguros",
    "Consultoria",
    "Embalagens",
    "Comissões",
    "Treinamento",
    "Limpeza",
    "Segurança",
    "Assinaturas",
    "Uniformes",
    "Copa e cozinha",
)
