"""Finds the source of a scenario: its Secret from the store or the API, resolved once per version."""

import asyncio

from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import NotFoundError
from vap_operator.kube.resources import SECRETS
from vap_operator.reconcile.memo import Memo
from vap_operator.reconcile.store import Store
from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.source import SourceFact, SourceResolver

ASK_AGAIN_S = 20.0


class Sources:
    """Only Secrets that a scenario names are ever kept in memory."""

    def __init__(self, api: KubeApi, store: Store, resolver: SourceResolver) -> None:
        self._api = api
        self._store = store
        self._resolver = resolver

    async def find(self, scenario: VideoScenario, memo: Memo) -> SourceFact:
        """The source as it is now. Raises KubeError while the API is away."""
        ref = scenario.spec.source.url_secret_ref
        secret = await self._secret(ref.name, memo) if ref is not None else None
        version = (secret.metadata.uid, secret.metadata.resource_version) if secret is not None else ("", "")
        if memo.source is None or memo.source_version != version:
            memo.source = self._resolver.resolve(scenario, secret)
            memo.source_version = version
        return memo.source

    async def _secret(self, name: str, memo: Memo) -> CameraSecret | None:
        known = self._store.secrets.get(name)
        if known is not None:
            return known
        # Watching tells when it appears; this is for those that were there before anybody named them.
        now = asyncio.get_running_loop().time()
        if now - memo.secret_asked_at < ASK_AGAIN_S:
            return None
        memo.secret_asked_at = now
        try:
            body = await self._api.get(SECRETS, name)
        except NotFoundError:
            return None
        secret = CameraSecret.parse(body)
        self._store.secrets.accept(secret)
        return self._store.secrets.get(name)
