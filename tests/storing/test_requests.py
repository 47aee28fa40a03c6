from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.storing import request_files
from tasks.storing.columns import Column
from tasks.storing.errors import UserError
from tasks.storing.requests import Reject, Request, canonical, read_requests, request_hash

COLUMNS = {
    "topic": Column(),
    "audience": Column(default="engineers"),
    "words": Column(type="int", default=None),
}
TONIGHT = date(2026, 1, 31)


@pytest.fixture
def read(tmp_path):
    def rows(content: bytes | str, name: str = "table.csv", **options) -> list[Request | Reject]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_requests(str(path), COLUMNS, run_date=TONIGHT, **options))

    return rows


def reasons(rows):
    return {row.row: row.reason for row in rows if isinstance(row, Reject)}


def topics(rows):
    return [row.values["topic"] for row in rows if isinstance(row, Request)]


def problem(source, columns=COLUMNS):
    with pytest.raises(UserError) as error:
        list(read_requests(str(source), columns, run_date=TONIGHT))
    return str(error.value)


# What a row becomes


def test_declared_columns_come_coerced_and_defaulted_then_the_others_as_they_are(read):
    (row,) = read("source,words,topic,audience\ncms,12,Rust,\n")
    assert list(row.values.items()) == [
        ("topic", "Rust"),
        ("audience", "engineers"),
        ("words", 12),
        ("source", "cms"),
    ]
    assert row.row == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"topic,words\nRust,12\nGo,\n"),
        ("t.jsonl", b'{"topic": "Rust", "words": 12}\n\n{"topic": "Go", "words": null}\n'),
        ("t.ndjson", b'\xef\xbb\xbf{"topic": "Rust", "words": "12"}\r\n{"topic": "Go"}'),
    ],
)
def test_every_format_gives_the_same_requests(read, name, content):
    rows = read(content, name)
    assert [row.values for row in rows] == [
        {"topic": "Rust", "audience": "engineers", "words": 12},
        {"topic": "Go", "audience": "engineers", "words": None},
    ]
    assert [row.request_id for row in rows] == [row.request_id for row in read("topic,words\nRust,12\nGo,\n")]


def test_parquet_values_arrive_as_json_can_carry_them(tmp_path):
    moment = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    table = pa.table(
        {"topic": ["Rust"], "words": [12], "at": [moment], "tags": [["a", "b"]], "day": [TONIGHT]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    (row,) = read_requests(str(tmp_path / "t.parquet"), COLUMNS, run_date=TONIGHT)
    assert row.values["at"] == "2026-01-31T08:30:00+00:00"
    assert row.values["tags"] == ["a", "b"]
    assert row.values["day"] == "2026-01-31"
    assert json.loads(canonical(row.values)) == row.values


def test_quoted_commas_quotes_newlines_bom_and_crlf_are_read_as_meant(read):
    rows = read(b'\xef\xbb\xbftopic,audience\r\n"a, ""b""\r\nc","x"\r\n\r\n5" pipe,y\r\n')
    assert topics(rows) == ['a, "b"\r\nc', '5" pipe']
    assert [row.row for row in rows] == [1, 2]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_header_decides_the_delimiter(read, delimiter):
    rows = read(f"topic{delimiter}audience\nRust, briefly{delimiter}all\n")
    assert topics(rows) == ["Rust, briefly"]
    assert rows[0].values["audience"] == "all"


# Bad rows cost themselves only


def test_each_bad_csv_row_is_rejected_with_its_reason_and_the_others_run(read):
    rows = read(
        b"topic,audience,words\n"
        b"good,a,1\n"
        b",a,1\n"
        b"wrong type,a,many\n"
        b"na\xefve,a,1\n"
        b"too,many,1,cells\n"
        b"too few\n"
        b'"closed"early,a,1\n'
        b"also good,a,2\n"
    )
    assert topics(rows) == ["good", "also good"]
    assert reasons(rows) == {
        2: "missing value in column 'topic'",
        3: "column 'words' is 'many', not a whole number",
        4: "not UTF-8: byte 0xef at position 3",
        5: "has 4 cells, the header has 3",
        6: "has 1 cells, the header has 3",
        7: "text follows the closing quote of a cell; a quote inside a quoted cell is written twice",
    }


def test_a_quote_that_is_never_closed_costs_one_row_not_the_table(read):
    rows = read('topic,audience\n"open,a\nfirst,b\n"second, quoted",c\nthird,d\n')
    assert list(reasons(rows)) == [1]
    assert topics(rows) == ["first", "second, quoted", "third"]
    far = read('topic,audience\n"open,a\n' + "plain,b\n" * 500, max_row_bytes=1000)
    assert Counter(topics(far)) == {"plain": 500}


def test_the_rest_of_a_broken_row_does_not_run_as_a_row_of_its_own(read):
    rows = read('topic,audience\n"He said "hi"\nthen left",b\nnext,c\n')
    assert topics(rows) == ["next"]
    assert list(reasons(rows)) == [1, 2]


def test_each_bad_json_line_is_rejected_with_its_reason_and_the_others_run(read):
    lines = [
        b'{"topic": "good"}',
        b'{"topic": ',
        b'["topic"]',
        b'{"topic": "x", "score": NaN}',
        b'{"topic": "\xff"}',
        b'{"topic": null}',
        b'{"topic": "x", "words": true}',
        b'{"topic": "\\ud800"}',
        b'{"topic": "x", "deep": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"topic": "x", "deep": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"topic": "also good"}',
    ]
    rows = read(b"\n".join(lines), "t.jsonl")
    assert topics(rows) == ["good", "also good"]
    found = reasons(rows)
    assert list(found) == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert found[3] == "not a JSON object"
    assert found[4] == "NaN is not a JSON number"
    assert found[5] == "not UTF-8: byte 0xff at position 12"
    assert found[6] == "missing value in column 'topic'"
    assert found[7] == "column 'words' is true, not a whole number"


def test_bad_parquet_cells_cost_their_rows_only(tmp_path):
    text = pa.array([b"good", b"\xff", b"nan", None]).cast(pa.string(), safe=False)
    table = pa.table({"topic": text, "share": pa.array([0.5, 0.5, float("nan"), 0.5])})
    pq.write_table(table, tmp_path / "t.parquet")
    rows = list(read_requests(str(tmp_path / "t.parquet"), COLUMNS, run_date=TONIGHT))
    assert topics(rows) == ["good"]
    found = reasons(rows)
    assert "not UTF-8: byte 0xff" in found[2]
    assert "not a finite number" in found[3]
    assert found[4] == "missing value in column 'topic'"


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [("t.csv", "topic,audience\n", '"{}\n",a\n'), ("t.jsonl", "", '{{"topic": "{}"}}\n')],
)
def test_a_row_over_the_limit_is_rejected_and_the_next_one_read(read, name, header, row):
    content = header + row.format("x" * 5000) + row.format("small")
    rows = read(content, name, max_row_bytes=1000)
    if name == "t.jsonl":
        assert topics(rows) == ["small"]
    else:
        assert topics(rows) == ["small\n"]
    assert reasons(rows) == {1: "larger than 1000 bytes"}


def test_what_is_kept_of_a_reject_is_json_of_at_most_10_kb(read):
    rows = read(b"topic,words\nx,many\nna\xefve,1\n" + b"\x01" * 30_000 + b",many\n")
    kept = [json.loads(row.raw) for row in rows]
    assert kept[0] == {"topic": "x", "words": "many"}
    assert kept[1] == "na\\xefve,1\n"
    assert len(kept[2]) > 1000
    assert all(len(row.raw.encode()) <= 10_000 for row in rows)


# Ids


def test_made_ids_are_16_hex_of_the_declared_columns_with_a_number_for_repeats(read):
    rows = read("topic,note\nRust,a\nRust,b\nGo,a\nRust,c\n")
    base = rows[0].request_id
    assert [row.request_id for row in rows] == [base, f"{base}-2", rows[2].request_id, f"{base}-3"]
    assert len(base) == 16
    assert int(base, 16) >= 0
    assert rows[2].request_id != base


def test_of_given_duplicates_the_first_runs_and_the_later_name_it(read):
    rows = read("request_id,topic\na,1\nb,2\nb,3\na,4\n")
    assert [row.request_id for row in rows if isinstance(row, Request)] == ["a", "b"]
    assert reasons(rows) == {
        3: "duplicate request_id 'b', first in row 2",
        4: "duplicate request_id 'a', first in row 1",
    }
    assert "request_id" not in rows[0].values


def test_a_rejected_row_does_not_take_its_id_away_from_a_good_one(read):
    rows = read("request_id,topic\na,\na,good\n")
    assert [type(row) for row in rows] == [Reject, Request]
    assert [row.request_id for row in rows] == ["a", "a"]


@pytest.mark.parametrize("given", ['"a\u0007b"', '"' + "x" * 201 + '"', "true", '""', '"a\\nb"'])
def test_an_id_that_tables_cannot_show_is_rejected(read, given):
    (row,) = read(f'{{"request_id": {given}, "topic": "x"}}\n'.replace("\u0007", "\\u0007"), "t.jsonl")
    assert row.reason == "request_id is not 1 to 200 printable characters"


def test_equal_values_have_equal_hashes_whatever_their_order():
    assert request_hash({"a": 1, "b": "é"}) == request_hash({"b": "é", "a": 1})
    assert request_hash({"a": 1}) != request_hash({"a": 2})
    assert canonical({"b": 1, "a": None}) == b'{"a":null,"b":1}'


# Where tables are


def test_a_folder_is_one_table_of_all_its_known_files_sorted_by_name(tmp_path):
    (tmp_path / "b.jsonl").write_text('{"topic": "second"}\n')
    (tmp_path / "a.csv").write_text("topic\nfirst\n")
    pq.write_table(pa.table({"topic": ["third"]}), tmp_path / "c.parquet")
    (tmp_path / "_draft.csv").write_text("topic\nhidden\n")
    (tmp_path / "notes.txt").write_text("nothing")
    rows = list(read_requests(str(tmp_path), COLUMNS, run_date=TONIGHT))
    assert topics(rows) == ["first", "second", "third"]
    assert [row.row for row in rows] == [1, 2, 3]
    assert topics(read_requests(f"{tmp_path}/*.csv", COLUMNS, run_date=TONIGHT)) == ["first"]
    assert topics(read_requests(f"file://{tmp_path}/b.jsonl", COLUMNS, run_date=TONIGHT)) == ["second"]


def test_the_run_date_stands_in_the_path(tmp_path):
    (tmp_path / "requests-2026-01-31.csv").write_text("topic\ntonight\n")
    rows = read_requests(str(tmp_path / "requests-{run_date}.csv"), COLUMNS, run_date=TONIGHT)
    assert topics(rows) == ["tonight"]


def test_a_limit_counts_requests_and_stops_reading(read):
    rows = read("topic\n\n1\n2\n3\n", limit=2)
    assert topics(rows) == ["1", "2"]
    assert read("topic\n1\n", limit=0) == []


def test_a_missing_column_names_the_file_and_the_closest_one(tmp_path):
    for name, content in [("t.csv", "Topics,audience\nx,y\n"), ("t.jsonl", '{"Topics": "x"}\n')]:
        (tmp_path / name).write_text(content)
        said = problem(tmp_path / name)
        assert f"{name}: no column 'topic'; did you mean 'Topics'?" in said


def test_a_place_without_a_table_says_what_to_do(tmp_path):
    (tmp_path / "requests.csv").write_text("topic\nx\n")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "wide.csv").write_bytes("topic\nx\n".encode("utf-16"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "folder").mkdir()
    assert "no such file; did you mean 'requests.csv'?" in problem(tmp_path / "request.csv")
    assert "no such folder" in problem(tmp_path / "nowhere" / "request.csv")
    assert "no file matches" in problem(tmp_path / "*.parq")
    assert "no request table in this folder" in problem(tmp_path / "folder")
    assert "tables end in .csv" in problem(tmp_path / "notes.txt")
    assert "empty: no header" in problem(tmp_path / "empty.csv")
    assert "save it as 'CSV UTF-8'" in problem(tmp_path / "wide.csv")
    assert "cannot be read as Parquet" in problem(tmp_path / "bad.parquet")
    assert "cannot read gs:// addresses" in problem("gs://bucket/x.csv")


@pytest.fixture
def web(tmp_path):
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_table_is_read_from_the_web_within_bounds(tmp_path, web, monkeypatch):
    (tmp_path / "t.csv").write_text("topic\nfrom afar\n")
    pq.write_table(pa.table({"topic": ["by columns"]}), tmp_path / "t.parquet")
    assert topics(read_requests(f"{web}/t.csv?token=secret", COLUMNS, run_date=TONIGHT)) == ["from afar"]
    assert topics(read_requests(f"{web}/t.parquet", COLUMNS, run_date=TONIGHT)) == ["by columns"]
    said = problem(f"{web}/missing.csv?token=secret")
    assert "nothing there" in said
    assert "secret" not in said
    monkeypatch.setattr(request_files, "MAX_DOWNLOAD_BYTES", 10)
    assert "larger than" in problem(f"{web}/t.csv?token=secret")


def test_a_table_is_read_from_s3_by_name_folder_and_glob(s3_bucket, monkeypatch):
    s3_bucket.set_environment(monkeypatch)
    for name, content in [("b.jsonl", b'{"topic": "second"}\n'), ("a.csv", b"topic\nfirst\n")]:
        s3_bucket.client.put_object(Bucket=s3_bucket.name, Key=f"base/in/{name}", Body=content)
    for place, expected in [("in", ["first", "second"]), ("in/*.csv", ["first"]), ("in/b.jsonl", ["second"])]:
        assert topics(read_requests(f"{s3_bucket.url}/{place}", COLUMNS, run_date=TONIGHT)) == expected
    assert "no such file; did you mean 'a.csv'?" in problem(f"{s3_bucket.url}/in/aa.csv")
    assert "s3://no-such-bucket-here/x.csv: no such" in problem("s3://no-such-bucket-here/x.csv")
