"""Days and moments in figures everywhere: Django's own Portuguese writes "27 de Novembro de 2026 às 02:21"."""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i"
