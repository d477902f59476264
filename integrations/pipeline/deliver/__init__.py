"""Deliver: bring Kamino to what was planned, one call in flight per company: claim, call, record."""

from integrations.pipeline.deliver.drain import DrainResult, drain, sweep

__all__ = ["DrainResult", "drain", "sweep"]
