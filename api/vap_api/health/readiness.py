"""Whether serve should be sent requests."""

from sqlalchemy import Connection

from vap_api.db.database import Database
from vap_api.db.errors import DatabaseUnavailableError
from vap_api.db.schema import current_revision, newest_revision


class Readiness:
    """Ready when the database answers, its schema is what this release knows, and we are not going away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = newest_revision()
        self._draining = False

    @property
    def draining(self) -> bool:
        """Whether we are going away."""
        return self._draining

    def drain(self) -> None:
        """From now on not ready: requests should go elsewhere."""
        self._draining = True

    async def problem(self) -> str | None:
        """None when ready, else why not."""
        if self._draining:
            return "draining: this process is about to end"
        try:
            found = await self._database.run(self._revision)
        except DatabaseUnavailableError as error:
            return str(error)
        # A newer schema is fine: migrations keep the release before working (expand, then contract).
        if found is None or found < self._wanted:
            return f"the database has schema {found or 'none'}, this release needs {self._wanted}: run vap-api migrate"
        return None

    @staticmethod
    def _revision(connection: Connection) -> str | None:
        return current_revision(connection)
