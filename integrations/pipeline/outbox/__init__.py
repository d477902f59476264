"""Outbox: claim, ask once more whether it may be sent, record, and look up what was lost, whatever the destination."""
