class DetectorError(Exception):
    """A detector cannot be used as it is configured; the message says what to change."""


class UnknownDetectorError(DetectorError):
    """No detector has that name."""


class ModelNotFoundError(DetectorError):
    """The model file or its class names file is missing or unreadable."""


class ModelInvalidError(DetectorError):
    """The file is no ONNX model that this runtime can run, or not the model that it should be."""


class LayoutUnsupportedError(DetectorError):
    """The model's inputs or outputs have no layout that is known here."""


class ClassNamesError(DetectorError):
    """Class names are missing, malformed, or their count does not fit the model."""


class UnknownClassError(DetectorError):
    """The class filter names a class that the detector does not have."""
