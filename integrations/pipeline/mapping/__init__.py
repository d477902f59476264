"""De/Para: proposals, edits, spreadsheets, and what a change may touch."""
