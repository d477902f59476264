"""The request that v2's documentation shows."""

KEY = "0123456789abcdef" * 4 + "01234567"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<contapagar>
   <dataEmissao>13/04/2017</dataEmissao>
   <vencimentoOriginal>20/04/2017</vencimentoOriginal>
   <competencia>01/04/2017</competencia>
   <nroDocumento>0123456</nroDocumento>
   <valor>15.00</valor>
   <historico>Teste de conta a pagar</historico>
   <categoria>Vendas</categoria>
   <portador>CEF</portador>
   <idFormaPagamento>785257</idFormaPagamento>
   <ocorrencia>
      <ocorrenciaTipo>P</ocorrenciaTipo>
      <diaVencimento>20</diaVencimento>
      <nroParcelas>2</nroParcelas>
   </ocorrencia>
   <fornecedor>
      <nome>Organisys Software</nome>
      <tipoPessoa>J</tipoPessoa>
      <cpf_cnpj>00000000000000</cpf_cnpj>
      <ie_rg>3067663000</ie_rg>
      <endereco>Rua Visconde de São Gabriel</endereco>
      <numero>392</numero>
      <complemento>Sala 54</complemento>
      <bairro>Cidade Alta</bairro>
      <cep>95.700-000</cep>
      <cidade>Bento Gonçalves</cidade>
      <uf>RS</uf>
      <fone>(54) 3712-0000</fone>
      <celular>(54) 0000-0000</celular>
      <email>teste@exemplo.com.br</email>
   </fornecedor>
</contapagar>
"""


def edited(old: str, new: str) -> str:
    """Return the example with one text in place of another, which has to stand there once."""
    assert XML.count(old) == 1, old
    return XML.replace(old, new)
