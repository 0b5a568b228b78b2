"""The shipped detector on real footage."""

import hashlib
from importlib.resources import files

import cv2
import numpy as np
import pytest

from tests.runner.harness import CLIP
from vap_common.times import utc_now
from vap_runner.capture.frame import Frame, Image
from vap_runner.detectors.base import DetectionOptions
from vap_runner.detectors.errors import UnknownClassError
from vap_runner.detectors.nanodet import MODEL_FILE, NanoDetModel

SHA256 = "36083bcf3ca9d5d05d6c6f0c4ef98024f1b8c87fe61b0e87ab18fe367a07b12f"


@pytest.fixture(scope="module")
def model() -> NanoDetModel:
    return NanoDetModel()


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Every 20th frame of the clip."""
    capture = cv2.VideoCapture(str(CLIP))
    found: list[Image] = []
    number = 0
    while capture.grab():
        if number % 20 == 0:
            found.append(np.asarray(capture.retrieve()[1], dtype=np.uint8))
        number += 1
    return found


def frame(image: Image) -> Frame:
    return Frame(image, 1, utc_now())


def test_the_shipped_weights_are_those_of_the_model_card() -> None:
    folder = files("vap_runner.detectors.models")
    assert hashlib.sha256(folder.joinpath(MODEL_FILE).read_bytes()).hexdigest() == SHA256
    assert SHA256 in folder.joinpath("README.md").read_text()
    for licence in ("LICENSE-nanodet", "LICENSE-human-models"):
        assert folder.joinpath(licence).is_file()


def test_it_sees_the_people_of_the_clip_where_they_are(model: NanoDetModel, images: list[Image]) -> None:
    detector = model.open(DetectionOptions(0.5, ("person",)))
    for image in images:
        found = detector.detect(frame(image))
        assert 4 <= len(found) <= 12
        for person in found:
            x1, y1, x2, y2 = person.bbox
            assert person.class_name == "person"
            assert 0 <= x1 < x2 <= 768
            assert 0 <= y1 < y2 <= 576
            assert 1.2 < (y2 - y1) / (x2 - x1) < 6, "people stand upright"
            assert 30 < y2 - y1 < 200
        assert [p.confidence for p in found] == sorted((p.confidence for p in found), reverse=True)


def test_boxes_are_in_source_pixels_whatever_the_size_of_the_frame(model: NanoDetModel, images: list[Image]) -> None:
    detector = model.open(DetectionOptions(0.5, ("person",)))
    small = detector.detect(frame(images[0]))
    wide = np.zeros((1152, 2048, 3), dtype=np.uint8)
    wide[:, 256:1792] = cv2.resize(images[0], (1536, 1152))
    large = detector.detect(frame(wide))
    best = small[0].bbox
    expected = [best[0] * 2 + 256, best[1] * 2, best[2] * 2 + 256, best[3] * 2]
    assert min(max(abs(a - b) for a, b in zip(other.bbox, expected, strict=True)) for other in large) < 20


def test_the_class_filter_only_takes_away(model: NanoDetModel, images: list[Image]) -> None:
    everything = model.open(DetectionOptions(0.35)).detect(frame(images[0]))
    people = model.open(DetectionOptions(0.35, ("Person",))).detect(frame(images[0]))
    assert people == [found for found in everything if found.class_name == "person"]
    assert model.open(DetectionOptions(0.35, ("giraffe",))).detect(frame(images[0])) == []


def test_a_higher_confidence_only_takes_away(model: NanoDetModel, images: list[Image]) -> None:
    low = model.open(DetectionOptions(0.4)).detect(frame(images[0]))
    high = model.open(DetectionOptions(0.7)).detect(frame(images[0]))
    assert high == [found for found in low if found.confidence >= 0.7]
    assert 0 < len(high) < len(low)


def test_an_unknown_class_is_refused_with_the_classes_there_are(model: NanoDetModel) -> None:
    with pytest.raises(UnknownClassError, match="person, bicycle"):
        model.open(DetectionOptions(0.5, ("persn",)))


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (2000, 3, 3), (576, 768, 3)])
def test_odd_frames_are_no_trouble(model: NanoDetModel, shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    for found in model.open(DetectionOptions(0.0)).detect(frame(noise)):
        assert found.bbox[2] <= shape[1]
        assert found.bbox[3] <= shape[0]


def test_confidence_zero_is_bounded(model: NanoDetModel, images: list[Image]) -> None:
    assert len(model.open(DetectionOptions(0.0)).detect(frame(images[0]))) <= 300
