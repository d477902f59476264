"""The peer: dlt's rest_api source mirrors the same account into PostgreSQL, the way its documentation shows it.

Lists are paged, each row's detail is a dependent resource, borderôs and contacts hang on the details as transformers,
everything is merged by its primary key. What can run in parallel does, in dlt's own pool of its own size.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final

import dlt
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import EndpointResource, RESTAPIConfig

from benchmarks.companies import DUE_DAYS_AHEAD, HISTORY_DAYS
from benchmarks.measure import report_cost

YEAR = timedelta(days=364)
KEY: Final = "id"


def main() -> None:
    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=os.environ["DLT_PIPELINES"],
        destination=dlt.destinations.postgres(os.environ["DLT_DATABASE_URL"]),
        dataset_name="mirror",
    )
    source = mirror(
        base_url=os.environ["BLING_API_URL"],
        token=os.environ["BLING_TOKEN"],
        today=date.fromisoformat(os.environ["WORLD_TODAY"]),
    )
    report_cost(lambda: pipeline.run(source).raise_on_failed_jobs())


@dlt.source
def mirror(base_url: str, token: str, today: date) -> Iterable[Any]:
    auth = BearerTokenAuth(token)
    titles: EndpointResource = {
        "name": "titles",
        "primary_key": KEY,
        "write_disposition": "merge",
        "parallelized": True,
        "endpoint": {
            "path": "{resources.rows._listings_path}/{resources.rows.id}",
            "data_selector": "data",
            "paginator": "single_page",
        },
    }
    config: RESTAPIConfig = {
        "client": {"base_url": base_url, "auth": auth},
        "resources": [
            dlt.resource(_listings, name="listings", selected=False)(today),
            {
                "name": "rows",
                "selected": False,
                "include_from_parent": ["path"],
                "endpoint": {
                    "path": "{resources.listings.path}",
                    "data_selector": "data",
                    "paginator": {"type": "page_number", "base_page": 1, "page_param": "pagina", "total_path": None},
                    "params": {
                        "limite": 100,
                        "tipoFiltroData": "V",
                        "dataInicial": "{resources.listings.first}",
                        "dataFinal": "{resources.listings.last}",
                    },
                },
            },
            titles,
        ],
    }
    resources = {resource.name: resource for resource in rest_api_resources(config)}
    client, read_contacts = RESTClient(base_url, auth=auth), set[int]()

    @dlt.transformer(data_from=resources["titles"], primary_key=KEY, write_disposition="merge", parallelized=True)
    def borderos(titles: list[dict[str, Any]]) -> Iterator[Any]:
        for bling_id in {bling_id for title in titles for bling_id in title["borderos"]}:
            yield client.get(f"borderos/{bling_id}").json()["data"]

    @dlt.transformer(data_from=resources["titles"], primary_key=KEY, write_disposition="merge", parallelized=True)
    def contacts(titles: list[dict[str, Any]]) -> Iterator[Any]:
        # Each once: read for every title that names it, a contact would cost dlt ten requests instead of one.
        unread = {title["contato"]["id"] for title in titles} - read_contacts
        read_contacts.update(unread)
        for bling_id in unread:
            yield client.get(f"contatos/{bling_id}").json()["data"]

    return (*resources.values(), borderos, contacts)


def _listings(today: date) -> Iterator[list[dict[str, str]]]:
    """Yield Bling's listings of all titles: payables at once, receivables by windows of a year."""
    windows = [("contas/pagar", "", "")]
    first, last = today - timedelta(days=HISTORY_DAYS), today + timedelta(days=DUE_DAYS_AHEAD)
    while first <= last:
        windows.append(("contas/receber", str(first), str(min(first + YEAR, last))))
        first += YEAR + timedelta(days=1)
    yield [{"path": path, "first": start, "last": end} for path, start, end in windows]


if __name__ == "__main__":
    main()
