"""From a file or a URL to frames: opening, decoding, pacing, reconnecting, and typed errors."""
