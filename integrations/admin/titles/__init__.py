"""The titles' list and page, and persons."""
