"""Spreadsheet files, as people send and get them: xlsx and csv. Knows cells, not what they mean."""
