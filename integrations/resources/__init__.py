"""Tables that people download (django-import-export): one module each, and the files they become."""
