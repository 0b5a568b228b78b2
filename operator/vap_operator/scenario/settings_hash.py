"""One short text for all settings that an epoch works with: when it changes, another epoch begins."""

import hashlib

from vap_common.messages import AnalysisSettings


def settings_hash(analysis: AnalysisSettings, source_fingerprint: str) -> str:
    """The first 16 hexadecimal digits of SHA-256 over the settings' canonical JSON and the source's fingerprint."""
    text = f"{analysis.model_dump_json()}\n{source_fingerprint}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
