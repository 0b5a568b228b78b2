"""Tables, partitions and topics: made once, however often and by however many it is asked."""

import threading
from datetime import UTC, date, datetime, timedelta

import psycopg2
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from confluent_kafka.admin import AdminClient
from sqlalchemy import create_engine

from tests.api.conftest import StartCommand, settings_for
from tests.api.messages import frame
from tests.support.waiting import wait_for
from vap_api.db.partitions import keep_partitions, partition_days, plan_partitions
from vap_api.db.schema import newest_revision, upgrade
from vap_api.db.tables import metadata
from vap_api.inbox.result_store import ResultStore
from vap_common.kafka.topics import TOPICS
from vap_common.settings import KafkaSettings


def test_the_tables_are_as_the_queries_see_them(migrated_url: str) -> None:
    engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(migrated_url))

    def ours(name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or name in metadata.tables

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": ours, "compare_server_default": False},
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_many_at_once_migrate_once(database_url: str) -> None:
    settings = settings_for(database_url)
    revisions: list[str] = []
    threads = [threading.Thread(target=lambda: revisions.append(upgrade(settings))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert revisions == [newest_revision()] * 3
    assert upgrade(settings) == newest_revision()


def test_migrate_makes_everything_and_may_be_repeated(
    database_url: str, kafka: KafkaSettings, start_command: StartCommand
) -> None:
    settings = settings_for(database_url, kafka.kafka_bootstrap_servers)
    for _ in range(2):
        assert start_command("migrate", settings).process.wait(60) == 0
    connection = psycopg2.connect(database_url)
    today = datetime.now(UTC).date()
    assert {today + timedelta(days=offset) for offset in range(-1, 4)} <= partition_days(connection)
    connection.close()
    names = set(AdminClient({"bootstrap.servers": kafka.kafka_bootstrap_servers}).list_topics(timeout=10).topics)
    assert {name for topic in TOPICS for name in (topic.name, topic.dead_letters)} <= names


def test_migrate_says_who_did_not_answer(database_url: str, tmp_path: object, start_command: StartCommand) -> None:
    settings = settings_for("postgresql://vap:hunter2@127.0.0.1:1/vap_db")
    command = start_command("migrate", settings)
    wait_for(command.logged("migrate.waiting"), "migrate to wait")
    assert command.terminate() != 0
    assert "hunter2" not in command.log


def test_partitions_are_kept_from_yesterday_to_some_days_ahead() -> None:
    today = date(2026, 3, 1)
    plan = plan_partitions(set(), today, days_ahead=2, retention_days=7)
    assert plan.create == (date(2026, 2, 28), today, date(2026, 3, 2), date(2026, 3, 3))
    existing = {date(2026, 2, 21), date(2026, 2, 22), *plan.create}
    again = plan_partitions(existing, today, days_ahead=2, retention_days=7)
    assert again.create == ()
    assert again.drop == (date(2026, 2, 21),)


def test_rows_that_came_before_their_partition_move_into_it_and_old_days_go(database_url: str) -> None:
    import uuid

    upgrade(settings_for(database_url))
    connection = psycopg2.connect(database_url)
    store = ResultStore()
    today = datetime.now(UTC).date()
    with connection:
        store.prepare(connection)
        store.write(connection, [frame(uuid.uuid4(), 1)])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM scenario_results")
        assert cursor.fetchall() == [("scenario_results_default",)]
        keep_partitions(connection, today, 1, 7)
        cursor.execute("SELECT tableoid::regclass::text FROM scenario_results")
        assert cursor.fetchall() == [(f"scenario_results_{today:%Y%m%d}",)]
        plan = keep_partitions(connection, today + timedelta(days=8), 1, 7)
        assert plan
        assert plan.drop == (today - timedelta(days=1), today)
        cursor.execute("SELECT count(*) FROM scenario_results")
        assert cursor.fetchone() == (0,)
    connection.close()
