"""Object detectors behind one interface; `registry.DetectorRegistry` knows them by name."""
