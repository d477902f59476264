"""A worker that calls Bling for some connections in turn, as fast as its slots allow, for some seconds."""

import sys
import time

import django


def main() -> None:
    seconds, slugs = float(sys.argv[1]), sys.argv[2].split(",")
    django.setup()
    from django.utils import timezone

    from integrations.models import BlingConnection
    from integrations.pipeline.access.clients import open_bling

    connections = BlingConnection.objects.filter(tenant__slug__in=slugs).select_related("tenant")
    clients = [open_bling(connection, clock=timezone.now) for connection in connections]
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for client in clients:
            client.company()


if __name__ == "__main__":
    main()
