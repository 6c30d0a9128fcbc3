from pathlib import Path

import pytest

from troth.store.queries import QueryMisnamed, parse_queries, read_queries, sql


def test_a_query_is_found_by_its_name() -> None:
    assert sql("lock_migrations") == "/* lock_migrations */ SELECT pg_advisory_lock(7308332127834763)"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(QueryMisnamed, match="no query is named 'read_nothing'"):
        sql("read_nothing")


def test_a_name_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.sql", "b.sql"):
        (tmp_path / name).write_text("-- name: read_one\n-- One.\nSELECT 1;\n")

    with pytest.raises(QueryMisnamed, match=r"b\.sql: 'read_one' is the name of another query"):
        read_queries(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1;\n-- name: read_one\n-- One.\nSELECT 1;", "before the first name"),
        ("-- name: Read One\n-- One.\nSELECT 1;", "is not a name"),
        ("-- name: read_one\nSELECT 1;", "lacks its sentence"),
        ("-- name: read_one\n-- One.\n", "has no statement"),
    ],
)
def test_a_malformed_file_is_refused(text: str, why: str) -> None:
    with pytest.raises(QueryMisnamed, match=why):
        parse_queries(text, origin="example.sql")


def test_comments_and_the_semicolon_are_left_out_of_a_statement() -> None:
    one = "-- name: read_one\n-- One.\nSELECT 1 -- here\n  -- there\n  , 2;\n"
    text = f"-- A file of two.\n{one}\n-- name: read_two\n-- Two.\nSELECT 2;\n"

    assert parse_queries(text, origin="example.sql") == (
        ("read_one", "/* read_one */ SELECT 1 -- here\n  , 2"),
        ("read_two", "/* read_two */ SELECT 2"),
    )
