import ast
import json
from pathlib import Path

from vap_runner.detectors.errors import ClassNamesError, ModelNotFoundError

MAX_CLASSES = 10_000


def read_class_names(path: Path) -> tuple[str, ...]:
    """Class names from a file: one a line (blank lines are skipped), or a JSON list or object.

    Raises ModelNotFoundError, ClassNamesError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelNotFoundError(
            f"the class names file {path} cannot be read ({type(error).__name__}); set ONNX_CLASS_NAMES_PATH"
        ) from None
    if text.lstrip().startswith(("[", "{")):
        return parse_class_names(text)
    return _checked([line.strip() for line in text.splitlines() if line.strip()])


def parse_class_names(text: str) -> tuple[str, ...]:
    """Class names as exporters put them into a model's metadata: a JSON list, or `{0: 'person', …}`.

    Raises ClassNamesError.
    """
    try:
        value = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text)  # Ultralytics writes Python's repr of a dict
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ClassNamesError("class names are neither a list nor an object; give a JSON list of names") from None
    if isinstance(value, dict):
        try:
            numbered = {int(number): name for number, name in value.items()}
        except (TypeError, ValueError):
            raise ClassNamesError("class names have a key that is no number; use 0, 1, 2, …") from None
        if sorted(numbered) != list(range(len(numbered))):
            raise ClassNamesError("class numbers must be 0, 1, 2, … without a gap")
        value = [numbered[number] for number in range(len(numbered))]
    if not isinstance(value, list):
        raise ClassNamesError("class names are neither a list nor an object; give a JSON list of names")
    return _checked(value)


def _checked(names: list[object]) -> tuple[str, ...]:
    if not 1 <= len(names) <= MAX_CLASSES:
        raise ClassNamesError(f"{len(names)} class names; there must be 1 to {MAX_CLASSES}")
    checked: list[str] = []
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= 64:
            raise ClassNamesError("a class name must be a text of 1 to 64 characters")
        checked.append(name)
    return tuple(checked)
