"""`vap-operator`: the command line."""

import asyncio
import sys

import click
import structlog
from pydantic import ValidationError

from vap_common.logs import configure_logging
from vap_common.messages import summarise_validation_error
from vap_operator.app import Operator, OperatorFailedError
from vap_operator.kube.connection import NoClusterError
from vap_operator.settings import Settings

log = structlog.get_logger(__name__)


@click.group()
def main() -> None:
    """The VAP operator: keeps what runs in line with VideoScenario and RunnerPool resources."""


@main.command()
def run() -> None:
    """Runs the operator for one namespace until SIGTERM. Settings come from the environment (.env.example)."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise click.ClickException(f"settings: {summarise_validation_error(error)}") from None
    configure_logging(settings, "operator")
    try:
        asyncio.run(Operator(settings).run())
    except (NoClusterError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except OperatorFailedError as error:
        log.error("operator.ended", why=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
