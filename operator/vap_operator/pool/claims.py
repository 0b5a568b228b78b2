"""Who needs a slot, and what the pool answered."""

from dataclasses import dataclass

from vap_operator.pool.facts import ClaimFact
from vap_operator.scenario.observed import Offer, Verdict


@dataclass(slots=True)
class Claim:
    """A scenario that needs a slot."""

    pool: str
    fact: ClaimFact
    verdict: Verdict | None = None


class Claims:
    """Written by the reconciler (claim, withdraw) and by the pool's task (answer). Lives on the event loop alone."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._claims

    def claim(self, pool: str, fact: ClaimFact) -> bool:
        """The scenario needs a slot; whether that is news. An offer that it no longer wants is dropped."""
        known = self._claims.get(fact.key)
        if known is not None and known.pool == pool and known.fact == fact and known.fact.avoid == fact.avoid:
            return False
        self._claims[fact.key] = Claim(pool, fact)
        return True

    def withdraw(self, key: str) -> bool:
        """The scenario has its slot, or needs none; whether it had a claim."""
        return self._claims.pop(key, None) is not None

    def verdict(self, key: str) -> Verdict | None:
        """The pool's answer, None until it has looked."""
        claim = self._claims.get(key)
        return claim.verdict if claim is not None else None

    def answer(self, key: str, verdict: Verdict | None) -> bool:
        """The pool's answer; whether it is another one than before."""
        claim = self._claims.get(key)
        if claim is None or claim.verdict == verdict:
            return False
        claim.verdict = verdict
        return True

    def pools(self) -> set[str]:
        """The pools that somebody wants a slot of."""
        return {claim.pool for claim in self._claims.values()}

    def of(self, pool: str) -> list[Claim]:
        """All claims on a pool."""
        return [claim for claim in self._claims.values() if claim.pool == pool]

    def offers(self) -> dict[str, int]:
        """Runner to number of slots that are kept for somebody."""
        counts: dict[str, int] = {}
        for claim in self._claims.values():
            if isinstance(claim.verdict, Offer):
                counts[claim.verdict.runner] = counts.get(claim.verdict.runner, 0) + 1
        return counts
