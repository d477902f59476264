"""The API for other systems, such as the adapters of Auvo and TecPet: JSON, keys, and a page that describes it."""
