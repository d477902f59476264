"""A process with many threads that call Bling together, once per line of standard input. Prints one JSON per round."""

import json
import sys
import threading

import django


def main() -> None:
    django.setup()
    from django.db import connections
    from django.utils import timezone

    from integrations.models import BlingConnection
    from integrations.pipeline.access.clients import open_bling

    connection_id, count = int(sys.argv[1]), int(sys.argv[2])
    print(json.dumps("ready"), flush=True)
    for _line in sys.stdin:
        results: list[str] = []
        barrier = threading.Barrier(count)

        def work(results: list[str] = results, barrier: threading.Barrier = barrier) -> None:
            try:
                client = open_bling(BlingConnection.objects.get(pk=connection_id), clock=timezone.now)
                barrier.wait()
                results.append(client.company().id)
            except Exception as error:
                results.append(f"{type(error).__name__}: {error}")
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(results), flush=True)


if __name__ == "__main__":
    main()
