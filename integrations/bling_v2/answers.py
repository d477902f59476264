"""Answers as v2 writes them, in JSON or XML."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

JSON, XML = "application/json; charset=utf-8", "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Booked:
    """One payable that Bling has."""

    bling_id: int
    document_number: str
    due_date: date | None


def is_json(path: str) -> bool:
    """Say whether a path of v2 asks for JSON; it is XML where none is named."""
    return path.rstrip("/").lower().endswith("/json")


def booked(rows: Sequence[Booked], *, as_json: bool) -> tuple[bytes, str]:
    """Return body and content type for what was booked: one stands flat, several in a list in a list (v2)."""
    fields = [
        {"id": str(row.bling_id), "nroDocumento": row.document_number, "vencimento": str(row.due_date or "")}
        for row in rows
    ]
    if not as_json:
        inner = "".join(f"<contapagar>{_elements(row)}</contapagar>" for row in fields)
        return _xml(f"<contaspagar>{inner}</contaspagar>")
    wrapped = [{"contapagar": row} for row in fields]
    return _json({"contaspagar": wrapped if len(wrapped) == 1 else [wrapped]})


def refused(code: int, text: str, *, as_json: bool) -> tuple[bytes, str]:
    """Return body and content type for a refusal."""
    if not as_json:
        return _xml(f"<erros><erro>{_elements({'cod': str(code), 'msg': text})}</erro></erros>")
    return _json({"erros": [{"erro": {"cod": code, "msg": text}}]})


def _json(inner: object) -> tuple[bytes, str]:
    return json.dumps({"retorno": inner}, ensure_ascii=False).encode(), JSON


def _xml(inner: str) -> tuple[bytes, str]:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<retorno>{inner}</retorno>'.encode(), XML


def _elements(row: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items())
