"""Which program an image name stands for, where there are no images."""

from dataclasses import dataclass, field

from vap_local.supervision.scripts import script

LOCAL_IMAGES = ("vap-runner",)
"""Images whose entrypoint is the installed program of the same name."""


class UnknownImageError(ValueError):
    """The pod names an image that stands for no program here, and no command; the text lists the known ones."""


@dataclass(frozen=True)
class Programs:
    """Entrypoints by the last part of the image's name, without registry, tag and digest."""

    entrypoints: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {name: (script(name),) for name in LOCAL_IMAGES}
    )

    def entrypoint(self, image: str) -> tuple[str, ...]:
        """The program of `image`. Raises UnknownImageError."""
        name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        try:
            return self.entrypoints[name]
        except KeyError:
            known = ", ".join(sorted(self.entrypoints))
            raise UnknownImageError(
                f"image {image!r} cannot be run as a local process; use one of {known}, or give the container a command"
            ) from None

    def command(self, image: str, command: list[str], args: list[str]) -> list[str]:
        """What to run, by the rules for `command` and `args` in a pod. Raises UnknownImageError."""
        return [*command, *args] if command else [*self.entrypoint(image), *args]
