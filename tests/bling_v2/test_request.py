"""However a client sends its request, the same key and XML are read of it."""

from urllib.parse import quote, quote_plus, urlencode

import pytest

from integrations.bling_v2.codes import RefusedError
from integrations.bling_v2.request import Request, read_request
from integrations.bling_v2.xml import read_xml
from tests.bling_v2.example import KEY, XML, edited

FORM = "application/x-www-form-urlencoded"


def multipart(fields: dict[str, str]) -> tuple[bytes, str]:
    parts = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    )
    return f"{parts}--cut--\r\n".encode(), "multipart/form-data; boundary=cut"


WAYS: dict[str, tuple[bytes, str, str]] = {
    "multipart, percent-encoded (PHP, an array)": (*multipart({"apikey": KEY, "xml": quote(XML, safe="")}), ""),
    "multipart, as it is": (*multipart({"apikey": KEY, "xml": XML}), ""),
    "urlencoded": (urlencode({"apikey": KEY, "xml": XML}).encode(), FORM, ""),
    "urlencoded twice": (urlencode({"apikey": KEY, "xml": quote(XML, safe="")}).encode(), FORM, ""),
    "by hand": (f"apikey={KEY}&xml={quote(XML, safe='')}".encode(), FORM, ""),
    "not encoded (C#)": (f"apikey={KEY}&xml={XML}".encode(), FORM, ""),
    "not encoded, the key behind it": (f"xml={XML}&apikey={KEY}".encode(), f"{FORM}; charset=utf-8", ""),
    "the key in the query": (f"xml={quote_plus(XML)}".encode(), FORM, f"apikey={KEY}"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_says_the_same(way: str) -> None:
    raw, content_type, query = WAYS[way]
    found = read_request(raw, content_type, query)
    assert found.key == KEY
    assert read_xml(found.xml) == read_xml(XML.encode())
    assert found.is_key_in_query == bool(query)


def test_what_stands_for_itself_is_kept_where_nothing_is_encoded() -> None:
    xml = edited("Teste de conta a pagar", "Boleto A&amp;B 10% + frete")
    found = read_request(f"apikey={KEY}&xml={xml}".encode(), FORM, "")
    assert read_xml(found.xml)["historico"] == "Boleto A&B 10% + frete"


def test_a_plus_stays_one_where_it_is_encoded() -> None:
    xml = edited("Teste de conta a pagar", "1 + 1")
    for raw, content_type in (
        multipart({"apikey": KEY, "xml": quote(xml, safe="")}),
        (urlencode({"apikey": KEY, "xml": xml}).encode(), FORM),
    ):
        assert read_xml(read_request(raw, content_type, "").xml)["historico"] == "1 + 1"


@pytest.mark.parametrize(
    ("raw", "content_type", "query", "code"),
    [
        (b"", "", "", 3),
        (f"xml={quote(XML)}".encode(), FORM, "", 3),
        (f"apikey={KEY}&apikey={KEY}&xml={quote(XML)}".encode(), FORM, "", 3),
        (f"apikey={KEY}&xml={quote(XML)}".encode(), FORM, f"apikey={KEY}", 3),
        (f"apikey={KEY}".encode(), FORM, "", 901),
        (f"apikey={KEY}&xml=a&xml=b".encode(), FORM, "", 901),
        (f"apikey={KEY}&xml=a".encode(), FORM, "xml=b", 901),
        (f"apikey={KEY}&xml=<contapagar>".encode(), FORM, "", 901),
        (f"apikey={KEY}&xml={XML}&more=1".encode(), FORM, "", 901),
        (b"no parts", "multipart/form-data; boundary=cut", f"apikey={KEY}", 901),
        (b"no boundary", "multipart/form-data", f"apikey={KEY}", 901),
    ],
)
def test_what_says_no_key_or_no_xml(raw: bytes, content_type: str, query: str, code: int) -> None:
    with pytest.raises(RefusedError) as refused:
        read_request(raw, content_type, query)
    assert refused.value.code == code


def test_a_compressed_body_is_not_read() -> None:
    raw, content_type, query = WAYS["urlencoded"]
    with pytest.raises(RefusedError) as refused:
        read_request(raw, content_type, query, encoding="gzip")
    assert refused.value.code == 901


def test_neither_key_nor_xml_is_shown() -> None:
    assert KEY not in repr(Request(KEY, XML.encode(), False))
