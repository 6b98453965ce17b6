"""What the catalog knows of checkpoints, over SQL."""

from __future__ import annotations

from trivium.ids import new_id
from trivium.store.catalog.sql.database import Database
from trivium.values.audit import Witness

PROJECT = "SELECT id FROM projects ORDER BY id LIMIT 1"


class SqlAudit:
    """Implements `Audit`; see there for the guarantees."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def find_project_id(self) -> str | None:
        known = self.database.read().execute(PROJECT).fetchone()
        return str(known["id"]) if known else None

    def project_id(self) -> str:
        return self.find_project_id() or self._begin_project()

    def note_witness(self, witness: Witness) -> None:
        with self.database.write() as tx:
            tx.replace("witnesses", witness)

    def list_witnesses(self) -> list[Witness]:
        return self.database.read().all(Witness, "SELECT * FROM witnesses ORDER BY host, file")

    def _begin_project(self) -> str:
        with self.database.write() as tx:
            if tx.execute(PROJECT).fetchone() is None:
                tx.execute("INSERT INTO projects (id) VALUES (?)", new_id())
            return str(tx.execute(PROJECT).fetchone()["id"])
