"""The XML of v2: element names without accents and case, empty ones as if they were not there, and nothing else."""

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from integrations.bling_v2.codes import UNREADABLE, RefusedError
from integrations.domain.names import fold

ROOT = "contapagar"
GROUPS = ("ocorrencia", "fornecedor")
MOST_ELEMENTS = 200


def read_xml(xml: bytes) -> dict[str, str]:
    """Return the values of a payable by the names of their elements, those of a group after its name and a dot
    ("fornecedor.nome"). Raises `RefusedError` 901 for anything else than one payable: a DTD, an element that stands
    there twice, more than `MOST_ELEMENTS`, processing instructions."""
    root = _root(xml)
    if sum(1 for _element in root.iter()) > MOST_ELEMENTS or _name(root) != ROOT:
        raise RefusedError(UNREADABLE)
    found: dict[str, str] = {}
    for name, element in _children(root).items():
        if name in GROUPS:
            inner = _children(element)
            found |= {f"{name}.{below}": _text(leaf) for below, leaf in inner.items()}
        else:
            found[name] = _text(element)
    return {name: text for name, text in found.items() if text}


def _root(xml: bytes) -> Element:
    plain = xml.removeprefix(b"\xef\xbb\xbf").lstrip()
    # Another one than the declaration asks for something to be done with the file; encodings that write "<" otherwise
    # cannot be looked through.
    if not plain.startswith(b"<") or plain.count(b"<?") > plain.startswith(b"<?xml"):
        raise RefusedError(UNREADABLE)
    try:
        root: Element = fromstring(plain, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise RefusedError(UNREADABLE) from error
    return root


def _children(element: Element) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for child in element:
        name = _name(child)
        if name in found:
            raise RefusedError(UNREADABLE)
        found[name] = child
    return found


def _text(element: Element) -> str:
    if len(element):
        raise RefusedError(UNREADABLE)
    return (element.text or "").strip()


def _name(element: Element) -> str:
    return fold(element.tag)
