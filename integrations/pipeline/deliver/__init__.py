"""Deliver: bring Kamino to what was planned, one call in flight per company: claim, call, record."""

from integrations.pipeline.deliver.drain import drain, sweep

__all__ = ["drain", "sweep"]
