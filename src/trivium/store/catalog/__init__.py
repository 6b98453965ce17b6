"""The catalog: facts and their history, one protocol per concern, in one database."""

from trivium.store.catalog.catalog import Catalog, open_catalog

__all__ = ["Catalog", "open_catalog"]
